"""Clinics, people and rooms for tests, and the clock they live by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher

from planner.diary.hours import WeeklyHours
from planner.services import clinic_setup
from planner.services.clinic_setup import NewClinic
from planner.services.runtime import Actor, Role, Runtime, Unit
from planner.services.tokens import hashed
from planner.storage.people import PatientRow, StaffRow

# A Monday morning in Edinburgh, four weeks before the clocks change.
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
PASSWORD = "four unrelated words"
ANA_LINK = "anas-personal-link-0000000000000000"


class FakeClock:
    """A clock that goes only when told."""

    def __init__(self, start: datetime = NOW) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, **length: float) -> datetime:
        """Let time pass: advance(hours=1)."""
        self._now += timedelta(**length)
        return self._now

    def set(self, instant: datetime) -> None:
        """Go to an instant."""
        self._now = instant


@dataclass
class FakeMailer:
    """A way out that keeps what was sent; `fails_with` makes it refuse. `folder`: the outtray of its program."""

    sent: list[object] = field(default_factory=list)
    fails_with: Exception | None = None
    folder: Path | None = None

    def send(self, message: object, *, on_data_started: Callable[[], None] | None = None) -> None:
        if self.fails_with is not None:
            raise self.fails_with
        if on_data_started is not None:
            on_data_started()
        self.sent.append(message)


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    actor: Actor
    email: str
    password: str = PASSWORD

    @property
    def id(self) -> int:
        assert self.actor.staff_id is not None
        return self.actor.staff_id


@dataclass(frozen=True)
class Clinic:
    """A clinic and who is in it; ids throughout, because rows live only in their transaction."""

    id: int
    ben: Person
    rosa: Person
    mo: Person
    ana: int
    rooms: tuple[int, ...]

    @property
    def system(self) -> Actor:
        """The timers."""
        return Actor.system(self.id)


def weekly(start: str = "08:00", end: str = "18:00", weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)) -> list[WeeklyHours]:
    """The same hours on several weekdays."""
    return [WeeklyHours(day, time.fromisoformat(start), time.fromisoformat(end)) for day in weekdays]


def make_clinic(runtime: Runtime, prefix: str = "", name: str = "Northside Clinic") -> Clinic:
    """A clinic in Edinburgh with Ben who treats, Rosa at reception, Mo who manages, Ana a patient and two rooms.

    Args:
        prefix: before the e-mail addresses and the personal link, so that two clinics can live in one database.
    """
    new = NewClinic(name, "Europe/London", "GB", "SCT", phone="0131 496 0000")
    clinic_id = clinic_setup.create_clinic(runtime, new)
    with runtime.writing(Actor.system(clinic_id)) as unit:
        ben = make_person(unit, "Ben Okafor", f"{prefix}ben@example.org", "therapist", treats=True)
        rosa = make_person(unit, "Rosa Lind", f"{prefix}rosa@example.org", "reception")
        mo = make_person(unit, "Mo Adeyemi", f"{prefix}mo@example.org", "manager")
        rooms = tuple(clinic_setup.add_room(unit, room).id for room in ("Room 1", "Room 2"))
        clinic_setup.set_practitioner_hours(unit, ben.id, weekly())
        for room in rooms:
            clinic_setup.set_room_hours(unit, room, weekly("07:00", "20:00"))
        ana = make_patient(unit, "Ana Silva", f"{prefix}ana@example.org", link=f"{prefix}{ANA_LINK}")
    return Clinic(clinic_id, ben, rosa, mo, ana, rooms)


def make_person(unit: Unit, name: str, email: str, role: Role, *, treats: bool = False) -> Person:
    """A person of staff with PASSWORD; its hash is computed once for all tests."""
    row = StaffRow(name=name, email=email, role=role, treats=treats, password_hash=_hash())
    unit.session.add(row)
    unit.session.flush()
    return Person(Actor(clinic_id=unit.clinic.id, name=name, role=role, staff_id=row.id), email)


def make_patient(unit: Unit, name: str, email: str = "", *, link: str | None = None) -> int:
    """A patient; gives the id."""
    row = PatientRow(
        name=name, search_name=name.casefold(), email=email, created_at=unit.now,
        link_hash=hashed(link) if link else None,
    )  # fmt: skip
    unit.session.add(row)
    unit.session.flush()
    return row.id


@cache
def _hash() -> str:
    # A hash tells its own cost, so every sign-in of a test checks this one the real way, but fast.
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
