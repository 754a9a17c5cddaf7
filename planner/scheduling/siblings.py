"""Several courses of one patient: 48 hours between all their visits, by whole days among others, exactly when alone."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from planner.diary.free import to_wall
from planner.diary.interval import Interval, without
from planner.scheduling.problem import Course, Problem, Resource
from planner.scheduling.repair import without_days
from planner.scheduling.withheld import Spans, Withheld


def days_apart(course: Course, starts: Collection[datetime]) -> Course:
    """The course with its patient away about the days of their other visits, for a problem in which others plan too.

    The rest about a visit becomes whole days, whatever the clocks do. What was agreed on such a day stays exactly
    where it is: a day is too coarse to tell whether another hour of it would do.

    Args:
        starts: wall-clock starts of the patient's other visits.
    """
    if not starts:
        return course
    reach = math.ceil(course.min_gap_hours / 24)
    near = {start.date() + timedelta(days=shift) for start in starts for shift in range(-reach, reach + 1)}
    current = tuple(replace(each, locked=each.locked or each.start.date() in near) for each in course.current)
    kept = {each.start.date() for each in current if each.locked}
    rest = tuple((day, day + timedelta(days=1)) for day in sorted(near - kept))
    away = (*without_days(course.away, kept), *rest)
    return replace(course, away=away, resting=(*course.resting, *rest), current=current)


def hours_apart(problem: Problem, course: Course, starts: Collection[datetime]) -> Problem:
    """The problem with this one course and, as taken time, the exact hours of rest about its patient's other visits.

    What stands and reaches into such a rest stays exactly where it is, since its own time is all that is free there.
    """
    zone = ZoneInfo(problem.timezone)
    rests = [_rest_about(start, course.min_gap_hours, zone, problem.grid_minutes) for start in starts]
    stands = [
        Interval(each.start, each.start + timedelta(minutes=course.sessions[each.session].minutes))
        for each in course.current
    ]
    current = tuple(
        replace(each, locked=each.locked or any(span.start < rest.end and rest.start < span.end for rest in rests))
        for each, span in zip(course.current, stands, strict=True)
    )
    kept = {each.start.date() for each in current if each.locked}
    off, resting = (tuple(without_days(days, kept)) for days in (course.days_off, course.resting))
    alone = replace(course, current=current, away=(*off, *resting), resting=resting)
    taken = without(rests, stands)
    people = tuple(_resting(each, taken) for each in problem.practitioners)
    return replace(problem, practitioners=people, courses=(alone,))


def less(resource: Resource, taken: Iterable[Interval]) -> Resource:
    """What is free of somebody or of a room after this time is taken."""
    spans = list(taken)
    if not spans:
        return resource
    known = resource.withheld
    if known is not None:
        known = replace(known, worked=_left(known.worked, spans))
    return replace(resource, free=_left(resource.free, spans), withheld=known)


def _resting(person: Resource, taken: Collection[Interval]) -> Resource:
    """The same with this time withheld, for their patient has another visit near it."""
    known = person.withheld or Withheld(person.free)
    rest = (*known.rest, *((each.start, each.end) for each in taken))
    return replace(person, free=_left(person.free, taken), withheld=replace(known, rest=rest))


def _left(free: Spans, taken: Iterable[Interval]) -> tuple[tuple[datetime, datetime], ...]:
    left = without((Interval(*span) for span in free), taken)
    return tuple((each.start, each.end) for each in left)


def _rest_about(start: datetime, hours: float, zone: ZoneInfo, grid_minutes: int) -> Interval:
    """So many hours on either side, elapsed, as wall-clock time rounded outward to the grid."""
    instant, rest = start.replace(tzinfo=zone).astimezone(UTC), timedelta(hours=hours)
    first, last = to_wall(instant - rest, zone), to_wall(instant + rest, zone)
    step = timedelta(minutes=grid_minutes)
    midnights = [each.replace(hour=0, minute=0, second=0, microsecond=0) for each in (first, last)]
    early = midnights[0] + (first - midnights[0]) // step * step
    return Interval(early, midnights[1] - (midnights[1] - last) // step * step)
