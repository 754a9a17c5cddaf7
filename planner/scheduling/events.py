"""What befalls a course or a clinic → the problem it makes, with others moving only as the policy allows.

Every repair of the product comes through here: of one course (`course_after`, then `repair`), or of all that is driven
from its place when a practitioner is away or works other hours (`repair_of`, then `solve_together`). `policy` has the
prices, `difference` says what an answer changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from planner.diary.interval import Interval, without
from planner.scheduling import policy as prices
from planner.scheduling.policy import Policy
from planner.scheduling.problem import Gap, Problem, Resource
from planner.scheduling.repair import (
    OwedSession,
    Place,
    RepairCase,
    allowing_what_stands,
    as_course,
    standing_order,
)
from planner.scheduling.siblings import less


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
    """A practitioner works in these spans only from now on, half-open, in wall-clock time and on the grid."""

    practitioner: str
    hours: Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class NewFrequency:
    """These sessions keep other distances from now on; the whole course may move for little."""

    course_id: str
    gaps: Mapping[str, Gap | None]


@dataclass(frozen=True, slots=True)
class Pause:
    """The patient can't come from the first day on; `back` is the first day on which they can.

    What is locked or confirmed stays: it was agreed all the same. What stands before it stays too, however long the gap
    becomes: nobody puts off a visit because of days after it.
    """

    course_id: str
    first_day: date
    back: date


@dataclass(frozen=True, slots=True)
class EarlierWanted:
    """The patient would take a better date for this session, confirmed or not, and for those after it."""

    course_id: str
    key: str


ClinicEvent = PractitionerAway | NewHours
"""What touches every course with this practitioner, and their free time."""

Event = ClinicEvent | Missed | CalledOff | NewFrequency | Pause | EarlierWanted


@dataclass(frozen=True, slots=True)
class Repair:
    """The problem that an event makes of a clinic.

    Attributes:
        orders: each course's sessions in the problem's order.
    """

    problem: Problem
    orders: Mapping[str, Sequence[OwedSession]]


def repair_of(problem: Problem, cases: Iterable[RepairCase], event: ClinicEvent, policy: Policy = "never") -> Repair:
    """Turn an event into a problem in which staying costs nothing and moving costs.

    Args:
        problem: the free time, in which what stands in the cases is free; its courses are ignored.
        cases: every course that stands in that time, as it was before the event.
        policy: what may happen to courses which the event does not touch. With "never" they stay as they are.
    Raises:
        InvalidInput: a course makes no sense in this problem.
    """
    after = [course_after(case, [event], None if displaced(event, case) else policy) for case in cases]
    free = free_after(event, problem)
    able = {resource.id for resource in free.practitioners}
    after = [
        replace(case, practitioners={who: cost for who, cost in case.practitioners.items() if who in able})
        for case in after
    ]
    orders = {case.course_id: standing_order(case.owed) for case in after}
    courses = tuple(as_course(case, orders[case.course_id]) for case in after)
    return Repair(replace(free, courses=courses), orders)


def course_after(case: RepairCase, events: Iterable[Event], policy: Policy | None = None) -> RepairCase:
    """One course after what befell it, with what may not move locked, and what stands allowed to stay.

    Args:
        case: the course as it was, or with what was missed or called off without its place already.
        policy: for a bystander; None for a course that is repaired for its own sake.
    """
    for event in events:
        case = befallen(event, case)
    return allowing_what_stands(prices.own(case) if policy is None else prices.bystander(case, policy))


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
            return _each(case, lambda owed: _in_rhythm(event, owed))
        case Pause():
            paused = _each(case, lambda owed: _paused(event, owed))
            return replace(paused, away=(*case.away, (event.first_day, event.back)))
        case EarlierWanted():
            return _earlier(event, case)


def displaced(event: Event, case: RepairCase) -> frozenset[str]:
    """The sessions which an event drives from where they stand, by key."""
    after = {owed.key: owed.place for owed in befallen(event, case).owed}
    return frozenset(owed.key for owed in case.owed if owed.place is not None and after[owed.key] is None)


def free_after(event: ClinicEvent, problem: Problem) -> Problem:
    """The problem's free time after the event, without courses; what an absence touches of the grid is not free."""

    def person(resource: Resource) -> Resource:
        if isinstance(event, NewHours) and event.practitioner == resource.id:
            return less(resource, _but_for(event.hours, problem))
        if isinstance(event, PractitionerAway) and event.practitioner == resource.id:
            return less(resource, [_on_grid(event.starts, event.ends, problem.grid_minutes)])
        return resource

    return replace(problem, courses=(), practitioners=tuple(map(person, problem.practitioners)))


def _but_for(hours: Sequence[tuple[datetime, datetime]], problem: Problem) -> list[Interval]:
    """All time of the problem outside of these hours."""
    midnight = datetime.min.time()
    whole = Interval(
        datetime.combine(problem.first_day, midnight),
        datetime.combine(problem.last_day + timedelta(days=1), midnight),
    )
    return without([whole], [Interval(*span) for span in hours])


def _on_grid(starts: datetime, ends: datetime, grid_minutes: int) -> Interval:
    """Rounded outward, since the engine knows nothing between two steps of the grid."""
    step = timedelta(minutes=grid_minutes)
    first, last = (each.replace(hour=0, minute=0, second=0, microsecond=0) for each in (starts, ends))
    return Interval(first + (starts - first) // step * step, last - (last - ends) // step * step)


def _each(case: RepairCase, change: Callable[[OwedSession], OwedSession]) -> RepairCase:
    return replace(case, owed=tuple(map(change, case.owed)))


def _displaced(owed: OwedSession, *, lost: bool = False) -> OwedSession:
    """A session that can't stay where it is; moving it costs nothing, since it must."""
    return replace(owed, place=None, locked=False, move_points=0, confirmed=False, lost=lost)


def _paused(event: Pause, owed: OwedSession) -> OwedSession:
    if owed.place is not None and owed.place.start.date() < event.first_day:
        return replace(owed, locked=True)
    return _displaced(owed) if _within(event, owed) else owed


def _in_rhythm(event: NewFrequency, owed: OwedSession) -> OwedSession:
    points = min(owed.move_points, prices.RHYTHM_MOVE_POINTS)
    return replace(owed, gap=event.gaps.get(owed.key, owed.gap), move_points=points)


def _earlier(event: EarlierWanted, case: RepairCase) -> RepairCase:
    wanted = [owed.key for owed in case.owed].index(event.key)
    later = {owed.key for owed in case.owed[wanted:]}

    def willing(owed: OwedSession) -> OwedSession:
        if owed.key not in later:
            return owed
        return replace(owed, move_points=0, confirmed=owed.confirmed and owed.key != event.key)

    return _each(case, willing)


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
    return not any(begin <= start and end <= beyond for begin, beyond in event.hours)


def _within(event: Pause, owed: OwedSession) -> bool:
    if owed.place is None or owed.locked or owed.confirmed:
        return False
    return event.first_day <= owed.place.start.date() < event.back
