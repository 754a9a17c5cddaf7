"""A clinic that lives day by day through the product's own services, at stated rates, with a clock turned by hand."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import select

from benchmarks.scale.meter import Meter
from benchmarks.scale.rates import Rates
from planner.care.assessment import Assessment
from planner.care.outcomes import Kind
from planner.diary.hours import WeeklyHours
from planner.errors import PlannerError
from planner.services import assessments, attendance, booking, clinic_setup, feeds, moving, outcomes_measured, patients
from planner.services.assessments import RecordedAssessment
from planner.services.booking import BookingRequest
from planner.services.clinic_setup import NewClinic
from planner.services.outcomes_measured import NewOutcome
from planner.services.patients import PatientDetails
from planner.services.read_log import ReadLog
from planner.services.runtime import PATIENT, Actor, Role, Runtime, Unit
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow
from planner.storage.ids import new_id

ZONE = ZoneInfo("Europe/London")
OPENS, SHUTS = time(8), time(18)
NOTICE = timedelta(days=2)
FINDINGS = (
    {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"},
    {"protocol": "acute_injury", "symptom_weeks": 2, "severity": "mild", "goal": "relief"},
    {"protocol": "sports_rehabilitation", "symptom_weeks": 8, "severity": "moderate", "goal": "lasting"},
    {"protocol": "chronic_condition", "symptom_weeks": 60, "severity": "severe", "goal": "relief"},
    {"protocol": "piriformis_syndrome", "symptom_weeks": 12, "severity": "moderate", "goal": "lasting"},
)


class TurnedClock:
    """A clock that stands where it was put."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Put it to an instant."""
        self._now = instant.astimezone(UTC)


class CountingMailer:
    """Takes every message and drops it; `sent` counts them."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, message: object, *, on_data_started: Callable[[], None] | None = None) -> None:
        """As if it were delivered."""
        if on_data_started is not None:
            on_data_started()
        self.sent += 1


@dataclass(frozen=True, slots=True)
class _Visit:
    id: int
    course_id: int
    session_id: int
    patient_id: int
    ends_at: datetime


@dataclass
class ClinicLife:
    """One clinic and its days.

    Args:
        runtime: with `clock` and a mailer that keeps nothing.
        name: of the clinic, in addresses too, so that clinics can share a database.
    """

    runtime: Runtime
    clock: TurnedClock
    rng: random.Random
    rates: Rates
    name: str
    meter: Meter = field(default_factory=Meter)
    reads: ReadLog = field(init=False)
    clinic_id: int = field(init=False)
    reception: Actor = field(init=False)
    therapists: list[Actor] = field(init=False, default_factory=list)
    feeds: list[str] = field(init=False, default_factory=list)
    courses: int = field(init=False, default=0)
    refused: int = field(init=False, default=0)
    _owed: float = field(init=False, default=0.0)

    def open(self) -> None:
        """The clinic, its people, rooms and hours."""
        self.reads = ReadLog(self.runtime)
        title = f"{self.name.title()} Clinic"
        new = NewClinic(title, str(ZONE), "GB", "ENG", phone="0131 496 0000")
        self.clinic_id = clinic_setup.create_clinic(self.runtime, new)
        week = [WeeklyHours(day, OPENS, SHUTS) for day in range(5)]
        with self.runtime.writing(Actor.system(self.clinic_id)) as unit:
            for number in range(1, self.rates.therapists + 1):
                row = self._hire(unit, f"Therapist {number}", f"t{number}", "therapist", treats=True)
                clinic_setup.set_practitioner_hours(unit, row.staff_id or 0, week)
                clinic_setup.add_room(unit, f"Room {number}")
                self.therapists.append(row)
            self.reception = self._hire(unit, "Rosa Lind", "rosa", "reception")
            self._hire(unit, "Mo Adeyemi", "mo", "manager")

    def _hire(self, unit: Unit, name: str, mail: str, role: Role, *, treats: bool = False) -> Actor:
        row = clinic_setup.add_staff(unit, name, f"{mail}@{self.name}.example.org", role, None, treats=treats)
        return Actor(self.clinic_id, name, role, row.id)

    def day(self, day: date) -> None:
        """One day: who is new, who calls off or is moved, who comes and who does not."""
        if day.weekday() > 4:
            return
        self.clock.set(_at(day, OPENS))
        self._owed += self.rates.courses_a_week / 5
        while self._owed >= 1:
            self._owed -= 1
            self._attempt(partial(self.new_course, day))
        for visit in self._visits(day + NOTICE):
            drawn = self.rng.random()
            if drawn < self.rates.called_off:
                self._attempt(partial(self._call_off, visit))
            elif drawn < self.rates.called_off + self.rates.moved:
                self._attempt(partial(self._move, visit))
        for visit in self._visits(day):
            self.clock.set(visit.ends_at)
            self._attempt(partial(self._attend, visit))
        self.clock.set(_at(day, SHUTS))
        with self.meter.of("who saw what, written"):
            self.reads.flush()

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do it; a refusal is counted, as life goes on at a clinic too."""
        try:
            act()
        except PlannerError:
            self.refused += 1

    def new_course(self, day: date) -> None:
        """A patient who is assessed, and booked at the best dates from the next day on."""
        number = self.courses
        self.courses += 1
        therapist = self.therapists[number % len(self.therapists)]
        details = PatientDetails(f"Patient {number}", f"p{number}@{self.name}.example.org")
        findings = Assessment.from_json(dict(FINDINGS[number % len(FINDINGS)]))
        with self.meter.of("patient assessed"):
            patient = patients.add(self.runtime, self.reception, details)
            made = assessments.get(
                self.runtime, therapist, assessments.record(self.runtime, therapist, patient, findings)
            )
        request = self.request(patient, made, day + timedelta(days=1), number)
        with self.meter.of("course planned"):
            proposal = booking.propose(self.runtime, self.reception, request)
        with self.meter.of("course booked"):
            booking.book_course(self.runtime, self.reception, request, proposal.places)
        if self.rng.random() < self.rates.subscribed:
            with self.meter.of("calendar made"):
                self.feeds.append(feeds.create_feed(self.runtime, self.reception, patient_id=patient))

    def request(self, patient: int, made: RecordedAssessment, first: date, number: int) -> BookingRequest:
        """What reception asks for: the estimate's course with one therapist, two more if need be."""
        people = [self.therapists[(number + step) % len(self.therapists)] for step in range(3)]
        return BookingRequest(
            course_id=new_id(),
            patient_id=patient,
            assessment_id=made.id,
            phases=made.phases,
            first_visit_minutes=made.first_visit_minutes,
            visit_minutes=made.visit_minutes,
            wishes=Wishes(tuple(dict.fromkeys(each.staff_id or 0 for each in people)), (0, 1, 2, 3, 4)),
            earliest_day=first,
        )

    def _call_off(self, visit: _Visit) -> None:
        with self.meter.of("called off, the rest repaired"):
            patient = Actor(self.clinic_id, PATIENT, patient_id=visit.patient_id)
            attendance.cancel(self.runtime, patient, visit.id)

    def _move(self, visit: _Visit) -> None:
        with self.meter.of("moved by reception"):
            slots = moving.legal_slots(self.runtime, self.reception, visit.id)
            if slots:
                slot = self.rng.choice(slots)
                moving.move(self.runtime, self.reception, visit.id, slot.start, slot.practitioner_id)

    def _attend(self, visit: _Visit) -> None:
        if self.rng.random() < self.rates.missed:
            with self.meter.of("missed, the rest repaired"):
                attendance.miss(self.runtime, self.reception, visit.id)
            return
        for look in ("course", "patient")[: self.rates.looks]:
            self.reads.saw(self.reception, "see", f"{look}/{visit.course_id if look == 'course' else visit.patient_id}")
        with self.meter.of("visit given"):
            attendance.fulfil(self.runtime, self.reception, visit.id)
        if self.rng.random() < self.rates.measured:
            with self.meter.of("outcome written down"):
                value = NewOutcome(Kind.PAIN, float(self.rng.randrange(8)))
                therapist = self.therapists[0]
                outcomes_measured.record(self.runtime, therapist, visit.course_id, [value], session_id=visit.session_id)

    def _visits(self, day: date) -> list[_Visit]:
        """Who is expected on a day, by time."""
        row = AppointmentRow
        begins = _at(day, time())
        with self.runtime.reading(self.reception) as unit:
            found = unit.session.scalars(
                select(row)
                .where(row.status == "booked", row.starts_at >= begins, row.starts_at < begins + timedelta(days=1))
                .order_by(row.ends_at, row.id)
            )
            return [_Visit(each.id, each.course_id, each.session_id, each.patient_id, each.ends_at) for each in found]


def _at(day: date, wall: time) -> datetime:
    return datetime.combine(day, wall, ZONE).astimezone(UTC)


def working_days(first: date, weeks: int) -> Iterator[date]:
    """Monday to Friday, so many weeks long."""
    for number in range(7 * weeks):
        day = first + timedelta(days=number)
        if day.weekday() < 5:
            yield day
