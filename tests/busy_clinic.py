"""A clinic of ten therapists after years of work, for tests of what takes long: written in bulk, with every status."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from itertools import count, islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from planner.care.assessment import Assessment
from planner.services import assessments, clinic_setup
from planner.services.runtime import Runtime
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow, SessionRow, WorklistRow
from planner.storage.ids import new_id
from tests.factories import NOW, Clinic, make_patient, make_person, weekly
from tests.web.ana_course import CHRONIC

THERAPISTS: Final = 10
PATIENTS_EACH: Final = 50
SESSIONS_A_COURSE: Final = 10
OPENS, CLOSES = 8, 18
AHEAD_DAYS: Final = 182
SHARE_AHEAD: Final = 0.6
WORKLIST_LINES: Final = 120
_AT_ONCE: Final = 5000
_ZONE: Final = ZoneInfo("Europe/London")
# What became of visits: most were given.
_FATES: Final = ("fulfilled",) * 17 + ("noshow", "cancelled", "cancelled")


@dataclass(frozen=True)
class BusyClinic:
    """What was made: therapists with Ben as the first, and some courses that go on."""

    therapists: tuple[int, ...]
    courses: tuple[int, ...]
    appointments: int


def fill(runtime: Runtime, clinic: Clinic, appointments: int = 100_000) -> BusyClinic:
    """Nine more therapists, each with fifty patients, and so many appointments: at random, but the same each time.

    Ben stays as free as he was, so that a test may book with him.
    """
    rng = random.Random(5)
    with runtime.writing(clinic.system) as unit:
        people = [
            make_person(unit, f"Therapist {n}", f"t{n}@example.org", "therapist", treats=True)
            for n in range(2, THERAPISTS + 1)
        ]
        rooms = [clinic_setup.add_room(unit, f"Room {n}").id for n in range(3, 3 + len(people))]
        for person in people:
            clinic_setup.set_practitioner_hours(unit, person.id, weekly())
        patients = [make_patient(unit, f"Patient {n}", f"p{n}@example.org") for n in range(PATIENTS_EACH * len(people))]
    assessment = assessments.record(runtime, clinic.ben.actor, patients[0], Assessment.from_json(CHRONIC))
    phases = [each.to_json() for each in assessments.get(runtime, clinic.ben.actor, assessment).phases]
    staff, places = [each.id for each in people], rooms
    diary = _Diary(clinic, staff, places, patients, assessment, phases, rng)
    diary.book(appointments)
    with runtime.writing(clinic.system) as unit:
        for row, values in diary.rows():
            for first in range(0, len(values), _AT_ONCE):
                unit.session.connection().execute(insert(row), values[first : first + _AT_ONCE])
    going_on = [each["id"] for each in diary.courses if each["status"] == "active"]
    return BusyClinic((clinic.ben.id, *staff), tuple(going_on), appointments)


class _Diary:
    """Rows in the making."""

    def __init__(
        self,
        clinic: Clinic,
        staff: list[int],
        rooms: list[int],
        patients: list[int],
        assessment: int,
        phases: list[dict[str, Any]],
        rng: random.Random,
    ) -> None:
        self.clinic, self.staff, self.rooms, self.patients = clinic, staff, rooms, patients
        self.assessment, self.phases, self.rng = assessment, phases, rng
        self.courses: list[dict[str, Any]] = []
        self.sessions: list[dict[str, Any]] = []
        self.appointments: list[dict[str, Any]] = []
        self.taken: Counter[int] = Counter()
        self.last_course: dict[int, dict[str, Any]] = {}

    def rows(self) -> list[tuple[Any, list[dict[str, Any]]]]:
        """All of them, in an order in which no row points to one that is not there yet."""
        return [
            (CourseRow, self.courses),
            (SessionRow, self.sessions),
            (AppointmentRow, self.appointments),
            (RevisionRow, [self._last_change(course) for course in self.courses]),
            (WorklistRow, [self._line(course) for course in self._going_on()[:WORKLIST_LINES]]),
        ]

    def book(self, appointments: int) -> None:
        """From half a year ahead back through the years, each therapist with patients of their own."""
        for start, end, who in islice(self._slots(), appointments):
            turn, back = divmod(self.taken[who], SESSIONS_A_COURSE)
            self.taken[who] += 1
            if back == 0:
                patient = self.patients[who * PATIENTS_EACH + turn % PATIENTS_EACH]
                self.last_course[who] = self._course(patient, over=end <= NOW, last=end)
                self.courses.append(self.last_course[who])
            # The newest slot comes first, so it is the course's last session.
            self._visit(self.last_course[who], who, SESSIONS_A_COURSE - 1 - back, start, end)

    def _slots(self) -> Iterator[tuple[datetime, datetime, int]]:
        """Start, end and therapist by position."""
        for back in count():
            day = NOW.date() + timedelta(AHEAD_DAYS - 1 - back)
            share = SHARE_AHEAD if day >= NOW.date() else 1.0
            for who in range(len(self.staff) if day.weekday() < 5 else 0):
                minute = OPENS * 60
                while minute < CLOSES * 60:
                    length = self.rng.choice([30, 45, 60])
                    if minute + length <= CLOSES * 60 and self.rng.random() < share:
                        start = _instant(day, minute)
                        yield start, start + timedelta(minutes=length), who
                    minute += length

    def _own(self, **values: Any) -> dict[str, Any]:
        return {"clinic_id": self.clinic.id, "id": new_id(), **values}

    def _course(self, patient: int, *, over: bool, last: datetime) -> dict[str, Any]:
        return self._own(
            patient_id=patient,
            assessment_id=self.assessment,
            protocol="chronic_pain",
            status="finished" if over else "active",
            phases=self.phases,
            wishes={},
            earliest_day=last.date() - timedelta(days=120),
            first_visit_minutes=60,
            visit_minutes=45,
            started_at=last - timedelta(days=120),
            revision_number=1,
        )

    def _visit(self, course: dict[str, Any], who: int, position: int, start: datetime, end: datetime) -> None:
        minutes = (end - start) // timedelta(minutes=1)
        status = self.rng.choice(_FATES) if end <= NOW else "booked"
        session = self._own(
            course_id=course["id"],
            position=position,
            phase="intensive" if position < 6 else "taper",
            minutes=minutes,
            gap_target=7.0,
            gap_min=3,
            gap_max=14,
            uid=f"{new_id()}@example.org",
            revised_at=start,
        )
        self.sessions.append(session)
        self.appointments.append(
            self._own(
                session_id=session["id"],
                course_id=course["id"],
                patient_id=course["patient_id"],
                practitioner_id=self.staff[who],
                room_id=self.rooms[who],
                starts_at=start,
                ends_at=end,
                status=status,
                late_cancellation=status == "cancelled" and self.rng.random() < 0.5,
                cancelled_by="patient" if status == "cancelled" else "",
                booked_at=min(start - timedelta(days=30), NOW),
            )
        )

    def _last_change(self, course: dict[str, Any]) -> dict[str, Any]:
        over = course["status"] == "finished"
        made_at = course["started_at"] + timedelta(days=120 if over else 0)
        kind = self.rng.choice(("fulfilled", "fulfilled", "fulfilled", "ended")) if over else "booked"
        return self._own(
            course_id=course["id"], number=1, kind=kind, reason="-", actor="-", made_at=min(made_at, NOW), before={},
            after={},
        )  # fmt: skip

    def _going_on(self) -> list[dict[str, Any]]:
        return [course for course in self.courses if course["status"] == "active"]

    def _line(self, course: dict[str, Any]) -> dict[str, Any]:
        return self._own(
            kind="catch_up", key=f"busy/{course['id']}", course_id=course["id"], says="Behind the plan.", details={},
            opened_at=NOW,
        )  # fmt: skip


def _instant(day: date, minute: int) -> datetime:
    return datetime.combine(day, clock_time(minute // 60, minute % 60), _ZONE).astimezone(UTC)
