"""The table at the end of the fault tests tells what the tests say, and what failed."""

from types import SimpleNamespace

from tests.faults.report import rows_of


def report(name, *facts, outcome="passed", when="call"):
    """As pytest has one."""
    return SimpleNamespace(
        nodeid=f"tests/faults/test_x.py::{name}", when=when, failed=outcome == "failed",
        user_properties=[("fault", each) for each in facts],
    )  # fmt: skip


def test_what_the_tests_of_one_number_did_is_added_up():
    """Two tests, of which one says how often."""
    facts = {"what": "killed while booking", "times": 100, "lost": 0, "double": ""}
    row = rows_of([report("test_fault_01_a", facts), report("test_fault_01_b[x]")])[1]
    assert (row.tests, row.times, row.failed) == (2, 101, 0)
    assert "killed while booking" in row.line(1)
    assert row.line(1).count("nothing") == 2


def test_a_failure_is_seen_in_the_table():
    """Also one while the stage was set."""
    rows = rows_of([report("test_fault_07_full", outcome="failed", when="setup")])
    assert "1 FAILED" in rows[7].line(7)
    assert "no test ran" in rows[8].line(8)
    rows = rows_of([report("test_point_21_fault_17_slow", outcome="failed")])
    assert "1 FAILED" in rows[17].line(17)


def test_a_test_without_a_number_is_none_of_them():
    """The others of a run."""
    assert not any(row.tests for row in rows_of([report("test_something_else")]).values())
