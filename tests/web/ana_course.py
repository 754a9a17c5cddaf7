"""Ana's course for tests of pages: booked through the services, at the best dates from tomorrow on."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.services import assessments, booking, worklists
from planner.services.booking import BookingRequest
from planner.services.runtime import Runtime
from planner.services.snapshot import CourseSnapshot, take
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow
from planner.storage.ids import new_id
from tests.factories import NOW, Clinic

CHRONIC: dict[str, object] = {
    "protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting",
}  # fmt: skip


@dataclass(frozen=True)
class AnasCourse:
    """A booked course; look at it through its methods, which read it anew each time."""

    runtime: Runtime
    clinic: Clinic
    id: int
    assessment_id: int

    def now(self) -> CourseSnapshot:
        """The course as it stands."""
        with self.runtime.reading(self.clinic.rosa.actor) as unit:
            return take(unit, unit.get(CourseRow, self.id))

    def appointment(self, number: int) -> Any:
        """The appointment that counts for a session, numbered from 1."""
        return self.now().sessions[number - 1].current

    def version(self, number: int) -> int:
        """The version its forms carry."""
        with self.runtime.reading(self.clinic.rosa.actor) as unit:
            return unit.get(AppointmentRow, self.appointment(number).id).version

    def revisions(self) -> list[tuple[int, str]]:
        """(id, kind) of every change, oldest first."""
        with self.runtime.reading(self.clinic.rosa.actor) as unit:
            rows = unit.session.scalars(
                select(RevisionRow).where(RevisionRow.course_id == self.id).order_by(RevisionRow.number)
            )
            return [(row.id, row.kind) for row in rows]

    def notices(self) -> list[worklists.WorkItem]:
        """The open lines of the clinic's worklists."""
        with self.runtime.reading(self.clinic.rosa.actor) as unit:
            return list(worklists.open_items(unit))


def assess_ana(runtime: Runtime, clinic: Clinic, findings: dict[str, object] = CHRONIC) -> int:
    """What Ben found; the assessment's id."""
    return assessments.record(runtime, clinic.ben.actor, clinic.ana, Assessment.from_json(findings))


def book_ana(runtime: Runtime, clinic: Clinic, findings: dict[str, object] = CHRONIC) -> AnasCourse:
    """Ana's course with Ben, booked."""
    assessment_id = assess_ana(runtime, clinic, findings)
    made = assessments.get(runtime, clinic.ben.actor, assessment_id)
    request = BookingRequest(
        course_id=new_id(),
        patient_id=clinic.ana,
        assessment_id=assessment_id,
        phases=made.phases,
        first_visit_minutes=made.estimate.first_visit_minutes,
        visit_minutes=made.estimate.visit_minutes,
        wishes=Wishes(practitioners=(clinic.ben.id,), weekdays=(0, 1, 2, 3, 4)),
        earliest_day=_tomorrow(),
    )
    proposal = booking.propose(runtime, clinic.rosa.actor, request, with_alternatives=False)
    course_id = booking.book_course(runtime, clinic.rosa.actor, request, proposal.places)
    return AnasCourse(runtime, clinic, course_id, assessment_id)


def _tomorrow() -> date:
    return (NOW + timedelta(days=1)).date()
