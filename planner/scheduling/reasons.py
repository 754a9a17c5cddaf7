"""Why a session has no place, and what would give it one, in sentences a receptionist understands."""

from collections.abc import Sequence
from datetime import timedelta
from functools import reduce

import numpy as np

from planner.scheduling import words
from planner.scheduling.board import Place
from planner.scheduling.course_model import CourseModel
from planner.scheduling.grid import Yes
from planner.scheduling.points import course_points
from planner.scheduling.problem import Placed, Unplaced
from planner.scheduling.rules import Opening, Rule, barred, openings
from planner.scheduling.wall import gap_seconds
from planner.words import Text, decimal_said, listing, say, say_many

MOST_WAYS = 3
"""More of the ways out than this are not told: nobody would read them."""


AFTER_ANOTHER = say("It comes after a session that has no place.")


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


def _why(model: CourseModel, places: Sequence[Place]) -> Text:
    """Say the first filter that leaves no start, and what would have to be decided otherwise for one."""
    ways = openings(model, places)
    if ways and not ways[0].rules:
        return _left_out(model, places, ways[0])
    end = words.day(model.board.problem.last_day)
    none = say("No place by %(day)s: %(obstacle)s.", day=end, obstacle=_obstacle(model, places))
    return listing([none, *_would_fit(model, ways)], " ")


def _obstacle(model: CourseModel, places: Sequence[Place]) -> Text:
    """Filter the starts by one rule after the other, and say the first that leaves none."""
    if not model.who:
        return say("the course names no practitioner")
    problem, number = model.board.problem, len(places)
    minutes = model.course.sessions[number].minutes
    need = model.board.grid.need(minutes)
    names = words.several(words.practitioner(problem, name) for name in model.course.practitioners)
    left: Yes = allowed_after(model, places)[None, :, :]
    if not left.any():
        return say("%(frame)s, and the plan ends then", frame=_frame(model, places))
    said: dict[str, str | int] = {"names": names, "minutes": minutes, "period": _period(model, left)}
    in_the_way = barred(model.board, need)[model.who]
    left = left & ((in_the_way & ~np.uint16(Rule.SIBLING)) == 0)
    if not left.any():
        return say_many(
            "%(names)s has no %(minutes)s free minutes in a row %(period)s",
            "%(names)s have no %(minutes)s free minutes in a row %(period)s",
            len(model.who),
            **said,
        )
    for passes, trouble in _filters(model, minutes):
        days = int(left.any(axis=(0, 2)).sum())
        left = left & passes
        if not left.any():
            return say_many(
                "%(names)s is free for %(minutes)s minutes on %(days)s %(period)s, but %(trouble)s",
                "%(names)s are free for %(minutes)s minutes on %(days)s %(period)s, but %(trouble)s",
                len(model.who),
                days=words.days(days),
                trouble=trouble,
                **said,
            )
    raise ValueError("there is a place, so that nothing is in the way")


def _filters(model: CourseModel, minutes: int) -> list[tuple[Yes, Text]]:
    """Return what else a start must pass, and what to say when none does."""
    board, course = model.board, model.course
    need = board.grid.need(minutes)
    hours = decimal_said(course.min_gap_hours)
    near = say("only within %(hours)s hours of a visit for another course of the patient", hours=hours)
    never = say("never while the patient can come (%(times)s)", times=words.times(course))
    return [
        (board.hours(model.who, need), near),
        (board.people_free(model.who, need), say("other appointments of this plan take all of it")),
        (board.starts(model.who, need), say("no room is free then")),
        (model.patient_costs(minutes, ()) < model.never, never),
        (model.patient_costs(minutes, course.days_off) < model.never, say("only while the patient is away")),
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


def _frame(model: CourseModel, places: Sequence[Place]) -> Text:
    """Say from when on the session may be."""
    course = model.course
    if not places:
        earliest = say("the first session may not be before %(day)s", day=words.day(course.earliest_day))
        if course.previous_start is None:
            return earliest
        when = words.moment(course.previous_start)
        return say("%(earliest)s and comes after the one on %(when)s", earliest=earliest, when=when)
    gap = course.sessions[len(places)].gap
    hours, last = decimal_said(course.min_gap_hours), words.moment(model.board.grid.wall(places[-1].cell))
    if gap is None:
        return say("it comes at least %(hours)s hours after %(when)s", hours=hours, when=last)
    days = words.days(gap.min)
    return say("it comes at least %(hours)s hours and %(days)s after %(when)s", hours=hours, days=days, when=last)


def _period(model: CourseModel, left: Yes) -> Text:
    days = np.flatnonzero(left.any(axis=(0, 2)))
    first, last = (model.board.grid.first_day + timedelta(days=int(days[end])) for end in (0, -1))
    if first == last:
        return say("on %(day)s", day=words.day(first))
    return say("from %(first)s to %(last)s", first=words.day(first), last=words.day(last))


def _would_fit(model: CourseModel, ways: Sequence[Opening]) -> tuple[Text, ...]:
    """Say what would have to be decided otherwise, with an example of each: the first few of the smallest sets."""
    said = [_way(model, way) for way in ways[:MOST_WAYS]]
    if not said:
        return ()
    either = reduce(lambda one, other: say("%(one)s; or if %(other)s", one=one, other=other), said)
    return (say("It would fit if %(ways)s.", ways=either),)


def _way(model: CourseModel, way: Opening) -> Text:
    problem = model.board.problem
    name = words.practitioner(problem, way.practitioner)
    wishes = reduce(
        lambda one, other: say("%(name)s and %(other)s", name=one, other=other),
        (_wish(model, way, rule) for rule in Rule if rule in way.rules),
    )
    return say("%(wishes)s (such as %(when)s with %(name)s)", wishes=wishes, when=words.moment(way.start), name=name)


def _wish(model: CourseModel, way: Opening, rule: Rule) -> Text:
    course, name = model.course, words.practitioner(model.board.problem, way.practitioner)
    hours = decimal_said(course.min_gap_hours)
    match rule:
        case Rule.HOURS:
            return say("the patient could also come on a %(part_of_day)s", part_of_day=words.part_of_day(way.start))
        case Rule.AWAY:
            return say("the patient could come on a day marked as away")
        case Rule.PRACTITIONER:
            return say("%(name)s could treat as well", name=name)
        case Rule.OTHERS:
            return say("other appointments of this plan made room")
        case Rule.ROOM:
            return say("there were a free room")
        case Rule.HORIZON:
            end = words.day(model.board.problem.last_day)
            return say("the plan went on after %(day)s and the weeks stayed as they are", day=end)
        case Rule.LEAVE:
            return say("%(name)s were not on leave", name=name)
        case Rule.CLOSED:
            return say("the clinic were not closed that day")
        case Rule.FREE:
            return say("%(name)s, %(why)s, had time", name=name, why=way.leave)
        case Rule.EARLIEST:
            return say("the course could begin before %(day)s", day=words.day(course.earliest_day))
        case Rule.SPACING:
            return say("the phase let it follow the session before sooner")
        case Rule.REST:
            return say("it could come less than %(hours)s hours after the session before", hours=hours)
        case Rule.SIBLING:
            return say(
                "it could come less than %(hours)s hours from a visit for another course of the patient", hours=hours
            )


def _left_out(model: CourseModel, places: Sequence[Place], way: Opening) -> Text:
    """Name the best place that there is, which breaks only wishes, and what it costs more than leaving it out."""
    board, course, number = model.board, model.course, len(places)
    placed = {index: board.placed(course, index, place) for index, place in enumerate(places)}
    here = Placed(course.id, number, way.practitioner, board.problem.rooms[0].id, way.start)
    without = course_points(board.problem, course, placed).total
    more = course_points(board.problem, course, {**placed, number: here}).total - without
    when, name = words.moment(way.start), words.practitioner(board.problem, way.practitioner)
    if more <= 0:
        return say(
            "There is a place on %(when)s with %(name)s, but the search ended before it was used.", when=when, name=name
        )
    return say(
        "The best place left, %(when)s with %(name)s, breaks no rule, but goes so far against the wishes that it costs"
        " %(points)s points more than leaving the session out.",
        when=when,
        name=name,
        points=more,
    )
