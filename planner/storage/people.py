"""Rows of the clinic, its staff, rooms and services, and its patients."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped, same_clinic
from planner.storage.ids import new_id
from planner.storage.types import JsonObject, UtcDateTime


class ClinicRow(Base):
    """A clinic: the wall around everything else. Its columns are its policies."""

    __tablename__ = "clinic"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=new_id)
    name: Mapped[str]
    timezone: Mapped[str]
    country: Mapped[str]
    subdivision: Mapped[str | None] = mapped_column(default=None)
    language: Mapped[str] = mapped_column(default="en")
    address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    notice_hours: Mapped[int] = mapped_column(default=24)
    grace_minutes: Mapped[int] = mapped_column(default=30)
    hold_minutes: Mapped[int] = mapped_column(default=5)
    reminder_hours: Mapped[int] = mapped_column(default=24)
    grid_minutes: Mapped[int] = mapped_column(default=15)
    horizon_days: Mapped[int] = mapped_column(default=182)
    keep_cancelled_days: Mapped[int] = mapped_column(default=28)
    evidence_overrides: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    displacing: Mapped[str] = mapped_column(default="never", server_default="never")
    automation: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    offer_hours: Mapped[int] = mapped_column(default=4)
    letter_words: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    currency: Mapped[str] = mapped_column(default="")
    # The roles that sign in with a second factor.
    second_factor: Mapped[list[str]] = mapped_column(JsonObject, default=list)
    keep_years: Mapped[int] = mapped_column(default=10)
    keep_message_days: Mapped[int] = mapped_column(default=90)
    keep_access_days: Mapped[int] = mapped_column(default=730)
    retention: Mapped[str] = mapped_column(default="propose")

    __table_args__ = (
        CheckConstraint("grid_minutes IN (5, 10, 15, 20, 30, 60)", name="grid"),
        CheckConstraint("notice_hours >= 0 AND grace_minutes >= 0 AND hold_minutes >= 0", name="policies"),
        CheckConstraint("horizon_days BETWEEN 28 AND 366", name="horizon"),
        # Whose appointments a repair for somebody else may move.
        CheckConstraint("displacing IN ('never', 'unconfirmed', 'any')", name="displacing"),
        CheckConstraint("offer_hours BETWEEN 1 AND 168", name="offer_hours"),
        CheckConstraint("keep_years BETWEEN 1 AND 50", name="keep_years"),
        CheckConstraint("keep_message_days BETWEEN 1 AND 3650", name="keep_message_days"),
        CheckConstraint("keep_access_days BETWEEN 30 AND 3650", name="keep_access_days"),
        # What happens to those who have not been here for so long.
        CheckConstraint("retention IN ('off', 'propose', 'apply')", name="retention"),
    )


class StaffRow(ClinicScoped, Base):
    """A person who works at the clinic; `treats` says whether patients are booked with them.

    `language` None is the clinic's own. `password_once` marks a password that somebody else has seen: it opens
    nothing but the page where it is changed.
    """

    __tablename__ = "staff"

    name: Mapped[str]
    email: Mapped[str]
    role: Mapped[str]
    treats: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str] = mapped_column(default="")
    language: Mapped[str | None] = mapped_column(default=None)
    password_once: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("role IN ('reception', 'therapist', 'manager')", name="role"),
    )


class LoginRow(ClinicScoped, Base):
    """A signed-in browser, kept on the server; only the hash of its cookie is stored.

    `proved` is what the person showed beside the password: nothing (password), or totp, passkey, recovery.
    """

    __tablename__ = "login"

    token_hash: Mapped[str] = mapped_column(unique=True)
    staff_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_agent: Mapped[str] = mapped_column(default="")
    proved: Mapped[str] = mapped_column(default="password", server_default="password")

    __table_args__ = (same_clinic("staff_id", "staff", ondelete="CASCADE"),)


class RoomRow(ClinicScoped, Base):
    """A treatment room."""

    __tablename__ = "room"

    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)


class ServiceRow(ClinicScoped, Base):
    """A treatment the clinic offers: how long it takes and what it costs, in the currency's smallest unit.

    `protocol` names the protocol it is proposed for; None where it fits any.
    """

    __tablename__ = "service"

    name: Mapped[str]
    protocol: Mapped[str | None] = mapped_column(default=None)
    first_minutes: Mapped[int]
    visit_minutes: Mapped[int]
    fee: Mapped[int | None] = mapped_column(default=None)
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        CheckConstraint("first_minutes BETWEEN 5 AND 480 AND visit_minutes BETWEEN 5 AND 480", name="minutes"),
        CheckConstraint("fee >= 0", name="fee"),
    )


class PatientRow(ClinicScoped, Base):
    """A patient. The personal link opens their plan; only its hash is stored.

    Of one who was erased, a row without name or address stays: what was given to them still counts in the figures.
    """

    __tablename__ = "patient"

    name: Mapped[str]
    search_name: Mapped[str]
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    birth_date: Mapped[date | None] = mapped_column(default=None)
    timezone: Mapped[str | None] = mapped_column(default=None)
    language: Mapped[str] = mapped_column(default="en")
    notes: Mapped[str] = mapped_column(default="")
    contact: Mapped[str] = mapped_column(default="feed")
    wants_earlier: Mapped[bool] = mapped_column(default=True)
    link_hash: Mapped[str | None] = mapped_column(default=None, unique=True)
    link_generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        CheckConstraint("contact IN ('feed', 'invitations', 'mail')", name="contact"),
        Index(None, "clinic_id", "search_name"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
