"""A copy of a database in use: of one moment, proved, and put back without losing what was there."""

import sqlite3
import stat
from contextlib import closing

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from planner.errors import InvalidInput, StorageFailed
from planner.services.accounts import sign_in
from planner.services.sessions import actor_for, sign_out
from planner.storage import schema
from planner.storage.backup import back_up, clinics_in, restore, verify
from planner.storage.people import PatientRow
from tests.factories import NOW, PASSWORD

pytestmark = pytest.mark.sqlite


@pytest.fixture
def source(runtime, clinic, config):
    """The file of a clinic that is in use."""
    return config.instance / "planner.sqlite"


def names(folder):
    """What lies there, hidden files too."""
    return sorted(file.name for file in folder.iterdir())


def test_a_copy_has_every_row_and_only_its_owner_reads_it(source, tmp_path):
    """One file, without a log of writes that could be forgotten."""
    (folder := tmp_path / "backups").mkdir()
    copied = back_up(source, folder / "a.sqlite")
    assert names(folder) == ["a.sqlite"]
    assert stat.S_IMODE(copied.file.stat().st_mode) == 0o600
    assert copied.counts["patient"] == 1
    assert copied.counts["staff"] == 3
    assert copied.counts == verify(copied.file).counts


def test_what_is_written_while_the_copy_is_made_is_not_in_it_and_makes_it_no_longer(source, runtime, clinic, tmp_path):
    """It is of the moment at which it began, however much is written meanwhile."""
    begun = []

    def write(done, total):
        if len(begun) < 5:
            begun.append(done)
            with runtime.writing(clinic.system) as unit:
                unit.session.add(PatientRow(name="New", search_name="new", created_at=NOW))

    copied = back_up(source, tmp_path / "a.sqlite", write)
    assert begun
    assert copied.counts["patient"] == 1
    assert back_up(source, tmp_path / "b.sqlite").counts["patient"] == 1 + len(begun)


def test_a_file_that_is_there_is_not_written_over(source, tmp_path):
    """Nor is anything copied from where nothing is."""
    (there := tmp_path / "a.sqlite").write_text("mine")
    with pytest.raises(InvalidInput, match="exists already"):
        back_up(source, there)
    assert there.read_text() == "mine"
    with pytest.raises(InvalidInput, match="There is no database"):
        back_up(tmp_path / "nothing.sqlite", tmp_path / "b.sqlite")


def test_a_copy_that_is_not_whole_gets_no_name(source, runtime, tmp_path):
    """The database itself is unguarded: its backup would be as well."""
    with runtime.database.migrating() as connection:
        connection.execute(text("DROP TRIGGER appointment_one_room_update"))
    (folder := tmp_path / "backups").mkdir()
    with pytest.raises(StorageFailed, match="room"):
        back_up(source, folder / "a.sqlite")
    assert names(folder) == []


def test_a_folder_that_is_missing_is_said(source, tmp_path):
    """With the system's own words."""
    with pytest.raises(StorageFailed, match="No such file"):
        back_up(source, tmp_path / "missing" / "a.sqlite")


def test_what_is_restored_stands_in_the_place_of_what_was_there_which_is_kept(source, runtime, clinic, tmp_path):
    """With all that was written since the backup."""
    backup = back_up(source, tmp_path / "a.sqlite").file
    with runtime.writing(clinic.system) as unit:
        unit.session.add(PatientRow(name="New", search_name="new", created_at=NOW))
    runtime.database.close()
    restored = restore(backup, source, tmp_path / "aside.sqlite")
    assert restored.counts["patient"] == verify(source).counts["patient"] == 1
    assert verify(tmp_path / "aside.sqlite").counts["patient"] == 2
    assert verify(backup).counts["patient"] == 1
    assert not [name for name in names(tmp_path) if name.startswith(".") or name.endswith(("-wal", "-shm"))]


def test_nobody_is_signed_in_after_a_restore(source, runtime, clinic, tmp_path):
    """A session that was ended since, because the phone was lost, does not come back."""
    token, _ = sign_in(runtime, clinic.rosa.email, PASSWORD)
    backup = back_up(source, tmp_path / "a.sqlite").file
    sign_out(runtime, token)
    runtime.database.close()
    assert verify(backup).counts["login"] == 1
    assert restore(backup, source, tmp_path / "aside.sqlite").counts["login"] == 0
    assert actor_for(runtime, token) is None


def test_a_database_that_can_not_be_read_is_kept_aside_as_it_is(source, runtime, tmp_path):
    """Somebody may save something from it yet."""
    backup = back_up(source, tmp_path / "a.sqlite").file
    runtime.database.close()
    source.write_bytes(b"no database at all" * 100)
    restore(backup, source, tmp_path / "aside.sqlite")
    assert (tmp_path / "aside.sqlite").read_bytes().startswith(b"no database")
    assert verify(source).counts["staff"] == 3


def test_a_backup_of_a_newer_program_is_refused(source, runtime, tmp_path):
    """This one would not know what it holds."""
    backup = back_up(source, tmp_path / "a.sqlite").file
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageFailed, match="step 9999, which this program does not know"):
        restore(backup, tmp_path / "new.sqlite", tmp_path / "aside.sqlite")
    assert not (tmp_path / "new.sqlite").exists()


def test_a_backup_from_before_an_update_is_made_and_brought_to_the_new_schema(source, tmp_path):
    """As one should: back up, install the new program, upgrade; and back again."""
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("ALTER TABLE solve_job DROP COLUMN tries_left")
        step = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        connection.execute("UPDATE alembic_version SET version_num = ?", (_before(step),))
    backup = back_up(source, tmp_path / "a.sqlite")
    assert backup.step == _before(step)
    restored = restore(backup.file, tmp_path / "new.sqlite", tmp_path / "aside.sqlite")
    assert restored.step == step


def _before(step):
    """The step that this column came after."""
    return ScriptDirectory.from_config(schema._config()).get_revision(step).down_revision


def test_how_many_clinics_there_are_is_known_without_the_program(source, tmp_path):
    """Also where there is nothing."""
    assert clinics_in(source) == 1
    assert clinics_in(tmp_path / "nothing.sqlite") == 0
    sqlite3.connect(tmp_path / "empty.sqlite").close()
    assert clinics_in(tmp_path / "empty.sqlite") == 0
