"""From an audit of names and words to a chain without them."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, insert, select

from planner.services.audit import find_breaks
from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.audit_rows import AuditRow
from planner.storage.database import Database
from planner.storage.people import ClinicRow
from tests.factories import FakeClock, FakeMailer

AT = datetime(2025, 5, 5, 10, 0, 0, 123, tzinfo=UTC)
STEP = "0009"
OLD = [
    ("Rosa Lind", 7, "patient.add", "patient/11", {}),
    ("patient", None, "course.cancelled", "course/3", {"revision": 4, "reason": "Session 2 cancelled: back pain"}),
    ("the planner", None, "message.sent", "outbox/8", {"kind": "reminder"}),
    ("Mo Adeyemi", 8, "change service", "service/1", {"name": "Dry needling for Ana"}),
    ("Mo Adeyemi", 8, "change evidence", "evidence/E1", {"reason": "Our audit", "values": {"sessions_high": 6}}),
]


@pytest.fixture
def runtime(tmp_path):
    """Two clinics with old lines, brought to the newest step."""
    database = Database(f"sqlite:///{tmp_path}/old.sqlite", wait_seconds=0.3)
    scripts = ScriptDirectory.from_config(schema._config())
    before = scripts.get_revision(STEP).down_revision
    with database.migrating() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            for script in reversed(list(scripts.iterate_revisions(before, "base"))):
                script.module.upgrade()
        context.stamp(scripts, before)
        old = MetaData()
        old.reflect(connection)
        for clinic_id in (1, 2):
            connection.execute(
                insert(old.tables["clinic"]).values(
                    id=clinic_id, name="N", timezone="UTC", country="GB", language="en", address="", phone="",
                    email="", notice_hours=24, grace_minutes=30, hold_minutes=5, reminder_hours=24, grid_minutes=15,
                    horizon_days=182, keep_cancelled_days=28, evidence_overrides={},
                )
            )  # fmt: skip
        for number, (actor, staff_id, action, subject, details) in enumerate(OLD):
            values = {"actor": actor, "staff_id": staff_id, "action": action, "subject": subject, "details": details}
            at = AT + timedelta(hours=number)
            connection.execute(insert(old.tables["audit"]).values(clinic_id=1, id=100 - number, at=at, **values))
    schema.upgrade(database)
    yield Runtime(database, FakeClock(), FakeMailer())
    database.close()


def test_old_lines_become_a_whole_chain_in_their_order(runtime):
    """By time; the other clinic begins with nothing."""
    assert schema.differences(runtime.database) == []
    assert find_breaks(runtime, 1) == find_breaks(runtime, 2) == []
    with runtime.reading(Actor.system(1)) as unit:
        rows = unit.session.scalars(select(AuditRow).order_by(AuditRow.number)).all()
    assert [row.action for row in rows] == [each[2] for each in OLD]
    assert [(row.actor, row.actor_id) for row in rows] == [
        ("staff", 7), ("patient", None), ("planner", None), ("staff", 8), ("staff", 8),
    ]  # fmt: skip
    assert rows[0].patient_id == 11
    assert rows[1].at == AT + timedelta(hours=1)


def test_names_and_words_of_old_lines_are_gone(runtime):
    """But for why the clinic changed a number of its own."""
    with runtime.reading(Actor.system(1)) as unit:
        kept = unit.session.scalars(select(AuditRow.details).order_by(AuditRow.number)).all()
    assert kept == [
        {}, {"revision": 4}, {"kind": "reminder"}, {},
        {"reason": "Our audit", "values": {"sessions_high": 6}},
    ]  # fmt: skip


def test_the_chain_goes_on(runtime):
    """With what happens next; and the clinic has the usual times."""
    with runtime.writing(Actor.system(1)) as unit:
        unit.audit("try", "room/1")
        clinic = unit.session.get(ClinicRow, 1)
        assert (clinic.keep_years, clinic.keep_message_days, clinic.keep_access_days) == (10, 90, 730)
        assert clinic.retention == "propose"
    assert find_breaks(runtime, 1) == []
    with runtime.reading(Actor.system(1)) as unit:
        assert max(unit.session.scalars(select(AuditRow.number))) == len(OLD) + 1
