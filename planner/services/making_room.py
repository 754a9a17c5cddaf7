"""Other patients make room for a session that was lost, where the clinic allows it and it is worth the trouble.

One course is repaired inside the transaction of its event, so this is no joint search but one step: the best place as
if those who may move were not there, then each whom it meets is planned anew around it. It counts only if all of it
costs fewer points than letting everybody else stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.errors import InvalidInput
from planner.scheduling.difference import Became, became
from planner.scheduling.events import Event
from planner.scheduling.points import course_points
from planner.scheduling.policy import OTHERS_MOVE_POINTS, Policy
from planner.scheduling.problem import Placed
from planner.scheduling.repair import Place, RepairCase, Repaired, as_course, repair, standing_order
from planner.scheduling.taken import lessened
from planner.services.diary_writer import CourseChange
from planner.services.planning import policy_of
from planner.services.repairing import Look, look_at, lost, repaired, with_places
from planner.services.runtime import Unit
from planner.services.snapshot import CourseSnapshot, take
from planner.storage.courses import AppointmentRow, CourseRow
from planner.words import say

_WITHIN: Final = timedelta(days=28)
_MOST_MOVABLE: Final = 200
_MOST_MADE_TO_MOVE: Final = 3
_UPCOMING: Final = ("booked", "pending")
_Minutes = tuple[Placed, int]


@dataclass(frozen=True, slots=True)
class Repair:
    """How a course shall stand, and the changes of other patients' courses that go with it."""

    target: CourseSnapshot
    others: tuple[CourseChange, ...] = ()


def repaired_among_others(
    unit: Unit,
    course: CourseRow,
    snapshot: CourseSnapshot,
    events: Sequence[Event] = (),
) -> Repair:
    """`repaired`, and where the clinic's policy allows it with others moved who stand in the way of something better.

    Whoever moves keeps every session, and costs 300 points, 600 when confirmed.
    """
    alone = Repair(repaired(unit, course, snapshot, events))
    movable = _movable(unit, course, policy_of(unit))
    if not movable:
        return alone
    look = look_at(unit, course, snapshot, events)
    if not look.owed:
        return alone
    here = _answer(unit, look)
    # Without an answer nothing was touched: what is owed waits without a place.
    cost = here.cost if here is not None else _points_as_it_stands(look)
    wide = _answer(unit, look_at(unit, course, snapshot, events, freeing={row.id for row in movable}))
    if wide is None or cost - wide.cost <= OTHERS_MOVE_POINTS:
        return alone
    met = _met(unit, movable, _places(look.case, wide))
    if not 0 < len(met) <= _MOST_MADE_TO_MOVE:
        return alone
    after = _answer(unit, look_at(unit, course, snapshot, events, freeing={row.id for row in met}, everybody=True))
    if after is None:
        return alone
    moved = _moved_out(unit, met, _places(look.case, after), most=cost - after.cost)
    return alone if moved is None else Repair(with_places(unit, snapshot, look.owed, after), tuple(moved))


def _answer(unit: Unit, look: Look) -> Repaired | None:
    """The best repair, or None where there is nothing to repair, it contradicts itself or loses what stands."""
    if not look.owed:
        return None
    try:
        answer = repair(look.problem, look.case)
    except InvalidInput:
        return None
    return None if lost(unit, look, answer) else answer


def _movable(unit: Unit, course: CourseRow, policy: Policy) -> list[AppointmentRow]:
    """Other patients' appointments that the policy allows to move, the next first."""
    if policy == "never":
        return []
    row = AppointmentRow
    wanted = (
        select(row)
        .join(CourseRow, (CourseRow.id == row.course_id) & (CourseRow.clinic_id == row.clinic_id))
        .where(
            row.patient_id != course.patient_id,
            row.status.in_(_UPCOMING),
            row.starts_at >= unit.now + timedelta(hours=unit.clinic.notice_hours),
            row.starts_at < unit.now + _WITHIN,
            CourseRow.automation == "apply",
        )
        .order_by(row.starts_at, row.id)
        .limit(_MOST_MOVABLE)
    )
    if policy == "unconfirmed":
        wanted = wanted.where(row.confirmed_at.is_(None))
    return list(unit.session.scalars(wanted))


def _places(case: RepairCase, answer: Repaired) -> list[_Minutes]:
    """Where an answer puts sessions that do not stand there already, with their minutes."""
    owed = {each.key: each for each in case.owed}
    return [
        (placed, owed[key].minutes)
        for key, placed in answer.placed.items()
        if became(_seen(owed[key].place), _seen(placed)) is not Became.KEPT
    ]


def _seen(place: Place | Placed | None) -> tuple[datetime, str] | None:
    return None if place is None else (place.start, place.practitioner)


def _met(unit: Unit, movable: Iterable[AppointmentRow], places: Sequence[_Minutes]) -> list[AppointmentRow]:
    """Those whose practitioner or room one of these places takes while they are there."""

    def meets(row: AppointmentRow, placed: Placed, minutes: int) -> bool:
        starts, ends = (to_wall(each, unit.zone) for each in (row.starts_at, row.ends_at))
        same = placed.practitioner == str(row.practitioner_id) or placed.room == str(row.room_id)
        return same and placed.start < ends and starts < placed.start + timedelta(minutes=minutes)

    return [row for row in movable if any(meets(row, *place) for place in places)]


def _moved_out(
    unit: Unit, met: Sequence[AppointmentRow], places: Sequence[_Minutes], most: int
) -> list[CourseChange] | None:
    """The courses of these appointments around new places; None where one would lose a session or it costs too much."""
    taken, changes, cost = list(places), [], 0
    for course_id in dict.fromkeys(row.course_id for row in met):
        course = unit.get(CourseRow, course_id)
        snapshot = take(unit, course)
        look = look_at(unit, course, snapshot, policy=policy_of(unit))
        look = replace(look, problem=lessened(look.problem, taken))
        answer = _answer(unit, look)
        if answer is None:
            return None
        cost += answer.points - _points_as_it_stands(look)
        taken += _places(look.case, answer)
        words = say("Made room for another patient")
        changes.append(CourseChange(course, with_places(unit, snapshot, look.owed, answer), "made_room", words))
    return changes if cost < most else None


def _points_as_it_stands(look: Look) -> int:
    order = standing_order(look.case.owed)
    stands = {
        number: Placed(look.case.course_id, number, each.place.practitioner, each.place.room, each.place.start)
        for number, each in enumerate(order)
        if each.place is not None
    }
    waiting = sum(1 for each in look.case.owed if each.lost) * look.problem.weights.unplaced_session
    return waiting + (course_points(look.problem, as_course(look.case, order), stands).total if order else 0)
