"""The same problem with more days: what the diary will probably look like beyond the end of the plan."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from planner.scheduling.problem import MOST_HORIZON_DAYS, Problem, Resource

_DAY = timedelta(days=1)


def longer(problem: Problem, days: int) -> Problem | None:
    """Return the problem with so many more days, or None where that would be more than a problem may have.

    Whoever is known to be free beyond the end keeps that; for all others each weekday is taken to be like the last
    such weekday with free time in the plan.
    """
    if problem.days + days > MOST_HORIZON_DAYS:
        return None

    def continued(resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
        return tuple(_continued(resource, problem.last_day + _DAY, days) for resource in resources)

    return replace(
        problem,
        days=problem.days + days,
        practitioners=continued(problem.practitioners),
        rooms=continued(problem.rooms),
    )


def only_beyond(problem: Problem, days: int) -> Problem:
    """Return nothing but the last so many days of a problem."""
    kept = problem.days - days
    first = datetime.combine(problem.first_day + kept * _DAY, time())

    def later(resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
        return tuple(replace(each, free=tuple(span for span in each.free if span[1] > first)) for each in resources)

    return replace(
        problem,
        first_day=first.date(),
        days=days,
        practitioners=later(problem.practitioners),
        rooms=later(problem.rooms),
    )


def _continued(resource: Resource, beyond: date, days: int) -> Resource:
    end = datetime.combine(beyond, time())
    if any(until > end for _, until in resource.free):
        return resource
    week: dict[int, tuple[date, list[tuple[timedelta, timedelta]]]] = {}
    for start, until in _by_day(resource):
        midnight = datetime.combine(start.date(), time())
        seen, _ = week.get(start.weekday(), (date.min, []))
        if start.date() > seen:
            week[start.weekday()] = start.date(), []
        if start.date() >= seen:
            week[start.weekday()][1].append((start - midnight, until - midnight))
    more = []
    for offset in range(days):
        midnight = end + offset * _DAY
        _, spans = week.get(midnight.weekday(), (None, ()))
        more += [(midnight + first, midnight + last) for first, last in spans]
    return replace(resource, free=(*resource.free, *more))


def _by_day(resource: Resource) -> Iterator[tuple[datetime, datetime]]:
    """Cut at midnight: no session lasts beyond its day."""
    for start, end in resource.free:
        midnight = datetime.combine(start.date() + _DAY, time())
        while midnight < end:
            yield start, midnight
            start, midnight = midnight, midnight + _DAY
        yield start, end
