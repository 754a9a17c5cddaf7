"""The objective: what an answer costs, in one place. Whole points, fewer is better (file format, version 1)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache

from planner.scheduling.fields import MINUTES_A_DAY
from planner.scheduling.problem import Course, Gap, Placed, Problem, Unplaced

BEYOND_MAX = 300
BEYOND_MAX_PER_DAY = 50
AT_THE_EDGE = 100


@dataclass(frozen=True, slots=True)
class PointsByKind:
    """Where the points of an answer come from."""

    waiting: int = 0
    gap: int = 0
    practitioner: int = 0
    practitioner_change: int = 0
    window: int = 0
    moving: int = 0
    unplaced: int = 0

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(getattr(self, kind.name) for kind in fields(self))

    def __add__(self, other: "PointsByKind") -> "PointsByKind":
        return PointsByKind(*(getattr(self, kind.name) + getattr(other, kind.name) for kind in fields(self)))


@lru_cache(maxsize=65536)
def gap_points(gap: Gap, days: int) -> int:
    """Return the points of `days` between two sessions: a parabola inside the range, a straight climb beyond it.

    `days` is at least gap.min; fewer break a rule and have no price.
    """
    if days > gap.max:
        return BEYOND_MAX + BEYOND_MAX_PER_DAY * (days - gap.max)
    tolerance = gap.target - gap.min if days < gap.target else gap.max - gap.target
    if tolerance == 0:
        return 0
    return math.floor(AT_THE_EDGE * ((days - gap.target) / tolerance) ** 2 + 0.5)


def window_points(course: Course, weekday: int, start_minute: int, minutes: int) -> int | None:
    """Return the points of the cheapest window that holds the session, or None where the patient can't come.

    A session ends on the day it starts, before midnight.
    """
    end_minute = start_minute + minutes
    if end_minute >= MINUTES_A_DAY:
        return None
    prices = (
        window.points
        for window in course.available
        if window.weekday == weekday and window.start_minute <= start_minute and end_minute <= window.end_minute
    )
    return min(prices, default=None)


def course_points(problem: Problem, course: Course, placed: Mapping[int, Placed]) -> PointsByKind:
    """Return the points of one course whose placed sessions are a prefix in legal places."""
    waiting = gaps = own = change = windows = 0
    previous, before = course.previous_start, None
    for number in sorted(placed):
        here, session = placed[number], course.sessions[number]
        if session.gap is None:
            waiting += course.wait_points_per_day * (here.start.date() - course.earliest_day).days
        elif previous is not None:
            gaps += gap_points(session.gap, (here.start.date() - previous.date()).days)
        own += course.practitioners[here.practitioner]
        windows += _window_of(course, here.start, session.minutes)
        if before is not None and before.practitioner != here.practitioner:
            change += problem.weights.practitioner_change
        previous, before = here.start, here
    unplaced = problem.weights.unplaced_session * (len(course.sessions) - len(placed))
    return PointsByKind(waiting, gaps, own, change, windows, move_points(course, placed), unplaced)


def _window_of(course: Course, start: datetime, minutes: int) -> int:
    points = window_points(course, start.weekday(), start.hour * 60 + start.minute, minutes)
    if points is None:
        raise ValueError(f"course {course.id}: the patient can't come at {start}")
    return points


def move_points(course: Course, placed: Mapping[int, Placed]) -> int:
    """Return what moving costs: each unlocked current appointment with another start or practitioner, or no place."""
    total = 0
    for current in course.current:
        here = placed.get(current.session)
        stays = here is not None and (here.start, here.practitioner) == (current.start, current.practitioner)
        if not current.locked and not stays:
            total += current.move_points
    return total


def points(problem: Problem, appointments: Iterable[Placed], unplaced: Iterable[Unplaced] = ()) -> PointsByKind:
    """Return the points of an answer by kind.

    Raises:
        ValueError: the unplaced sessions are not exactly those without an appointment.
    """
    placed: dict[str, dict[int, Placed]] = {course.id: {} for course in problem.courses}
    for appointment in appointments:
        placed[appointment.course][appointment.session] = appointment
    total = PointsByKind()
    for course in problem.courses:
        total += course_points(problem, course, placed[course.id])
    owed = sum(len(course.sessions) for course in problem.courses) - sum(map(len, placed.values()))
    if owed != len(tuple(unplaced)):
        raise ValueError(f"{owed} sessions have no appointment, but another number is named as unplaced")
    return total
