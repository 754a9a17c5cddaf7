"""The first schema."""

import sqlalchemy as sa
from alembic import op

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The first schema."""
    op.create_table(
        "clinic",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("subdivision", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("notice_hours", WHOLE, nullable=False),
        sa.Column("grace_minutes", WHOLE, nullable=False),
        sa.Column("hold_minutes", WHOLE, nullable=False),
        sa.Column("reminder_hours", WHOLE, nullable=False),
        sa.Column("grid_minutes", WHOLE, nullable=False),
        sa.Column("horizon_days", WHOLE, nullable=False),
        sa.Column("keep_cancelled_days", WHOLE, nullable=False),
        sa.Column("evidence_overrides", sa.JSON(), nullable=False),
        sa.CheckConstraint("grid_minutes IN (5, 10, 15, 20, 30, 60)", name=op.f("ck_clinic_grid")),
        sa.CheckConstraint("horizon_days BETWEEN 28 AND 366", name=op.f("ck_clinic_horizon")),
        sa.CheckConstraint(
            "notice_hours >= 0 AND grace_minutes >= 0 AND hold_minutes >= 0", name=op.f("ck_clinic_policies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic")),
    )
    op.create_table(
        "audit",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("staff_id", WHOLE, nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_audit_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_clinic_id_at"), ["clinic_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_clinic_id_subject"), ["clinic_id", "subject"], unique=False)

    op.create_table(
        "closure",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_closure_order")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_closure_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_closure")),
    )
    op.create_table(
        "patient",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("search_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("link_hash", sa.String(), nullable=True),
        sa.Column("link_generation", WHOLE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_patient_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_patient")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_patient_link_hash")),
    )
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_patient_clinic_id_search_name"), ["clinic_id", "search_name"], unique=False
        )

    op.create_table(
        "room",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_room_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_room")),
    )
    op.create_table(
        "staff",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("treats", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("failed_sign_ins", WHOLE, nullable=False),
        sa.Column("sign_in_blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('reception', 'therapist', 'manager')", name=op.f("ck_staff_role")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_staff_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
    )
    op.create_table(
        "assessment",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("patient_id", WHOLE, nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("estimate", sa.JSON(), nullable=False),
        sa.Column("overrides", sa.JSON(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("recorded_by", WHOLE, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patient.clinic_id", "patient.id"],
            name=op.f("fk_assessment_clinic_id_patient_id_patient"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "recorded_by"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_assessment_clinic_id_recorded_by_staff"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_assessment_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_assessment")),
    )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_assessment_clinic_id_patient_id_recorded_at"),
            ["clinic_id", "patient_id", "recorded_at"],
            unique=False,
        )

    op.create_table(
        "feed",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("patient_id", WHOLE, nullable=True),
        sa.Column("practitioner_id", WHOLE, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_by", sa.String(), nullable=False),
        sa.CheckConstraint("(patient_id IS NULL) <> (practitioner_id IS NULL)", name=op.f("ck_feed_one_owner")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patient.clinic_id", "patient.id"],
            name=op.f("fk_feed_clinic_id_patient_id_patient"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_feed_clinic_id_practitioner_id_staff"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_feed_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feed_token_hash")),
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feed_clinic_id_patient_id"), ["clinic_id", "patient_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_feed_clinic_id_practitioner_id"), ["clinic_id", "practitioner_id"], unique=False
        )

    op.create_table(
        "hours",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("practitioner_id", WHOLE, nullable=True),
        sa.Column("room_id", WHOLE, nullable=True),
        sa.Column("weekday", WHOLE, nullable=False),
        sa.Column("start", sa.Time(), nullable=False),
        sa.Column("end", sa.Time(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=True),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.CheckConstraint("(practitioner_id IS NULL) <> (room_id IS NULL)", name=op.f("ck_hours_one_owner")),
        sa.CheckConstraint('start < "end"', name=op.f("ck_hours_order")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_hours_clinic_id_practitioner_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "room_id"], ["room.clinic_id", "room.id"], name=op.f("fk_hours_clinic_id_room_id_room")
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_hours_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_hours")),
    )
    op.create_table(
        "leave",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("practitioner_id", WHOLE, nullable=False),
        sa.Column("starts", sa.DateTime(), nullable=False),
        sa.Column("ends", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts < ends", name=op.f("ck_leave_order")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_leave_clinic_id_practitioner_id_staff"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_leave_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_leave")),
    )
    with op.batch_alter_table("leave", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_leave_clinic_id_practitioner_id_ends"),
            ["clinic_id", "practitioner_id", "ends"],
            unique=False,
        )

    op.create_table(
        "login",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("staff_id", WHOLE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "staff_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_login_clinic_id_staff_id_staff"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_login_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_login")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_token_hash")),
    )
    with op.batch_alter_table("login", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "course",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("patient_id", WHOLE, nullable=False),
        sa.Column("assessment_id", WHOLE, nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("automation", sa.String(), nullable=False),
        sa.Column("phases", sa.JSON(), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("earliest_day", sa.Date(), nullable=False),
        sa.Column("first_visit_minutes", WHOLE, nullable=False),
        sa.Column("visit_minutes", WHOLE, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision_number", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.CheckConstraint("automation IN ('apply', 'stopped')", name=op.f("ck_course_automation")),
        sa.CheckConstraint(
            "status IN ('planned', 'active', 'onhold', 'finished', 'cancelled')", name=op.f("ck_course_status")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "assessment_id"],
            ["assessment.clinic_id", "assessment.id"],
            name=op.f("fk_course_clinic_id_assessment_id_assessment"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patient.clinic_id", "patient.id"],
            name=op.f("fk_course_clinic_id_patient_id_patient"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_course_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_course")),
    )
    with op.batch_alter_table("course", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_course_clinic_id_patient_id"), ["clinic_id", "patient_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_course_clinic_id_status"), ["clinic_id", "status"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("patient_id", WHOLE, nullable=False),
        sa.Column("course_id", WHOLE, nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", WHOLE, nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('due', 'leased', 'sending', 'sent', 'failed', 'unknown', 'skipped', 'expired')",
            name=op.f("ck_outbox_status"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "course_id"],
            ["course.clinic_id", "course.id"],
            name=op.f("fk_outbox_clinic_id_course_id_course"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patient.clinic_id", "patient.id"],
            name=op.f("fk_outbox_clinic_id_patient_id_patient"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_outbox_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("clinic_id", "key", name=op.f("uq_outbox_clinic_id_key")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_clinic_id_course_id"), ["clinic_id", "course_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_status_due_at"), ["status", "due_at"], unique=False)

    op.create_table(
        "revision",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("course_id", WHOLE, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("staff_id", WHOLE, nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("batch", WHOLE, nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undoes", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "course_id"],
            ["course.clinic_id", "course.id"],
            name=op.f("fk_revision_clinic_id_course_id_course"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_revision_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_revision")),
        sa.UniqueConstraint("clinic_id", "course_id", "number", name=op.f("uq_revision_clinic_id_course_id_number")),
    )
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revision_clinic_id_batch"), ["clinic_id", "batch"], unique=False)
        batch_op.create_index(batch_op.f("ix_revision_clinic_id_made_at"), ["clinic_id", "made_at"], unique=False)

    op.create_table(
        "session",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("course_id", WHOLE, nullable=False),
        sa.Column("position", WHOLE, nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("minutes", WHOLE, nullable=False),
        sa.Column("gap_target", sa.Double(), nullable=True),
        sa.Column("gap_min", WHOLE, nullable=True),
        sa.Column("gap_max", WHOLE, nullable=True),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.Column("unplaced_reason", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("revised_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("phase IN ('intensive', 'taper', 'maintenance')", name=op.f("ck_session_phase")),
        sa.CheckConstraint("minutes BETWEEN 5 AND 480", name=op.f("ck_session_minutes")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "course_id"],
            ["course.clinic_id", "course.id"],
            name=op.f("fk_session_clinic_id_course_id_course"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_session_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_session")),
        sa.UniqueConstraint("uid", name=op.f("uq_session_uid")),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_session_clinic_id_course_id_position"), ["clinic_id", "course_id", "position"], unique=False
        )

    op.create_table(
        "worklist_item",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("course_id", WHOLE, nullable=True),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "course_id"],
            ["course.clinic_id", "course.id"],
            name=op.f("fk_worklist_item_clinic_id_course_id_course"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_worklist_item_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_worklist_item")),
        sa.UniqueConstraint("clinic_id", "key", name=op.f("uq_worklist_item_clinic_id_key")),
    )
    with op.batch_alter_table("worklist_item", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_worklist_item_clinic_id_closed_at_kind"), ["clinic_id", "closed_at", "kind"], unique=False
        )

    op.create_table(
        "appointment",
        sa.Column("clinic_id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("session_id", WHOLE, nullable=False),
        sa.Column("course_id", WHOLE, nullable=False),
        sa.Column("patient_id", WHOLE, nullable=False),
        sa.Column("practitioner_id", WHOLE, nullable=False),
        sa.Column("room_id", WHOLE, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_cancellation", sa.Boolean(), nullable=False),
        sa.Column("cancelled_by", sa.String(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'pending', 'booked', 'arrived', 'fulfilled', 'cancelled', 'noshow', 'entered-in-error', 'checked-in', 'waitlist')",
            name=op.f("ck_appointment_status"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_appointment_order")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "course_id"],
            ["course.clinic_id", "course.id"],
            name=op.f("fk_appointment_clinic_id_course_id_course"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patient.clinic_id", "patient.id"],
            name=op.f("fk_appointment_clinic_id_patient_id_patient"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["staff.clinic_id", "staff.id"],
            name=op.f("fk_appointment_clinic_id_practitioner_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "room_id"], ["room.clinic_id", "room.id"], name=op.f("fk_appointment_clinic_id_room_id_room")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "session_id"],
            ["session.clinic_id", "session.id"],
            name=op.f("fk_appointment_clinic_id_session_id_session"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_appointment_clinic_id_clinic")),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_appointment")),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_appointment_clinic_id_course_id"), ["clinic_id", "course_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_appointment_clinic_id_patient_id_starts_at"),
            ["clinic_id", "patient_id", "starts_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_appointment_clinic_id_practitioner_id_starts_at"),
            ["clinic_id", "practitioner_id", "starts_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_appointment_clinic_id_room_id_starts_at"),
            ["clinic_id", "room_id", "starts_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_appointment_clinic_id_session_id"), ["clinic_id", "session_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_appointment_clinic_id_starts_at"), ["clinic_id", "starts_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_appointment_status_ends_at"), ["status", "ends_at"], unique=False)
