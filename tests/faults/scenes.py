"""A busy clinic for the fault tests, and hands that work in it as people do, through the services."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.errors import PlannerError
from planner.services import assessments, attendance, booking, clinic_setup, moving
from planner.services.booking import BookingRequest
from planner.services.clinic_setup import NewClinic
from planner.services.runtime import Actor, Runtime
from planner.services.wishes import Wishes
from planner.storage import schema
from planner.storage.courses import AppointmentRow
from planner.storage.database import Database
from planner.storage.ids import new_id
from tests.factories import FakeClock, FakeMailer, Person, make_patient, make_person, weekly

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
FIRST_DAY = date(2026, 3, 3)
FINDINGS = {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "moderate", "goal": "relief"}


@dataclass(frozen=True)
class BusyClinic:
    """Who is there; it goes from process to process. `address` names a database that is no file."""

    file: Path
    reception: Person
    therapists: tuple[int, ...]
    patients: tuple[int, ...]
    address: str = ""

    @property
    def actor(self) -> Actor:
        """Reception."""
        return self.reception.actor

    def runtime(self, now: datetime = NOW, mailer: object = None, wait_seconds: float = 10) -> Runtime:
        """The program of one process."""
        database = Database(self.address or f"sqlite:///{self.file}", wait_seconds=wait_seconds)
        return Runtime(database, FakeClock(now), mailer or FakeMailer(), secret_key="s" * 32)

    def at(self, file: Path) -> "BusyClinic":
        """The same clinic in a copy of its file."""
        return replace(self, file=file)


def make_busy_clinic(
    file: Path, patients: int, therapists: int = 2, *, zone: str = "Europe/London", now: datetime = NOW,
    hours: tuple[str, str] = ("09:00", "13:00"), address: str = "", name: str = "",
) -> BusyClinic:  # fmt: skip
    """A small clinic with few slots, so that its people get into each other's way.

    Args:
        address: of a database that is no file.
        name: before the e-mail addresses, so that several can live in one database.
    """
    database = Database(address or f"sqlite:///{file}")
    schema.upgrade(database)
    runtime = Runtime(database, FakeClock(now), FakeMailer(), secret_key="s" * 32)
    clinic_id = clinic_setup.create_clinic(runtime, NewClinic("Busy Clinic", zone, "GB"))
    with runtime.writing(Actor.system(clinic_id)) as unit:
        clinic_setup.change_policies(unit, horizon_days=28)
        reception = make_person(unit, "Rosa Lind", f"{name}rosa@example.org", "reception")
        people = [
            make_person(
                unit, f"Therapist {number}", f"{name}therapist{number}@example.org", "therapist", treats=True
            ).id
            for number in range(therapists)
        ]
        for person in people:
            clinic_setup.set_practitioner_hours(unit, person, weekly(*hours))
        for number in range(therapists):
            clinic_setup.add_room(unit, f"Room {number}")
        everybody = tuple(make_patient(unit, f"Patient {n}", f"p{n}@example.org") for n in range(patients))
    for patient in everybody:
        assessments.record(runtime, reception.actor, patient, Assessment.from_json(FINDINGS))
    database.close()
    return BusyClinic(file, reception, tuple(people), everybody, address)


@dataclass
class Hands:
    """One person at a keyboard, choosing by chance."""

    clinic: BusyClinic
    runtime: Runtime
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def do_something(self) -> None:
        """Book, move, cancel or confirm; a refusal is counted, anything else is a fault and goes through."""
        action = self.chance.choice((self.book, self.book, self.move, self.move, self.cancel, self.confirm))
        start = time.monotonic()
        try:
            if action():
                self.done[action.__name__] += 1
        except PlannerError as refusal:
            self.refused[type(refusal).__name__] += 1
        finally:
            self.seconds.append(time.monotonic() - start)

    def book(self) -> bool:
        """A whole course for somebody, at the best dates there are just now."""
        request = self.request()
        places = booking.propose(self.runtime, self.clinic.actor, request, with_alternatives=False).places
        booking.book_course(self.runtime, self.clinic.actor, request, places)
        return True

    def request(self) -> BookingRequest:
        """What reception types."""
        patient = self.chance.choice(self.clinic.patients)
        with self.runtime.reading(self.clinic.actor) as unit:
            found = assessments.of_patient(unit, patient)[0]
        return BookingRequest(
            course_id=new_id(), patient_id=patient, assessment_id=found.id, phases=found.phases,
            first_visit_minutes=60, visit_minutes=30, wishes=Wishes(self.clinic.therapists),
            earliest_day=FIRST_DAY + timedelta(days=self.chance.randrange(7)),
        )  # fmt: skip

    def move(self) -> bool:
        """Some appointment, to one of the places that are free for it."""
        appointment = self._some_appointment()
        slots = moving.legal_slots(self.runtime, self.clinic.actor, appointment) if appointment else []
        if not slots:
            return False
        slot = self.chance.choice(slots)
        moving.move(self.runtime, self.clinic.actor, appointment, slot.start, slot.practitioner_id)
        return True

    def cancel(self) -> bool:
        """Some appointment; its session is placed again half of the time."""
        appointment = self._some_appointment()
        if appointment:
            rebook = self.chance.random() < 0.5
            attendance.cancel(self.runtime, self.clinic.actor, appointment, rebook=rebook)
        return bool(appointment)

    def confirm(self) -> bool:
        """Some appointment."""
        appointment = self._some_appointment()
        if appointment:
            attendance.confirm(self.runtime, self.clinic.actor, appointment)
        return bool(appointment)

    def _some_appointment(self) -> int:
        with self.runtime.reading(self.clinic.actor) as unit:
            ids = unit.session.scalars(select(AppointmentRow.id).where(AppointmentRow.status == "booked")).all()
        return self.chance.choice(ids) if ids else 0
