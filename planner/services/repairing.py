"""Repair of one course against the diary as it is: what is owed is placed with the least disturbance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from planner.errors import InvalidInput
from planner.scheduling.difference import Became, became
from planner.scheduling.events import Event
from planner.scheduling.policy import Policy
from planner.scheduling.problem import Placed, Problem
from planner.scheduling.repair import RepairCase, Repaired, repair
from planner.services.planning import (
    MIN_GAP_HOURS,
    Span,
    ahead,
    booked_at,
    case_for,
    free_problem,
    instant,
    other_starts,
    standing,
    therapists,
)
from planner.services.runtime import Unit
from planner.services.snapshot import Booked, CourseSnapshot, SessionState
from planner.storage.courses import CourseRow
from planner.words import say

_CONTRADICTION = say("Visits that can't be moved contradict the rules, so nothing was moved. Place it by hand.")


@dataclass(frozen=True, slots=True)
class Look:
    """The part of the diary that concerns the repair of one course.

    Args:
        owed: the sessions still to be given; without any there is nothing to repair.
        stays: the appointments in which they stand.
    """

    owed: tuple[SessionState, ...]
    stays: tuple[Booked, ...]
    case: RepairCase
    problem: Problem


def repaired(
    unit: Unit,
    course: CourseRow,
    snapshot: CourseSnapshot,
    events: Sequence[Event] = (),
    *,
    apart_from: Collection[datetime] | None = None,
) -> CourseSnapshot:
    """The course with everything it owes placed again, staying wherever it can.

    Args:
        snapshot: the course with the events already in it: a missed or cancelled appointment is closed.
        events: what befell it; none where something was added that is owed besides.
        apart_from: starts of the patient's visits of other courses; None for those in the diary.
    Returns:
        The course as it should stand. Where that can't be without taking away an appointment, or what is locked
        contradicts the rules, nothing is touched, and what is owed says why it has no place.
    """
    look = look_at(unit, course, snapshot, events, apart_from=apart_from)
    if not look.owed:
        return snapshot
    try:
        answer = repair(look.problem, look.case)
        if answer.unplaced:
            # The same places again, but with everybody in view who could help.
            wide = look_at(unit, course, snapshot, events, everybody=True, apart_from=apart_from)
            answer = repair(wide.problem, look.case)
    except InvalidInput:
        # The engine's words name its own numbers, which say nothing to reception.
        return _left_standing(snapshot, look.owed, look.stays, _CONTRADICTION)
    if lost(unit, look, answer):
        # The first of them says what is in the way, the others only that they come after it.
        return _left_standing(snapshot, look.owed, look.stays, next(iter(answer.unplaced.values())))
    return with_places(unit, snapshot, look.owed, answer)


def look_at(
    unit: Unit,
    course: CourseRow,
    snapshot: CourseSnapshot,
    events: Sequence[Event] = (),
    *,
    policy: Policy | None = None,
    freeing: Collection[int] = (),
    everybody: bool = False,
    apart_from: Collection[datetime] | None = None,
) -> Look:
    """What a repair of one course has to go by.

    Args:
        events: see `repaired`.
        policy: see `case_for`.
        freeing: ids of other patients' appointments whose time counts as free.
        everybody: whether those are in view who do not treat in this course, to say who could help.
        apart_from: see `repaired`.
    """
    owed = ahead(unit, snapshot)
    others = apart_from
    if others is None:
        others = other_starts(unit, course.patient_id, but_for_course=course.id)
    case = case_for(unit, course, snapshot, events=events, policy=policy, apart_from=others)
    stays = [booked for session in owed if (booked := standing(unit, session))]
    span = Span.covering(unit, _last_target(case), *(booked.starts_at.date() for booked in stays))
    people = [*map(int, case.practitioners), *(row.id for row in therapists(unit) if everybody)]
    problem = free_problem(unit, span, people, standing=stays, apart_from=others, freeing=freeing)
    known = {practitioner.id for practitioner in problem.practitioners}
    case = replace(case, practitioners={name: cost for name, cost in case.practitioners.items() if name in known})
    return Look(tuple(owed), tuple(stays), case, problem)


def lost(unit: Unit, look: Look, answer: Repaired) -> set[str]:
    """The keys of sessions that stand and for which an answer has no place."""
    return {session.key for session in look.owed if standing(unit, session)} & set(answer.unplaced)


def _left_standing(
    snapshot: CourseSnapshot, owed: Sequence[SessionState], stays: Collection[Booked], reason: str
) -> CourseSnapshot:
    """The course with nothing touched, for a person to look at: no repair takes away what stands."""
    return snapshot.replacing(
        *(replace(session, unplaced_reason=reason) for session in owed if session.current not in stays)
    )


def with_places(
    unit: Unit, snapshot: CourseSnapshot, owed: Sequence[SessionState], answer: Repaired, *, rooms: bool = False
) -> CourseSnapshot:
    """The course as an answer of the engine wants it.

    Args:
        rooms: whether one that stays goes to another room where the answer says so; several courses planned together
            may have given its room to somebody else.
    """
    return snapshot.replacing(
        *(
            placed_session(unit, session, answer.placed[session.key], rooms=rooms)
            if session.key in answer.placed
            else _unplaced(session, answer.unplaced[session.key])
            for session in owed
        )
    )


def placed_session(unit: Unit, session: SessionState, placed: Placed, *, rooms: bool = False) -> SessionState:
    """A session moved to a place, or given one; where it stands there already it stays as it is."""
    current, stands = session.current, standing(unit, session)
    if stands is None:
        fresh = booked_at(unit, placed, session.minutes)
        if current is None:
            return replace(session, unplaced_reason="", appointments=(*session.appointments, fresh))
        return session.rebooked(
            fresh, former_status=current.status, late=current.late_cancellation, by=current.cancelled_by
        )
    starts_at, practitioner_id = instant(placed.start, unit.zone), int(placed.practitioner)
    # Another room alone is no reason to disturb anybody.
    if became((stands.starts_at, stands.practitioner_id), (starts_at, practitioner_id)) is Became.KEPT:
        stays = replace(stands, room_id=int(placed.room)) if rooms else stands
        return replace(session.with_current(stays), unplaced_reason="")
    length = stands.ends_at - stands.starts_at
    moved = replace(
        stands,
        practitioner_id=practitioner_id,
        room_id=int(placed.room),
        starts_at=starts_at,
        ends_at=starts_at + length,
        confirmed_at=None,
        status="booked",
    )
    return replace(session.with_current(moved), unplaced_reason="")


def _unplaced(session: SessionState, reason: str) -> SessionState:
    if session.upcoming is not None:
        session = session.closed("cancelled", by="the planner")
    return replace(session, unplaced_reason=reason)


def _last_target(case: RepairCase) -> date:
    """About where the course would end if every gap were as wide as it may be, and no day away were planned on."""
    days = sum(session.gap.max if session.gap else 7 for session in case.owed)
    days += sum((end - start).days for start, end in (*case.away, *case.resting))
    return case.earliest_day + timedelta(days=days + MIN_GAP_HOURS // 24)
