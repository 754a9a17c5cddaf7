"""The table that ends a walk of strangers: who asked how much, how far they came, what was wrong."""

from collections.abc import Mapping
from typing import Any, Final

from _pytest.terminal import TerminalReporter

from tests.strangers.tally import HEAD, line_of

PROPERTY: Final = "stranger"
_WIDTH: Final = 116


def lines_of(tallies: list[Mapping[str, Any]]) -> list[str]:
    """The table, and below it the routes which a role may reach and did not."""
    rows = [HEAD, *(line_of(facts) for facts in tallies)]
    for facts in tallies:
        if facts["unreached"]:
            rows += ["", f"{facts['role']}: never answered below 400", *_wrapped(facts["unreached"])]
    return rows


def _wrapped(words: list[str]) -> list[str]:
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += f"  {word}"
    return lines


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Write the table, if these tests ran."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    tallies = [facts for report in reports for name, facts in report.user_properties if name == PROPERTY]
    if tallies:
        terminalreporter.section("strangers")
        for line in lines_of(tallies):
            terminalreporter.write_line(line)
