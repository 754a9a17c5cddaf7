"""How long the service takes to propose dates for a course of 12 sessions in a database with 100,000 appointments.

usage: python -m benchmarks.propose [--appointments 100000] [--rounds 60]

The whole call: the diary read from SQLite, the search, its independent check, the table of dates; no web page.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from itertools import count, islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from planner.care.assessment import Assessment
from planner.care.course import Phase, plan_sessions
from planner.care.evidence import Evidence
from planner.diary.hours import WeeklyHours
from planner.services import assessments, booking, clinic_setup
from planner.services.booking import BookingRequest
from planner.services.clinic_setup import NewClinic
from planner.services.runtime import Actor, Runtime
from planner.services.wishes import Wishes
from planner.storage import schema
from planner.storage.courses import AppointmentRow, CourseRow, SessionRow
from planner.storage.database import Database
from planner.storage.ids import new_id
from planner.storage.people import PatientRow, StaffRow

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")
PRACTITIONERS, PATIENTS_EACH = 8, 50
SESSIONS = 12
OPENS, CLOSES = 8, 18
AHEAD_DAYS = 182
SHARE_AHEAD = 0.6
"""Of the time to come; the years before it were full."""
ROWS_AT_ONCE = 5000
APPOINTMENTS, ROUNDS = 100_000, 60
FINDINGS = {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"}


@dataclass(frozen=True)
class StandingClock:
    """A clock that shows the same moment always, so that every run asks the same."""

    moment: datetime = NOW

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment


class NoMailer:
    """Nothing is sent here."""

    def send(self, message: object, *, on_data_started: Callable[[], None] | None = None) -> None:
        """Refuse."""
        raise AssertionError("proposing dates sends nothing")


@dataclass
class Filled:
    """A clinic whose diary holds years of appointments."""

    actor: Actor
    people: list[int]
    rooms: list[int]
    patients: list[int]
    assessment: int = 0
    booked: list[dict[str, Any]] = field(default_factory=list)


def new_clinic(runtime: Runtime, name: str) -> Filled:
    """Return a clinic with staff, rooms and patients, and nothing booked."""
    clinic_id = clinic_setup.create_clinic(runtime, NewClinic(name, "Europe/London", "GB", "ENG"))
    week = [WeeklyHours(day, clock_time(OPENS), clock_time(CLOSES)) for day in range(5)]
    with runtime.writing(Actor.system(clinic_id)) as unit:
        rows = [
            StaffRow(name=f"Therapist {n}", email=f"t{n}@{clinic_id}.example.org", role="therapist", treats=True)
            for n in range(PRACTITIONERS)
        ]
        patients = [
            PatientRow(name=f"Patient {n}", search_name=f"patient {n}", created_at=NOW)
            for n in range(1 + PRACTITIONERS * PATIENTS_EACH)
        ]
        unit.session.add_all([*rows, *patients])
        rooms = [clinic_setup.add_room(unit, f"Room {n}").id for n in range(PRACTITIONERS)]
        unit.session.flush()
        for row in rows:
            clinic_setup.set_practitioner_hours(unit, row.id, week)
        actor = Actor(clinic_id, "Rosa Lind", "manager", rows[0].id)
        made = Filled(actor, [row.id for row in rows], rooms, [row.id for row in patients])
    made.assessment = assessments.record(runtime, actor, made.patients[0], Assessment.from_json(FINDINGS))
    return made


def slots(rng: random.Random) -> Iterator[tuple[datetime, datetime, int]]:
    """Yield start, end and practitioner by position: half a year to come, then back through the years without end."""
    for back in count():
        day = NOW.date() + timedelta(AHEAD_DAYS - 1 - back)
        share = SHARE_AHEAD if day >= NOW.date() else 1.0
        for who in range(PRACTITIONERS if day.weekday() < 5 else 0):
            minute = OPENS * 60
            while minute < CLOSES * 60:
                length = rng.choice([30, 45, 60])
                if minute + length <= CLOSES * 60 and rng.random() < share:
                    start = datetime.combine(day, clock_time(minute // 60, minute % 60), ZONE).astimezone(UTC)
                    yield start, start + timedelta(minutes=length), who
                minute += length


def fill(runtime: Runtime, made: Filled, rng: random.Random, appointments: int) -> None:
    """Book so many appointments in courses of ten, in bulk."""
    courses: list[dict[str, Any]] = []
    sessions: list[dict[str, Any]] = []
    taken: Counter[int] = Counter()
    course_of: dict[int, dict[str, Any]] = {}
    for start, end, who in islice(slots(rng), appointments):
        position, turn = divmod(taken[who], 10)[::-1]
        if position == 0:
            # Each practitioner has patients of their own, so nobody is in two places at one moment.
            courses.append(_course(made, made.patients[1 + who + PRACTITIONERS * (turn % PATIENTS_EACH)]))
            course_of[who] = courses[-1]
        taken[who] += 1
        session, course = new_id(), course_of[who]
        sessions.append(_session(made, session, course["id"], position))
        made.booked.append(
            {
                "clinic_id": made.actor.clinic_id, "id": new_id(), "session_id": session, "course_id": course["id"],
                "patient_id": course["patient_id"], "practitioner_id": made.people[who], "room_id": made.rooms[who],
                "starts_at": start, "ends_at": end, "status": "fulfilled" if end <= NOW else "booked",
                "booked_at": start,
            }
        )  # fmt: skip
    with runtime.writing(made.actor) as unit:
        for row, values in ((CourseRow, courses), (SessionRow, sessions), (AppointmentRow, made.booked)):
            for first in range(0, len(values), ROWS_AT_ONCE):
                unit.session.connection().execute(insert(row), values[first : first + ROWS_AT_ONCE])


def _course(made: Filled, patient: int) -> dict[str, Any]:
    return {
        "clinic_id": made.actor.clinic_id, "id": new_id(), "patient_id": patient, "assessment_id": made.assessment,
        "protocol": "chronic_pain", "status": "active", "phases": [], "wishes": {}, "earliest_day": NOW.date(),
        "first_visit_minutes": 60, "visit_minutes": 30, "started_at": NOW,
    }  # fmt: skip


def _session(made: Filled, session: int, course: int, position: int) -> dict[str, Any]:
    return {
        "clinic_id": made.actor.clinic_id, "id": session, "course_id": course, "position": position,
        "phase": "intensive", "minutes": 30, "uid": f"{session}@example.org", "revised_at": NOW,
    }  # fmt: skip


def twelve_sessions(runtime: Runtime, made: Filled) -> BookingRequest:
    """Return a request for the estimate's course, cut or drawn out to 12 sessions, with any of four practitioners."""
    estimated = assessments.get(runtime, made.actor, made.assessment)
    ahead = Evidence.load()["J7"].whole("sessions_ahead")

    def owed(phases: tuple[Phase, ...]) -> int:
        return len(plan_sessions(phases, 60, 45, ahead))

    phases = estimated.phases[:1]
    phases = (replace(phases[0], sessions=phases[0].sessions + SESSIONS - owed(phases)),)
    assert owed(phases) == SESSIONS
    return BookingRequest(
        course_id=new_id(),
        patient_id=made.patients[0],
        assessment_id=made.assessment,
        phases=phases,
        first_visit_minutes=60,
        visit_minutes=45,
        wishes=Wishes(tuple(made.people[:4]), (0, 1, 2, 3, 4), preferred="morning"),
        earliest_day=NOW.date() + timedelta(1),
    )


@dataclass(frozen=True, slots=True)
class Proposing:
    """Milliseconds of the call for the dates, and with three other places for each: median and fastest."""

    appointments: int
    filling_seconds: float
    dates: tuple[float, float]
    with_alternatives: tuple[float, float]


def measure(appointments: int, rounds: int) -> Proposing:
    """Fill a database of this size, a sixth more of it another clinic's, and ask it again and again."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'planner.sqlite'}")
        schema.upgrade(database)
        runtime = Runtime(database, StandingClock(), NoMailer())
        begin, rng = time.perf_counter(), random.Random(1)
        mine, other = new_clinic(runtime, "Northside Clinic"), new_clinic(runtime, "Southside Clinic")
        fill(runtime, mine, rng, appointments)
        fill(runtime, other, rng, appointments // 6)
        filled = time.perf_counter() - begin
        request = twelve_sessions(runtime, mine)
        dates = _milliseconds(runtime, mine, request, rounds, with_alternatives=False)
        everything = _milliseconds(runtime, mine, request, max(3, rounds // 6), with_alternatives=True)
        database.close()
    return Proposing(appointments, filled, dates, everything)


def _milliseconds(
    runtime: Runtime, made: Filled, request: BookingRequest, rounds: int, *, with_alternatives: bool
) -> tuple[float, float]:
    times = []
    for _ in range(rounds + 2):
        begin = time.perf_counter()
        proposal = booking.propose(runtime, made.actor, request, with_alternatives=with_alternatives)
        times.append(1000 * (time.perf_counter() - begin))
        assert len(proposal.places) == SESSIONS
        assert proposal.points == proposal.lower_bound
    warm = times[2:]  # the first ones pay for imports and for the database's cache
    return statistics.median(warm), min(warm)


def report(found: Proposing) -> str:
    """Return the section of the page."""
    return "\n".join(
        [
            "## Proposing dates out of the database", "",
            f"The whole service call for a course of {SESSIONS} sessions with any of four of {PRACTITIONERS}"
            f" practitioners: SQLite with {found.appointments:,} appointments of the clinic and"
            f" {found.appointments // 6:,} of another, warm, without a web page.", "",
            "| call | median | fastest |", "| --- | ---: | ---: |",
            "| the dates (goal: median 20 ms) |" + _both(found.dates),
            "| the dates and three other places for each |" + _both(found.with_alternatives), "",
        ]
    )  # fmt: skip


def _both(milliseconds: tuple[float, float]) -> str:
    return "".join(f" {each:.1f} ms |" for each in milliseconds)


def main() -> None:
    """Print the section."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--appointments", type=int, default=APPOINTMENTS)
    ask.add_argument("--rounds", type=int, default=ROUNDS)
    wish = ask.parse_args()
    print(report(measure(wish.appointments, wish.rounds)))


if __name__ == "__main__":
    main()
