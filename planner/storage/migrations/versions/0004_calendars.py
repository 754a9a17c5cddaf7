"""Calendars: feeds of rooms and the clinic with their revisions, invitations, and calendars that block time."""

import sqlalchemy as sa
from alembic import op

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONE_OWNER = (
    "(CASE WHEN patient_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN practitioner_id IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN room_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN whole_clinic THEN 1 ELSE 0 END) = 1"
)

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add them."""
    _feeds()
    # Written with the column, because SQLite can't add a constraint later without rebuilding the table.
    op.execute(
        "ALTER TABLE patient ADD COLUMN contact VARCHAR DEFAULT 'feed' NOT NULL "
        "CONSTRAINT ck_patient_contact CHECK (contact IN ('feed', 'invitations', 'mail'))"
    )
    _invitations()
    _busy_calendars()


def _feeds() -> None:
    with op.batch_alter_table("feed", recreate="auto") as batch_op:
        # SQLite rebuilds the table and leaves the old check behind by itself.
        if op.get_bind().dialect.name != "sqlite":
            batch_op.drop_constraint(op.f("ck_feed_one_owner"), type_="check")
        batch_op.add_column(sa.Column("room_id", WHOLE, nullable=True))
        batch_op.add_column(sa.Column("whole_clinic", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("privacy", sa.String(), nullable=False, server_default="neutral"))
        batch_op.add_column(sa.Column("revision", WHOLE, nullable=False, server_default="0"))
        batch_op.create_check_constraint(op.f("ck_feed_one_owner"), ONE_OWNER)
        batch_op.create_check_constraint(op.f("ck_feed_privacy"), "privacy IN ('neutral', 'initials', 'full')")
        batch_op.create_foreign_key(
            op.f("fk_feed_clinic_id_room_id_room"), "room", ["clinic_id", "room_id"], ["clinic_id", "id"]
        )

    # What they have shown so far.
    op.execute("UPDATE feed SET privacy = 'initials' WHERE practitioner_id IS NOT NULL")


def _invitations() -> None:
    op.create_table(
        "invitation",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("session_id", WHOLE, nullable=False),
        sa.Column("patient_id", WHOLE, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("answer IN ('', 'ACCEPTED', 'TENTATIVE', 'DECLINED')", name=op.f("ck_invitation_answer")),
        *_keys("invitation", session_id="session", patient_id="patient"),
        sa.UniqueConstraint("clinic_id", "session_id", name=op.f("uq_invitation_clinic_id_session_id")),
    )


def _busy_calendars() -> None:
    op.create_table(
        "busy_calendar",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("practitioner_id", WHOLE, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("all_day_busy", sa.Boolean(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expanded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        *_keys("busy_calendar", practitioner_id="staff"),
    )
    op.create_index(
        op.f("ix_busy_calendar_clinic_id_practitioner_id"), "busy_calendar", ["clinic_id", "practitioner_id"]
    )
    op.create_table(
        "busy_time",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("calendar_id", WHOLE, nullable=False),
        sa.Column("practitioner_id", WHOLE, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_busy_time_order")),
        *_keys("busy_time", calendar_id="busy_calendar", practitioner_id="staff"),
    )
    op.create_index(
        op.f("ix_busy_time_clinic_id_practitioner_id_ends_at"), "busy_time", ["clinic_id", "practitioner_id", "ends_at"]
    )


def _keys(table: str, **refers: str) -> list[sa.Constraint]:
    """The keys that every row of a clinic has, and those to rows of the same clinic."""
    keys: list[sa.Constraint] = [
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f(f"fk_{table}_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f(f"pk_{table}")),
    ]
    for column, other in refers.items():
        keys.append(
            sa.ForeignKeyConstraint(
                ["clinic_id", column],
                [f"{other}.clinic_id", f"{other}.id"],
                name=op.f(f"fk_{table}_clinic_id_{column}_{other}"),
                ondelete="CASCADE" if other == "busy_calendar" else None,
            )
        )
    return keys
