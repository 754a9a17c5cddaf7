"""Rows of long solves that run outside a request, of slots that became free, and of offers of them to patients."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped, same_clinic
from planner.storage.types import JsonObject, JsonText, UtcDateTime


class SolveJobRow(ClinicScoped, Base):
    """One long solve. `runner` names the run that may write it; `beat_at` shows that its process still lives.

    Without a runner it waits for one. `tries_left` is how often workers may take it up yet; 0 for one that runs in the
    process it was asked of.
    """

    __tablename__ = "solve_job"

    kind: Mapped[str]
    request: Mapped[dict[str, Any]] = mapped_column(JsonObject)
    status: Mapped[str] = mapped_column(default="running")
    runner: Mapped[str]
    tries_left: Mapped[int] = mapped_column(default=0, server_default="0")
    stop_asked: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    answer: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    error: Mapped[str] = mapped_column(JsonText, default="")
    actor: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(default=None)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("staff_id", "staff"),
        CheckConstraint("status IN ('running', 'done', 'failed', 'used')", name="status"),
        Index(None, "clinic_id", "asked_at"),
        Index(None, "status", "beat_at"),
    )


class FreedSlotRow(ClinicScoped, Base):
    """A place that an appointment left before its time, or that was offered by a click into the diary.

    `examined_at` is when it was last seen who would fit it; `course_id` is None where no course gave it up.
    """

    __tablename__ = "freed_slot"

    practitioner_id: Mapped[int]
    room_id: Mapped[int]
    course_id: Mapped[int | None] = mapped_column(default=None)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    freed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    examined_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("practitioner_id", "staff"),
        same_clinic("room_id", "room"),
        same_clinic("course_id", "course"),
        CheckConstraint("starts_at < ends_at", name="order"),
        UniqueConstraint("clinic_id", "practitioner_id", "starts_at", "ends_at"),
        Index(None, "clinic_id", "starts_at"),
        Index(None, "starts_at"),
    )


class SlotOfferRow(ClinicScoped, Base):
    """A freed slot offered to one patient until `expires_at`; the first to accept wins.

    For a session of a course; or, to who waits for one, as the first visit of the course that `assessment_id` wants.
    Once accepted, that names its course and session too.
    """

    __tablename__ = "slot_offer"

    slot_id: Mapped[int]
    patient_id: Mapped[int]
    course_id: Mapped[int | None] = mapped_column(default=None)
    session_id: Mapped[int | None] = mapped_column(default=None)
    assessment_id: Mapped[int | None] = mapped_column(default=None)
    status: Mapped[str] = mapped_column(default="offered")
    saved_points: Mapped[int]
    saved_days: Mapped[int | None] = mapped_column(default=None)
    offered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    offered_by: Mapped[str]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("slot_id", "freed_slot", ondelete="CASCADE"),
        same_clinic("patient_id", "patient"),
        same_clinic("course_id", "course"),
        same_clinic("session_id", "session"),
        same_clinic("assessment_id", "assessment"),
        CheckConstraint("status IN ('offered', 'accepted', 'declined', 'taken', 'expired')", name="status"),
        CheckConstraint(
            "(course_id IS NULL) = (session_id IS NULL) AND (course_id IS NOT NULL OR assessment_id IS NOT NULL)",
            name="what",
        ),
        Index(None, "clinic_id", "slot_id", "status"),
        Index(None, "clinic_id", "patient_id", "status"),
        Index(None, "status", "expires_at"),
    )
