"""docs/security.md names files that are there: a promise whose test is gone is none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/security.md").read_text()
ROWS = [line for line in DOCUMENT.splitlines() if line.startswith("|")]
ROOMS = "calendars|care|commands|faults|notify|packaging|scheduling|services|storage|web"
NAMED = sorted({match for row in ROWS for match in re.findall(rf"(?<![\w/])(?:{ROOMS})/\w+(?:/\w+)*", row)})
CHAPTERS = range(1, 18)


def is_there(name: str) -> bool:
    """Whether it is a module or a folder of the program or of its tests."""
    return any((ROOT / top / f"{name}{ending}").exists() for top in ("planner", "tests") for ending in (".py", ""))


@pytest.mark.parametrize("name", NAMED)
def test_what_a_row_names_is_there(name: str) -> None:
    """Where it is kept, and its test."""
    assert is_there(name)


def test_all_chapters_have_a_row() -> None:
    """Those that do not concern a planner too."""
    assert [chapter for chapter in CHAPTERS if not re.search(rf"^\| \**{chapter}[ .]", DOCUMENT, re.MULTILINE)] == []


def test_a_row_that_names_nothing_is_noticed() -> None:
    """So the tests above can fail."""
    assert len(NAMED) > 40
    assert not is_there("web/test_nothing")
    assert not is_there("services/nothing")


def test_what_is_not_met_is_said() -> None:
    """A table without any would not be believed."""
    assert DOCUMENT.count("**not met") >= 3
