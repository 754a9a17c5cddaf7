"""`backup`, `restore` and `db verify` as people run them."""

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from planner.cli import main
from planner.commands.setup import in_use, load_config
from planner.storage.backup import clinics_in, verify
from planner.storage.courses import CourseRow
from tests.web.ana_course import book_ana

pytestmark = pytest.mark.sqlite


@pytest.fixture
def instance(tmp_path, monkeypatch, config, clinic, runtime):
    """An instance with Ana's clinic; the program that made it has ended."""
    runtime.database.close()
    monkeypatch.setenv("PLANNER_INSTANCE", str(tmp_path))
    return tmp_path


def run(*words):
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_backup_into_a_file_and_back_from_it(instance, monkeypatch):
    """Into another instance that has nothing yet."""
    made = run("backup", instance / "a.sqlite")
    assert made.exit_code == 0
    assert "a.sqlite is whole:" in made.output
    again = run("backup", instance / "a.sqlite")
    assert again.exit_code == 1
    assert "exists already" in again.output
    other = instance / "other"
    monkeypatch.setenv("PLANNER_INSTANCE", str(other))
    restored = run("restore", instance / "a.sqlite")
    assert restored.exit_code == 0, restored.output
    assert "is restored" in restored.output
    assert "What was there before" not in restored.output
    assert clinics_in(other / "planner.sqlite") == 1
    assert run("db", "check").exit_code == 0


def test_a_backup_into_a_folder_keeps_so_many(instance):
    """And --keep without a folder makes no sense."""
    (folder := instance / "backups").mkdir()
    assert run("backup", folder, "--keep", "2").exit_code == 0
    (made,) = folder.iterdir()
    assert verify(made).counts["patient"] == 1
    refused = run("backup", instance / "a.sqlite", "--keep", "2")
    assert refused.exit_code == 1
    assert "--keep is for a folder" in refused.output


def test_a_clinic_is_replaced_only_when_told_so_and_kept(instance):
    """The message says how."""
    run("backup", instance / "a.sqlite")
    refused = run("restore", instance / "a.sqlite")
    assert refused.exit_code == 1
    assert "--force" in refused.output
    restored = run("restore", instance / "a.sqlite", "--force")
    assert restored.exit_code == 0, restored.output
    (aside,) = instance.glob("before-restore-*.sqlite")
    assert str(aside) in restored.output
    assert verify(aside).counts["patient"] == 1


def test_nothing_is_restored_under_a_running_program(instance):
    """Not with --force either; and while something is restored no program starts."""
    run("backup", instance / "a.sqlite")
    with in_use(load_config()):
        refused = run("restore", instance / "a.sqlite", "--force")
    assert refused.exit_code == 1
    assert "Stop `planner serve` and `planner worker` first" in refused.output
    with in_use(load_config(), alone=True):
        late = run("worker")
    assert late.exit_code == 1
    assert "being restored" in late.output


def test_what_is_no_backup_is_refused_in_one_line(instance):
    """A file of something else, or none."""
    (instance / "a.txt").write_text("no database " * 1000)
    for source in (instance / "a.txt", instance / "missing.sqlite"):
        refused = run("restore", source, "--force")
        assert refused.exit_code == 1
        assert "Traceback" not in refused.output
        assert len(refused.output.strip().splitlines()) <= 2
    assert run("db", "check").exit_code == 0


def test_db_verify_says_that_all_is_well_or_what_is_not(instance, runtime, clinic):
    """Exit code 1, a line for each finding."""
    assert "All is as it must be in 1 clinics" in run("db", "verify").output
    book_ana(runtime, clinic)
    with runtime.database.migrating() as connection:
        connection.execute(update(CourseRow).values(status="onhold"))
    runtime.database.close()
    found = run("db", "verify")
    assert found.exit_code == 1
    assert "Northside Clinic: The course does not stand as its history says." in found.output
