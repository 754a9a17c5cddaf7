"""The table that ends a run of the fault tests: what was done, how often, what was lost, what was double.

A test says what it did through `record_fault`; what it did not say is told by its name. The facts travel with the
test's report, so that they arrive from other processes as well.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from _pytest.terminal import TerminalReporter

NUMBERS: Final = range(1, 31)
NUMBERED: Final = re.compile(r"test_(?:point_\d+_)?fault_(\d+)_(\w+)")
_PROPERTY: Final = "fault"
_WIDTH: Final = 78


@dataclass
class Row:
    """What the tests of one number did together."""

    what: list[str] = field(default_factory=list)
    times: int = 0
    lost: int = 0
    double: list[str] = field(default_factory=list)
    failed: int = 0
    tests: int = 0
    names: list[str] = field(default_factory=list)

    def line(self, number: int) -> str:
        """One row of the table."""
        if not self.tests and not self.failed:
            return f"{number:>3}  no test ran"
        what = "; ".join(dict.fromkeys(self.what or self.names))
        what = what if len(what) <= _WIDTH else f"{what[: _WIDTH - 1]}…"
        lost = f"{self.failed} FAILED" if self.failed else str(self.lost or "nothing")
        double = ", ".join(dict.fromkeys(self.double)) or "nothing"
        return f"{number:>3}  {what:<{_WIDTH}}  {self.times or self.tests:>6}  {lost:<9} {double}"


@pytest.fixture
def record_fault(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`record_fault("killed while booking", times=100)`; also `lost` and `double`, where a test allows any."""
    match = NUMBERED.match(request.node.name)
    assert match, f"{request.node.name} carries no number of a fault"

    def record(what: str, times: int = 1, *, lost: int = 0, double: str = "") -> None:
        facts = {"what": what, "times": times, "lost": lost, "double": double}
        request.node.user_properties.append((_PROPERTY, facts))

    return record


def rows_of(reports: list[Any]) -> dict[int, Row]:
    """The table from the reports of a run's tests."""
    rows = {number: Row() for number in NUMBERS}
    for report in reports:
        match = NUMBERED.match(report.nodeid.rpartition("::")[2])
        if match is None:
            continue
        row = rows.setdefault(int(match[1]), Row())
        if report.failed:
            row.failed += 1
            row.names.append(f"{match[2].partition('[')[0].replace('_', ' ')} ({report.when})")
        if report.when != "call":
            continue
        row.tests += 1
        row.names.append(match[2].partition("[")[0].replace("_", " "))
        facts = [facts for name, facts in report.user_properties if name == _PROPERTY]
        row.times += sum(each["times"] for each in facts) or 1
        row.lost += sum(each["lost"] for each in facts)
        row.what += [each["what"] for each in facts]
        row.double += [each["double"] for each in facts if each["double"]]
    return rows


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Write the table, if these tests ran."""
    reports = [each for kind in ("passed", "failed", "error") for each in terminalreporter.getreports(kind)]
    rows = rows_of(reports)
    # All other runs have a few of them by the way.
    if sum(row.tests > 0 for row in rows.values()) < len(NUMBERS) / 2:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line(f"{'no.':>3}  {'what was done':<{_WIDTH}}  {'times':>6}  {'lost':<9} double")
    for number, row in sorted(rows.items()):
        terminalreporter.write_line(row.line(number))
