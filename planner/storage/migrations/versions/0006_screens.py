"""What the screens need: notes, outcome measures, advice, services, and what a clinic and its people may choose."""

import sqlalchemy as sa
from alembic import op

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add them."""
    _note()
    _outcome()
    _advice_decision()
    _service()
    _choices()


def _note() -> None:
    op.create_table(
        "note",
        *_key(),
        sa.Column("course_id", WHOLE, nullable=False),
        sa.Column("session_id", WHOLE, nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("staff_id", WHOLE, nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        *_keys("note", course_id="course", session_id="session", staff_id="staff"),
    )
    op.create_index(op.f("ix_note_clinic_id_course_id_written_at"), "note", ["clinic_id", "course_id", "written_at"])


def _outcome() -> None:
    op.create_table(
        "outcome",
        *_key(),
        sa.Column("patient_id", WHOLE, nullable=False),
        sa.Column("course_id", WHOLE, nullable=False),
        sa.Column("session_id", WHOLE, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measured_by", sa.String(), nullable=False),
        sa.Column("staff_id", WHOLE, nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('pain', 'function', 'range', 'tension', 'sleep', 'performance', 'exercises')",
            name=op.f("ck_outcome_kind"),
        ),
        sa.CheckConstraint("measured_by IN ('staff', 'patient')", name=op.f("ck_outcome_measured_by")),
        *_keys("outcome", patient_id="patient", course_id="course", session_id="session", staff_id="staff"),
    )
    for owner in ("course_id", "patient_id"):
        op.create_index(
            op.f(f"ix_outcome_clinic_id_{owner}_measured_at"), "outcome", ["clinic_id", owner, "measured_at"]
        )


def _advice_decision() -> None:
    op.create_table(
        "advice_decision",
        *_key(),
        sa.Column("course_id", WHOLE, nullable=False),
        sa.Column("advice", sa.String(), nullable=False),
        sa.Column("sessions_done", WHOLE, nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("staff_id", WHOLE, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('acted', 'dismissed')", name=op.f("ck_advice_decision_decision")),
        sa.CheckConstraint("sessions_done >= 0", name=op.f("ck_advice_decision_sessions_done")),
        *_keys("advice_decision", course_id="course", staff_id="staff"),
    )
    op.create_index(
        op.f("ix_advice_decision_clinic_id_course_id_decided_at"),
        "advice_decision",
        ["clinic_id", "course_id", "decided_at"],
    )


def _service() -> None:
    op.create_table(
        "service",
        *_key(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=True),
        sa.Column("first_minutes", WHOLE, nullable=False),
        sa.Column("visit_minutes", WHOLE, nullable=False),
        sa.Column("fee", WHOLE, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "first_minutes BETWEEN 5 AND 480 AND visit_minutes BETWEEN 5 AND 480", name=op.f("ck_service_minutes")
        ),
        sa.CheckConstraint("fee >= 0", name=op.f("ck_service_fee")),
        *_keys("service"),
    )


def _choices() -> None:
    """Columns with a value for the rows there are; no table is rebuilt, for everything points to these."""
    op.add_column("clinic", sa.Column("automation", sa.JSON(), nullable=False, server_default="{}"))
    # Written with the column, because SQLite can't add a constraint later without rebuilding the table.
    op.execute(
        "ALTER TABLE clinic ADD COLUMN offer_hours INTEGER DEFAULT 4 NOT NULL "
        "CONSTRAINT ck_clinic_offer_hours CHECK (offer_hours BETWEEN 1 AND 168)"
    )
    op.add_column("clinic", sa.Column("letter_words", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("clinic", sa.Column("currency", sa.String(), nullable=False, server_default=""))
    op.add_column("staff", sa.Column("language", sa.String(), nullable=True))
    op.add_column("staff", sa.Column("password_once", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("patient", sa.Column("wants_earlier", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("course", sa.Column("wish_note", sa.String(), nullable=False, server_default=""))
    op.add_column("course", sa.Column("service_id", WHOLE, nullable=True))


def _key() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
    )


def _keys(table: str, **refers: str) -> list[sa.Constraint]:
    """The keys that every row of a clinic has, and those to rows of the same clinic: column=table."""
    return [
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f(f"fk_{table}_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f(f"pk_{table}")),
        *(
            sa.ForeignKeyConstraint(
                ["clinic_id", column], [f"{other}.clinic_id", f"{other}.id"],
                name=op.f(f"fk_{table}_clinic_id_{column}_{other}"),
            )
            for column, other in refers.items()
        ),
    ]  # fmt: skip
