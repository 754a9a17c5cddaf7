"""One course by machine code gets the very answer that numpy gives: places, rooms, points and reasons."""

import threading

import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.errors import InvalidInput
from planner.scheduling import quick_course
from planner.scheduling.many_courses import solve
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Resource, Session, Weights
from planner.scheduling.warm import warm
from tests.scheduling.problems import at, course, odd_problem, open_days, problem


@pytest.fixture(scope="module", autouse=True)
def machine_code():
    """Compiled at set-up, loaded by whoever lives long."""
    assert warm()
    assert quick_course.load()


@pytest.mark.sweep
@pytest.mark.parametrize("block", range(3))
def test_the_answer_is_that_of_numpy(block):
    """Locked and current appointments, both clock changes; what numpy refuses is left to numpy."""
    for seed in range(5000 + 100 * block, 5100 + 100 * block):
        case = odd_problem(seed)
        try:
            slow = solve_course(case, "ana")
        except InvalidInput:
            with pytest.raises(InvalidInput):
                solve(case)
        else:
            assert quick_course.optimum(case) == slow


@pytest.mark.sweep
@pytest.mark.parametrize("repair", [False, True])
def test_the_answer_for_half_a_year_is_that_of_numpy(repair):
    """Of the first of several rooms, or of the room where the session stands."""
    for seed in range(1, 7):
        case = make_problem(Wish(seed=seed, load=0.8, practitioners=4, repair=repair))
        assert quick_course.optimum(case) == solve_course(case, "c1")


def test_a_session_keeps_its_room_where_that_is_still_free():
    """Another room would do as well, but nobody has to look for it."""
    rooms = tuple(Resource(name, open_days(28)) for name in ("first", "second"))
    case = make_problem(Wish(seed=3, practitioners=2, repair=True))
    assert [placed.room for placed in solve(case).appointments] == [
        placed.room for placed in solve_course(case, "c1").appointments
    ]
    assert {placed.room for placed in solve(problem(rooms=rooms)).appointments} == {"first"}


def test_what_the_arrays_can_not_hold_is_left_to_numpy():
    """Points beyond 32 bits, and a clinic without a room."""
    late = tuple((at(day, "09:00"), at(day, "12:00")) for day in range(20, 28))
    dear = problem(course(wait_points_per_day=10**8), practitioners=(Resource("ben", late),), weights=Weights(0, 10**9))
    assert quick_course.optimum(dear) is None
    assert solve(dear).points == 2 * 10**9
    assert quick_course.optimum(problem(rooms=())) is None


def test_numpy_serves_until_the_machine_code_is_loaded(monkeypatch, tmp_path):
    """A short command never waits for it, and where set-up compiled none nothing is loaded."""
    monkeypatch.setattr(quick_course, "_loaded", threading.Event())
    case = problem(course(sessions=(Session(30, None),)))
    assert quick_course.optimum(case) is None
    assert len(solve(case).appointments) == 1
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not quick_course.load()
