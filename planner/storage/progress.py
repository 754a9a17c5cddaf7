"""Rows of how a course goes: notes, outcome measures, and what became of the planner's advice."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped, same_clinic
from planner.storage.courses import listed
from planner.storage.types import UtcDateTime

OUTCOME_KINDS = ("pain", "function", "range", "tension", "sleep", "performance", "exercises")


class NoteRow(ClinicScoped, Base):
    """What somebody wrote about a course, or about one session of it. A removed note stays, marked."""

    __tablename__ = "note"

    course_id: Mapped[int]
    session_id: Mapped[int | None] = mapped_column(default=None)
    text: Mapped[str]
    author: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(default=None)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("course_id", "course"),
        same_clinic("session_id", "session"),
        same_clinic("staff_id", "staff"),
        Index(None, "clinic_id", "course_id", "written_at"),
    )


class OutcomeRow(ClinicScoped, Base):
    """One measure of how the patient is. `about` tells several of a kind apart, such as the activity of a function."""

    __tablename__ = "outcome"

    patient_id: Mapped[int]
    course_id: Mapped[int]
    session_id: Mapped[int | None] = mapped_column(default=None)
    kind: Mapped[str]
    value: Mapped[float]
    about: Mapped[str] = mapped_column(default="")
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime)
    measured_by: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(default=None)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("patient_id", "patient"),
        same_clinic("course_id", "course"),
        same_clinic("session_id", "session"),
        same_clinic("staff_id", "staff"),
        CheckConstraint(f"kind IN {listed(OUTCOME_KINDS)}", name="kind"),
        CheckConstraint("measured_by IN ('staff', 'patient')", name="measured_by"),
        Index(None, "clinic_id", "course_id", "measured_at"),
        Index(None, "clinic_id", "patient_id", "measured_at"),
    )


class AdviceDecisionRow(ClinicScoped, Base):
    """What became of a piece of advice: acted on, or dismissed with a reason, after so many sessions done."""

    __tablename__ = "advice_decision"

    course_id: Mapped[int]
    advice: Mapped[str]
    sessions_done: Mapped[int]
    decision: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    actor: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(default=None)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        same_clinic("course_id", "course"),
        same_clinic("staff_id", "staff"),
        CheckConstraint("decision IN ('acted', 'dismissed')", name="decision"),
        CheckConstraint("sessions_done >= 0", name="sessions_done"),
        Index(None, "clinic_id", "course_id", "decided_at"),
    )
