"""The queue that workers take jobs from (procrastinate's tables, on PostgreSQL), and plannings that wait for a worker."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# As the version wrote it that this step was made for: what a later one adds is a later step of ours.
QUEUE = Path(__file__).with_name("0011_procrastinate_3_10_0.sql")


def upgrade() -> None:
    """Add them; no table is rebuilt."""
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("solve_job", sa.Column("tries_left", whole, nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "postgresql":
        # Its signs of per cent are its own, not the driver's.
        op.get_bind().exec_driver_sql(QUEUE.read_text(encoding="utf-8"), execution_options={"no_parameters": True})
        op.create_table(
            "worker_pulse",
            sa.Column("name", sa.String(), primary_key=True),
            sa.Column("said", sa.JSON(), nullable=False),
        )
