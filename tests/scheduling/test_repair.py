"""Repair on the level of the engine: staying costs nothing, a missed session comes first, locked ones never move."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Gap, Problem, Resource, Window
from planner.scheduling.repair import OwedSession, Place, RepairCase, as_course, repair, standing_order

MONDAY = date(2026, 3, 2)
WEEKLY = Gap(7, 5, 9)
ALL_DAY = tuple(Window(weekday, 8 * 60, 18 * 60, 0) for weekday in range(5))


def free_weeks(weeks: int = 10) -> Problem:
    """One therapist and one room, free on working days from 08:00 to 18:00."""
    days = [MONDAY + timedelta(days=n) for n in range(7 * weeks)]
    free = tuple((datetime.combine(day, time(8)), datetime.combine(day, time(18))) for day in days if day.weekday() < 5)
    return Problem("Europe/London", 15, MONDAY, 7 * weeks, (Resource("ben", free),), (Resource("r1", free),), ())


def at(day: int, hour: int = 10) -> Place:
    """So many days after the first Monday."""
    return Place("ben", "r1", datetime.combine(MONDAY + timedelta(days=day), time(hour)))


def case_of(*owed: OwedSession, previous: datetime | None = datetime(2026, 2, 24, 10)) -> RepairCase:
    """A weekly course whose last session was on the Tuesday before; repaired on the first Monday."""
    return RepairCase("c", owed, MONDAY + timedelta(days=1), previous, {"ben": 0}, ALL_DAY)


def standing(key: str, day: int, *, locked: bool = False) -> OwedSession:
    """A session that stands."""
    return OwedSession(key, 30, WEEKLY, at(day), locked=locked, move_points=80)


def lost(key: str) -> OwedSession:
    """A session that was missed on the first Monday."""
    return OwedSession(key, 30, WEEKLY, lost=True)


def test_nothing_moves_when_nothing_happened():
    """A course that stands well costs no points."""
    answer = repair(free_weeks(), case_of(standing("1", 0 + 1), standing("2", 8), standing("3", 15)))
    assert answer.points == 0
    assert [answer.placed[key].start for key in "123"] == [at(1).start, at(8).start, at(15).start]


def test_a_missed_session_comes_on_the_next_day_and_the_others_stay():
    """Missed on Monday, made up on Tuesday; next Monday is six days later and stays."""
    answer = repair(free_weeks(), case_of(lost("1"), standing("2", 7), standing("3", 14)))
    assert answer.placed["1"].start.date() == MONDAY + timedelta(days=1)
    assert answer.placed["2"].start == at(7).start
    assert answer.placed["3"].start == at(14).start


def test_a_missed_session_keeps_48_hours_from_the_one_given_before():
    """Treated on Monday at 17:00: Wednesday at 17:00 is the first possible start."""
    case = case_of(lost("1"), standing("2", 9), previous=datetime(2026, 3, 2, 17))
    answer = repair(free_weeks(), case)
    assert answer.placed["1"].start == datetime(2026, 3, 4, 17)


def test_a_missed_session_goes_behind_a_locked_one_that_leaves_no_room():
    """A confirmed visit on Tuesday: nothing fits before it, so the made-up one follows it after 48 hours."""
    answer = repair(free_weeks(), case_of(lost("1"), standing("2", 1, locked=True), standing("3", 10)))
    assert answer.placed["2"].start == at(1).start
    assert answer.placed["1"].start.date() in {MONDAY + timedelta(days=3), MONDAY + timedelta(days=4)}
    assert answer.placed["3"].start == at(10).start


def test_the_rest_moves_only_where_its_gap_needs_it():
    """The only free day for the made-up session is the day before the next one: that one gives way, the last stays."""
    problem = free_weeks()
    busy = {MONDAY + timedelta(days=n) for n in range(1, 6)}
    free = tuple(span for span in problem.practitioners[0].free if span[0].date() not in busy)
    problem = replace(problem, practitioners=(Resource("ben", free),))
    answer = repair(problem, case_of(lost("1"), standing("2", 8), standing("3", 21)))
    assert answer.placed["1"].start.date() == MONDAY + timedelta(days=7)
    assert answer.placed["2"].start - answer.placed["1"].start >= timedelta(hours=48)
    assert answer.placed["3"].start == at(21).start


def test_two_locked_sessions_too_close_are_named():
    """No answer exists, so the caller is told rather than given one."""
    with pytest.raises(InvalidInput):
        repair(free_weeks(), case_of(standing("1", 1, locked=True), standing("2", 2, locked=True)))


def test_what_was_agreed_outside_the_wishes_may_stay():
    """The patient comes only on Mondays by now; an agreed Thursday stays where it is."""
    case = replace(case_of(standing("1", 3), standing("2", 7)), available=(Window(0, 480, 1080, 0),))
    answer = repair(free_weeks(), case)
    assert answer.placed["1"].start == at(3).start


def test_sessions_without_a_place_keep_their_turn():
    """One that was called off stands in line behind the one it follows."""
    owed = (standing("1", 7), OwedSession("2", 30, WEEKLY), standing("3", 21))
    assert [each.key for each in standing_order(owed)] == ["1", "2", "3"]


def test_a_missed_session_comes_after_a_locked_one_when_no_place_is_left_before_it():
    """Two sessions stand before the locked third, and a third does not fit in between them within 48 hours."""
    owed = (standing("1", 1), standing("2", 4), standing("3", 7, locked=True))
    answer = repair(free_weeks(), case_of(lost("m"), *owed))
    assert {key: answer.placed[key].start for key in "123"} == {"1": at(1).start, "2": at(4).start, "3": at(7).start}
    assert answer.placed["m"].start.date() == MONDAY + timedelta(days=9)


days = st.lists(st.integers(1, 55).filter(lambda n: n % 7 < 5), min_size=1, max_size=6, unique=True)


@settings(max_examples=60, deadline=None)
@given(days=days, locks=st.lists(st.booleans(), min_size=6, max_size=6), missed=st.booleans())
@example(days=[1, 4, 7], locks=[False, False, True, False, False, False], missed=True)
def test_every_repair_obeys_the_rules_and_leaves_the_locked(days, locks, missed):
    """Whatever stands: locked ones stay, all that is placed keeps 48 hours, and an independent judge agrees."""
    days = [day for before, day in zip([-9, *sorted(days)], sorted(days), strict=False) if day - before > 2]
    owed = [standing(str(day), day, locked=lock) for day, lock in zip(days, locks, strict=False)]
    case = case_of(*([lost("m")] if missed else []), *owed)
    problem = free_weeks()
    answer = repair(problem, case)
    assert set(answer.placed) | set(answer.unplaced) == {each.key for each in case.owed}
    for each in owed:
        if each.locked:
            assert answer.placed[each.key].start == each.place.start
    starts = sorted(placed.start for placed in answer.placed.values())
    assert all(two - one >= timedelta(hours=47) for one, two in pairwise(starts))
    joint = replace(problem, courses=(as_course(case, standing_order(case.owed)),)) if owed else None
    assert joint is None or broken_rules(joint, solve(joint)) == []
