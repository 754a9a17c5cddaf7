"""Time that appointments take: what is left of a problem beside them, who does not fit in, and rooms for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from planner.diary.interval import Interval
from planner.scheduling.problem import Course, Placed, Problem, Resource
from planner.scheduling.siblings import less

Places = Mapping[str, Mapping[int, Placed]]
"""Where each session (from 0) of each course stands."""


def lessened(problem: Problem, taken: Iterable[tuple[Placed, int]]) -> Problem:
    """The problem, without courses, after these appointments (place, minutes) took their time."""
    people: dict[str, list[Interval]] = {}
    rooms: dict[str, list[Interval]] = {}
    for placed, minutes in taken:
        span = _span(placed, minutes)
        people.setdefault(placed.practitioner, []).append(span)
        rooms.setdefault(placed.room, []).append(span)
    return replace(
        problem,
        courses=(),
        practitioners=tuple(less(each, people.get(each.id, ())) for each in problem.practitioners),
        rooms=tuple(less(each, rooms.get(each.id, ())) for each in problem.rooms),
    )


def misfits(problem: Problem, places: Mapping[str, Iterable[tuple[Placed, int]]]) -> set[str]:
    """The courses (by id) with a place that is not free, courses before them keeping theirs."""
    people = {each.id: _Calendar(each) for each in problem.practitioners}
    rooms = {each.id: _Calendar(each) for each in problem.rooms}
    wrong = set()
    for course, taken in places.items():
        asked = []
        for placed, minutes in taken:
            span = _span(placed, minutes)
            asked += [(people.get(placed.practitioner), span), (rooms.get(placed.room), span)]
        known = [(calendar, span) for calendar, span in asked if calendar is not None]
        if len(known) == len(asked) and all(calendar.free(span) for calendar, span in known):
            for calendar, span in known:
                calendar.take(span)
        else:
            wrong.add(course)
    return wrong


def fits_beside(problem: Problem, course: Course, places: Places) -> bool:
    """Whether the practitioners are free wherever a course stands, beside the places of all others."""
    people = {each.id: _Calendar(each) for each in problem.practitioners}
    minutes = {each.id: [session.minutes for session in each.sessions] for each in problem.courses}
    for name, mine in places.items():
        for number, placed in mine.items():
            if name != course.id:
                people[placed.practitioner].take(_span(placed, minutes[name][number]))
    stands = [
        (each.practitioner, Interval(each.start, each.start + timedelta(minutes=course.sessions[each.session].minutes)))
        for each in course.current
    ]
    return all(who in people and people[who].free(span) for who, span in stands)


def with_rooms(problem: Problem, places: Places) -> dict[str, dict[int, Placed]] | None:
    """The same places with rooms given anew: whoever stays has theirs, the others the next that is free.

    The search counts rooms; which one it gives is chance. None where that can't be.
    """
    lengths = {course.id: [session.minutes for session in course.sessions] for course in problem.courses}
    rooms = {each.id: _Calendar(each) for each in problem.rooms}
    stands = {
        (course.id, each.session): each.room
        for course in problem.courses
        for each in course.current
        if (here := places[course.id].get(each.session)) is not None
        and (here.start, here.practitioner) == (each.start, each.practitioner)
    }
    every = [(name, number, placed) for name, mine in places.items() for number, placed in mine.items()]
    chosen: dict[str, dict[int, Placed]] = {name: {} for name in places}
    for name, number, placed in sorted(every, key=lambda each: ((each[0], each[1]) not in stands, each[2].start)):
        span = _span(placed, lengths[name][number])
        own = stands.get((name, number))
        wanted = [own] if own is not None else [placed.room, *rooms]
        room = next((each for each in wanted if rooms[each].free(span)), None)
        if room is None:
            return None
        rooms[room].take(span)
        chosen[name][number] = replace(placed, room=room)
    return chosen


def _span(placed: Placed, minutes: int) -> Interval:
    return Interval(placed.start, placed.start + timedelta(minutes=minutes))


class _Calendar:
    """What is free of one resource, asked and taken piece by piece."""

    def __init__(self, resource: Resource) -> None:
        self._free: dict[date, list[Interval]] = {}
        for start, end in resource.free:
            for offset in range((end.date() - start.date()).days + 1):
                self._free.setdefault(start.date() + timedelta(days=offset), []).append(Interval(start, end))
        self._taken: dict[date, list[Interval]] = {}

    def free(self, wanted: Interval) -> bool:
        """Whether nothing is in the way."""
        day = wanted.start.date()
        inside = any(each.start <= wanted.start and wanted.end <= each.end for each in self._free.get(day, ()))
        return inside and not any(
            each.start < wanted.end and wanted.start < each.end for each in self._taken.get(day, ())
        )

    def take(self, span: Interval) -> None:
        """Take it."""
        self._taken.setdefault(span.start.date(), []).append(span)
