"""Courses that are due to be reviewed: a session was reached at which somebody looks, and nobody did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from planner.services import worklists
from planner.services.attention_lines import RUNS, Courses, Found, of_courses
from planner.services.runtime import Unit
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow
from planner.storage.progress import AdviceDecisionRow, OutcomeRow
from planner.words import say


def reviews_due(unit: Unit, courses: Courses = None) -> Iterator[Found]:
    """Courses past a session at which they are reviewed, and nobody looked at them since (five queries at most).

    A look is an outcome that staff measured, an advice acted upon or dismissed, or a new assessment.
    """
    row, reviews = AppointmentRow, AssessmentRow.estimate["review_at_sessions"]
    query = (
        select(CourseRow.id, CourseRow.patient_id, reviews, func.count(row.id))
        .join(
            AssessmentRow,
            (AssessmentRow.id == CourseRow.assessment_id) & (AssessmentRow.clinic_id == CourseRow.clinic_id),
        )
        .join(row, (row.course_id == CourseRow.id) & (row.clinic_id == CourseRow.clinic_id))
        .where(CourseRow.status.in_(RUNS), row.status == "fulfilled")
        .group_by(CourseRow.clinic_id, CourseRow.id, AssessmentRow.clinic_id, AssessmentRow.id)
    )
    reached = {}
    for course_id, patient_id, at_sessions, done in unit.session.execute(of_courses(query, courses, CourseRow.id)):
        passed = [number for number in at_sessions or () if number <= done]
        if passed:
            reached[course_id] = (patient_id, max(passed), done)
    if not reached:
        return
    looks = _Looks.at(unit, reached)
    for course_id, (patient_id, review, done) in reached.items():
        if looks.nobody_since(course_id, patient_id, review):
            says = say("%(done)s sessions done: a review was due after session %(review)s.", done=done, review=review)
            yield Found(
                worklists.REVIEW_DUE, f"review-{course_id}-{review}", says, course_id, {"patient_id": patient_id}
            )


@dataclass(frozen=True, slots=True)
class _Looks:
    """When somebody last looked at how these courses go."""

    given: Mapping[int, list[datetime]]
    measured: Mapping[int, datetime]
    decided: Mapping[int, int]
    assessed: Mapping[int, datetime]

    @classmethod
    def at(cls, unit: Unit, reached: Mapping[int, tuple[int, int, int]]) -> _Looks:
        row, outcome, decision, found = AppointmentRow, OutcomeRow, AdviceDecisionRow, AssessmentRow
        given: dict[int, list[datetime]] = {}
        visits = select(row.course_id, row.starts_at).where(row.course_id.in_(reached), row.status == "fulfilled")
        for course_id, starts_at in unit.session.execute(visits.order_by(row.starts_at)):
            given.setdefault(course_id, []).append(starts_at)
        measured = (
            select(outcome.course_id, func.max(outcome.measured_at))
            .where(outcome.course_id.in_(reached), outcome.measured_by == "staff", outcome.removed_at.is_(None))
            .group_by(outcome.course_id)
        )
        decided = (
            select(decision.course_id, func.max(decision.sessions_done))
            .where(decision.course_id.in_(reached))
            .group_by(decision.course_id)
        )
        assessed = (
            select(found.patient_id, func.max(found.recorded_at))
            .where(found.patient_id.in_({patient_id for patient_id, _, _ in reached.values()}))
            .group_by(found.patient_id)
        )
        return cls(
            given,
            dict(unit.session.execute(measured).all()),
            dict(unit.session.execute(decided).all()),
            dict(unit.session.execute(assessed).all()),
        )

    def nobody_since(self, course_id: int, patient_id: int, review: int) -> bool:
        """Whether nobody looked since the session at which the review was due."""
        due = self.given[course_id][review - 1]
        never = datetime.min.replace(tzinfo=UTC)
        looked = max(self.measured.get(course_id, never), self.assessed.get(patient_id, never))
        return looked < due and self.decided.get(course_id, 0) < review
