"""Rows of the doors: second factors of staff, tries that failed, letters about accounts, changes of contact."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from planner.storage.base import Base, ClinicScoped, same_clinic
from planner.storage.ids import new_id
from planner.storage.types import UtcDateTime


class TotpRow(ClinicScoped, Base):
    """An authenticator app. Its secret is sealed; it counts only after a first code was right.

    `last_step` is the half minute of the last code that was taken, so that no code opens twice.
    """

    __tablename__ = "totp"

    staff_id: Mapped[int]
    sealed_secret: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_step: Mapped[int] = mapped_column(default=0)

    __table_args__ = (same_clinic("staff_id", "staff", ondelete="CASCADE"), UniqueConstraint("clinic_id", "staff_id"))


class PasskeyRow(ClinicScoped, Base):
    """A passkey: its public half, in base64url. The credential's id leads from the device to the person."""

    __tablename__ = "passkey"

    staff_id: Mapped[int]
    name: Mapped[str]
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[str]
    sign_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("staff_id", "staff", ondelete="CASCADE"),
        Index(None, "clinic_id", "staff_id"),
    )


class RecoveryCodeRow(ClinicScoped, Base):
    """One of ten codes for the day on which the phone is lost; only its hash is kept, and it opens once."""

    __tablename__ = "recovery_code"

    staff_id: Mapped[int]
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        same_clinic("staff_id", "staff", ondelete="CASCADE"),
        Index(None, "clinic_id", "staff_id"),
    )


class AttemptRow(Base):
    """Tries that failed, counted for all processes. Nothing in it can be read back: both keys are keyed hashes.

    Args:
        about: whose tries: an account, a network, or both together.
        what: what was tried, where each thing counts once; "" where every try counts.
        until: when the row has no more meaning.
    """

    __tablename__ = "attempt"

    about: Mapped[str] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True, default="")
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class AccountLetterRow(Base):
    """A letter about an account that is owed: an invitation, or a link to choose a new password.

    Whoever forgot a password names an address, and nobody is told whether it has an account; so it is kept as it was
    typed, belongs to no clinic, and is looked up when the letter goes out.
    """

    __tablename__ = "account_letter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=new_id)
    kind: Mapped[str]
    address: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("kind IN ('invitation', 'reset')", name="kind"),)


class ContactChangeRow(ClinicScoped, Base):
    """Another address or number that a patient asked for; it holds only when proved by a code sent to the old one."""

    __tablename__ = "contact_change"

    patient_id: Mapped[int]
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(default="waiting")

    __table_args__ = (
        same_clinic("patient_id", "patient"),
        CheckConstraint("status IN ('waiting', 'done', 'dropped')", name="status"),
        Index(None, "clinic_id", "patient_id", "asked_at"),
    )
