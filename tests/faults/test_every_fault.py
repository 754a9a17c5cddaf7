"""What strangers may do to calendars and messages has a number, and a test that carries it and is marked as a fault.

15 a rule that repeats without end; 16 megabytes or a hundred thousand BEGINs; 17 an address that leads inside, by
name, redirect or rebinding; 18 ten thousand polls a minute; 22 scripts in names; 23 line breaks in names into a
calendar; 24 the same into the headers of mail. Each was seen to fail with its guard taken out.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NUMBERED = re.compile(r"^def (test_\w*fault_(\d+)_\w+)", re.MULTILINE)


@pytest.mark.parametrize("number", [15, 16, 17, 18, 22, 23, 24])
def test_a_fault_has_a_test_that_carries_its_number(number):
    """In a file that marks faults."""
    files = {file: {int(found) for _, found in NUMBERED.findall(file.read_text())} for file in TESTS.rglob("test_*.py")}
    assert [file for file, numbers in files.items() if number in numbers and "pytest.mark.faults" in file.read_text()]
