"""What befalls a clinic → the problem of all courses it touches, with the others moving only as the policy allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from planner.diary.interval import Interval, without
from planner.scheduling.difference import Difference, difference
from planner.scheduling.many_courses import Progress, solve
from planner.scheduling.problem import Current, Gap, Problem, Resource
from planner.scheduling.repair import OwedSession, Place, RepairCase, as_course, standing_order

Policy = Literal["never", "unconfirmed", "any"]
"""Which appointments of courses that the event does not touch may make room."""

OTHERS_MOVE_POINTS, OTHERS_CONFIRMED_POINTS = 300, 600
"""What moving somebody costs whom the event does not concern; the more when they have confirmed."""


@dataclass(frozen=True, slots=True)
class Missed:
    """The patient did not come: these sessions are wanted again as soon as possible."""

    course_id: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class CalledOff:
    """These appointments were cancelled; their sessions are still owed."""

    course_id: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class PractitionerAway:
    """Leave or illness, in wall-clock time, half-open: nothing can happen then, locked or not."""

    practitioner: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class NewHours:
    """A practitioner works at other times: all that is free or booked with patients of this problem, as a whole."""

    practitioner: str
    free: Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class NewFrequency:
    """These sessions keep other distances from now on."""

    course_id: str
    gaps: Mapping[str, Gap]


@dataclass(frozen=True, slots=True)
class Pause:
    """The patient can't come from the first day on; `back` is the first day on which they can. What is locked stays."""

    course_id: str
    first_day: date
    back: date


@dataclass(frozen=True, slots=True)
class EarlierWanted:
    """The patient would take a better date for this session, and for those after it."""

    course_id: str
    key: str


Event = Missed | CalledOff | PractitionerAway | NewHours | NewFrequency | Pause | EarlierWanted


@dataclass(frozen=True, slots=True)
class Repair:
    """The problem that an event makes of a clinic.

    Attributes:
        keys: each course's sessions in the problem's order, by the names in its case.
        touched: the courses that the event concerns; the others are bystanders.
        stood: where each course's sessions stood, those included which the event drives away.
    """

    problem: Problem
    keys: Mapping[str, tuple[str, ...]]
    touched: frozenset[str]
    stood: Mapping[str, tuple[Current, ...]]

    def solved(
        self,
        *,
        seconds: float | None = None,
        iterations: int | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> tuple[Difference, int, int]:
        """Return what changes for people, the points and the proved bound; the arguments are `solve`'s.

        Raises:
            InvalidInput: locked appointments break the rules, so that there is no valid answer.
        """
        found = solve(self.problem, seconds=seconds, iterations=iterations, seed=seed, progress=progress, stop=stop)
        before = (replace(course, current=self.stood[course.id]) for course in self.problem.courses)
        return difference(replace(self.problem, courses=tuple(before)), found), found.points, found.lower_bound


def repair_of(problem: Problem, cases: Iterable[RepairCase], event: Event, policy: Policy = "never") -> Repair:
    """Turn an event into a problem in which staying costs nothing and moving costs.

    Args:
        problem: the free time, in which what stands in the cases is free; its courses are ignored.
        cases: every course that stands in that time, as it was before the event.
        policy: what may happen to courses which the event does not touch. With "never" they stay as they are.
    """
    courses, keys, touched, stood = [], {}, set(), {}
    for case in cases:
        after = befallen(event, case)
        if after != case:
            touched.add(case.course_id)
        else:
            after = bystander(case, policy)
        order = _order(after.owed)
        courses.append(as_course(after, order))
        keys[case.course_id] = tuple(owed.key for owed in order)
        stood[case.course_id] = tuple(_stood(event, case, keys[case.course_id]))
    problem = replace(_free_after(event, problem), courses=tuple(courses))
    return Repair(problem, keys, frozenset(touched), stood)


def bystander(case: RepairCase, policy: Policy) -> RepairCase:
    """A course which the event does not touch: what may not move is locked, the rest is dear."""

    def steady(owed: OwedSession) -> OwedSession:
        if owed.place is None or owed.locked:
            return owed
        if policy == "never" or (owed.confirmed and policy == "unconfirmed"):
            return replace(owed, locked=True)
        points = OTHERS_CONFIRMED_POINTS if owed.confirmed else OTHERS_MOVE_POINTS
        return replace(owed, move_points=max(points, owed.move_points))

    return replace(case, owed=tuple(map(steady, case.owed)))


def befallen(event: Event, case: RepairCase) -> RepairCase:
    """Return the course after the event, the same one if it is not touched."""
    match event:
        case PractitionerAway():
            return _each(case, lambda owed: _displaced(owed) if _meets(event, owed) else owed)
        case NewHours():
            return _each(case, lambda owed: _displaced(owed) if _outside(event, owed) else owed)
        case _ if event.course_id != case.course_id:
            return case
        case Missed():
            return _each(case, lambda owed: _displaced(owed, lost=True) if owed.key in event.keys else owed)
        case CalledOff():
            return _each(case, lambda owed: _displaced(owed) if owed.key in event.keys else owed)
        case NewFrequency():
            return _each(case, lambda owed: replace(owed, gap=event.gaps.get(owed.key, owed.gap)))
        case Pause():
            paused = _each(case, lambda owed: _displaced(owed) if _within(event, owed) else owed)
            return replace(paused, away=(*case.away, (event.first_day, event.back)))
        case EarlierWanted():
            wanted = [owed.key for owed in case.owed].index(event.key)
            later = {owed.key for owed in case.owed[wanted:]}
            return _each(case, lambda owed: replace(owed, move_points=0) if owed.key in later else owed)


def _stood(event: Event, case: RepairCase, order: Sequence[str]) -> Iterator[Current]:
    """Where the sessions stood; an appointment that was missed or called off is history."""
    history = event.keys if isinstance(event, (Missed, CalledOff)) and event.course_id == case.course_id else ()
    for owed in case.owed:
        if owed.place is not None and owed.key not in history:
            place = owed.place
            yield Current(order.index(owed.key), place.practitioner, place.room, place.start, owed.locked, 0)


def _free_after(event: Event, problem: Problem) -> Problem:
    """The problem's free time after the event."""

    def person(resource: Resource) -> Resource:
        if isinstance(event, NewHours) and event.practitioner == resource.id:
            return replace(resource, free=event.free)
        if isinstance(event, PractitionerAway) and event.practitioner == resource.id:
            left = without((Interval(*span) for span in resource.free), [Interval(event.starts, event.ends)])
            return replace(resource, free=tuple((span.start, span.end) for span in left))
        return resource

    return replace(problem, courses=(), practitioners=tuple(map(person, problem.practitioners)))


def _order(owed: Sequence[OwedSession]) -> list[OwedSession]:
    """What stands by time; what was missed before the first that may move."""
    standing = standing_order(owed)
    lost = [replace(session, place=None) for session in owed if session.lost]
    locked = next((n for n, session in enumerate(standing) if not session.locked), len(standing))
    return [*standing[:locked], *lost, *standing[locked:]]


def _each(case: RepairCase, change: Callable[[OwedSession], OwedSession]) -> RepairCase:
    return replace(case, owed=tuple(map(change, case.owed)))


def _displaced(owed: OwedSession, *, lost: bool = False) -> OwedSession:
    """A session that can't stay where it is; moving it costs nothing, since it must."""
    return replace(owed, place=None, locked=False, move_points=0, confirmed=False, lost=lost)


def _span(owed: OwedSession, place: Place) -> tuple[datetime, datetime]:
    return place.start, place.start + timedelta(minutes=owed.minutes)


def _meets(event: PractitionerAway, owed: OwedSession) -> bool:
    if owed.place is None or owed.place.practitioner != event.practitioner:
        return False
    start, end = _span(owed, owed.place)
    return start < event.ends and event.starts < end


def _outside(event: NewHours, owed: OwedSession) -> bool:
    if owed.place is None or owed.place.practitioner != event.practitioner:
        return False
    start, end = _span(owed, owed.place)
    return not any(begin <= start and end <= beyond for begin, beyond in event.free)


def _within(event: Pause, owed: OwedSession) -> bool:
    return owed.place is not None and not owed.locked and event.first_day <= owed.place.start.date() < event.back
