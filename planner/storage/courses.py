"""Rows of what is owed and what is booked: assessments, courses, sessions, appointments, revisions, worklists."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped, same_clinic
from planner.storage.types import JsonObject, JsonText, UtcDateTime

APPOINTMENT_STATUSES = (
    "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow",
    "entered-in-error", "checked-in", "waitlist",
)  # fmt: skip
OCCUPYING_STATUSES = ("pending", "booked", "arrived", "checked-in", "fulfilled")


def listed(values: tuple[str, ...]) -> str:
    """SQL's list of these words."""
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


class AssessmentRow(ClinicScoped, Base):
    """What a therapist found, and the estimate made of it; `overrides` keeps what the therapist changed and why."""

    __tablename__ = "assessment"

    patient_id: Mapped[int]
    findings: Mapped[dict[str, Any]] = mapped_column(JsonObject)
    estimate: Mapped[dict[str, Any]] = mapped_column(JsonObject)
    overrides: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    notes: Mapped[str] = mapped_column(default="")
    recorded_by: Mapped[int | None] = mapped_column(default=None)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        same_clinic("patient_id", "patient"),
        same_clinic("recorded_by", "staff"),
        Index(None, "clinic_id", "patient_id", "recorded_at"),
    )


class CourseRow(ClinicScoped, Base):
    """A course of care: all sessions toward one goal. Its status is FHIR's EpisodeOfCare status."""

    __tablename__ = "course"

    patient_id: Mapped[int]
    assessment_id: Mapped[int]
    protocol: Mapped[str]
    status: Mapped[str] = mapped_column(default="planned")
    automation: Mapped[str] = mapped_column(default="apply")
    phases: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    wishes: Mapped[dict[str, Any]] = mapped_column(JsonObject)
    wish_note: Mapped[str] = mapped_column(default="")
    earliest_day: Mapped[date]
    first_visit_minutes: Mapped[int]
    visit_minutes: Mapped[int]
    # Without a key of its own: SQLite could add one only by rebuilding a table to which half of the others point.
    service_id: Mapped[int | None] = mapped_column(default=None)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The fingerprint of the form that booked it, so that the same form is told from another with its number.
    asked_for: Mapped[str] = mapped_column(default="")
    revision_number: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        same_clinic("patient_id", "patient"),
        same_clinic("assessment_id", "assessment"),
        CheckConstraint("status IN ('planned', 'active', 'onhold', 'finished', 'cancelled')", name="status"),
        CheckConstraint("automation IN ('apply', 'stopped')", name="automation"),
        Index(None, "clinic_id", "patient_id"),
        Index(None, "clinic_id", "status"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class SessionRow(ClinicScoped, Base):
    """One treatment owed. It carries the calendar identity, which outlives every move and rebooking."""

    __tablename__ = "session"

    course_id: Mapped[int]
    position: Mapped[int]
    phase: Mapped[str]
    minutes: Mapped[int]
    gap_target: Mapped[float | None] = mapped_column(default=None)
    gap_min: Mapped[int | None] = mapped_column(default=None)
    gap_max: Mapped[int | None] = mapped_column(default=None)
    dropped: Mapped[bool] = mapped_column(default=False)
    unplaced_reason: Mapped[str] = mapped_column(JsonText, default="")
    uid: Mapped[str] = mapped_column(unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    revised_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        same_clinic("course_id", "course"),
        CheckConstraint("minutes BETWEEN 5 AND 480", name="minutes"),
        CheckConstraint("phase IN ('intensive', 'taper', 'maintenance')", name="phase"),
        Index(None, "clinic_id", "course_id", "position"),
    )


class AppointmentRow(ClinicScoped, Base):
    """A session in a slot. `superseded` marks one whose session has a newer appointment."""

    __tablename__ = "appointment"

    session_id: Mapped[int]
    course_id: Mapped[int]
    patient_id: Mapped[int]
    practitioner_id: Mapped[int]
    room_id: Mapped[int]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(default="booked")
    superseded: Mapped[bool] = mapped_column(default=False)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    late_cancellation: Mapped[bool] = mapped_column(default=False)
    cancelled_by: Mapped[str] = mapped_column(default="")
    booked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        same_clinic("session_id", "session"),
        same_clinic("course_id", "course"),
        same_clinic("patient_id", "patient"),
        same_clinic("practitioner_id", "staff"),
        same_clinic("room_id", "room"),
        CheckConstraint(f"status IN {listed(APPOINTMENT_STATUSES)}", name="status"),
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "clinic_id", "practitioner_id", "starts_at"),
        Index(None, "clinic_id", "room_id", "starts_at"),
        Index(None, "clinic_id", "patient_id", "starts_at"),
        # All that planning reads of half a year, so that it need not look at the rows.
        Index("ix_appointment_diary", "clinic_id", "starts_at", "status", "ends_at", "practitioner_id", "room_id"),
        Index(None, "clinic_id", "course_id"),
        Index(None, "clinic_id", "session_id"),
        Index(None, "status", "ends_at"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class RevisionRow(ClinicScoped, Base):
    """One change of a course: who, why, before and after. It can be undone while nothing was sent."""

    __tablename__ = "revision"

    course_id: Mapped[int]
    number: Mapped[int]
    kind: Mapped[str]
    reason: Mapped[str] = mapped_column(JsonText)
    actor: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(default=None)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    before: Mapped[dict[str, Any]] = mapped_column(JsonObject)
    after: Mapped[dict[str, Any]] = mapped_column(JsonObject)
    batch: Mapped[int | None] = mapped_column(default=None)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    undoes: Mapped[int | None] = mapped_column(default=None)

    __table_args__ = (
        same_clinic("course_id", "course"),
        UniqueConstraint("clinic_id", "course_id", "number"),
        Index(None, "clinic_id", "batch"),
        Index(None, "clinic_id", "made_at"),
    )


class WorklistRow(ClinicScoped, Base):
    """Something a person must look at. Open while `closed_at` is empty."""

    __tablename__ = "worklist_item"

    kind: Mapped[str]
    key: Mapped[str]
    course_id: Mapped[int | None] = mapped_column(default=None)
    says: Mapped[str] = mapped_column(JsonText)
    details: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    closed_by: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        same_clinic("course_id", "course"),
        UniqueConstraint("clinic_id", "key"),
        Index(None, "clinic_id", "closed_at", "kind"),
    )
