"""Why a session has no place, and what would give it one, in sentences a receptionist understands."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from planner.scheduling import words
from planner.scheduling.board import Place
from planner.scheduling.course_model import CourseModel
from planner.scheduling.grid import Yes
from planner.scheduling.points import course_points
from planner.scheduling.problem import Placed, Unplaced
from planner.scheduling.rules import Opening, Rule, barred, openings
from planner.scheduling.wall import gap_seconds

MOST_WAYS = 3
"""More of the ways out than this are not told: nobody would read them."""


AFTER_ANOTHER = "It comes after a session that has no place."


def unplaced_of(model: CourseModel, places: Sequence[Place]) -> tuple[Unplaced, ...]:
    """Return the sessions after the placed ones, each with its reason.

    The model's board must show the diary as it is with all other appointments.
    """
    course, first = model.course, len(places)
    if first == model.count:
        return ()
    why = _why(model, places)
    later = (Unplaced(course.id, number, AFTER_ANOTHER) for number in range(first + 1, model.count))
    return Unplaced(course.id, first, why), *later


def _why(model: CourseModel, places: Sequence[Place]) -> str:
    """Say the first filter that leaves no start, and what would have to be decided otherwise for one."""
    ways = openings(model, places)
    if ways and not ways[0].rules:
        return _left_out(model, places, ways[0])
    end = words.day(model.board.problem.last_day)
    return f"No place by {end}: {_obstacle(model, places)}.{_would_fit(model, ways)}"


def _obstacle(model: CourseModel, places: Sequence[Place]) -> str:
    """Filter the starts by one rule after the other, and say the first that leaves none."""
    if not model.who:
        return "the course names no practitioner"
    problem, number = model.board.problem, len(places)
    minutes = model.course.sessions[number].minutes
    need = model.board.grid.need(minutes)
    names = words.several(words.practitioner(problem, name) for name in model.course.practitioners)
    left: Yes = allowed_after(model, places)[None, :, :]
    if not left.any():
        return f"{_frame(model, places)}, and the plan ends then"
    period = _period(model, left)
    in_the_way = barred(model.board, need)[model.who]
    left = left & ((in_the_way & ~np.uint16(Rule.SIBLING)) == 0)
    if not left.any():
        return f"{names} {_have(model)} no {minutes} free minutes in a row {period}"
    free = f"{names} {_are(model)} free for {minutes} minutes on "
    trouble = ""
    for passes, trouble in _filters(model, minutes):
        days = int(left.any(axis=(0, 2)).sum())
        left = left & passes
        if not left.any():
            return f"{free}{words.days(days)} {period}, but {trouble}"
    raise ValueError("there is a place, so that nothing is in the way")


def _have(model: CourseModel) -> str:
    return "has" if len(model.who) == 1 else "have"


def _are(model: CourseModel) -> str:
    return "is" if len(model.who) == 1 else "are"


def _filters(model: CourseModel, minutes: int) -> list[tuple[Yes, str]]:
    """Return what else a start must pass, and what to say when none does."""
    board, course = model.board, model.course
    need = board.grid.need(minutes)
    near = f"only within {course.min_gap_hours:g} hours of a visit for another course of the patient"
    return [
        (board.hours(model.who, need), near),
        (board.people_free(model.who, need), "other appointments of this plan take all of it"),
        (board.starts(model.who, need), "no room is free then"),
        (model.patient_costs(minutes, ()) < model.never, f"never while the patient can come ({words.times(course)})"),
        (model.patient_costs(minutes, course.days_off) < model.never, "only while the patient is away"),
        (model.patient_costs(minutes, course.away) < model.never, near),
    ]


def allowed_after(model: CourseModel, places: Sequence[Place]) -> Yes:
    """Return (days, cells) of the horizon: the starts that the sessions before, or the first day, allow at all."""
    grid, course = model.board.grid, model.course
    session = course.sessions[len(places)]
    if not places:
        return model.first_costs(np.arange(grid.days), grid.instant) < model.never
    before = places[-1]
    numbers = np.arange(grid.days * grid.cells).reshape(grid.days, grid.cells)
    moment = grid.instant.reshape(-1)[before.cell]
    out: Yes = grid.exists & (grid.instant >= moment + gap_seconds(course.min_gap_hours))
    least = session.gap.min if session.gap else 0
    return out & (numbers >= before.cell + before.need) & (numbers // grid.cells >= before.cell // grid.cells + least)


def _frame(model: CourseModel, places: Sequence[Place]) -> str:
    """Say from when on the session may be."""
    course = model.course
    if not places:
        earliest = f"the first session may not be before {words.day(course.earliest_day)}"
        if course.previous_start is None:
            return earliest
        return f"{earliest} and comes after the one on {words.moment(course.previous_start)}"
    gap = course.sessions[len(places)].gap
    days = f" and {words.days(gap.min)}" if gap else ""
    last = model.board.grid.wall(places[-1].cell)
    return f"it comes at least {course.min_gap_hours:g} hours{days} after {words.moment(last)}"


def _period(model: CourseModel, left: Yes) -> str:
    days = np.flatnonzero(left.any(axis=(0, 2)))
    first, last = (model.board.grid.first_day + timedelta(days=int(days[end])) for end in (0, -1))
    if first == last:
        return f"on {words.day(first)}"
    return f"from {words.day(first)} to {words.day(last)}"


def _would_fit(model: CourseModel, ways: Sequence[Opening]) -> str:
    """Say what would have to be decided otherwise, with an example of each: the first few of the smallest sets."""
    said = [_way(model, way) for way in ways[:MOST_WAYS]]
    return f" It would fit if {'; or if '.join(said)}." if said else ""


def _way(model: CourseModel, way: Opening) -> str:
    problem = model.board.problem
    name = words.practitioner(problem, way.practitioner)
    wishes = " and ".join(_wish(model, way, rule) for rule in Rule if rule in way.rules)
    return f"{wishes} (such as {words.moment(way.start)} with {name})"


def _wish(model: CourseModel, way: Opening, rule: Rule) -> str:
    course, name = model.course, words.practitioner(model.board.problem, way.practitioner)
    match rule:
        case Rule.HOURS:
            return f"the patient could also come on a {words.part_of_day(way.start)}"
        case Rule.AWAY:
            return "the patient could come on a day marked as away"
        case Rule.PRACTITIONER:
            return f"{name} could treat as well"
        case Rule.OTHERS:
            return "other appointments of this plan made room"
        case Rule.ROOM:
            return "there were a free room"
        case Rule.HORIZON:
            end = words.day(model.board.problem.last_day)
            return f"the plan went on after {end} and the weeks stayed as they are"
        case Rule.LEAVE:
            return f"{name} were not on leave"
        case Rule.CLOSED:
            return "the clinic were not closed that day"
        case Rule.FREE:
            return f"{name}, {way.leave}, had time"
        case Rule.EARLIEST:
            return f"the course could begin before {words.day(course.earliest_day)}"
        case Rule.SPACING:
            return "the phase let it follow the session before sooner"
        case Rule.REST:
            return f"it could come less than {course.min_gap_hours:g} hours after the session before"
        case Rule.SIBLING:
            return (
                f"it could come less than {course.min_gap_hours:g} hours from a visit for another course of the patient"
            )


def _left_out(model: CourseModel, places: Sequence[Place], way: Opening) -> str:
    """Name the best place that there is, which breaks only wishes, and what it costs more than leaving it out."""
    board, course, number = model.board, model.course, len(places)
    placed = {index: board.placed(course, index, place) for index, place in enumerate(places)}
    here = Placed(course.id, number, way.practitioner, board.problem.rooms[0].id, way.start)
    without = course_points(board.problem, course, placed).total
    more = course_points(board.problem, course, {**placed, number: here}).total - without
    where = f"{words.moment(way.start)} with {words.practitioner(board.problem, way.practitioner)}"
    if more <= 0:
        return f"There is a place on {where}, but the search ended before it was used."
    return (
        f"The best place left, {where}, breaks no rule, but goes so far against the wishes that it costs"
        f" {more} points more than leaving the session out."
    )
