"""Long solves, freed slots and offers of them; whose appointments a repair may move."""

import sqlalchemy as sa
from alembic import op

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables, and the clinic's policy without rebuilding the table everything points to."""
    op.execute(
        "ALTER TABLE clinic ADD COLUMN displacing VARCHAR NOT NULL DEFAULT 'never' "
        "CONSTRAINT ck_clinic_displacing CHECK (displacing IN ('never', 'unconfirmed', 'any'))"
    )
    _solve_job()
    _freed_slot()
    _slot_offer()


def _solve_job() -> None:
    op.create_table(
        "solve_job",
        *_key(),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("runner", sa.String(), nullable=False),
        sa.Column("stop_asked", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("staff_id", WHOLE, nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('running', 'done', 'failed', 'used')", name=op.f("ck_solve_job_status")),
        *_same_clinic("solve_job", staff_id="staff"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_solve_job")),
    )
    op.create_index(op.f("ix_solve_job_clinic_id_asked_at"), "solve_job", ["clinic_id", "asked_at"])
    op.create_index(op.f("ix_solve_job_status_beat_at"), "solve_job", ["status", "beat_at"])


def _freed_slot() -> None:
    op.create_table(
        "freed_slot",
        *_key(),
        sa.Column("practitioner_id", WHOLE, nullable=False),
        sa.Column("room_id", WHOLE, nullable=False),
        sa.Column("course_id", WHOLE, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("freed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("examined_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_freed_slot_order")),
        *_same_clinic("freed_slot", practitioner_id="staff", room_id="room", course_id="course"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_freed_slot")),
        sa.UniqueConstraint(
            "clinic_id", "practitioner_id", "starts_at", "ends_at",
            name=op.f("uq_freed_slot_clinic_id_practitioner_id_starts_at_ends_at"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_freed_slot_clinic_id_starts_at"), "freed_slot", ["clinic_id", "starts_at"])
    op.create_index(op.f("ix_freed_slot_starts_at"), "freed_slot", ["starts_at"])


def _slot_offer() -> None:
    op.create_table(
        "slot_offer",
        *_key(),
        sa.Column("slot_id", WHOLE, nullable=False),
        sa.Column("course_id", WHOLE, nullable=False),
        sa.Column("session_id", WHOLE, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("saved_points", WHOLE, nullable=False),
        sa.Column("saved_days", WHOLE, nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('offered', 'accepted', 'declined', 'taken', 'expired')", name=op.f("ck_slot_offer_status")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "slot_id"], ["freed_slot.clinic_id", "freed_slot.id"],
            name=op.f("fk_slot_offer_clinic_id_slot_id_freed_slot"), ondelete="CASCADE",
        ),
        *_same_clinic("slot_offer", course_id="course", session_id="session"),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_slot_offer")),
    )  # fmt: skip
    op.create_index(op.f("ix_slot_offer_clinic_id_slot_id_status"), "slot_offer", ["clinic_id", "slot_id", "status"])
    op.create_index(
        op.f("ix_slot_offer_clinic_id_course_id_status"), "slot_offer", ["clinic_id", "course_id", "status"]
    )
    op.create_index(op.f("ix_slot_offer_status_expires_at"), "slot_offer", ["status", "expires_at"])


def _key() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
    )


def _same_clinic(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    """The clinic, and rows of the same clinic: column=table."""
    clinic = sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f(f"fk_{table}_clinic_id_clinic"))
    others = [
        sa.ForeignKeyConstraint(
            ["clinic_id", column], [f"{other}.clinic_id", f"{other}.id"],
            name=op.f(f"fk_{table}_clinic_id_{column}_{other}"),
        )
        for column, other in columns.items()
    ]  # fmt: skip
    return [clinic, *others]
