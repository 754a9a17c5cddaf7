"""The instances of the benchmark stay the same for the same words, whoever makes them and when."""

import hashlib
import json
from datetime import date

import pytest

from benchmarks.instances import instance, seeds_of
from benchmarks.make_clinic import Wish, make, make_problem, wish_of
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Problem

ABROAD = Wish(
    courses=12, practitioners=1, seed=4, repair=True, timezone="America/New_York", first_day=date(2026, 8, 31)
)
DIGESTS = {
    Wish(courses=20, practitioners=3): "f165c0b25bdc0d68",
    Wish(courses=20, practitioners=3, repair=True): "f736b6bfbba62802",
    Wish(courses=50, practitioners=3, load=0.95, seed=9, intake_weeks=1): "4c3998e86a81b8be",
    ABROAD: "4525ebf2aa1d589d",
}


@pytest.mark.parametrize("wish", DIGESTS)
def test_an_instance_is_the_same_to_the_letter(wish):
    """Results of other years and of other solvers are about the same problems."""
    text = json.dumps(make(wish)) + "\n"
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == DIGESTS[wish]


def test_the_file_and_the_problem_are_one():
    """What the planner reads from the file is what the tests and benchmarks solve."""
    wish = Wish(courses=3, practitioners=2, days=60)
    assert Problem.from_json(json.loads(json.dumps(make(wish)))) == make_problem(wish)


def test_the_command_line_says_the_same():
    """Every word of it is heard."""
    words = "--courses 12 --practitioners 1 --seed 4 --repair --timezone America/New_York --first-day 2026-08-31"
    assert wish_of(words.split()) == ABROAD


def test_the_name_of_an_instance_is_courses_and_practitioners():
    """And the seeds of a run are a number or a range."""
    case = instance("6/2", 101)
    assert (len(case.courses), len(case.practitioners), len(case.rooms)) == (6, 2, 2)
    assert not any(course.current for course in case.courses)
    assert (seeds_of("101-103"), seeds_of("7")) == ([101, 102, 103], [7])


def test_an_illness_leaves_the_other_appointments_possible():
    """Staying costs nothing, so a repair of a booked clinic moves some, not all."""
    case = instance("6/2", 101, repair=True)
    standing = sum(len(course.current) for course in case.courses)
    found = solve(case, iterations=0)
    assert standing > 10
    assert len(found.appointments) >= standing - len(found.unplaced)
    assert any(now.locked for course in case.courses for now in course.current)
