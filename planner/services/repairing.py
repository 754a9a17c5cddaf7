"""Repair of one course against the diary as it is: what is owed is placed with the least disturbance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from planner.errors import InvalidInput
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

_CONTRADICTION = "Visits that can't be moved contradict the rules, so nothing was moved. Place it by hand."


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
    *,
    losing: Collection[int | None] = (),
    extra_away: Sequence[tuple[date, date]] = (),
    move_points: int | None = None,
) -> CourseSnapshot:
    """The course with everything it owes placed again, staying wherever it can.

    Args:
        snapshot: the course with the event already in it: a missed or cancelled appointment is closed.
        losing: ids of missed sessions, wanted as soon as possible; None stands for one that is being added.
        extra_away: half-open pairs of days on which the patient can't come.
        move_points: what moving a standing appointment costs; None for the usual.
    Returns:
        The course as it should stand. Where that can't be without taking away an appointment, or what is locked
        contradicts the rules, nothing is touched, and what is owed says why it has no place.
    """
    view = partial(look_at, unit, course, snapshot, losing=losing, extra_away=extra_away, move_points=move_points)
    look = view()
    if not look.owed:
        return snapshot
    try:
        answer = repair(look.problem, look.case)
        if answer.unplaced:
            # The same places again, but with everybody in view who could help.
            answer = repair(view(everybody=True).problem, look.case)
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
    *,
    losing: Collection[int | None] = (),
    extra_away: Sequence[tuple[date, date]] = (),
    move_points: int | None = None,
    freeing: Collection[int] = (),
    everybody: bool = False,
) -> Look:
    """What a repair of one course has to go by.

    Args:
        freeing: ids of other patients' appointments whose time counts as free.
        everybody: whether those are in view who do not treat in this course, to say who could help.
    """
    owed = ahead(unit, snapshot)
    case = case_for(unit, course, snapshot, losing=losing, extra_away=extra_away, move_points=move_points)
    stays = [booked for session in owed if session.id not in losing and (booked := standing(unit, session))]
    span = Span.covering(unit, _last_target(case), *(booked.starts_at.date() for booked in stays))
    people = [*map(int, case.practitioners), *(row.id for row in therapists(unit) if everybody)]
    others = other_starts(unit, course.patient_id, but_for_course=course.id)
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
    if _same(unit, stands, placed):
        stays = replace(stands, room_id=int(placed.room)) if rooms else stands
        return replace(session.with_current(stays), unplaced_reason="")
    length = stands.ends_at - stands.starts_at
    starts_at = instant(placed.start, unit.zone)
    moved = replace(
        stands,
        practitioner_id=int(placed.practitioner),
        room_id=int(placed.room),
        starts_at=starts_at,
        ends_at=starts_at + length,
        confirmed_at=None,
        status="booked",
    )
    return replace(session.with_current(moved), unplaced_reason="")


def _same(unit: Unit, booked: Booked, placed: Placed) -> bool:
    """Whether the engine left it where it is; another room alone is no reason to disturb anybody."""
    return booked.practitioner_id == int(placed.practitioner) and booked.starts_at == instant(placed.start, unit.zone)


def _unplaced(session: SessionState, reason: str) -> SessionState:
    if session.upcoming is not None:
        session = session.closed("cancelled", by="the planner")
    return replace(session, unplaced_reason=reason)


def _last_target(case: RepairCase) -> date:
    """About where the course would end if every gap were as wide as it may be, and no day away were planned on."""
    days = sum(session.gap.max if session.gap else 7 for session in case.owed)
    days += sum((end - start).days for start, end in case.away)
    return case.earliest_day + timedelta(days=days + MIN_GAP_HOURS // 24)
