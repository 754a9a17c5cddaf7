"""Every program reads the calendars of the demo's patients at the instants that stand in its database.

And it follows the one that the demo's own patient subscribed to, through all that can happen to it.
"""

import shutil
import threading
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from planner.app import create_app
from planner.config import Config
from planner.services import attendance, feeds, frequency, moving
from planner.services.demo.install import ensure_demo
from planner.services.feed_memory import FeedMemory
from planner.services.runtime import Actor, Runtime
from planner.storage.courses import AppointmentRow, SessionRow
from planner.storage.database import Database
from planner.storage.people import ClinicRow, PatientRow
from tests.clients.programs import PROGRAMS, Seen
from tests.clients.test_caldav import with_caldav, with_vdirsyncer_and_khal
from tests.factories import FakeClock, FakeMailer

pytestmark = [pytest.mark.clients, pytest.mark.slow]

# In September the courses reach over the end of summer time.
NOW = datetime(2026, 9, 16, 10, 40, tzinfo=UTC)
TAKES_PLACE = ("booked", "pending", "arrived", "checked-in", "fulfilled", "noshow")
PATIENTS = 6
SUBSCRIBER = "Ana Silva"
# What a program is given of an address: the file that it names, or a home for CalDAV.
BY_CALDAV: dict[str, Callable[[str, Path], list[Seen]]] = {
    "caldav": with_caldav, "vdirsyncer and khal": with_vdirsyncer_and_khal,
}  # fmt: skip


@contextmanager
def program_on(file):
    """The running program on a database."""
    database = Database(f"sqlite:///{file}")
    yield Runtime(database, FakeClock(NOW), FakeMailer(), secret_key="s" * 32)
    database.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory, empty_database):
    """(the demo's database, which nobody changes, the path of the calendar that its patient subscribed to)."""
    folder = tmp_path_factory.mktemp("demo")
    file = folder / "planner.sqlite"
    shutil.copy(empty_database, file)
    with program_on(file) as runtime:
        shown = ensure_demo(runtime, folder / "demo.json")
        (address,) = (each.feed for each in shown.patients if each.name == SUBSCRIBER)
        path = address.removeprefix(runtime.base_url)
    return file, path


@pytest.fixture(scope="module")
def demo(made, tmp_path_factory):
    """The demo in a database of its own."""
    with program_on(shutil.copy(made[0], tmp_path_factory.mktemp("demo") / "planner.sqlite")) as runtime:
        yield runtime


@pytest.fixture(scope="module")
def calendars(demo):
    """(bytes, what the database says) for those patients who have most appointments."""
    with demo.database.reading(None) as session:
        system = Actor.system(session.scalars(select(ClinicRow.id)).one())
    with demo.reading(system) as unit:
        known = {patient: in_database(unit, patient) for patient in unit.session.scalars(select(PatientRow.id))}
    most = sorted(known, key=lambda patient: (-len(known[patient]), patient))[:PATIENTS]
    found = []
    for patient in most:
        address = feeds.create_feed(demo, system, patient_id=patient)
        written = feeds.feed_for_token(demo, feeds.token_in(address), FeedMemory()).written
        found.append((written.data, known[patient]))
    return found


def in_database(unit, patient):
    """(uid, start, end) of what takes place or took place lately, straight from the rows."""
    query = (
        select(SessionRow.uid, AppointmentRow.starts_at, AppointmentRow.ends_at)
        .join(AppointmentRow, AppointmentRow.session_id == SessionRow.id)
        .where(AppointmentRow.patient_id == patient, AppointmentRow.superseded.is_(False))
        .where(AppointmentRow.status.in_(TAKES_PLACE), SessionRow.dropped.is_(False))
        .where(AppointmentRow.ends_at >= unit.now - timedelta(days=90))
    )
    return sorted(tuple(row) for row in unit.session.execute(query))


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_lists_the_demos_patients_as_the_database_does(program, calendars, tmp_path):
    """Nothing twice, nothing gone, no hour's error; what was called off is marked."""
    for number, (data, expected) in enumerate(calendars):
        (home := tmp_path / str(number)).mkdir()
        seen = PROGRAMS[program](data, home)
        assert len({each.uid for each in seen}) == len(seen)
        assert sorted((each.uid, each.starts_at, each.ends_at) for each in seen if not each.cancelled) == expected
        assert all(each.title.startswith("Cancelled: ") == each.cancelled for each in seen)
        assert len(expected) > 3


@pytest.fixture
def subscribed(made, tmp_path):
    """(the program on a copy of the demo, where its patient's calendar is on the server)."""
    (folder := tmp_path / "instance").mkdir()
    file = Path(shutil.copy(made[0], folder / "planner.sqlite"))
    config = Config(instance=folder, database_url=f"sqlite:///{file}", secret_key="s" * 32)
    with program_on(file) as runtime:
        server = make_server("127.0.0.1", 0, create_app(runtime, config), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield runtime, f"http://127.0.0.1:{server.port}{made[1]}"
        server.shutdown()
        thread.join()
        server.server_close()


def by_feed(read, address, home):
    """Fetch the file, and let a program read it into what it kept."""
    with urlopen(address, timeout=30) as answer:
        return read(answer.read(), home)


def by_caldav(read, address, home):
    """Let a program find the same calendar by CalDAV."""
    return read(address.replace("/f/", "/dav/").removesuffix(".ics") + "/", home)


READERS = {name: partial(by_feed, read) for name, read in PROGRAMS.items()} | {
    name: partial(by_caldav, read) for name, read in BY_CALDAV.items()
}


@pytest.mark.parametrize("program", READERS)
def test_a_program_follows_the_demos_patient_through_every_change(program, subscribed, tmp_path):
    """As it is, moved, cancelled, with a catch-up session, in another zone: each time as the database has it."""
    runtime, address = subscribed
    (home := tmp_path / "home").mkdir()
    patient, rosa = whose(runtime, address)

    def agreed():
        """What the database says, once the program is seen to say the same."""
        with runtime.reading(rosa) as unit:
            expected = in_database(unit, patient)
        seen = READERS[program](address, home)
        assert len({each.uid for each in seen}) == len(seen)
        assert sorted((each.uid, each.starts_at, each.ends_at) for each in seen if not each.cancelled) == expected
        return expected

    states = [agreed()]
    for change in (move_one, cancel_one, catch_up, change_the_zone):
        change(runtime, rosa, patient)
        states.append(agreed())
    first, moved, cancelled, caught_up, elsewhere = states
    assert moved != first
    assert {uid for uid, *_ in moved} == {uid for uid, *_ in first}
    assert [len(state) - len(first) for state in states] == [0, 0, -1, 0, 0]
    assert elsewhere == caught_up != cancelled


def whose(runtime, address):
    """Whose calendar it is, and Rosa, who changes it."""
    feed = feeds.feed_for_token(runtime, feeds.token_in(address), FeedMemory())
    rosa = Actor(clinic_id=feed.clinic_id, name="Rosa", role="reception", staff_id=None)
    with runtime.reading(rosa) as unit:
        return unit.session.scalars(select(PatientRow.id).where(PatientRow.name == SUBSCRIBER)).one(), rosa


def ahead(runtime, rosa, patient):
    """(appointment, course) of the visits to come, the next one first."""
    query = (
        select(AppointmentRow.id, AppointmentRow.course_id)
        .where(AppointmentRow.patient_id == patient, AppointmentRow.superseded.is_(False))
        .where(AppointmentRow.status == "booked", AppointmentRow.starts_at > NOW)
        .order_by(AppointmentRow.starts_at)
    )
    with runtime.reading(rosa) as unit:
        return [tuple(row) for row in unit.session.execute(query)]


def move_one(runtime, rosa, patient):
    """Reception moves the visit after the next one."""
    appointment, _ = ahead(runtime, rosa, patient)[1]
    slot = moving.legal_slots(runtime, rosa, appointment)[0]
    moving.move(runtime, rosa, appointment, slot.start, slot.practitioner_id)


def cancel_one(runtime, rosa, patient):
    """The last visit is called off for good."""
    attendance.cancel(runtime, rosa, ahead(runtime, rosa, patient)[-1][0], rebook=False)


def catch_up(runtime, rosa, patient):
    """One session more, as soon as can be."""
    frequency.add_session(runtime, rosa, ahead(runtime, rosa, patient)[0][1], reason="Catch-up")


def change_the_zone(runtime, rosa, _patient):
    """The clinic moves over the ocean; what is booked stays at its instants."""
    with runtime.writing(Actor.system(rosa.clinic_id)) as unit:
        unit.session.get(ClinicRow, rosa.clinic_id).timezone = "America/New_York"
