"""Our optimum and our bounds beside an independent solver's."""

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.errors import InvalidInput
from planner.scheduling.joint import Joint
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Gap, Problem, Resource, Session, Window
from planner.scheduling.warm import warm
from tests.scheduling.cp_sat import optimum
from tests.scheduling.problems import MONDAY, at, course, odd_problem, open_days, problem


@pytest.fixture(scope="module", autouse=True)
def machine_code():
    """Compiled once; set-up has usually done it."""
    assert warm()


def one_course_agrees(case: Problem) -> None:
    """Our optimum, by numpy and by machine code, is CP-SAT's; what has no valid answer is refused by all three."""
    best = optimum(case)
    name = case.courses[0].id
    if best is None:
        with pytest.raises(InvalidInput):
            solve_course(case, name)
        with pytest.raises(InvalidInput):
            Joint(case, seed=0).run(iterations=1)
    else:
        assert solve_course(case, name).points == best
        fast = Joint(case, seed=0).run(iterations=1)
        assert (fast.points, fast.lower_bound) == (best, best)


@pytest.mark.parametrize("seed", range(2000, 2030))
def test_the_optimum_of_one_course_is_that_of_cp_sat(seed):
    """Locked and current appointments, both clock changes, zones without any."""
    one_course_agrees(odd_problem(seed))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_the_optimum_of_one_course_is_that_of_cp_sat_a_thousand_times(block):
    """The same over a thousand further problems."""
    for seed in range(3000 + 100 * block, 3100 + 100 * block):
        one_course_agrees(odd_problem(seed))


def clock_changes(case: Problem) -> float:
    """By how many hours the clock goes forward over the horizon; back below 0."""
    noon, zone = datetime.combine(case.first_day, time(12)), ZoneInfo(case.timezone)
    before, after = ((noon + timedelta(days=day)).replace(tzinfo=zone).utcoffset() for day in (-1, case.days))
    return (after - before) / timedelta(hours=1)


@pytest.mark.wide
def test_the_thousand_problems_hold_all_that_the_format_knows():
    """Both clock changes and none, appointments that stand and are locked, sessions already given."""
    cases = [odd_problem(seed) for seed in range(3000, 4000)]
    now = [current for case in cases for current in case.courses[0].current]
    assert {clock_changes(case) for case in cases} == {-1.0, -0.5, 0.0, 1.0}
    assert {current.locked for current in now} == {True, False}
    assert {case.courses[0].previous_start is None for case in cases} == {True, False}


def repair_problem(seed: int) -> Problem:
    """A course of a real size of day that stands booked, its therapist fallen ill, across a clock change."""
    first = date(2026, 3, 20) if seed % 2 else date(2026, 10, 16)
    wish = Wish(seed=seed, days=30, practitioners=2, load=0.8, repair=True, intake_weeks=1, first_day=first)
    return make_problem(wish)


@pytest.mark.parametrize("seed", range(1, 5))
def test_the_repair_of_one_course_is_that_of_cp_sat(seed):
    """What stands costs points to move, and some of it is locked."""
    one_course_agrees(repair_problem(seed))


@pytest.mark.slow
def test_the_repair_of_one_course_is_that_of_cp_sat_a_hundred_times():
    """The same over a hundred further problems."""
    cases = [repair_problem(seed) for seed in range(100, 200)]
    assert sum(bool(case.courses[0].current) for case in cases) > 50
    for case in cases:
        one_course_agrees(case)


def small_clinic(seed: int) -> Problem:
    """Three to five courses that want the same few mornings."""
    rng = random.Random(seed)
    days = rng.randint(6, 10)
    free = open_days(days, "09:00", rng.choice(["10:30", "11:00"]))
    courses = []
    for number in range(rng.randint(3, 5)):
        sessions = [Session(rng.choice([30, 60]), None)]
        sessions += [Session(30, rng.choice([Gap(2, 2, 3), Gap(3.5, 2, 5)])) for _ in range(rng.randint(0, 2))]
        windows = tuple(
            Window(day, 540, rng.choice([600, 660]), rng.choice([0, 15])) for day in range(7) if rng.random() < 0.8
        )
        courses.append(
            course(
                id=f"c{number}", sessions=tuple(sessions), available=windows,
                earliest_day=MONDAY + timedelta(days=rng.randint(0, 2)),
                practitioners={"ben": 0, "eve": 40} if rng.random() < 0.5 else {"ben": 0},
                wait_points_per_day=rng.choice([8, 20]),
            )
        )  # fmt: skip
    rooms = tuple(Resource(f"r{number}", free) for number in range(rng.randint(1, 2)))
    people = Resource("ben", free, "Ben"), Resource("eve", ((at(0, "09:00"), at(2, "09:30")), *free[3:]), "Eve")
    case = problem(*courses, days=days, practitioners=people, rooms=rooms)
    return replace(case, weights=replace(case.weights, unplaced_session=rng.choice([300, 5000])))


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(12))
def test_the_bound_is_never_above_the_optimum_of_a_small_clinic(seed):
    """And the search finds the optimum itself, or comes near."""
    case = small_clinic(seed)
    best = optimum(case)
    found = solve(case, iterations=3000, seed=1)
    assert broken_rules(case, found) == []
    assert found.lower_bound <= best <= found.points
    assert found.points <= 1.1 * best


def over_the_skipped_hour() -> Problem:
    """Three patients at night in New York; two hours from one o'clock on 8 March end at three by the clock."""
    night = date(2026, 3, 7)

    def free(*spans: tuple[int, str, str]) -> tuple[tuple[datetime, datetime], ...]:
        return tuple((at(day, begin, night), at(day, end, night)) for day, begin, end in spans)

    people = (
        Resource(
            "ben", free((0, "01:00", "04:00"), (1, "01:00", "03:00"), (2, "00:00", "05:00"), (4, "00:00", "02:00"))
        ),
    )
    rooms = (
        Resource("r", free((0, "01:00", "06:00"), (1, "01:00", "06:00"), (2, "00:00", "02:00"), (4, "00:00", "02:00"))),
    )
    usual = {"earliest_day": date(2026, 3, 5), "min_gap_hours": 0, "practitioners": {"ben": 0}}
    saturday = Window(5, 0, 240, 3)
    courses = (
        course(
            **usual,
            id="a",
            previous_start=datetime(2026, 3, 1, 10),
            sessions=(Session(60, Gap(0.5, 0, 2)),),
            available=(saturday,),
            wait_points_per_day=20,
        ),
        course(
            **usual,
            id="b",
            previous_start=datetime(2026, 3, 3, 10),
            sessions=(Session(60, Gap(2.5, 2, 3)),),
            available=(saturday, Window(6, 0, 240, 0)),
            wait_points_per_day=0,
        ),
        course(
            **usual | {"earliest_day": date(2026, 3, 6)},
            id="c",
            wait_points_per_day=8,
            sessions=(Session(120, None), Session(60, Gap(2, 0, 4)), Session(60, Gap(2, 2, 3))),
            available=(Window(0, 0, 720, 7), Window(2, 0, 1440, 0), Window(5, 0, 720, 0), Window(6, 0, 1440, 7)),
        ),
    )
    case = problem(
        *courses, days=8, practitioners=people, rooms=rooms, timezone="America/New_York", first_day=date(2026, 3, 5)
    )
    return replace(case, grid_minutes=60, weights=replace(case.weights, practitioner_change=0))


def test_the_bound_stands_where_a_session_runs_over_the_hour_that_the_clock_skips():
    """It begins and ends at times that exist, so it is allowed; nothing is proved against it."""
    case = over_the_skipped_hour()
    found = solve(case, iterations=300, seed=1)
    assert broken_rules(case, found) == []
    assert found.lower_bound <= optimum(case)
