"""What a patient's step does to all their dates: told before it is taken, and taken only as it was told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from planner.errors import NotFound, StaleForm
from planner.services.attendance import Outcome, cancel_in
from planner.services.patient_visits import PlanVisit, Visits
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.courses import AppointmentRow, CourseRow
from planner.words import say

Step = Callable[[Unit], Outcome]


@dataclass(frozen=True, slots=True)
class Shift:
    """Another visit that moves too.

    Args:
        number: its place in the course, from 1; out of `total`, None for one of maintenance.
        now: None where no date was found for it.
    """

    number: int
    total: int | None
    was: datetime
    now: datetime | None


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from a step.

    Args:
        after: the visit as it is then; None without a date.
        late: it counts as a late cancellation.
        seen: names exactly this, so that nothing else is done.
        revision_id: of what was done; it leads nowhere after a mere look.
    """

    before: PlanVisit
    after: PlanVisit | None
    shifts: tuple[Shift, ...]
    late: bool
    seen: str
    revision_id: int


def if_cancelled(runtime: Runtime, actor: Actor, appointment_id: int) -> Consequence:
    """What *I can't come* would do; nothing is written.

    Raises:
        NotFound: not this patient's.
        AppointmentLocked: it has begun.
        StaleForm: it is not ahead any more.
    """
    return look(runtime, actor, appointment_id, lambda unit: cancel_in(unit, appointment_id))


def cancel_as_seen(
    runtime: Runtime, actor: Actor, appointment_id: int, *, version: int, seen: str | None
) -> Consequence:
    """Cancel, if exactly that follows which the patient saw.

    Raises:
        SomethingElse: other dates would follow now; nothing was done.
        StaleForm: the visit was changed meanwhile.
    """
    return take(runtime, actor, appointment_id, lambda unit: cancel_in(unit, appointment_id, version=version), seen)


class SomethingElse(StaleForm):
    """The diary changed since the patient looked, so that something else would happen."""


def look(runtime: Runtime, actor: Actor, appointment_id: int, step: Step) -> Consequence:
    """Take a step, see what follows, and go back: what is told is what would be done, whatever that involves."""
    with runtime.writing(actor) as unit:
        way_back = unit.session.begin_nested()
        found = _taken(unit, appointment_id, step)
        way_back.rollback()
        return found


def take(runtime: Runtime, actor: Actor, appointment_id: int, step: Step, seen: str | None) -> Consequence:
    """Take a step if what follows is what was seen.

    Raises:
        SomethingElse: it is not; nothing was done.
    """
    with runtime.writing(actor) as unit:
        found = _taken(unit, appointment_id, step)
        if found.seen != seen:
            raise SomethingElse(say("Other dates would follow now. Please look at them first."))
        return found


def _taken(unit: Unit, appointment_id: int, step: Step) -> Consequence:
    row = unit.get(AppointmentRow, appointment_id)
    if row.patient_id != unit.actor.patient_id:
        raise NotFound(say("There is no such appointment."))
    earlier = _ahead(unit)
    before = next((visit for visit in earlier.values() if visit.appointment_id == appointment_id), None)
    if before is None:
        raise StaleForm(say("This visit is not ahead any more. Here is your plan as it is."))
    outcome = step(unit)
    unit.session.flush()
    later = _ahead(unit)
    after = later.pop(before.session_id, None)
    shifts = tuple(
        Shift(was.number, was.total, was.starts_at, now.starts_at if now else None)
        for session_id, was in earlier.items()
        if session_id != before.session_id
        and ((now := later.get(session_id)) is None or now.starts_at != was.starts_at)
    )
    return Consequence(before, after, shifts, outcome.late, _name(after, shifts, outcome), outcome.revision_id)


def _ahead(unit: Unit) -> dict[int, PlanVisit]:
    """The patient's visits to come by session, in time order."""
    courses = unit.session.scalars(select(CourseRow.id).where(CourseRow.patient_id == unit.actor.patient_id))
    return {visit.session_id: visit for visit in Visits.load(unit, list(courses)).upcoming()}


def _name(after: PlanVisit | None, shifts: tuple[Shift, ...], outcome: Outcome) -> str:
    place = [after.starts_at.isoformat(), after.practitioner] if after else None
    moved = [[shift.number, shift.was.isoformat(), shift.now.isoformat() if shift.now else None] for shift in shifts]
    return hashlib.sha256(json.dumps([place, moved, outcome.late]).encode()).hexdigest()[:32]
