"""Where time is so scarce that sessions are left out: the bound on either side of their number, and dives."""

import random
import time
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.scheduling.dive import dive, manners
from planner.scheduling.joint import Joint
from planner.scheduling.judge import broken_rules
from planner.scheduling.left_out import LeftOut, Side
from planner.scheduling.problem import Resource, Session
from planner.scheduling.warm import warm
from tests.scheduling.cp_sat import optimum
from tests.scheduling.problems import MONDAY, WEEKLY, at, course, problem


@pytest.fixture(scope="module", autouse=True)
def machine_code():
    """Compiled once; set-up has usually done it."""
    assert warm()


def scarce_problem(seed: int):
    """Four courses want two or three sessions each, and on most days there is time for one or two."""
    dice = random.Random(seed)
    free = tuple(
        (at(day, "09:00"), at(day, dice.choice(["09:30", "10:00", "10:30"])))
        for day in range(15)
        if dice.random() < 0.5
    )
    courses = [
        course(
            id=f"c{number}",
            earliest_day=MONDAY + timedelta(days=dice.randrange(4)),
            sessions=(Session(30, None), *[Session(dice.choice([30, 60]), WEEKLY)] * dice.randint(1, 2)),
        )
        for number in range(4)
    ]
    return problem(*courses, days=15, practitioners=(Resource("ben", free),), rooms=(Resource("room", free),))


def settled(case) -> Joint:
    """A search whose prices stand, and nothing else."""
    found = Joint(case, seed=0)
    for number in range(300):
        found.pricing._round(60.0 * 0.001 ** (number / 300))
    return found


def sides(found: Joint, most: int) -> tuple[int, int]:
    """What is proved, in points rounded up, for at most so many left out and for more."""
    mine = found.pricing
    looking = LeftOut(found.tables, found.diary, mine.work, mine.market, mine.estimate)
    few, many = Side(1, most), Side(-1, most + 1)
    for side in (few, many):
        for _ in looking.prove(side, found.alone):
            pass
    return -(-few.proved // found.tables.scale), -(-many.proved // found.tables.scale)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(12))
def test_neither_side_proves_more_than_its_best_answer_has(seed):
    """The optimum of an independent model bounds the side that it is on, wherever the line is drawn."""
    case = scarce_problem(seed)
    best = optimum(case)
    answer = Joint(case, seed=0).run(iterations=3000)
    assert answer.points == best, "the search finds the optimum of so small a problem"
    left_out = len(answer.unplaced)
    for most in range(max(0, left_out - 2), left_out + 2):
        few, many = sides(settled(case), most)
        assert min(few, many) <= best
        assert (few if left_out <= most else many) <= best


@pytest.mark.wide
def test_the_sides_together_prove_more_than_prices_alone():
    """Half a session can't be left out."""
    case = make_problem(Wish(courses=50, practitioners=3, seed=38))
    found = settled(case)
    assert min(sides(found, 0)) > found.bound * 1.02


@pytest.mark.sweep
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("repair", [False, True])
def test_a_dive_is_a_whole_valid_answer(number, repair):
    """Whatever its manner, locked and standing appointments included; stopped at once it is one too."""
    case = make_problem(Wish(courses=25, practitioners=2, load=0.95, days=91, repair=repair))
    found = settled(case)
    for over in (lambda: False, lambda: True):
        answer = dive(found.keeping.tables, found.alone, found.pricing.estimate, manners(number), over)
        if answer is None:  # somebody's locked appointments stand no longer with what was fixed before
            assert repair
            continue
        found.searcher.best = answer
        solution = found.solution()
        assert broken_rules(case, solution) == []
        assert len(solution.appointments) + len(solution.unplaced) == sum(len(each.sessions) for each in case.courses)


@pytest.mark.wide
def test_a_dive_finds_room_for_more_than_one_after_the_other():
    """That is what it is for."""
    case = make_problem(Wish(courses=50, practitioners=3, seed=61))
    found = settled(case)
    found._first_answer()
    first = found.best
    answer = dive(found.tables, found.alone, found.pricing.estimate, manners(0), lambda: False)
    assert answer is not None
    assert answer.cost < first.cost
    assert answer.placed.sum() > first.placed.sum()


def test_prices_of_a_dive_are_its_own():
    """Another one begins where the first began."""
    case = make_problem(Wish(courses=25, practitioners=2, load=0.95, days=91))
    found = settled(case)
    before = found.pricing.estimate.person.copy()
    one, two = (dive(found.tables, found.alone, found.pricing.estimate, manners(1), lambda: False) for _ in range(2))
    assert np.array_equal(before, found.pricing.estimate.person)
    assert one.cost == two.cost


@pytest.mark.wide
def test_a_crowded_clinic_is_dived_into(monkeypatch):
    """The second core does it once the prices stand, and says nothing that is not so."""
    case, dived, end = make_problem(Wish(courses=50, practitioners=3, seed=61)), [], time.monotonic() + 120
    monkeypatch.setattr("planner.scheduling.joint.dive", lambda *words: dived.append(1) or dive(*words))
    solution = Joint(case, seed=0).run(stop=lambda: len(dived) > 1 or time.monotonic() > end)
    assert dived
    assert broken_rules(case, solution) == []
    assert solution.lower_bound <= solution.points
