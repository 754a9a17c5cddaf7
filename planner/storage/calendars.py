"""Rows of calendars outside: invitations that were sent, and the busy times of therapists' own calendars."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped, same_clinic
from planner.storage.types import JsonText, UtcDateTime


class InvitationRow(ClinicScoped, Base):
    """What a patient's calendar program was last told of one session, and what it answered.

    `answered_at` is the reply's own DTSTAMP, by which replies that overtake each other are put in order.
    """

    __tablename__ = "invitation"

    session_id: Mapped[int]
    patient_id: Mapped[int]
    address: Mapped[str]
    sequence: Mapped[int]
    cancelled: Mapped[bool] = mapped_column(default=False)
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("session_id", "session"),
        same_clinic("patient_id", "patient"),
        UniqueConstraint("clinic_id", "session_id"),
        CheckConstraint("answer IN ('', 'ACCEPTED', 'TENTATIVE', 'DECLINED')", name="answer"),
    )


class BusyCalendarRow(ClinicScoped, Base):
    """A therapist's own calendar, which blocks time: an address to fetch, or a file that was uploaded (no address)."""

    __tablename__ = "busy_calendar"

    practitioner_id: Mapped[int]
    name: Mapped[str]
    address: Mapped[str | None] = mapped_column(default=None)
    all_day_busy: Mapped[bool] = mapped_column(default=True)
    etag: Mapped[str] = mapped_column(default="")
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    expanded_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_error: Mapped[str] = mapped_column(JsonText, default="")
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (same_clinic("practitioner_id", "staff"), Index(None, "clinic_id", "practitioner_id"))


class BusyTimeRow(ClinicScoped, Base):
    """A stretch of time that such a calendar blocks; nothing else of its events is kept."""

    __tablename__ = "busy_time"

    calendar_id: Mapped[int]
    practitioner_id: Mapped[int]
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        same_clinic("calendar_id", "busy_calendar", ondelete="CASCADE"),
        same_clinic("practitioner_id", "staff"),
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "clinic_id", "practitioner_id", "ends_at"),
    )
