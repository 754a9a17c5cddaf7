"""The page of one assessment, as values: what was recorded, by whom, and the courses booked from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from planner.services.assessments import RecordedAssessment, assessment_from
from planner.services.runtime import Actor, Runtime
from planner.storage.courses import AssessmentRow, CourseRow
from planner.storage.people import PatientRow, StaffRow


@dataclass(frozen=True, slots=True)
class AssessmentView:
    """One assessment.

    Args:
        recorded_by: a name; empty where it is not known any more.
        course_ids: courses that were booked from it, oldest first.
    """

    recorded: RecordedAssessment
    patient: str
    recorded_by: str
    zone: str
    today: date
    course_ids: tuple[int, ...]


def assessment_view(runtime: Runtime, actor: Actor, assessment_id: int) -> AssessmentView:
    """What the page shows (a handful of queries). Raises NotFound."""
    with runtime.reading(actor) as unit:
        row = unit.get(AssessmentRow, assessment_id)
        courses = select(CourseRow.id).where(CourseRow.assessment_id == row.id).order_by(CourseRow.started_at)
        return AssessmentView(
            recorded=assessment_from(row),
            patient=unit.get(PatientRow, row.patient_id).name,
            recorded_by=unit.get(StaffRow, row.recorded_by).name if row.recorded_by else "",
            zone=unit.clinic.timezone,
            today=unit.today,
            course_ids=tuple(unit.session.scalars(courses)),
        )
