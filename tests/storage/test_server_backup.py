"""A backup of a server's database: a file with every row of one moment; and the way back into either kind."""

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from planner.cli import main
from planner.errors import InvalidInput, StorageFailed
from planner.services import integrity
from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.backup import back_up, restore, verify
from planner.storage.database import Database
from planner.storage.ids import new_id
from planner.storage.people import PatientRow
from planner.storage.server_backup import back_up_server, clinics_on, restore_server
from tests.databases import one_of
from tests.factories import NOW, FakeClock, FakeMailer
from tests.storage.digests import digests
from tests.web.ana_course import book_ana


@pytest.fixture
def clinic(postgresql_databases):
    """Who is in it."""
    return postgresql_databases.clinic


@pytest.fixture
def runtime(postgresql_databases, tmp_path, clinic):
    """A clinic on a server, with a booked course."""
    with one_of(postgresql_databases, postgresql_databases.with_clinic(tmp_path)) as url:
        runtime = Runtime(Database(url), FakeClock(), FakeMailer(), secret_key="s" * 32)
        book_ana(runtime, clinic)
        yield runtime
        runtime.database.close()


@pytest.fixture
def bare(postgresql_databases, tmp_path):
    """A server's database without tables."""
    with one_of(postgresql_databases, postgresql_databases.bare(tmp_path)) as url:
        database = Database(url)
        yield database
        database.close()


def add_patient(runtime, clinic):
    """One row more."""
    with runtime.writing(clinic.system) as unit:
        unit.session.add(PatientRow(name="New", search_name="new", created_at=NOW))


def test_a_backup_has_every_row_and_goes_back_into_either_kind(runtime, bare, tmp_path):
    """The digests of all tables are the same four times, and nothing else lies in the folder."""
    before = digests(runtime.database)
    copied = back_up_server(runtime.database, tmp_path / "a.sqlite")
    assert [file.name for file in tmp_path.iterdir()] == ["a.sqlite"]
    assert copied.file.stat().st_mode & 0o777 == 0o600
    assert copied.counts == verify(copied.file).counts
    assert copied.counts["session"] > 2
    _, kept = restore_server(copied.file, bare, tmp_path / "scratch", "aside")
    assert kept is None
    assert digests(bare) == before
    bare.check_guard()
    assert bare.faults() == []
    restore(copied.file, tmp_path / "b.sqlite", tmp_path / "aside.sqlite")
    file = Database(f"sqlite:///{tmp_path}/b.sqlite")
    assert digests(file) == before
    file.close()
    assert not (tmp_path / "scratch").exists()


@pytest.mark.wide
def test_a_backup_of_a_file_goes_into_a_server(sqlite_files, bare, tmp_path):
    """The kinds are the same: one file, one proof."""
    source = Database(sqlite_files.with_clinic(tmp_path))
    before = digests(source)
    source.close()
    made = back_up(tmp_path / "planner.sqlite", tmp_path / "a.sqlite")
    restore_server(made.file, bare, tmp_path / "scratch", "aside")
    assert digests(bare) == before


def test_what_is_written_meanwhile_is_not_in_the_backup(runtime, clinic, tmp_path):
    """It is of the moment at which it began; nobody waits for it."""
    begun = []

    def write(done, total):
        begun.append((done, total))
        if len(begun) == 1:
            add_patient(runtime, clinic)

    copied = back_up_server(runtime.database, tmp_path / "a.sqlite", write)
    assert copied.counts["patient"] == 1
    assert begun[-1][0] == begun[-1][1] == sum(copied.counts.values()) - 1  # Its step is no row of a clinic's.
    assert back_up_server(runtime.database, tmp_path / "b.sqlite").counts["patient"] == 2


@pytest.mark.wide
def test_a_backup_that_came_out_otherwise_gets_no_name(runtime, tmp_path, monkeypatch):
    """A row is lost on its way: nothing stays of the file, hidden files neither."""
    real = schema.upgrade

    def spoiled(database):
        real(database)
        with database.migrating() as connection:
            connection.execute(
                text("CREATE TRIGGER lose AFTER INSERT ON patient BEGIN UPDATE patient SET notes = 'x'; END")
            )

    monkeypatch.setattr(schema, "upgrade", spoiled)
    with pytest.raises(StorageFailed, match="table patient came out otherwise"):
        back_up_server(runtime.database, tmp_path / "a.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_another_step_is_not_backed_up_by_this_program(runtime, tmp_path):
    """Its tables are others; the message says what to do."""
    with runtime.database.migrating() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(InvalidInput, match=r"at step 0001.*program that works on it now"):
        back_up_server(runtime.database, tmp_path / "a.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.wide
def test_what_was_there_is_kept_as_a_schema_and_can_come_back(runtime, clinic, tmp_path):
    """With what was written since the backup; the restored one works on, with keys of its own."""
    backup = back_up_server(runtime.database, tmp_path / "a.sqlite").file
    before = digests(runtime.database)
    add_patient(runtime, clinic)
    since = digests(runtime.database)
    assert clinics_on(runtime.database) == 1
    runtime.database.close()
    _, kept = restore_server(backup, runtime.database, tmp_path / "scratch", "before_restore_1")
    assert kept == "before_restore_1"
    assert digests(runtime.database) == before
    add_patient(runtime, clinic)
    with runtime.reading(clinic.system) as unit:
        ids = unit.session.scalars(select(PatientRow.id)).all()
    assert len(set(ids)) == 2
    assert max(ids) < new_id()
    assert list(integrity.verify(runtime, Actor.system(clinic.id))) == []
    with runtime.database.migrating() as connection:
        connection.execute(text("ALTER SCHEMA public RENAME TO restored"))
        connection.execute(text("ALTER SCHEMA before_restore_1 RENAME TO public"))
    assert digests(runtime.database) == since
    runtime.database.check_guard()


@pytest.mark.wide
def test_nothing_is_restored_under_whoever_is_connected(runtime, tmp_path):
    """It says who; the planner's own pool is enough."""
    backup = back_up_server(runtime.database, tmp_path / "a.sqlite").file
    other = Database(runtime.database.url)
    other.check_there()
    runtime.database.close()
    with pytest.raises(InvalidInput, match=r"in use: planner from this machine \(process \d+\)\. Stop `planner serve`"):
        restore_server(backup, runtime.database, tmp_path / "scratch", "aside")
    other.close()
    restore_server(backup, runtime.database, tmp_path / "scratch", "aside")


@pytest.mark.wide
def test_whatever_is_wrong_with_a_backup_the_database_stays(runtime, tmp_path):
    """Half a file, one of a newer program, one whose rows break a rule of the server."""
    backup = back_up_server(runtime.database, tmp_path / "a.sqlite").file
    before = digests(runtime.database)
    runtime.database.close()
    (half := tmp_path / "half.sqlite").write_bytes(backup.read_bytes()[:8192])
    newer = change(backup, tmp_path / "newer.sqlite", "UPDATE alembic_version SET version_num = '9999'")
    breaks = change(backup, tmp_path / "breaks.sqlite", "UPDATE patient SET notes = 'a' || char(0) || 'b'")
    for file in (half, newer, breaks):
        with pytest.raises((StorageFailed, InvalidInput)):
            restore_server(file, runtime.database, tmp_path / "scratch", "aside")
        assert not (tmp_path / "scratch").exists()
        assert digests(runtime.database) == before
        runtime.database.close()


def change(backup, target, statement):
    """A copy of a backup with something else in it."""
    target.write_bytes(backup.read_bytes())
    database = Database(f"sqlite:///{target}")
    with database.migrating() as connection:
        connection.exec_driver_sql(statement)
    database.close()
    (target.parent / f"{target.name}.lock").unlink()
    return target


def test_a_user_who_may_not_put_the_schema_aside_is_told_so(runtime, postgresql_databases, tmp_path):
    """Somebody else owns the database; nothing was changed."""
    backup = back_up_server(runtime.database, tmp_path / "a.sqlite").file
    before = digests(runtime.database)
    name = runtime.database.url.database
    runtime.database.close()
    postgresql_databases.server.ask(f"ALTER DATABASE {name} OWNER TO postgres")
    with pytest.raises(StorageFailed, match="owner of the database"):
        restore_server(backup, runtime.database, tmp_path / "scratch", "aside")
    assert digests(runtime.database) == before


@pytest.mark.wide
def test_the_commands_back_up_and_restore_a_server(runtime, bare, tmp_path, monkeypatch):
    """As people type them; with --force over a clinic, and not while it runs."""
    monkeypatch.setenv("PLANNER_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("PLANNER_DATABASE_URL", runtime.database.url.render_as_string(hide_password=False))
    (folder := tmp_path / "backups").mkdir()
    made = run("backup", folder, "--keep", "2")
    assert made.exit_code == 0, made.output
    (file,) = folder.iterdir()
    assert f"{file} is whole: " in made.output
    assert "in use" in run("restore", file, "--force").output
    runtime.database.close()
    refused = run("restore", file)
    assert refused.exit_code == 1
    assert "There is a clinic in " in refused.output
    restored = run("restore", file, "--force")
    assert restored.exit_code == 0, restored.output
    assert "What was there before is its schema before_restore_20" in restored.output
    monkeypatch.setenv("PLANNER_DATABASE_URL", bare.url.render_as_string(hide_password=False))
    fresh = run("restore", file)
    assert fresh.exit_code == 0, fresh.output
    assert "What was there before" not in fresh.output
    assert run("db", "verify").exit_code == 0


def run(*words):
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(word) for word in words])
