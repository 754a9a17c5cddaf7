"""`planner import-appointments`, as a clinic calls it on its first day."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from planner import wiring
from planner.cli import main
from planner.clock import SystemClock
from planner.commands.setup import load_config
from planner.storage.courses import AppointmentRow
from tests.calendars.test_export import table
from tests.factories import make_clinic


@pytest.fixture
def clinic(tmp_path, monkeypatch):
    """An instance with one clinic in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANNER_INSTANCE", str(tmp_path / "instance"))
    assert CliRunner().invoke(main, ["db", "upgrade"]).exit_code == 0
    runtime = wiring.build(load_config())
    made = make_clinic(runtime)
    runtime.database.close()
    return made


@pytest.fixture
def export(tmp_path):
    """A file with one appointment in a month."""
    day = (SystemClock().now() + timedelta(days=30)).date()
    file = tmp_path / "export.csv"
    file.write_bytes(table(f"1,Bo Lindqvist,,,{day} 09:30,45,Ben Okafor,Room 1,booked"))
    return file


def booked():
    """How many appointments there are."""
    runtime = wiring.build(load_config())
    with runtime.database.reading(None) as session:
        count = session.query(AppointmentRow).count()
    runtime.database.close()
    return count


def test_without_apply_it_only_shows(clinic, export):
    """A table with a line for each appointment."""
    done = CliRunner().invoke(main, ["import-appointments", str(export)])
    assert done.exit_code == 0
    assert "Bo Lindqvist" in done.output
    assert "1 to take over; 1 new patient. Book with --apply." in done.output
    assert booked() == 0


def test_with_apply_it_books_once(clinic, export):
    """The second time it is all here."""
    assert "1 taken over." in CliRunner().invoke(main, ["import-appointments", str(export), "--apply"]).output
    assert "0 taken over." in CliRunner().invoke(main, ["import-appointments", str(export), "--apply"]).output
    assert booked() == 1


def test_a_program_reads_it_as_json(clinic, export):
    """With the same words for what happens."""
    done = CliRunner().invoke(main, ["import-appointments", "-", "--json"], input=export.read_bytes())
    answer = json.loads(done.output)
    assert not answer["applied"]
    assert [line["outcome"] for line in answer["lines"]] == ["take"]


def test_problems_end_badly(clinic, export):
    """With exit code 1, shown or applied."""
    export.write_bytes(export.read_bytes().replace(b"Ben", b"Zoe"))
    shown = CliRunner().invoke(main, ["import-appointments", str(export)])
    applied = CliRunner().invoke(main, ["import-appointments", str(export), "--apply"])
    assert (shown.exit_code, applied.exit_code) == (1, 1)
    assert "Nothing can be taken over before" in shown.output
    assert "Nothing was taken over" in applied.output
    assert booked() == 0


def test_an_unknown_clinic_and_a_missing_file_are_named(clinic, tmp_path, export):
    """In one line each."""
    nobody = CliRunner().invoke(main, ["import-appointments", str(export), "--clinic", "Elsewhere"])
    assert "There are: Northside Clinic." in nobody.output
    missing = CliRunner().invoke(main, ["import-appointments", str(tmp_path / "none.csv")])
    assert missing.exit_code == 2
    assert "can't be read" in missing.output
