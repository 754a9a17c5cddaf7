"""Shapes nobody plans for: every one gets a valid answer, the same from numpy and from machine code."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.scheduling.joint import Joint
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Course, Current, Gap, Problem, Resource, Session, Solution, Weights, Window
from planner.scheduling.warm import warm
from tests.scheduling.problems import at, least_points

ZONES = (
    "Asia/Kolkata", "UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
    "Africa/Casablanca",
)  # fmt: skip
FIRST_DAYS = (date(2026, 3, 2), date(2026, 3, 28), date(2026, 10, 24), date(2026, 12, 30), date(2028, 2, 27))


@pytest.fixture(scope="module", autouse=True)
def machine_code():
    """Compiled once; set-up has usually done it."""
    assert warm()


@st.composite
def gaps(draw: st.DrawFn) -> Gap:
    """Any least and most, and a target between them that is often a fraction."""
    least = draw(st.integers(0, 9))
    most = least + draw(st.integers(0, 9))
    return Gap(draw(st.floats(least, most, allow_nan=False)), least, most)


def mostly(usual: list, odd: list) -> st.SearchStrategy:
    """Something usual three times of four: where all is odd at once, nothing ever fits."""
    return st.sampled_from([each for each in usual for _ in range(3 * max(1, len(odd)))] + odd * len(usual))


@st.composite
def courses(draw: st.DrawFn, name: str, first: date, days: int, grid: int) -> Course:
    """Up to four sessions, in windows that may be too short for any of them, before or after the horizon."""
    minutes = mostly([1, grid, min(1440, grid + 1)], [45, 120, 700, 1439, 1440])
    count = draw(st.integers(1, 4))
    starts = st.sampled_from([start for start in (0, 480, 1260) if start % grid == 0])
    length = mostly([-(-600 // grid) * grid], [grid, 2 * grid])
    windows = [
        Window(weekday, start, min(1440, start + draw(length)), draw(st.sampled_from([0, 15])))
        for weekday in draw(mostly([range(7)], [(), (0,), (2, 4)]))
        for start in draw(st.sets(starts, min_size=1, max_size=2))
    ]
    return Course(
        id=name,
        earliest_day=first + timedelta(days=draw(mostly([0, 1], [-400, days - 1, days + 30]))),
        sessions=(Session(draw(minutes), None), *(Session(draw(minutes), draw(gaps())) for _ in range(count - 1))),
        practitioners=draw(mostly([{"eve": 0, "ben": 0}, {"ben": 0, "eve": 40}], [{}, {"ben": 0}])),
        available=tuple(windows),
        min_gap_hours=draw(st.sampled_from([48, 47.9, 0, 0.1, 48.000001, 400])),
        wait_points_per_day=draw(st.sampled_from([20, 0])),
        away=draw(mostly([()], [((first, first),), ((first, first + timedelta(days=500)),)])),
    )


@st.composite
def problems(
    draw: st.DrawFn, most_courses: int = 3, grids: tuple = (15, 30, 60, 1440), most_days: int = 366
) -> Problem:
    """One start, a year and a day, no room, nobody: whatever the format allows."""
    first = draw(st.sampled_from(FIRST_DAYS))
    days = draw(st.sampled_from([day for day in (9, 30, 2, 1, 366) if day <= most_days]))
    grid = draw(st.sampled_from(grids))
    every_day = tuple((at(day, "00:00", first), at(day + 1, "00:00", first)) for day in range(days))
    endless, one_day = ((at(-3, "00:00", first), at(days + 5, "00:00", first)),), every_day[:1]
    free = mostly([every_day, endless], [(), one_day])
    rooms = draw(mostly([1, 2], [0]))
    count = draw(st.integers(min(1, most_courses), most_courses))
    return Problem(
        timezone=draw(st.sampled_from(ZONES)),
        grid_minutes=grid,
        first_day=first,
        days=days,
        practitioners=tuple(Resource(name, draw(free)) for name in ("ben", "eve")),
        rooms=tuple(Resource(f"r{number}", draw(free)) for number in range(rooms)),
        courses=tuple(draw(courses(f"c{number}", first, days, grid)) for number in range(count)),
        weights=Weights(draw(st.sampled_from([60, 0])), draw(st.sampled_from([5000, 400, 0]))),
    )


def where(solution: Solution) -> list[tuple]:
    """Sessions with practitioner and start: of several free rooms either may be taken."""
    return [(placed.session, placed.practitioner, placed.start) for placed in solution.appointments]


@pytest.mark.wide
@settings(max_examples=150, deadline=None)
@given(case=problems())
def test_every_shape_gets_a_valid_answer_with_a_reason_for_what_has_no_place(case):
    """By whichever search; the judge knows nothing of either."""
    for found in (solve(case), solve(case, iterations=20, seed=1)):
        assert broken_rules(case, found) == []
        assert found.lower_bound <= found.points
        owed = sum(len(course.sessions) for course in case.courses)
        assert len(found.appointments) + len(found.unplaced) == owed
        assert all(each.reason for each in found.unplaced)


@pytest.mark.wide
@settings(max_examples=150, deadline=None)
@given(case=problems(most_courses=1))
def test_numpy_and_machine_code_agree_on_every_shape(case):
    """Points, places and ties."""
    if not case.courses or not case.rooms:
        return  # the compiled search leaves these to numpy
    slow, quick = solve_course(case, case.courses[0].id), Joint(case, seed=0).run(iterations=1)
    assert broken_rules(case, quick) == []
    assert (quick.points, where(quick)) == (slow.points, where(slow))


@settings(max_examples=60, deadline=None)
@given(case=problems(most_courses=1, grids=(60, 1440), most_days=2))
def test_the_optimum_of_a_small_odd_shape_is_that_of_trying_all(case):
    """By an implementation that shares nothing with the search."""
    for course in case.courses:
        short = replace(case, courses=(replace(course, sessions=course.sessions[:3]),))
        assert solve_course(short, course.id).points == least_points(short)


def test_a_rest_longer_than_the_plan_leaves_room_for_one_session_at_most():
    """Two days and 48 hours: waiting for the first since last year costs more than leaving both out."""
    monday = date(2026, 3, 2)
    free = tuple((at(day, "00:00"), at(day + 1, "00:00")) for day in range(2))
    windows = tuple(Window(weekday, 0, 600, 0) for weekday in range(7))
    sessions = (Session(15, None), Session(15, Gap(1, 1, 1)))
    ana = Course("ana", monday - timedelta(days=400), sessions, {"ben": 0}, windows, wait_points_per_day=20)
    case = Problem("Asia/Kolkata", 15, monday, 2, (Resource("ben", free),), (Resource("r", free),), (ana,))
    for found in (solve_course(case, "ana"), Joint(case, seed=0).run(iterations=1)):
        assert (found.points, found.lower_bound, len(found.unplaced)) == (10000, 10000, 2)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Europe/London"])
def test_a_year_and_a_day_with_one_start_a_week(zone):
    """In a zone without clock changes as in one with both."""
    monday = date(2026, 3, 2)
    mondays = tuple((at(7 * week, "09:00"), at(7 * week, "10:00")) for week in range(53))
    weekly = (Session(60, None), *[Session(60, Gap(7, 2, 10))] * 51)
    ana = Course("ana", monday, weekly, {"ben": 0}, (Window(0, 540, 600, 0),))
    case = Problem(zone, 60, monday, 366, (Resource("ben", mondays),), (Resource("r", mondays),), (ana,))
    found = solve(case)
    assert [placed.start for placed in found.appointments] == [start for start, _ in mondays[:52]]
    assert (found.points, found.unplaced) == (0, ())


def test_of_tied_places_the_earliest_day_then_practitioner_then_start_wins():
    """Every day, both practitioners and all starts cost nothing."""
    monday = date(2026, 3, 2)
    free = tuple((at(day, "09:00"), at(day, "11:00")) for day in range(5))
    windows = tuple(Window(weekday, 540, 660, 0) for weekday in range(7))
    ana = Course("ana", monday, (Session(60, None),), {"eve": 0, "ben": 0}, windows)
    people = tuple(Resource(name, free) for name in ("ben", "eve"))
    case = Problem("UTC", 60, monday, 5, people, (Resource("r", free),), (ana,))
    for found in (solve_course(case, "ana"), Joint(case, seed=0).run(iterations=1)):
        assert where(found) == [(0, "eve", at(0, "09:00"))]


def test_a_locked_session_outside_every_window_is_refused_in_any_shape():
    """Not bent into one."""
    monday = date(2026, 3, 2)
    free = ((at(0, "09:00"), at(0, "12:00")),)
    now = Current(0, "ben", "r", at(0, "11:00"), True, 0)
    ana = Course("ana", monday, (Session(60, None),), {"ben": 0}, (Window(0, 540, 600, 0),), current=(now,))
    case = Problem("Asia/Kolkata", 60, monday, 1, (Resource("ben", free),), (Resource("r", free),), (ana,))
    with pytest.raises(InvalidInput, match="the patient can't come then"):
        solve(case)
