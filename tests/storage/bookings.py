"""A stage for the tests of the guard: two of each resource, and appointments made row by row."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from planner.services.runtime import Runtime
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, SessionRow
from planner.storage.ids import new_id
from tests.factories import NOW, Clinic, make_patient, make_person


@dataclass(frozen=True)
class Stage:
    """Ids of two practitioners, rooms and patients, and of a session that can be booked."""

    runtime: Runtime
    clinic: Clinic
    practitioner: tuple[int, int]
    room: tuple[int, int]
    patient: tuple[int, int]
    course: int
    session: int

    @contextmanager
    def writing(self):
        """A transaction of this clinic."""
        with self.runtime.database.writing(self.clinic.id) as session:
            yield session

    def row(self, number: int, start: datetime, minutes: int, shared: str = "", status: str = "booked"):
        """An appointment of the first or second of everything; of the first of what is `shared`."""
        who = {
            name: getattr(self, name)[0 if name == shared else number] for name in ("practitioner", "room", "patient")
        }
        return AppointmentRow(
            id=new_id(), session_id=self.session, course_id=self.course, status=status, starts_at=start,
            ends_at=start + timedelta(minutes=minutes), booked_at=NOW,
            practitioner_id=who["practitioner"], room_id=who["room"], patient_id=who["patient"],
        )  # fmt: skip


def make_stage(runtime: Runtime, clinic: Clinic) -> Stage:
    """Ben and Di, two rooms, Ana and Eve, and a course of one session."""
    with runtime.writing(clinic.system) as unit:
        di = make_person(unit, "Di Marsh", "di@example.org", "therapist", treats=True).id
        eve = make_patient(unit, "Eve Ito")
        assessment = AssessmentRow(patient_id=clinic.ana, findings={}, estimate={}, recorded_at=NOW)
        unit.session.add(assessment)
        unit.session.flush()
        course = CourseRow(
            patient_id=clinic.ana, assessment_id=assessment.id, protocol="acute_injury", phases=[], wishes={},
            earliest_day=NOW.date(), first_visit_minutes=60, visit_minutes=30, started_at=NOW,
        )  # fmt: skip
        unit.session.add(course)
        unit.session.flush()
        session = SessionRow(
            course_id=course.id, position=0, phase="intensive", minutes=30, uid=f"{course.id}@test", revised_at=NOW
        )
        unit.session.add(session)
        unit.session.flush()
        return Stage(
            runtime, clinic, (clinic.ben.id, di), (clinic.rooms[0], clinic.rooms[1]), (clinic.ana, eve),
            course.id, session.id,
        )  # fmt: skip


def add(stage: Stage, number: int, start: datetime, minutes: int, *, shared: str = "", status: str = "booked") -> int:
    """Book in a transaction of its own; gives the id."""
    with stage.writing() as session:
        row = stage.row(number, start, minutes, shared, status)
        session.add(row)
    return row.id
