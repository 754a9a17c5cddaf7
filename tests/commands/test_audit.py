"""`planner audit verify` and `heads`: whole, broken, and checked against a log."""

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from planner.cli import main
from planner.services.audit import all_heads, head_line
from tests.storage.test_audit_chain import unguard


@pytest.fixture
def run(runtime, clinic, config, monkeypatch):
    """Runs the command on the clinic's database; gives exit code and words."""
    monkeypatch.setenv("PLANNER_INSTANCE", str(config.instance))
    monkeypatch.setenv("PLANNER_DATABASE_URL", config.database_url)

    def go(*words):
        result = CliRunner().invoke(main, ["audit", *words])
        return result.exit_code, result.output

    return go


def test_a_whole_audit_says_so(run):
    """With success."""
    assert run("verify") == (0, "The audit is whole.\n")


def test_a_changed_line_is_named(run, runtime, clinic):
    """With where it stands, and a failure that a script sees."""
    with runtime.database.migrating() as connection:
        unguard(connection, "audit_line_no_update")
        connection.execute(text("UPDATE audit_line SET action = 'nothing' WHERE number = 2"))
    code, words = run("verify")
    assert code == 1
    assert f"clinic {clinic.id}, changes, line 2: This line was changed." in words
    assert "the trigger audit_line_no_update is gone" in words
    assert "planner: The audit is not whole: 2 places." in words


def test_an_end_that_was_cut_off_is_found_by_the_log(run, runtime, clinic, tmp_path):
    """The log is read as it is, other lines and all."""
    log = tmp_path / "planner.log"
    ends = "".join(f"2026-03-02 INFO planner.audit: {head_line(head)}\n" for head in all_heads(runtime))
    log.write_text(f"2026-03-02 INFO planner.access: GET /today 200 12 ms\n{ends}")
    code, words = run("verify", "--log", str(log))
    assert (code, words) == (0, "The audit is whole, and agrees with 2 ends of the log.\n")
    with runtime.database.migrating() as connection:
        unguard(connection, "audit_line_no_delete")
        connection.execute(text("DELETE FROM audit_line WHERE number > 3"))
        connection.execute(
            text(
                "UPDATE audit_chain SET number = 3, hash = (SELECT hash FROM audit_line WHERE number = 3)"
                " WHERE chain = 'changes'"
            )
        )
    code, words = run("verify", "--log", str(log))
    assert code == 1
    assert "is not the one that was kept elsewhere" in words


def test_the_ends_are_printed_as_a_log_has_them(run, runtime):
    """So that they can be kept on another machine."""
    code, words = run("heads")
    assert code == 0
    assert words.splitlines() == [head_line(head) for head in all_heads(runtime)]
