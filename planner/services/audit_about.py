"""Whom a line of the audit is about: found by the thing it names, while that is still there."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.orm import Session

from planner.storage.calendars import InvitationRow
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, SessionRow, WorklistRow
from planner.storage.outward import FeedRow, OutboxRow
from planner.storage.progress import NoteRow, OutcomeRow

# Each of these says itself whose it is, or of which course.
_ROWS: Final[dict[str, type[Any]]] = {
    "course": CourseRow,
    "assessment": AssessmentRow,
    "session": SessionRow,
    "appointment": AppointmentRow,
    "note": NoteRow,
    "outcome": OutcomeRow,
    "outbox": OutboxRow,
    "worklist": WorklistRow,
    "invitation": InvitationRow,
    "feed": FeedRow,
}


def patient_of(session: Session, clinic_id: int, subject: str) -> int | None:
    """The patient whom a subject such as course/17 is about; None where there is none."""
    kind, _, name = subject.partition("/")
    if not name.isdecimal():
        return None
    if kind == "patient":
        return int(name)
    with session.no_autoflush:
        row = _found(session, clinic_id, _ROWS[kind], int(name)) if kind in _ROWS else None
        if row is None:
            return None
        about: int | None = getattr(row, "patient_id", None)
        course_id: int | None = getattr(row, "course_id", None)
        if about is None and course_id is not None:
            course = session.get(CourseRow, (clinic_id, course_id))
            about = course.patient_id if course is not None else None
        return about


def _found(session: Session, clinic_id: int, row: type[Any], row_id: int) -> Any:
    """The row, also one that was made a moment ago and is not written yet."""
    fresh = (each for each in session.new if isinstance(each, row) and each.id == row_id)
    return next(fresh, None) or session.get(row, (clinic_id, row_id))
