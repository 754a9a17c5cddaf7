"""Rows of when the clinic can treat: weekly hours, closures, leave."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped, same_clinic
from planner.storage.types import JsonObject, UtcDateTime


class HoursRow(ClinicScoped, Base):
    """Weekly wall-clock hours of one practitioner or one room; several rows a day leave breaks between them."""

    __tablename__ = "hours"

    practitioner_id: Mapped[int | None] = mapped_column(default=None)
    room_id: Mapped[int | None] = mapped_column(default=None)
    weekday: Mapped[int]
    start: Mapped[time]
    end: Mapped[time]
    from_day: Mapped[date | None] = mapped_column(default=None)
    to_day: Mapped[date | None] = mapped_column(default=None)

    __table_args__ = (
        same_clinic("practitioner_id", "staff"),
        same_clinic("room_id", "room"),
        CheckConstraint("(practitioner_id IS NULL) <> (room_id IS NULL)", name="one_owner"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint('start < "end"', name="order"),
    )


class ClosureRow(ClinicScoped, Base):
    """Days on which the whole clinic is closed, both ends included."""

    __tablename__ = "closure"

    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str] = mapped_column(default="")

    __table_args__ = (CheckConstraint("first_day <= last_day", name="order"),)


class LeaveRow(ClinicScoped, Base):
    """A practitioner's absence, in wall-clock time of the clinic, half-open."""

    __tablename__ = "leave"

    practitioner_id: Mapped[int]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    reason: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("practitioner_id", "staff"),
        CheckConstraint("starts < ends", name="order"),
        Index(None, "clinic_id", "practitioner_id", "ends"),
    )


class HoursChangeRow(ClinicScoped, Base):
    """A practitioner's weekly hours became others from `first_day` on. `before` is all that held until then.

    `batch` is that of the revisions of the courses which were planned anew with it, if there were any.
    """

    __tablename__ = "hours_change"

    practitioner_id: Mapped[int]
    first_day: Mapped[date]
    before: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    batch: Mapped[int]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("practitioner_id", "staff"),
        UniqueConstraint("clinic_id", "batch"),
        Index(None, "clinic_id", "practitioner_id", "recorded_at"),
    )
