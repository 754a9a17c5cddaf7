"""`planner inbound`, as a mail server calls it."""

import pytest
from click.testing import CliRunner

from planner import wiring
from planner.cli import main
from planner.commands.setup import load_config
from planner.services import worklists
from planner.services.runtime import Actor
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


def refused():
    """What staff are shown."""
    runtime = wiring.build(load_config())
    with runtime.database.reading(None) as session:
        clinic_id = session.connection().exec_driver_sql("SELECT id FROM clinic").scalar_one()
    with runtime.reading(Actor.system(clinic_id)) as unit:
        found = [item.says for item in worklists.open_items(unit) if item.kind == worklists.REPLY_REFUSED]
    runtime.database.close()
    return found


@pytest.mark.parametrize("message", [b"", b"Subject: Win a prize\r\n\r\nHello", b"\xff\x00" * 1000])
def test_whatever_comes_in_ends_well_and_is_shown(clinic, message):
    """A mail server would send an error back to somebody who wrote nothing."""
    done = CliRunner().invoke(main, ["inbound"], input=message)
    assert done.exit_code == 0
    assert done.output.startswith("refused: ")
    assert len(refused()) == 1


def test_a_message_without_an_end_is_not_read_to_it(clinic):
    """Two megabytes are enough for any answer."""
    done = CliRunner().invoke(main, ["inbound"], input=b"x" * 5_000_000)
    assert "too large" in done.output


def test_without_a_database_the_mail_server_keeps_the_message(tmp_path, monkeypatch):
    """Exit code 1 and a line on standard error: it tries again later."""
    monkeypatch.setenv("PLANNER_INSTANCE", str(tmp_path / "empty"))
    done = CliRunner().invoke(main, ["inbound"], input=b"x")
    assert done.exit_code == 1
    assert "db upgrade" in done.output
