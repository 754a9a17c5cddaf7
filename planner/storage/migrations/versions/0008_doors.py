"""The doors: second factors, tries that failed, letters about accounts, changes of a patient's contact."""

import sqlalchemy as sa
from alembic import op

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add them; tries that failed are counted in rows of their own from now on, for unknown accounts too."""
    _factors()
    _attempt()
    _account_letter()
    _contact_change()
    op.add_column("login", sa.Column("proved", sa.String(), nullable=False, server_default="password"))
    op.add_column("clinic", sa.Column("second_factor", sa.JSON(), nullable=False, server_default="[]"))
    op.drop_column("staff", "failed_sign_ins")
    op.drop_column("staff", "sign_in_blocked_until")


def _factors() -> None:
    op.create_table(
        "totp",
        *_key(),
        sa.Column("staff_id", WHOLE, nullable=False),
        sa.Column("sealed_secret", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", WHOLE, nullable=False),
        sa.UniqueConstraint("clinic_id", "staff_id", name=op.f("uq_totp_clinic_id_staff_id")),
        *_keys("totp", "staff"),
    )
    op.create_table(
        "passkey",
        *_key(),
        sa.Column("staff_id", WHOLE, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("sign_count", WHOLE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
        *_keys("passkey", "staff"),
    )
    op.create_table(
        "recovery_code",
        *_key(),
        sa.Column("staff_id", WHOLE, nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        *_keys("recovery_code", "staff"),
    )
    for table in ("passkey", "recovery_code"):
        op.create_index(op.f(f"ix_{table}_clinic_id_staff_id"), table, ["clinic_id", "staff_id"])


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("failures", WHOLE, nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("about", "what", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_until"), "attempt", ["until"])


def _account_letter() -> None:
    op.create_table(
        "account_letter",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('invitation', 'reset')", name=op.f("ck_account_letter_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_letter")),
    )
    op.create_index(op.f("ix_account_letter_due_at"), "account_letter", ["due_at"])


def _contact_change() -> None:
    op.create_table(
        "contact_change",
        *_key(),
        sa.Column("patient_id", WHOLE, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", WHOLE, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'done', 'dropped')", name=op.f("ck_contact_change_status")),
        *_keys("contact_change", "patient"),
    )
    op.create_index(
        op.f("ix_contact_change_clinic_id_patient_id_asked_at"),
        "contact_change",
        ["clinic_id", "patient_id", "asked_at"],
    )


def _key() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
    )


def _keys(table: str, person: str) -> list[sa.Constraint]:
    """The keys of a row of one person of a clinic; what staff can prove themselves by goes with them."""
    return [
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f(f"fk_{table}_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["clinic_id", f"{person}_id"],
            [f"{person}.clinic_id", f"{person}.id"],
            name=op.f(f"fk_{table}_clinic_id_{person}_id_{person}"),
            ondelete="CASCADE" if person == "staff" else None,
        ),
    ]
