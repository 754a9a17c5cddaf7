"""`planner patient export` and `erase`."""

import stat
import zipfile
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from planner.cli import main
from planner.clock import SystemClock
from planner.storage.audit_rows import AuditRow
from planner.storage.courses import AppointmentRow
from planner.storage.people import PatientRow
from tests.web.ana_course import book_ana


@pytest.fixture
def run(runtime, clinic, config, monkeypatch):
    """Runs the command on the clinic's database; gives exit code and words."""
    monkeypatch.setenv("PLANNER_INSTANCE", str(config.instance))
    monkeypatch.setenv("PLANNER_DATABASE_URL", config.database_url)

    def go(*words, answer=""):
        result = CliRunner().invoke(main, ["patient", *map(str, words)], input=answer)
        return result.exit_code, result.output

    return go


def erased(runtime, clinic):
    """Whether Ana is."""
    with runtime.reading(clinic.system) as unit:
        return unit.get(PatientRow, clinic.ana).erased_at is not None


def test_a_copy_is_written_for_its_owner_alone(run, clinic, runtime, tmp_path):
    """And it is noted that it was done by hand."""
    out = tmp_path / "ana.zip"
    assert run("export", clinic.ana, "--out", out) == (0, f"Written: {out}\n")
    assert zipfile.ZipFile(out).namelist() == ["person.json", "person.html"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with runtime.reading(clinic.system) as unit:
        row = unit.session.scalars(select(AuditRow).where(AuditRow.action == "export person")).one()
    assert (row.actor, row.network) == ("planner", "command")


def test_a_person_is_erased_after_a_question(run, clinic, runtime):
    """No is no."""
    assert run("erase", clinic.ana, answer="n\n")[0] == 1
    assert not erased(runtime, clinic)
    assert run("erase", clinic.ana, answer="y\n")[0] == 0
    assert erased(runtime, clinic)


def test_visits_ahead_refuse_it_here_too(run, clinic, runtime):
    """Until it is said that they are called off."""
    course = book_ana(runtime, clinic)
    # The command goes by the machine's clock.
    soon = SystemClock().now() + timedelta(days=2)
    with runtime.writing(clinic.system) as unit:
        row = unit.get(AppointmentRow, course.appointment(9).id)
        row.starts_at, row.ends_at = soon, soon + timedelta(hours=1)
    code, words = run("erase", clinic.ana, "--yes")
    assert code == 1
    assert "still ahead" in words
    assert run("erase", clinic.ana, "--yes", "--cancel-visits")[0] == 0
    assert erased(runtime, clinic)


def test_a_number_that_nobody_has_is_refused(run, tmp_path):
    """In one line."""
    assert run("export", 12345, "--out", tmp_path / "x.zip") == (1, "planner: There is no patient 12345.\n")
