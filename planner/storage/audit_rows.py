"""Rows of the audit: who saw, changed or took out what, each with the hash of the one before."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped
from planner.storage.types import JsonObject, UtcDateTime

CHAINS = ("changes", "access")
"""What was changed or taken out is kept for good; who looked at what, for as long as the clinic says."""


class AuditRow(ClinicScoped, Base):
    """One line of a chain. It holds ids and short words, never a name, never anything about health.

    `hash` is that of the line and of `previous`, the hash of the line before (see audit_chain.py). `patient_id` is whom
    it is about, without a key to them: the line outlives the row. `session` tells two browsers of one person apart.
    """

    __tablename__ = "audit_line"

    chain: Mapped[str]
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(default=None)
    action: Mapped[str]
    subject: Mapped[str]
    patient_id: Mapped[int | None] = mapped_column(default=None)
    network: Mapped[str] = mapped_column(default="")
    session: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(JsonObject, default=dict)
    previous: Mapped[str]
    hash: Mapped[str]

    __table_args__ = (
        CheckConstraint("chain IN ('changes', 'access')", name="chain"),
        CheckConstraint("actor IN ('staff', 'patient', 'planner')", name="actor"),
        UniqueConstraint("clinic_id", "chain", "number"),
        Index(None, "clinic_id", "at"),
        Index(None, "clinic_id", "subject"),
        Index(None, "clinic_id", "patient_id", "at"),
        Index(None, "clinic_id", "actor_id", "at"),
    )


class AuditChainRow(ClinicScoped, Base):
    """The end of a chain, and up to where its oldest lines were let go; both by number and hash."""

    __tablename__ = "audit_chain"

    chain: Mapped[str]
    number: Mapped[int] = mapped_column(default=0)
    hash: Mapped[str] = mapped_column(default="")
    floor_number: Mapped[int] = mapped_column(default=0)
    floor_hash: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        CheckConstraint("chain IN ('changes', 'access')", name="chain"),
        CheckConstraint("number >= floor_number AND floor_number >= 0", name="order"),
        UniqueConstraint("clinic_id", "chain"),
    )
