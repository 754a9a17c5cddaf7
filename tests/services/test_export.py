"""Everything as files: whole, readable by spreadsheets, and without what opens doors."""

import csv
import io
import re
import zipfile
from contextlib import contextmanager
from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import select

from planner.errors import NotAllowed
from planner.services.csv_cells import cell
from planner.services.export import WITHHELD, export, exported_columns, exported_tables
from planner.storage.audit_rows import AuditRow
from planner.storage.people import PatientRow
from planner.storage.schema import METADATA
from tests.web.ana_course import book_ana

SECRET = re.compile(r"hash|secret|token|address$|runner|password(?!_once)")
# The clinic's and a patient's own, which are what is exported for.
# So are the hashes of the audit: without them nobody could check it elsewhere.
HARMLESS = {
    ("clinic", "address"),
    ("invitation", "address"),
    ("audit_line", "hash"),
    ("audit_chain", "hash"),
    ("audit_chain", "floor_hash"),
}


@contextmanager
def taken(runtime, clinic):
    """The archive as the manager gets it."""
    with export(runtime, clinic.mo.actor) as file, zipfile.ZipFile(file) as archive:
        yield archive


def files_of(runtime, clinic):
    """The rows of every table by its name, each row by the names of its columns."""
    with taken(runtime, clinic) as archive:
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))
            for name in archive.namelist()
            if name.endswith(".csv")
        }


def test_every_table_is_exported_or_withheld_for_a_reason(runtime, clinic):
    """Whoever adds a table decides; nothing is forgotten."""
    with taken(runtime, clinic) as archive:
        found = {name.removesuffix(".csv") for name in archive.namelist() if name.endswith(".csv")}
        assert "READ ME.txt" in archive.namelist()
    withheld = {name for name, columns in WITHHELD.items() if columns is None}
    assert found | withheld == set(METADATA.tables)
    assert found & withheld == set()


def test_no_column_that_sounds_like_a_secret_is_exported():
    """And what is withheld by name is still there to be withheld."""
    given = {(table.name, column.name) for table in exported_tables() for column in exported_columns(table)}
    assert {each for each in given if SECRET.search(each[1])} == HARMLESS
    for name, columns in WITHHELD.items():
        assert (columns or set()) <= set(METADATA.tables[name].columns.keys())


def test_the_files_hold_every_row_of_this_clinic_and_none_of_another(runtime, clinic, other_clinic):
    """Counted in the tables."""
    course = book_ana(runtime, clinic)
    found = files_of(runtime, clinic)
    assert len(found["session"]) == len(course.now().sessions)
    assert [row["name"] for row in found["clinic"]] == ["Northside Clinic"]
    assert {row["clinic_id"] for row in found["staff"]} == {str(clinic.id)}
    assert [row["protocol"] for row in found["course"]] == ["chronic_pain"]
    assert found["appointment"][0]["starts_at"].endswith("Z")


@pytest.mark.faults
def test_fault_26_a_text_is_no_formula_for_a_spreadsheet(runtime, clinic):
    """A patient called =HYPERLINK(…) stays a name, in any script, with line ends and commas."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).name = '=HYPERLINK("http://x","Ana")'
        unit.get(PatientRow, clinic.ana).notes = "עליזה, \n“ok” 🙂"
    (ana,) = files_of(runtime, clinic)["patient"]
    assert ana["name"] == '\'=HYPERLINK("http://x","Ana")'
    assert ana["notes"] == "עליזה, \n“ok” 🙂"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        (True, "true"),
        (-3, "-3"),
        (2.5, "2.5"),
        ("+44 131", "'+44 131"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ({"ä": [1]}, '{"ä": [1]}'),
        (datetime(2026, 3, 2, 8, tzinfo=UTC), "2026-03-02T08:00:00Z"),
        (datetime(2026, 3, 2, 8), "2026-03-02T08:00:00"),
        (date(2026, 3, 2), "2026-03-02"),
        (time(8, 30), "08:30:00"),
    ],
)
def test_a_cell_says_its_value_in_one_way(value, said):
    """As ISO 8601 and JSON have it."""
    assert cell(value) == said


def test_an_archive_begins_each_file_with_the_mark_of_its_encoding(runtime, clinic):
    """Without it a spreadsheet would take UTF-8 for something else."""
    with taken(runtime, clinic) as archive:
        assert archive.read("patient.csv").startswith(b"\xef\xbb\xbfclinic_id,id,name")


def test_who_took_everything_is_kept(runtime, clinic):
    """In the audit, before the first byte leaves."""
    export(runtime, clinic.mo.actor).close()
    with runtime.reading(clinic.mo.actor) as unit:
        row = unit.session.scalars(select(AuditRow).where(AuditRow.action == "export everything")).one()
        assert (row.actor, row.actor_id) == ("staff", clinic.mo.id)


@pytest.mark.parametrize("who", ["rosa", "ben"])
def test_only_a_manager_takes_everything(runtime, clinic, who):
    """A copy of all patients is no daily business."""
    with pytest.raises(NotAllowed):
        export(runtime, getattr(clinic, who).actor)
