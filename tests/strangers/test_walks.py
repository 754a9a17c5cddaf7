"""Strangers, patients and staff ask every page for everything: no fault, and nothing of another clinic.

`make test-strangers` walks for ten minutes; here it is half of one.
"""

import os
import random
import time

import pytest

from planner.services.first_run import setup_address
from tests.factories import FakeClock
from tests.strangers.crawler import Crawler
from tests.strangers.harvest import Harvest
from tests.strangers.report import PROPERTY
from tests.strangers.tally import Tally
from tests.strangers.town import BASE_URL, before_the_town
from tests.strangers.visitor import Visitor
from tests.strangers.walks import walk
from tests.strangers.who import NAMES, SHARES, role_named

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("PLANNER_STRANGERS_SECONDS", "30"))
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


def test_nobody_breaks_the_first_run(town, databases, tmp_path):
    """Whoever has the link of an installation without a clinic: odd forms, until one happens to be right."""
    tally, rng = Tally("first run"), random.Random(SEED)
    ends = time.monotonic() + SECONDS / 15
    with before_the_town(town, databases, tmp_path, FakeClock()) as (app, runtime):
        path = setup_address(runtime).removeprefix(BASE_URL)
        with Visitor(town, role_named("nobody", town.own), app, runtime, tally, rng) as visitor:
            Crawler(visitor, Harvest(), rng).stay(path, ends)
    assert not tally.faults, "\n\n".join(f"{what}\n{how}" for what, how in tally.faults.items())
    assert ("owner.setup", "POST") in tally.tried
