"""Fault 14: a migration that loses the guard. It is made anew and tried; without it the program does not start."""

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import text

from planner.cli import main
from planner.errors import StorageFailed
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.guard import GUARDED
from tests.faults.checks import ask

pytestmark = pytest.mark.faults

TRIGGERS = {f"appointment_one_{resource}_{event}" for resource in GUARDED for event in ("insert", "update")}


@pytest.fixture
def instance(tmp_path, monkeypatch):
    """An instance folder with a database of the very first step."""
    monkeypatch.setenv("PLANNER_INSTANCE", str(tmp_path))
    database = Database(f"sqlite:///{tmp_path}/planner.sqlite", wait_seconds=1)
    scripts = ScriptDirectory.from_config(schema._config())
    with database.migrating() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            scripts.get_revision("0001").module.upgrade()
        context.stamp(scripts, "0001")
    database.close()
    return tmp_path


def triggers(instance):
    """Those there are on the diary."""
    there = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'appointment'"
    return {name for (name,) in ask(instance / "planner.sqlite", there)}


def run(*words):
    """A command in this process."""
    return CliRunner().invoke(main, words)


def test_fault_14_after_every_migration_the_guard_is_there_and_works(instance, record_fault):
    """From the first step to the newest, with what people run."""
    steps = len(schema.steps())
    assert triggers(instance) == set()
    assert run("db", "upgrade").exit_code == 0
    assert triggers(instance) == TRIGGERS
    assert run("db", "check").exit_code == 0
    record_fault("all migrations in a row: the guard is there, its self-test green", times=steps)


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("sweep", "tidy"), ("db", "check")])
def test_fault_14_without_the_guard_the_program_does_not_start(instance, command, record_fault):
    """A rebuilt table has lost its triggers without a word; every command that would work on it refuses."""
    assert run("db", "upgrade").exit_code == 0
    database = Database(f"sqlite:///{instance}/planner.sqlite")
    with database.migrating() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("appointment", recreate="always"):
            pass
    with pytest.raises(StorageFailed, match="two appointments"):
        database.check_guard()
    database.close()
    assert triggers(instance) == set(), "the control: a batch operation keeps the triggers by now"
    refused = run(*command)
    assert refused.exit_code == 1
    assert "accepts two appointments" in refused.output
    assert run("db", "upgrade").exit_code == 0
    assert triggers(instance) == TRIGGERS
    record_fault("a table rebuilt without its guard: serve, worker and sweeps refuse to start")


@pytest.mark.parametrize("lost", sorted(TRIGGERS))
def test_fault_14_one_lost_trigger_is_enough(instance, lost, record_fault):
    """Each of the six is tried by itself."""
    assert run("db", "upgrade").exit_code == 0
    database = Database(f"sqlite:///{instance}/planner.sqlite")
    with database.migrating() as connection:
        connection.execute(text(f"DROP TRIGGER {lost}"))
    database.close()
    assert "accepts two appointments" in run("serve").output
    record_fault("one of the six triggers lost: refuses to start")
