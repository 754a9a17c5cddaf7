"""Offers to patients who wait for a course: each offer names its patient, with a session or the assessment to begin by.

A place that is offered by a click into the diary was given up by no course.
"""

import sqlalchemy as sa
from alembic import op

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0007"
down_revision = "0006"

_SLOT = "clinic_id, id, practitioner_id, room_id, course_id, starts_at, ends_at, freed_at, examined_at"
_OFFER = (
    "clinic_id, id, slot_id, course_id, session_id, status, saved_points, saved_days, offered_at, expires_at, "
    "offered_by, ended_at"
)


def upgrade() -> None:
    """Make both tables anew with their rows: SQLite makes a column optional in no other way, and nothing points here."""
    op.execute("CREATE TABLE freed_slot_before AS SELECT * FROM freed_slot")
    op.execute("CREATE TABLE slot_offer_before AS SELECT * FROM slot_offer")
    # In this order: what is dropped takes along the rows that point to it.
    op.drop_table("slot_offer")
    op.drop_table("freed_slot")
    _freed_slot()
    _slot_offer()
    op.execute(f"INSERT INTO freed_slot ({_SLOT}) SELECT {_SLOT} FROM freed_slot_before")  # noqa: S608 - constants
    offers = ", ".join(f"slot_offer_before.{name.strip()}" for name in _OFFER.split(","))
    op.execute(
        f"INSERT INTO slot_offer ({_OFFER}, patient_id) SELECT {offers}, course.patient_id "  # noqa: S608 - constants
        "FROM slot_offer_before JOIN course ON course.clinic_id = slot_offer_before.clinic_id "
        "AND course.id = slot_offer_before.course_id"
    )
    op.drop_table("slot_offer_before")
    op.drop_table("freed_slot_before")


def _freed_slot() -> None:
    op.create_table(
        "freed_slot",
        *_key(),
        sa.Column("practitioner_id", WHOLE, nullable=False),
        sa.Column("room_id", WHOLE, nullable=False),
        sa.Column("course_id", WHOLE, nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("freed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("examined_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_freed_slot_order")),
        *_keys("freed_slot", practitioner_id="staff", room_id="room", course_id="course"),
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
        sa.Column("patient_id", WHOLE, nullable=False),
        sa.Column("course_id", WHOLE, nullable=True),
        sa.Column("session_id", WHOLE, nullable=True),
        sa.Column("assessment_id", WHOLE, nullable=True),
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
        sa.CheckConstraint(
            "(course_id IS NULL) = (session_id IS NULL) AND (course_id IS NOT NULL OR assessment_id IS NOT NULL)",
            name=op.f("ck_slot_offer_what"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "slot_id"], ["freed_slot.clinic_id", "freed_slot.id"],
            name=op.f("fk_slot_offer_clinic_id_slot_id_freed_slot"), ondelete="CASCADE",
        ),
        *_keys(
            "slot_offer", patient_id="patient", course_id="course", session_id="session", assessment_id="assessment"
        ),
    )  # fmt: skip
    for columns in (("clinic_id", "slot_id", "status"), ("clinic_id", "patient_id", "status")):
        op.create_index(op.f(f"ix_slot_offer_{'_'.join(columns)}"), "slot_offer", list(columns))
    op.create_index(op.f("ix_slot_offer_status_expires_at"), "slot_offer", ["status", "expires_at"])


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
