"""Migrations bring every database to the same tables, with the guard."""

import importlib
import pkgutil

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import inspect, text

from planner import wiring
from planner.errors import StorageFailed
from planner.services.runtime import Runtime
from planner.storage import guard, schema
from planner.storage.migrations import versions
from tests.factories import FakeClock, FakeMailer


def guards(database):
    """The names of the triggers, or of the constraints against overlaps, that are there."""
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'appointment'",
        "postgresql": "SELECT conname FROM pg_constraint WHERE contype = 'x'",
    }
    with database.reading(None) as session:
        return set(session.scalars(text(names[database.engine.dialect.name])))


def test_a_migrated_database_has_exactly_the_tables_of_the_rows(database):
    """Column by column, index by index."""
    assert schema.differences(database) == []
    assert schema.current(database) == schema.newest()


def test_a_column_that_is_missing_is_noticed(database):
    """So the test above can fail."""
    with database.migrating() as connection:
        connection.execute(text("ALTER TABLE patient DROP COLUMN notes"))
    assert schema.differences(database)


def test_upgrading_twice_changes_nothing(database):
    """`make run` does it at every start."""
    before = guards(database)
    schema.upgrade(database)
    assert guards(database) == before
    assert len(before) == {"sqlite": 6, "postgresql": 3}[database.engine.dialect.name]
    assert schema.differences(database) == []


def test_a_database_of_a_newer_program_is_left_alone_in_words(database):
    """Another upgrade does not help, so nobody is sent to one."""
    with database.migrating() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for asked in (
        schema.upgrade,
        lambda database: wiring.check_ready(Runtime(database, FakeClock(), FakeMailer(), secret_key="s" * 32)),
    ):
        with pytest.raises(StorageFailed, match="step 9999, of a newer program") as refusal:
            asked(database)
        assert "db upgrade" not in refusal.value.message


@pytest.mark.sqlite
def test_the_triggers_come_back_after_a_migration_that_rebuilt_the_table(database):
    """A batch operation drops them without a word; the next upgrade makes them anew."""
    expected = guards(database)
    with database.migrating() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("appointment", recreate="always"):
            pass
        dropped = set(
            connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'appointment'")
            )
        )
        assert dropped != expected
    schema.upgrade(database)
    assert guards(database) == expected
    database.check_guard()


def test_a_failing_migration_leaves_the_database_as_it_was(bare):
    """All or nothing: a power cut in the middle must not cost the diary."""
    try:
        with bare.migrating() as connection:
            connection.execute(text("CREATE TABLE half (id INTEGER)"))
            raise RuntimeError("power cut")
    except RuntimeError:
        pass
    assert inspect(bare.engine).get_table_names() == []


def test_every_step_follows_another():
    """One line of steps, without branches."""
    steps = [
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(versions.__path__, f"{versions.__name__}.")
    ]
    befores = [step.down_revision for step in steps]
    assert befores.count(None) == 1
    assert len(befores) == len(set(befores))


def test_the_guard_is_installed_twice_without_harm(database):
    """It drops what is there first."""
    expected = guards(database)
    with database.migrating() as connection:
        guard.install(connection)
    assert guards(database) == expected
