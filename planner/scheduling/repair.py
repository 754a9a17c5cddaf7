"""Course and what befell it → a problem in which staying costs nothing and moving costs, and its best answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from planner.errors import InvalidInput
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Course, Current, Gap, Placed, Problem, Session, Solution, Window

HARD_GAP_DAYS = 2
"""Least days around a session that is made up (E25: 48 hours, which `min_gap_hours` counts exactly)."""

_NO_GAP = Gap(7, HARD_GAP_DAYS, 14)
_MOST_ORDERS = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a session stands now, in the clinic's wall-clock time."""

    practitioner: str
    room: str
    start: datetime


@dataclass(frozen=True, slots=True)
class OwedSession:
    """A session still to be given.

    Args:
        key: the caller's name for it.
        gap: days from the session before; None only for a course's very first.
        place: its appointment, None if it has none.
        locked: the appointment stays as it is.
        move_points: what moving an unlocked one costs.
        confirmed: the patient has said that they will come.
        lost: it was missed, so it is wanted as soon as possible.
    """

    key: str
    minutes: int
    gap: Gap | None
    place: Place | None = None
    locked: bool = False
    move_points: int = 0
    lost: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class RepairCase:
    """One course with what is still owed, in the order of the course."""

    course_id: str
    owed: tuple[OwedSession, ...]
    earliest_day: date
    previous_start: datetime | None
    practitioners: Mapping[str, int]
    available: tuple[Window, ...]
    away: tuple[tuple[date, date], ...] = ()
    min_gap_hours: float = 48
    wait_points_per_day: int = 20


@dataclass(frozen=True, slots=True)
class Repaired:
    """The best answer for one course: every owed session by key, placed or with the reason why not.

    Args:
        cost: points with a missed session's wait counted the same wherever it stands, to compare answers by.
    """

    placed: Mapping[str, Placed]
    unplaced: Mapping[str, str]
    points: int
    cost: int = 0


def repair(problem: Problem, case: RepairCase) -> Repaired:
    """Place what is owed with the least disturbance, a missed session as soon as possible.

    A missed session may come before or after sessions that stand, so each order is solved to its proved optimum and
    the best kept: fewest sessions without a place, then fewest points, each day's wait counted alike in every order.

    Args:
        problem: the free time; its courses are ignored.
    Raises:
        InvalidInput: a locked appointment breaks a hard rule.
    Source: E25, E50.
    """
    cost, order, solution = _best(problem, case)
    return _read(order, solution, cost)


def allowing_what_stands(case: RepairCase) -> RepairCase:
    """The case in which what stands may stay: the course begins on its day at the latest, and knows its practitioner.

    With whom a session stands already, the patient has agreed to, whatever they wished.
    """
    places = [owed.place for owed in case.owed if owed.place is not None]
    known = dict(case.practitioners)
    for place in places:
        known.setdefault(place.practitioner, 0)
    first = min([case.earliest_day, *(place.start.date() for place in places)])
    return replace(case, earliest_day=first, practitioners=known)


def _best(problem: Problem, case: RepairCase) -> tuple[int, list[OwedSession], Solution]:
    """The best order's cost, and its answer."""
    answers: list[tuple[int, int, int, list[OwedSession], Solution]] = []
    refusal = None
    enough = _orders_worth_trying(case.owed)
    for place, order in enumerate(_orders(case.owed)):
        if answers and place >= enough:
            break
        try:
            solution = solve(replace(problem, courses=(as_course(case, order),)))
        except InvalidInput as error:  # Nothing fits between what is locked: another order may do, however late.
            refusal = error
        else:
            answers.append((*_rank(case, order, solution), place, order, solution))
    if refusal is not None and not answers:
        raise refusal
    best = min(answers, key=lambda answer: answer[:3])
    return best[1], best[3], best[4]


def as_course(case: RepairCase, order: Sequence[OwedSession]) -> Course:
    """The engine's course for owed sessions in this order."""
    return Course(
        id=case.course_id,
        earliest_day=case.earliest_day,
        sessions=tuple(Session(owed.minutes, _gap(case, order, index)) for index, owed in enumerate(order)),
        practitioners=case.practitioners,
        available=(*case.available, *_windows_of(order)),
        min_gap_hours=case.min_gap_hours,
        wait_points_per_day=case.wait_points_per_day,
        previous_start=case.previous_start,
        away=tuple(without_days(case.away, {each.place.start.date() for each in order if each.place and each.locked})),
        current=tuple(
            Current(index, owed.place.practitioner, owed.place.room, owed.place.start, owed.locked, owed.move_points)
            for index, owed in enumerate(order)
            if owed.place is not None
        ),
    )


def standing_order(owed: Sequence[OwedSession]) -> list[OwedSession]:
    """What is owed and not lost: by time where it stands, the rest after the one it follows in the course."""
    position = {session.key: index for index, session in enumerate(owed)}
    order = sorted((each for each in owed if each.place and not each.lost), key=lambda each: each.place.start)  # type: ignore[union-attr]
    for session in owed:
        if session.place is None and not session.lost:
            before = [index for index, each in enumerate(order) if position[each.key] < position[session.key]]
            order.insert(max(before, default=-1) + 1, session)
    return order


def _orders(owed: Sequence[OwedSession]) -> Iterator[list[OwedSession]]:
    """What stands by time, with what was missed before all of it, then after the first, the second and so on."""
    standing = standing_order(owed)
    lost = [replace(session, place=None) for session in owed if session.lost]
    for index in range(len(standing) + 1 if lost else 1):
        yield [*standing[:index], *lost, *standing[index:]]


def _orders_worth_trying(owed: Sequence[OwedSession]) -> int:
    """How many of the orders may hold the best answer; the later ones only matter where none of these has any."""
    standing = standing_order(owed)
    locked_prefix = next((n for n, session in enumerate(standing) if not session.locked), len(standing))
    return min(len(standing), locked_prefix + 2, _MOST_ORDERS) + 1


def _gap(case: RepairCase, order: Sequence[OwedSession], index: int) -> Gap | None:
    session = order[index]
    if index == 0:
        if case.previous_start is None or session.lost or session.gap is None:
            return None
        return _allowing(session.gap, case.previous_start, session.place)
    before = order[index - 1]
    gap = session.gap or next((each.gap for each in order if each.gap is not None), _NO_GAP)
    if session.lost:
        return Gap(HARD_GAP_DAYS, HARD_GAP_DAYS, max(gap.max, HARD_GAP_DAYS))
    if before.lost:
        return _loose(gap)
    return _allowing(gap, before.place.start, session.place) if before.place else gap


def _loose(gap: Gap) -> Gap:
    return Gap(gap.target, min(gap.min, HARD_GAP_DAYS), gap.max)


def _allowing(gap: Gap, before: datetime, place: Place | None) -> Gap:
    """The gap, with a least that does not forbid what stands already."""
    if place is None:
        return gap
    days = (place.start.date() - before.date()).days
    return Gap(gap.target, min(gap.min, max(days, 0)), gap.max)


def _windows_of(order: Sequence[OwedSession]) -> Iterator[Window]:
    """Times at which a session stands, so that what was agreed outside the wishes may stay."""
    for session in order:
        if session.place is not None:
            start = session.place.start.hour * 60 + session.place.start.minute
            if start + session.minutes <= 24 * 60:
                yield Window(session.place.start.weekday(), start, start + session.minutes, 0)


def without_days(away: Iterable[tuple[date, date]], agreed: Collection[date]) -> Iterator[tuple[date, date]]:
    """Days away (half-open pairs), less those on which a locked appointment was agreed all the same."""
    for start, end in away:
        for day in sorted(agreed):
            if start <= day < end:
                if start < day:
                    yield start, day
                start = date.fromordinal(day.toordinal() + 1)
        if start < end:
            yield start, end


def _rank(case: RepairCase, order: Sequence[OwedSession], solution: Solution) -> tuple[int, int]:
    """Unplaced sessions, then points with a missed session's wait counted the same wherever it stands."""
    points = solution.points
    for placed in solution.appointments:
        if order[placed.session].lost and placed.session > 0:
            points += case.wait_points_per_day * max(0, (placed.start.date() - case.earliest_day).days)
    return len(solution.unplaced), points


def _read(order: Sequence[OwedSession], solution: Solution, cost: int) -> Repaired:
    return Repaired(
        placed={order[placed.session].key: placed for placed in solution.appointments},
        unplaced={order[unplaced.session].key: unplaced.reason for unplaced in solution.unplaced},
        points=solution.points,
        cost=cost,
    )
