"""What a database of any kind does when it is busy, full, missing or no database at all."""

import sqlite3
import threading

import pytest
from sqlalchemy import select, text

from planner.errors import DatabaseBusy, StaleForm, StorageFailed
from planner.storage.database import Database
from planner.storage.people import ClinicRow, PatientRow, RoomRow


def clinic_row(name="Northside"):
    """A clinic."""
    return ClinicRow(name=name, timezone="Europe/London", country="GB")


def clinics(database):
    """The names of all clinics."""
    with database.reading(None) as session:
        return list(session.scalars(select(ClinicRow.name)))


def add_clinic(database, name="Northside"):
    """Write one row."""
    with database.writing(None) as session:
        session.add(clinic_row(name))


def test_a_write_that_gets_no_turn_in_this_process_is_refused(database):
    """Not after minutes: within the time it may wait."""
    begun, done = threading.Event(), threading.Event()

    def hold():
        with database.writing(None):
            begun.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(60)
    try:
        with pytest.raises(DatabaseBusy, match=r"0\.3 seconds"):
            add_clinic(database)
    finally:
        done.set()
        thread.join()
    add_clinic(database)
    assert clinics(database) == ["Northside"]


def test_a_write_that_gets_no_turn_among_processes_is_refused(database):
    """Another opener of the same lock file stands for another process."""
    other = Database(database.url, wait_seconds=0.3)
    with other.writing(None), pytest.raises(DatabaseBusy):
        add_clinic(database)
    other.close()


@pytest.mark.sqlite
def test_a_file_locked_by_another_program_makes_the_database_busy(database, tmp_path):
    """A backup tool that holds the file, say; nothing is half-written, reading goes on."""
    add_clinic(database)
    rude = sqlite3.connect(tmp_path / "planner.sqlite", isolation_level=None)
    rude.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        add_clinic(database, "Second")
    assert clinics(database) == ["Northside"]
    rude.execute("ROLLBACK")
    rude.close()
    add_clinic(database, "Second")
    assert sorted(clinics(database)) == ["Northside", "Second"]


@pytest.mark.sqlite
def test_a_full_disk_is_a_clear_refusal_and_reading_goes_on(database):
    """And when there is room again, so does writing."""
    add_clinic(database)
    with pytest.raises(StorageFailed, match="Nothing was changed"), database.writing(None) as session:
        # SQLite raises it to the number of pages that there are: the disk is full from now on.
        session.connection().exec_driver_sql("PRAGMA max_page_count = 1")
        session.add_all(clinic_row("x" * 2000) for _ in range(200))
    assert clinics(database) == ["Northside"]
    with database.writing(None) as session:
        session.connection().exec_driver_sql("PRAGMA max_page_count = 1000000")
        session.add(clinic_row("Second"))
    assert sorted(clinics(database)) == ["Northside", "Second"]


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    """Not a traceback."""
    (tmp_path / "letter.sqlite").write_bytes(b"Dear Sir or Madam, " * 100)
    database = Database(f"sqlite:///{tmp_path}/letter.sqlite")
    with pytest.raises(StorageFailed, match="no planner database"):
        clinics(database)
    database.close()


def test_a_folder_that_does_not_exist_is_said(tmp_path):
    """For reading and for writing."""
    database = Database(f"sqlite:///{tmp_path}/missing/planner.sqlite")
    with pytest.raises(StorageFailed):
        clinics(database)
    with pytest.raises(StorageFailed, match="missing"):
        add_clinic(database)
    database.close()


def test_an_empty_database_says_how_to_make_its_tables(bare):
    """The words name the command."""
    with pytest.raises(StorageFailed, match="planner db upgrade"):
        clinics(bare)


def test_an_error_inside_a_transaction_undoes_all_of_it(database):
    """All or nothing, also for our own bugs."""
    with pytest.raises(RuntimeError), database.writing(None) as session:
        session.add(clinic_row())
        session.flush()
        raise RuntimeError("a bug")
    assert clinics(database) == []


def test_a_row_changed_by_somebody_else_meanwhile_is_stale(runtime, clinic):
    """The version column notices; nobody's change is overwritten unseen."""
    with runtime.reading(clinic.system) as unit:
        seen = unit.get(PatientRow, clinic.ana)
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).notes = "the first change"
    with pytest.raises(StaleForm), runtime.writing(clinic.system) as unit:
        unit.session.add(seen)
        seen.notes = "the second change"
    with runtime.reading(clinic.system) as unit:
        assert unit.get(PatientRow, clinic.ana).notes == "the first change"


def test_reading_never_waits_for_a_writer(database):
    """A page opens while somebody books."""
    add_clinic(database)
    with database.writing(None) as session:
        session.add(clinic_row("Second"))
        session.flush()
        assert clinics(database) == ["Northside"]


@pytest.mark.sqlite
def test_what_is_committed_is_safe_on_the_disk(database):
    """synchronous=FULL, a write-ahead log, and foreign keys on every connection."""
    with database.reading(None) as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_transaction_in_which_nothing_was_done_is_harmless(database):
    """And leaves the turn to the next one."""
    with database.writing(None):
        pass
    add_clinic(database)
    with database.reading(None) as session:
        assert session.scalar(text("SELECT count(*) FROM clinic")) == 1


def test_a_transaction_outside_all_clinics_can_write_no_clinics_row(runtime, clinic):
    """It does not have that clinic's turn; a new row, a changed one and one that is deleted are all refused."""
    with pytest.raises(ValueError, match="belongs to a clinic"), runtime.database.outside() as session:
        session.add(RoomRow(clinic_id=clinic.id, name="Side room"))
    with runtime.database.reading(None) as session:
        room = session.scalars(select(RoomRow)).first()
    for change in (lambda session: setattr(session.merge(room), "name", "Other"), lambda session: session.delete(room)):
        with pytest.raises(ValueError, match="belongs to a clinic"), runtime.database.outside() as session:
            change(session)
            session.flush()
