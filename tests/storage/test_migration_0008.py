"""To the schema of the doors, with people in the clinic: they keep their passwords and their sessions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData, insert, inspect

from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.people import ClinicRow, LoginRow, StaffRow
from tests.factories import NOW, FakeClock, FakeMailer
from tests.storage.test_migration_0006 import _up_to

CLINIC, BEN = 1, 2
OLD_ROWS = [
    ("clinic", {"id": CLINIC, "name": "Northside", "timezone": "Europe/London", "country": "GB", "language": "en",
                "address": "", "phone": "", "email": "", "notice_hours": 48, "grace_minutes": 30, "hold_minutes": 5,
                "reminder_hours": 24, "grid_minutes": 15, "horizon_days": 182, "keep_cancelled_days": 28,
                "evidence_overrides": {}}),
    ("staff", {"clinic_id": CLINIC, "id": BEN, "name": "Ben", "email": "ben@example.org", "role": "therapist",
               "treats": True, "active": True, "password_hash": "-", "failed_sign_ins": 4,
               "sign_in_blocked_until": NOW}),
    ("login", {"clinic_id": CLINIC, "id": 3, "token_hash": "x", "staff_id": BEN, "created_at": NOW, "seen_at": NOW,
               "expires_at": NOW, "user_agent": ""}),
]  # fmt: skip


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """A database of before with somebody signed in, brought to the newest step."""
    database = Database(f"sqlite:///{tmp_path}/old.sqlite", wait_seconds=0.3)
    with database.migrating() as connection:
        _up_to(connection, "0006")
    old = MetaData()
    old.reflect(database.engine)
    with database.migrating() as connection:
        for table, values in OLD_ROWS:
            connection.execute(insert(old.tables[table]).values(values))
    schema.upgrade(database)
    yield Runtime(database, FakeClock(), FakeMailer())
    database.close()


def test_people_stay_signed_in_and_no_role_needs_a_second_factor_yet(runtime):
    """The tables are those of the rows."""
    assert schema.differences(runtime.database) == []
    with runtime.reading(Actor.system(CLINIC)) as unit:
        assert unit.session.get(ClinicRow, CLINIC).second_factor == []
        assert unit.session.query(LoginRow).one().proved == "password"
        assert unit.get(StaffRow, BEN).password_hash == "-"


def test_failures_are_counted_in_rows_of_their_own(runtime):
    """Those of before are forgotten with their columns."""
    columns = {each["name"] for each in inspect(runtime.database.engine).get_columns("staff")}
    assert not columns & {"failed_sign_ins", "sign_in_blocked_until"}
