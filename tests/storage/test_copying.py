"""A clinic moves from SQLite to PostgreSQL and back: every row arrives as it was, or none."""

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from planner.cli import main
from planner.errors import InvalidInput, StorageFailed
from planner.services.runtime import Runtime
from planner.storage.copying import copy_all
from planner.storage.courses import SessionRow
from planner.storage.database import Database
from planner.storage.people import PatientRow
from planner.words import Text, say
from tests.databases import one_of
from tests.factories import FakeClock, FakeMailer
from tests.storage.digests import digests
from tests.web.ana_course import book_ana

NAME = "Ñandú “Al” Ünlü 🙂\nOtoño"


@pytest.fixture
def full(sqlite_files, tmp_path):
    """A file with a clinic, a booked course and texts of every kind."""
    folder = tmp_path / "full"
    folder.mkdir()
    database = Database(sqlite_files.with_clinic(folder))
    runtime, clinic = Runtime(database, FakeClock(), FakeMailer()), sqlite_files.clinic
    book_ana(runtime, clinic)
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).notes = NAME
        unit.session.scalars(select(SessionRow)).first().unplaced_reason = say("No time is free.")
    yield database
    database.close()


@pytest.fixture
def new(postgresql_databases, tmp_path):
    """An empty database of a server, with all tables."""
    with one_of(postgresql_databases, postgresql_databases.empty(tmp_path)) as url:
        database = Database(url)
        yield database
        database.close()


def test_every_row_arrives_as_it_was_and_comes_back_so(full, new, sqlite_files, tmp_path):
    """There and back again: the digests of all tables are those of the beginning, and the guard stands."""
    told = []
    copied = copy_all(full, new, told.append)
    assert told == copied == digests(full) == digests(new)
    assert {each.table for each in copied if each.rows} >= {
        "patient",
        "appointment",
        "revision",
        "outbox",
        "audit_line",
    }
    new.check_guard()
    back = Database(sqlite_files.empty(tmp_path))
    copy_all(new, back)
    assert digests(back) == digests(full)
    back.close()


def test_the_copy_is_a_clinic_that_works(full, new, sqlite_files):
    """Its sentences can still be said in any language, its people still sign in."""
    copy_all(full, new)
    with new.reading(sqlite_files.clinic.id) as session:
        assert session.scalars(select(PatientRow.notes)).one() == NAME
        reasons = session.scalars(select(SessionRow.unplaced_reason).where(SessionRow.unplaced_reason != "")).all()
        assert [isinstance(reason, Text) for reason in reasons] == [True]


def test_a_database_that_has_rows_is_not_copied_into(full, new):
    """Two clinics' rows would be mixed."""
    copy_all(full, new)
    before = digests(new)
    with pytest.raises(InvalidInput, match="not empty"):
        copy_all(full, new)
    assert digests(new) == before


def test_a_row_that_comes_out_otherwise_is_noticed_and_nothing_is_kept(full, new):
    """A trigger of somebody's changes a row on its way in; so the test above can fail."""
    with new.migrating() as connection:
        connection.execute(
            text("""CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN NEW.notes := ''''; RETURN NEW; END'""")
        )
        connection.execute(text("CREATE TRIGGER spoil BEFORE INSERT ON patient FOR EACH ROW EXECUTE FUNCTION spoil()"))
    with pytest.raises(StorageFailed, match="table patient came out otherwise"):
        copy_all(full, new)
    assert {each.rows for each in digests(new)} == {0}


def test_a_database_of_another_step_is_not_copied(full, new):
    """Columns would be missing."""
    with full.migrating() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(InvalidInput, match="at step 0001"):
        copy_all(full, new)


def test_the_command_shows_each_table_with_its_digest(full, postgresql_databases, tmp_path):
    """It makes the tables itself, and tells the proof."""
    with one_of(postgresql_databases, postgresql_databases.bare(tmp_path)) as url:
        source = str(full.url)
        full.close()
        done = CliRunner().invoke(main, ["db", "copy", source, url])
        assert done.exit_code == 0, done.output
        patient = next(line for line in done.output.splitlines() if line.startswith("patient "))
        assert "1 rows   sha256 " in patient
        assert "arrived as they were" in done.output
        again = CliRunner().invoke(main, ["db", "copy", source, url])
        assert again.exit_code == 1
        assert "not empty" in again.output


def test_the_command_refuses_what_is_no_database_of_ours(tmp_path):
    """And says nothing of what may be a password."""
    done = CliRunner().invoke(main, ["db", "copy", "mysql://root:hush@db/planner", f"sqlite:///{tmp_path}/x.sqlite"])
    assert done.exit_code == 1
    assert "database_url" in done.output
    assert "hush" not in done.output
    missing = CliRunner().invoke(
        main, ["db", "copy", f"sqlite:///{tmp_path}/none.sqlite", f"sqlite:///{tmp_path}/x.sqlite"]
    )
    assert missing.exit_code == 1
    assert list(tmp_path.iterdir()) == []
