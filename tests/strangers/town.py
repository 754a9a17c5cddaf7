"""A town of two clinics in one database: the one that is walked through, and another of which nothing may be seen.

Everything that people wrote in the other one carries MARK. In the one that is walked through, patients other than Ana
carry NEIGHBOUR, which nobody with Ana's own link may see.
"""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from jinja2 import FileSystemBytecodeCache
from sqlalchemy import String, select, true, update

from planner.app import create_app
from planner.care.outcomes import Kind
from planner.config import Config
from planner.services import backfill, clinic_setup, outcomes_measured, pause, solve_jobs
from planner.services.feeds import create_feed
from planner.services.fetching import Fetched, FetchFailed
from planner.services.outcomes_measured import NewOutcome
from planner.services.patients import personal_link
from planner.services.pause import DaysAway
from planner.services.runtime import Runtime, Unit
from planner.storage.base import ClinicScoped
from planner.storage.calendars import BusyCalendarRow
from planner.storage.courses import AssessmentRow, CourseRow, RevisionRow, WorklistRow
from planner.storage.database import Database
from planner.storage.doors import PasskeyRow
from planner.storage.people import ClinicRow, PatientRow, RoomRow, ServiceRow, StaffRow
from planner.storage.progress import AdviceDecisionRow, NoteRow, OutcomeRow
from planner.storage.schema import METADATA
from tests.calendars.busy_samples import calendar
from tests.databases import Databases, one_of
from tests.factories import Clinic, FakeClock, FakeMailer, make_clinic, make_patient, make_person, weekly
from tests.services.test_backfill import push_late, slot_at
from tests.web.ana_course import book_ana
from tests.web.examples import EXAMPLES, Scene, put_into_outtray
from tests.web.examples.auth import EXAMPLES as OF_ACCOUNTS

# So long that no random token ever has it.
MARK: Final = "xqzvotherclinic"
NEIGHBOUR: Final = "yqwjneighbour"
HOST: Final = "localhost"
BASE_URL: Final = f"http://{HOST}"
_WRITTEN: Final = {
    AdviceDecisionRow: ("reason", "actor"),
    AssessmentRow: ("notes",),
    BusyCalendarRow: ("name",),
    ClinicRow: ("name", "address", "phone", "email"),
    CourseRow: ("wish_note",),
    NoteRow: ("text", "author"),
    OutcomeRow: ("about",),
    PasskeyRow: ("name",),
    PatientRow: ("name", "search_name", "notes", "phone"),
    RevisionRow: ("reason", "actor"),
    RoomRow: ("name",),
    ServiceRow: ("name",),
    StaffRow: ("name",),
    WorklistRow: ("says",),
}
"""What people write, by row."""
_ANYWHERE: Final = "10.0.0.0/8"
"""All visitors come from there: the figures are shown to everybody, and are judged as well."""

_SECRET_COLUMNS: Final = ("token_hash", "password_hash", "link_hash", "code_hash", "sealed_secret")


class Elsewhere:
    """The internet: one address in three has a calendar, the others are silent or answer something else."""

    def __init__(self) -> None:
        self.asked = 0

    def fetch(self, address: str, etag: str = "") -> Fetched:
        """A calendar, a page, or nothing."""
        self.asked += 1
        if self.asked % 3 == 0:
            raise FetchFailed("The calendar's server can't be reached (fake).")
        if self.asked % 3 == 1:
            return Fetched(calendar(b"DTSTART:20260310T090000Z\r\nDTEND:20260310T100000Z\r\n"), '"1"')
        return Fetched(b"<!doctype html><title>Sign in</title>", "")


@dataclass(frozen=True)
class Town:
    """What was made, to be copied for every walk.

    Args:
        own: the clinic that is walked through.
        addresses: what stands in the <...> parts of its addresses, by endpoint and name.
        others: numbers of rows of the other clinic to ask for, by name of such a part.
        hidden: all other numbers of its rows; none of them is ever sent, so none can be an echo.
        near: the same of the own clinic's patients but Ana.
        neighbours: all numbers of their rows.
        secrets: hashes, links and keys, which nobody is ever shown.
        link: the token of Ana's personal link.
        feeds: tokens of Ana's and Ben's calendars, and of the clinic's.
    """

    folder: Path
    url: str
    own: Clinic
    addresses: Mapping[str, Mapping[str, tuple[str, ...]]]
    others: Mapping[str, tuple[str, ...]]
    hidden: frozenset[str]
    near: Mapping[str, tuple[str, ...]]
    neighbours: frozenset[str]
    secrets: frozenset[str]
    link: str
    feeds: tuple[str, ...]
    secret_key: str = field(repr=False)

    def part(self, endpoint: str, name: str) -> tuple[str, ...]:
        """What may stand there in an address that leads somewhere; from like addresses where this one has none."""
        own = self.addresses.get(endpoint, {}).get(name, ())
        alike = (parts.get(name, ()) for parts in self.addresses.values())
        return tuple(dict.fromkeys((*own, *(each for some in alike for each in some))))


def build(databases: Databases, folder: Path) -> Town:
    """Two clinics with a life of weeks behind them."""
    (folder / "outtray").mkdir()
    url = databases.with_clinic(folder)
    own, database = databases.clinic, Database(url)
    key = secrets.token_hex()
    runtime = _runtime(database, FakeClock(), folder, key)
    other = make_clinic(runtime, prefix="cy-", name=f"{MARK} Clinic")
    addresses = _examples(runtime, own)
    _examples(runtime, other)
    # Later than the examples, which take the only course there is for Ana's.
    near = _ids_of_patients(runtime, own, _neighbours(runtime, own))
    _neighbours(runtime, other)
    addresses |= _offers(runtime, own)
    feeds = tuple(_feed(runtime, own, **owner) for owner in _owners(own))
    hidden_feeds = [_feed(runtime, other, **owner) for owner in _owners(other)]
    _mark(runtime, other)
    put_into_outtray(runtime, f"{MARK} Clinic", f"cy@{MARK}.example", f"{MARK} dates")
    numbers = _numbers(runtime, other)
    others = {name: tuple(str(each) for each in ids[:2]) for name, ids in numbers.items()}
    sent = {each for ids in others.values() for each in ids}
    town = Town(
        folder,
        url,
        own,
        addresses,
        others,
        frozenset(str(each) for ids in numbers.values() for each in ids) - sent,
        {name: ids[:2] for name, ids in near.items()},
        frozenset(each for ids in near.values() for each in ids),
        frozenset((*_secrets(runtime), *hidden_feeds, _link(runtime, other), key)),
        _link(runtime, own),
        feeds,
        key,
    )
    database.close()
    return town


@contextmanager
def walk_into(town: Town, databases: Databases, folder: Path, clock: FakeClock) -> Iterator[tuple[Any, Runtime]]:
    """A copy of the town: its application and the program behind it, until the block ends."""
    shutil.copytree(town.folder / "outtray", folder / "outtray")
    with one_of(databases, databases.copy(town.url, folder)) as url, _program(town, url, folder, clock) as running:
        yield running


@contextmanager
def before_the_town(town: Town, databases: Databases, folder: Path, clock: FakeClock) -> Iterator[tuple[Any, Runtime]]:
    """The same program on a database without a clinic."""
    with one_of(databases, databases.empty(folder)) as url, _program(town, url, folder, clock) as running:
        yield running


@contextmanager
def _program(town: Town, url: str, folder: Path, clock: FakeClock) -> Iterator[tuple[Any, Runtime]]:
    database = Database(url, wait_seconds=5)
    runtime = _runtime(database, clock, folder, town.secret_key)
    config = Config(
        instance=folder, database_url=url, secret_key=town.secret_key, public_url=BASE_URL, metrics_from=_ANYWHERE
    )
    try:
        app = create_app(runtime, config)
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(town.folder))
        yield app, runtime
    finally:
        solve_jobs.stop_all()
        assert solve_jobs.wait_for_all(30), "a plan did not stop"
        database.close()


def _runtime(database: Database, clock: FakeClock, folder: Path, key: str) -> Runtime:
    mailer = FakeMailer(folder=folder / "outtray")
    return Runtime(database, clock, mailer, BASE_URL, key, Elsewhere())  # type: ignore[arg-type]


def _neighbours(runtime: Runtime, clinic: Clinic) -> list[int]:
    """Three more patients with courses, of whom one gets worse and one pauses; and Dina, who treats as well."""
    with runtime.writing(clinic.system) as unit:
        dina = make_person(unit, "Dina Roy", f"dina-{clinic.id}@example.org", "therapist", treats=True)
        clinic_setup.set_practitioner_hours(unit, dina.id, weekly("09:00", "17:00"))
        people = [make_patient(unit, f"{name} {NEIGHBOUR}", f"{name}@{NEIGHBOUR}.example") for name in ("Bea", "Cem")]
        people.append(make_patient(unit, f"Ella {NEIGHBOUR}"))
    courses = [
        book_ana(runtime, replace(clinic, ana=patient, ben=who)).id
        for who, patient in zip((clinic.ben, dina, dina), people, strict=True)
    ]
    for pain in (4, 8):
        values = [NewOutcome(Kind.PAIN, pain), NewOutcome(Kind.FUNCTION, 4, "Stairs")]
        outcomes_measured.record(runtime, clinic.ben.actor, courses[0], values)
    pause.pause(runtime, clinic.rosa.actor, courses[1], DaysAway(date(2026, 4, 6), date(2026, 4, 10)))
    return people


def _ids_of_patients(runtime: Runtime, clinic: Clinic, patients: list[int]) -> dict[str, tuple[str, ...]]:
    """The numbers of what belongs to them, as addresses name them: appointment_id; and of themselves."""
    found = {"patient_id": tuple(str(each) for each in patients)}
    with runtime.reading(clinic.system) as unit:
        for table in METADATA.sorted_tables:
            if "patient_id" in table.c and "id" in table.c:
                ids = unit.session.scalars(select(table.c.id).where(table.c.patient_id.in_(patients)))
                found[f"{table.name}_id"] = tuple(str(each) for each in ids)
    return found


def _examples(runtime: Runtime, clinic: Clinic) -> dict[str, dict[str, tuple[str, ...]]]:
    """What every route's address needs; making it gives the clinic one of everything. Accounts first, then the rest."""
    scene = Scene(runtime, clinic)
    in_order = {**OF_ACCOUNTS, **EXAMPLES}
    made = {endpoint: example(scene) for endpoint, example in in_order.items()}
    return {endpoint: {name: (str(value),) for name, value in values.items()} for endpoint, values in made.items()}


def _offers(runtime: Runtime, clinic: Clinic) -> dict[str, dict[str, tuple[str, ...]]]:
    """Two of Ana's visits are moved far away; then she is offered where they were. One of Bea's is moved as well."""
    rosa = clinic.rosa.actor
    with runtime.reading(clinic.system) as unit:
        ana, bea = (
            unit.session.scalars(select(CourseRow.id).where(CourseRow.patient_id == patient)).one()
            for patient in (clinic.ana, _named(unit, "Bea"))
        )
    offers, slots = [], []
    for course, number in ((ana, 3), (ana, 5), (bea, 3)):
        slot = slot_at(runtime, clinic, push_late(runtime, clinic, course, number))
        slots.append(str(slot.id))
        if course == ana:
            offers.append(str(backfill.offer(runtime, rosa, slot.id, course)))
    where, which = {"offer_id": tuple(offers)}, {"slot_id": tuple(slots)}
    of_slots = ("freed_slot", "offer_slot", "accept_offer", "decline_offer")
    of_patients = {"patient.accept_offer": where, "patient.decline_offer": where}
    return of_patients | {f"reception.{endpoint}": which for endpoint in of_slots}


def _named(unit: Unit, name: str) -> int:
    """The patient whose name begins so."""
    return unit.session.scalars(select(PatientRow.id).where(PatientRow.name.startswith(name))).one()


def _link(runtime: Runtime, clinic: Clinic) -> str:
    """The token of Ana's link as messages carry it; a link made otherwise ends with the first message."""
    with runtime.writing(clinic.system) as unit:
        return personal_link(runtime, unit, clinic.ana).rpartition("/")[2]


def _owners(clinic: Clinic) -> tuple[dict[str, Any], ...]:
    return {"patient_id": clinic.ana}, {"practitioner_id": clinic.ben.id}, {"whole_clinic": True, "privacy": "full"}


def _feed(runtime: Runtime, clinic: Clinic, **owner: Any) -> str:
    return create_feed(runtime, clinic.mo.actor, **owner).rpartition("/")[2].removesuffix(".ics")


def _mark(runtime: Runtime, clinic: Clinic) -> None:
    """All that people wrote in a clinic carries MARK, past all forms."""
    with runtime.writing(clinic.system) as unit:
        for row, columns in _WRITTEN.items():
            values = {column: f"{MARK} {column}" for column in columns}
            only = row.id == clinic.id if row is ClinicRow else true()
            unit.session.execute(update(row).where(only).values(**values))
        for row in (StaffRow, PatientRow):
            for each in unit.session.scalars(select(row)):
                each.email = f"r{each.id}@{MARK}.example"
        patient = unit.get(PatientRow, clinic.ana)
        patient.email = f"cy@{MARK}.example"


def _numbers(runtime: Runtime, clinic: Clinic) -> dict[str, list[int]]:
    """The clinic's rows by the name that their number has in addresses: course_id, appointment_id."""
    named: dict[str, list[int]] = {}
    with runtime.reading(clinic.system) as unit:
        for mapper in ClinicRow.registry.mappers:
            if issubclass(mapper.class_, ClinicScoped):
                ids = list(unit.session.scalars(select(mapper.class_.id)))
                named[f"{mapper.local_table.name}_id"] = ids
    alike = {"item": "worklist_item", "slot": "freed_slot", "job": "solve_job", "calendar": "busy_calendar"}
    alike |= {"decision": "advice_decision", "offer": "slot_offer", "change": "hours_change"}
    return named | {f"{name}_id": named.get(f"{table}_id", []) for name, table in alike.items()}


def _secrets(runtime: Runtime) -> Iterator[str]:
    with runtime.database.reading(None) as session:
        for table in METADATA.sorted_tables:
            for column in table.c:
                if column.name in _SECRET_COLUMNS and isinstance(column.type, String):
                    yield from (each for each in session.scalars(select(column)) if each and len(each) >= 20)
