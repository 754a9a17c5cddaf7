"""Each of the thirty faults that the planner must survive has a test that carries its number and is marked.

 1 kill −9 while booking                         16 megabytes, or a hundred thousand BEGINs
 2 sixteen processes at one diary, SQLite        17 an address that leads inside: name, redirect, rebinding
 3 two receptionists drag one appointment        18 ten thousand polls a minute
 4 a double click; the same key, another body    19 guessing tokens
 5 a form that is out of date                    20 guessing passwords
 6 the database is locked for ten seconds        21 forged forms
 7 the disk is full                              22 scripts in names
 8 sixteen processes, PostgreSQL, which is shot  23 line breaks in names, into a calendar
 9 no mail server for an hour                    24 the same into the headers of mail
10 the worker is killed while it sends           25 each route for each role of each clinic
11 a restart with a thousand jobs due            26 formulas in exported tables
12 the clock jumps two hours                     27 an open redirect
13 the clocks change                             28 session ids that outlive their session
14 a migration that loses the guard              29 tokens, names or messages in the log
15 a rule that repeats without end               30 a backup that is not one

Each was seen to fail with its guard taken out; where the test itself does not show that, it says what was taken out.
"""

from pathlib import Path

import pytest

from tests.faults.report import NUMBERED, NUMBERS

TESTS = Path(__file__).parents[1]
NOT_YET = frozenset()
"""Numbers whose tests are not there yet."""


def numbers_in(file):
    """The faults that a file's tests carry; none where it does not mark them."""
    words = file.read_text()
    names = (line.removeprefix("def ").strip() for line in words.splitlines() if line.lstrip().startswith("def test_"))
    matches = [match for name in names if (match := NUMBERED.match(name))]
    return {int(match[1]) for match in matches} if "pytest.mark.faults" in words else set()


CARRIED = {number for file in TESTS.rglob("test_*.py") for number in numbers_in(file)}


@pytest.mark.parametrize("number", NUMBERS)
def test_each_fault_has_a_test_that_carries_its_number(number):
    """In a file that marks faults, so that `make test-faults` runs it."""
    assert (number in CARRIED) is (number not in NOT_YET)
