"""Changes of working hours: what held before, so that taking one back restores it."""

import sqlalchemy as sa
from alembic import op

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "hours_change",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("practitioner_id", WHOLE, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("batch", WHOLE, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_hours_change_clinic_id_clinic")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_hours_change_clinic_id_practitioner_id_staff"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_hours_change")),
        sa.UniqueConstraint("clinic_id", "batch", name=op.f("uq_hours_change_clinic_id_batch")),
    )
    op.create_index(
        op.f("ix_hours_change_clinic_id_practitioner_id_recorded_at"),
        "hours_change",
        ["clinic_id", "practitioner_id", "recorded_at"],
    )
