"""Every point of docs/calendars.md has a test that carries its number."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCS = TESTS.parent / "docs" / "calendars.md"
POINTS = [int(number) for number in re.findall(r"^\| (\d+) \| ", DOCS.read_text(), re.MULTILINE)]


def named_tests():
    """The names of all test functions."""
    return [
        node.name
        for file in TESTS.rglob("test_*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_point_")
    ]


NAMES = named_tests()


def test_the_points_are_numbered_without_a_gap():
    """1 to 23."""
    assert list(range(1, 24)) == POINTS


@pytest.mark.parametrize("point", POINTS)
def test_a_point_has_a_test_that_carries_its_number(point):
    """Its name begins with it."""
    assert [name for name in NAMES if name.startswith(f"test_point_{point}_")]


def test_no_test_carries_a_number_that_stands_for_nothing():
    """A point that is taken off the list takes its tests with it."""
    assert {int(name.split("_")[2]) for name in NAMES} <= set(POINTS)
