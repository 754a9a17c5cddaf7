"""The smallest sets of rules that leave a session no place, beside trying every set on the problem itself."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from itertools import combinations
from operator import or_

import pytest

from planner.errors import InvalidInput
from planner.scheduling.board import board_with
from planner.scheduling.course_model import CourseModel
from planner.scheduling.longer import longer
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Course, Current, Placed, Problem, Resource, Session, Window
from planner.scheduling.rules import Rule, days_beyond, openings
from tests.scheduling.problems import at, odd_problem

ALL_DAY = tuple(Window(weekday, 0, 1440, 0) for weekday in range(7))


def always(case: Problem, name: str) -> Resource:
    """Free on every day from midnight to midnight."""
    first = case.first_day
    return Resource(name, tuple((at(day, "00:00", first), at(day + 1, "00:00", first)) for day in range(case.days)))


def relaxed(case: Problem, course: Course, number: int, rules: Rule, extra: int) -> Problem:
    """The problem with these rules gone for session `number` of its first course."""
    if Rule.HORIZON in rules:
        case = longer(case, extra)
    if Rule.HOURS in rules:
        course = replace(course, available=(*course.available, *ALL_DAY))
    if Rule.AWAY in rules:
        course = replace(course, away=())
    if Rule.PRACTITIONER in rules:
        others = {person.id: 0 for person in case.practitioners}
        course = replace(course, practitioners={**others, **course.practitioners})
    if Rule.EARLIEST in rules:
        course = replace(course, earliest_day=min(course.earliest_day, case.first_day))
    if Rule.SPACING in rules:
        gap = course.sessions[number].gap
        closer = replace(course.sessions[number], gap=gap and replace(gap, min=0))
        sessions = (*course.sessions[:number], closer, *course.sessions[number + 1 :])
        course = replace(course, min_gap_hours=0, sessions=sessions)
    if Rule.ROOM in rules:
        case = replace(case, rooms=(*case.rooms, always(case, "one more room")))
    if Rule.FREE in rules:
        people = (
            always(case, person.id) if person.id in course.practitioners else person for person in case.practitioners
        )
        case = replace(case, practitioners=tuple(people))
    return replace(case, courses=(course, *case.courses[1:]))


def only_next(course: Course, placed: list[Placed], rooms: tuple[Resource, ...]) -> Course:
    """The course up to its first unplaced session, with those before it locked where they are."""
    locked = tuple(
        Current(each.session, each.practitioner, each.room, each.start, True, 0) for each in placed
    )
    return replace(course, sessions=course.sessions[: len(placed) + 1], current=locked)


def has_place(case: Problem, course: Course, number: int, rules: Rule, extra: int, taken: list[Placed]) -> bool:
    """Whether the exact search finds one with these rules gone."""
    changed = relaxed(case, course, number, rules, extra)
    dear = replace(changed.weights, unplaced_session=10**6)
    beside = [] if Rule.OTHERS in rules else taken
    return not solve_course(replace(changed, weights=dear), course.id, beside).unplaced


def smallest(case: Problem, course: Course, number: int, extra: int, taken: list[Placed]) -> set[Rule]:
    """All smallest sets of rules that leave the session a place once they are really gone."""
    for size in range(len(Rule) + 1):
        sets = (reduce(or_, chosen, Rule(0)) for chosen in combinations(Rule, size))
        found = {rules for rules in sets if has_place(case, course, number, rules, extra, taken)}
        if found:
            return found
    return set()


def crowded(seed: int) -> tuple[Problem, list[Placed]] | None:
    """A tiny odd problem in which a second course has taken its places already."""
    case = odd_problem(seed)
    ana = case.courses[0]
    bo = replace(ana, id="bo", previous_start=None, current=(), sessions=(Session(60, None), *ana.sessions[1:]))
    both = replace(case, courses=(replace(ana, current=()), bo))
    try:
        return both, list(solve_course(both, "bo").appointments)
    except InvalidInput:
        return None


def with_reason(seed: int) -> bool:
    """Compare the sets for the first unplaced session with trying; say whether there was one."""
    case, taken = crowded(seed)
    ana = case.courses[0]
    placed = list(solve_course(case, "ana", taken).appointments)
    if len(placed) == len(ana.sessions):
        return False
    board = board_with(case, taken + placed)
    model = CourseModel(board, ana)
    places = [board.place_of(ana, each) for each in placed]
    ways = openings(model, places)
    extra = days_beyond(model, places)
    course = only_next(ana, placed, case.rooms)
    assert {way.rules for way in ways} == smallest(case, course, len(placed), extra, taken)
    for way in ways:
        changed = relaxed(case, course, len(placed), way.rules, extra)
        beside = [] if Rule.OTHERS in way.rules else taken
        here = [
            Current(len(placed), way.practitioner, room.id, way.start, True, 0)
            for room in changed.rooms
        ]
        assert any(can_stand(changed, course.id, current, beside) for current in here)
    return True


def can_stand(case: Problem, name: str, current: Current, taken: list[Placed]) -> bool:
    """Whether a place is legal for the session, by locking it there."""
    course = case.course(name)
    locked = replace(course, current=(*course.current, current))
    try:
        return not solve_course(replace(case, courses=(locked, *case.courses[1:])), name, taken).unplaced
    except InvalidInput:
        return False


def test_each_smallest_set_of_rules_gives_the_session_a_place_and_no_smaller_one_does():
    """Every set of nine rules is tried on the problem itself, by size, and the exact search asked."""
    assert sum(with_reason(seed) for seed in range(120)) > 30
