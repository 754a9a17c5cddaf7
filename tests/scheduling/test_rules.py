"""The smallest sets of rules that leave a session no place, beside trying every set on the problem itself."""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import combinations
from operator import or_

import pytest

from planner.diary.interval import Interval, merged, without
from planner.errors import InvalidInput
from planner.scheduling.board import board_with
from planner.scheduling.course_model import CourseModel
from planner.scheduling.longer import longer
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Course, Current, Placed, Problem, Resource, Session, Window
from planner.scheduling.rules import Rule, days_beyond, openings
from planner.scheduling.withheld import Withheld
from tests.scheduling.problems import at, odd_problem

BARS = (
    "no room", "nobody works", "away", "evenings", "nobody may", "long rest", "late", "leave", "closed", "other visit",
    "days about other visits",
)  # fmt: skip
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
    away = (() if Rule.AWAY in rules else course.days_off), (() if Rule.SIBLING in rules else course.resting)
    course = replace(course, away=(*away[0], *away[1]), resting=away[1])
    if Rule.PRACTITIONER in rules:
        others = {person.id: 0 for person in case.practitioners}
        course = replace(course, practitioners={**others, **course.practitioners})
    if Rule.EARLIEST in rules:
        course = replace(course, earliest_day=min(course.earliest_day, case.first_day))
    if Rule.SPACING in rules:
        gap = course.sessions[number].gap
        closer = replace(course.sessions[number], gap=gap and replace(gap, min=0))
        sessions = (*course.sessions[:number], closer, *course.sessions[number + 1 :])
        course = replace(course, sessions=sessions)
    if Rule.REST in rules:
        course = replace(course, min_gap_hours=0)
    if Rule.ROOM in rules:
        case = replace(case, rooms=(*case.rooms, always(case, "one more room")))
    people = tuple(let_work(case, person, rules) for person in case.practitioners)
    return replace(case, practitioners=people, courses=(course, *case.courses[1:]))


def let_work(case: Problem, person: Resource, rules: Rule) -> Resource:
    """Somebody with the time that these rules keep from them."""
    known = person.withheld
    if known is None:
        return always(case, person.id) if Rule.FREE in rules else person
    kept = ((known.leave, Rule.LEAVE), (known.closed, Rule.CLOSED), (known.rest, Rule.SIBLING))
    still = [Interval(*span) for spans, rule in kept if rule not in rules for span in spans or ()]
    worked = always(case, person.id).free if Rule.FREE in rules else known.worked
    would = without((Interval(*span) for span in worked), still)
    free = merged([*would, *(Interval(*span) for span in person.free)])
    return replace(person, free=tuple((each.start, each.end) for each in free))


def withholding(rng: random.Random, case: Problem, bars: list[str]) -> Problem:
    """The problem after some leave, closed days and rests, which the people's free time tells of."""
    names = {"leave": "leave", "closed": "closed", "other visit": "rest"}
    fields = [names[bar] for bar in bars if bar in names]
    if not fields:
        return case
    common = {field: (some_hours(rng, case),) for field in fields if field != "leave"}
    people = []
    for person in case.practitioners:
        mine = {**common, **{field: (some_hours(rng, case),) for field in fields if field == "leave"}}
        taken = [Interval(*span) for spans in mine.values() for span in spans]
        free = without((Interval(*span) for span in person.free), taken)
        known = Withheld(person.free, **mine)
        people.append(replace(person, free=tuple((each.start, each.end) for each in free), withheld=known))
    return replace(case, practitioners=tuple(people))


def some_hours(rng: random.Random, case: Problem) -> tuple[datetime, datetime]:
    """Any stretch of the plan, from some hours to all of it."""
    first = rng.randrange(case.days)
    last = rng.randrange(first, case.days)
    return at(first, rng.choice(["00:00", "02:00"]), case.first_day), at(last, "23:00", case.first_day)


def only_next(course: Course, placed: list[Placed]) -> Course:
    """The course up to its first unplaced session, with those before it locked where they are."""
    locked = tuple(Current(each.session, each.practitioner, each.room, each.start, True, 0) for each in placed)
    return replace(course, sessions=course.sessions[: len(placed) + 1], current=locked)


def has_place(case: Problem, course: Course, number: int, rules: Rule, extra: int, taken: list[Placed]) -> bool:
    """Whether the exact search finds one with these rules gone."""
    changed = relaxed(case, course, number, rules, extra)
    dear = replace(changed.weights, unplaced_session=10**6)
    beside = [] if Rule.OTHERS in rules else taken
    return not solve_course(replace(changed, weights=dear), course.id, beside).unplaced


def smallest(case: Problem, course: Course, number: int, extra: int, taken: list[Placed]) -> set[Rule]:
    """All smallest sets of rules that leave the session a place once they are really gone."""
    matter = [rule for rule in Rule if may_matter(case, course, number, rule)]
    for size in range(len(matter) + 1):
        sets = (reduce(or_, chosen, Rule(0)) for chosen in combinations(matter, size))
        found = {rules for rules in sets if has_place(case, course, number, rules, extra, taken)}
        if found:
            return found
    return set()


def may_matter(case: Problem, course: Course, number: int, rule: Rule) -> bool:
    """Whether a problem has anything of what a rule speaks of; trying the others would only take time."""
    known = [person.withheld for person in case.practitioners if person.withheld]
    has = {
        Rule.LEAVE: any(each.leave for each in known),
        Rule.CLOSED: any(each.closed for each in known),
        Rule.SIBLING: bool(course.resting) or any(each.rest for each in known),
        Rule.AWAY: bool(course.days_off),
        Rule.EARLIEST: number == 0,
        Rule.SPACING: course.sessions[number].gap is not None,
        Rule.REST: number > 0 or course.previous_start is not None,
    }
    return has.get(rule, True)


def crowded(seed: int) -> tuple[Problem, list[Placed]]:
    """A tiny odd problem in which a second course has taken its places already, and up to three more things bar."""
    rng = random.Random(seed)
    case = odd_problem(seed)
    ana = replace(case.courses[0], current=())
    case = replace(case, courses=())
    bo = replace(ana, id="bo", previous_start=None, sessions=(Session(60, None), *ana.sessions[1:]))
    bars = rng.sample(BARS, rng.randint(0, 3))
    if "no room" in bars:
        case = replace(case, rooms=())
    if "nobody works" in bars:
        case = replace(case, practitioners=tuple(replace(person, free=()) for person in case.practitioners))
    case = withholding(rng, case, bars)
    about = tuple((case.first_day + timedelta(days=day), case.first_day + timedelta(days=day + 1)) for day in range(5))
    changes = {
        "away": {"away": ((case.first_day, case.first_day + timedelta(days=900)),)},
        "days about other visits": {"away": about, "resting": about},
        "evenings": {"available": tuple(Window(weekday, 1200, 1320, 0) for weekday in range(7))},
        "nobody may": {"practitioners": {}},
        "long rest": {"min_gap_hours": 400},
        "late": {"earliest_day": case.last_day + timedelta(days=rng.choice([0, 1, 90, 500]))},
    }
    for bar in bars:
        changed = changes.get(bar, {})
        if "away" in changed:
            changed = {**changed, "away": (*ana.away, *changed["away"])}
        ana = replace(ana, **changed)
    case = replace(case, courses=(ana, bo))
    return case, list(solve_course(case, "bo").appointments)


def checked_openings(seed: int) -> list[Rule]:
    """Compare the sets for the first unplaced session with trying; return them."""
    case, taken = crowded(seed)
    ana = case.courses[0]
    placed = list(solve_course(case, "ana", taken).appointments)
    if len(placed) == len(ana.sessions):
        return []
    board = board_with(case, taken + placed)
    model = CourseModel(board, ana)
    places = [board.place_of(ana, each) for each in placed]
    ways = openings(model, places)
    extra = days_beyond(model, places)
    course = only_next(ana, placed)
    assert {way.rules for way in ways} == smallest(case, course, len(placed), extra, taken)
    for way in ways:
        changed = relaxed(case, course, len(placed), way.rules, extra)
        beside = [] if Rule.OTHERS in way.rules else taken
        here = [Current(len(placed), way.practitioner, room.id, way.start, True, 0) for room in changed.rooms]
        assert any(can_stand(changed, course.id, current, beside) for current in here)
    return [way.rules for way in ways]


def can_stand(case: Problem, name: str, current: Current, taken: list[Placed]) -> bool:
    """Whether a place is legal for the session, by locking it there."""
    course = case.course(name)
    locked = replace(course, current=(*course.current, current))
    try:
        return not solve_course(replace(case, courses=(locked, *case.courses[1:])), name, taken).unplaced
    except InvalidInput:
        return False


@pytest.mark.wide
def test_each_smallest_set_of_rules_gives_the_session_a_place_and_no_smaller_one_does():
    """Every set of rules is tried on the problem itself, by size, and the exact search asked."""
    sizes = Counter(rules.bit_count() for seed in range(20) for rules in checked_openings(seed))
    assert sizes[1] and sizes[2]


@pytest.mark.slow
def test_each_smallest_set_of_rules_is_right_in_many_more_problems():
    """The same; some sessions need three rules to give way, or more."""
    found = [rules for seed in (*range(20, 80), *range(1000, 1300)) for rules in checked_openings(seed)]
    sizes = Counter(rules.bit_count() for rules in found)
    assert sizes[0] and sizes[1] and sizes[2] and sizes[3]
    assert set(reduce(or_, found)) == set(Rule)
