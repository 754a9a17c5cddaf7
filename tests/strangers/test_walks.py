"""Strangers, patients and staff ask every page for everything: no fault, and nothing of another clinic.

`make test-strangers` walks for ten minutes; here it is three quarters of one.
"""

import os

import pytest

from tests.strangers.harvest import Harvest
from tests.strangers.report import PROPERTY
from tests.strangers.walks import walk
from tests.strangers.who import NAMES, SHARES

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("PLANNER_STRANGERS_SECONDS", "45"))
SEED = int(os.environ.get("PLANNER_STRANGERS_SEED", "1"))


@pytest.fixture(scope="module")
def harvest():
    """What is found of forms by one role serves the next."""
    return Harvest()


@pytest.mark.parametrize("role", NAMES)
def test_nobody_finds_a_fault_or_another_clinics_data(role, town, databases, harvest, tmp_path, record_property):
    """The crawler and Schemathesis, in turn; every answer is judged by tests/strangers/judge.py."""
    seconds = SECONDS * SHARES[role] / sum(SHARES.values())
    tally = walk(town, databases, tmp_path, role, harvest, seconds, SEED)
    record_property(PROPERTY, tally.to_json())
    assert not tally.faults, "\n\n".join(f"{what}\n{how}" for what, how in tally.faults.items())
    assert tally.requests > seconds, "hardly anything was asked"
