"""Rows of what leaves the clinic: feeds, outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped, same_clinic
from planner.storage.types import JsonObject, JsonText, UtcDateTime


class FeedRow(ClinicScoped, Base):
    """A calendar address. Only the hash of its token is stored; a replaced one answers as nonsense does.

    `revision` rises in the transaction of whatever changes its content (see feed_revisions.py).
    """

    __tablename__ = "feed"

    token_hash: Mapped[str] = mapped_column(unique=True)
    patient_id: Mapped[int | None] = mapped_column(default=None)
    practitioner_id: Mapped[int | None] = mapped_column(default=None)
    room_id: Mapped[int | None] = mapped_column(default=None)
    whole_clinic: Mapped[bool] = mapped_column(default=False)
    privacy: Mapped[str] = mapped_column(default="neutral")
    revision: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    fetched_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    fetched_by: Mapped[str] = mapped_column(JsonText, default="")

    __table_args__ = (
        same_clinic("patient_id", "patient"),
        same_clinic("practitioner_id", "staff"),
        same_clinic("room_id", "room"),
        CheckConstraint(
            "(CASE WHEN patient_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN practitioner_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN room_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN whole_clinic THEN 1 ELSE 0 END) = 1",
            name="one_owner",
        ),
        CheckConstraint("privacy IN ('neutral', 'initials', 'full')", name="privacy"),
        Index(None, "clinic_id", "patient_id"),
        Index(None, "clinic_id", "practitioner_id"),
    )


class OutboxRow(ClinicScoped, Base):
    """A message that is owed. It is written in the transaction of the fact it tells of."""

    __tablename__ = "outbox"

    key: Mapped[str]
    kind: Mapped[str]
    patient_id: Mapped[int]
    course_id: Mapped[int | None] = mapped_column(default=None)
    facts: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    status: Mapped[str] = mapped_column(default="due")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(JsonText, default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        same_clinic("patient_id", "patient"),
        same_clinic("course_id", "course"),
        UniqueConstraint("clinic_id", "key"),
        CheckConstraint(
            "status IN ('due', 'leased', 'sending', 'sent', 'failed', 'unknown', 'skipped', 'expired')", name="status"
        ),
        Index(None, "status", "due_at"),
        Index(None, "clinic_id", "course_id"),
    )
