"""What was asked for when a course was booked, and how far the work of each night is."""

import sqlalchemy as sa
from alembic import op

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add them; no table is rebuilt."""
    op.add_column("course", sa.Column("asked_for", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "night_work",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("position", sa.JSON(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_night_work_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_night_work")),
        sa.UniqueConstraint("clinic_id", "name", name=op.f("uq_night_work_clinic_id_name")),
    )
