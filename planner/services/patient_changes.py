"""What a patient's step does to all their dates: told before it is taken, and taken only as it was told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from planner.errors import NotFound, StaleForm
from planner.services.attendance import decide_cancel
from planner.services.decision import Decision
from planner.services.patient_visits import PlanVisit, Visits
from planner.services.planning import standing
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked
from planner.storage.courses import AppointmentRow, CourseRow
from planner.words import say

Step = Callable[[Unit], Decision]


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
        revision_id: of what was done; 0, which leads nowhere, after a mere look.
    """

    before: PlanVisit
    after: PlanVisit | None
    shifts: tuple[Shift, ...]
    late: bool
    seen: str
    revision_id: int = 0


def if_cancelled(runtime: Runtime, actor: Actor, appointment_id: int) -> Consequence:
    """What *I can't come* would do; nothing is written.

    Raises:
        NotFound: not this patient's.
        AppointmentLocked: it has begun.
        StaleForm: it is not ahead any more.
    """
    return look(runtime, actor, appointment_id, lambda unit: decide_cancel(unit, appointment_id))


def cancel_as_seen(
    runtime: Runtime, actor: Actor, appointment_id: int, *, version: int, seen: str | None
) -> Consequence:
    """Cancel, if exactly that follows which the patient saw.

    Raises:
        SomethingElse: other dates would follow now; nothing was done.
        StaleForm: the visit was changed meanwhile.
    """
    return take(runtime, actor, appointment_id, lambda unit: decide_cancel(unit, appointment_id, version=version), seen)


class SomethingElse(StaleForm):
    """The diary changed since the patient looked, so that something else would happen."""


def look(runtime: Runtime, actor: Actor, appointment_id: int, step: Step) -> Consequence:
    """What would follow from a step, whatever that involves; the diary is only read."""
    with runtime.reading(actor) as unit:
        return _told(unit, appointment_id, step)[0]


def take(runtime: Runtime, actor: Actor, appointment_id: int, step: Step, seen: str | None) -> Consequence:
    """Take a step if what follows is what was seen.

    Raises:
        SomethingElse: it is not; nothing was done.
    """
    with runtime.writing(actor) as unit:
        found, decision = _told(unit, appointment_id, step)
        if found.seen != seen:
            raise SomethingElse(say("Other dates would follow now. Please look at them first."))
        return replace(found, revision_id=decision.carry_out().revision_id)


def _told(unit: Unit, appointment_id: int, step: Step) -> tuple[Consequence, Decision]:
    row = unit.get(AppointmentRow, appointment_id)
    if row.patient_id != unit.actor.patient_id:
        raise NotFound(say("There is no such appointment."))
    visits = _visits(unit)
    earlier = {visit.session_id: visit for visit in visits.upcoming()}
    before = next((visit for visit in earlier.values() if visit.appointment_id == appointment_id), None)
    if before is None:
        raise StaleForm(say("This visit is not ahead any more. Here is your plan as it is."))
    decision = step(unit)
    later = {each.id: None if each.dropped else standing(unit, each) for each in decision.target.sessions}
    here = later.pop(before.session_id, None)
    after = _as_told(visits, before, here) if here is not None else None
    shifts = tuple(
        Shift(was.number, was.total, was.starts_at, now.starts_at if now else None)
        for was in earlier.values()
        # All that has begun stays, and so do the patient's other courses.
        if was.session_id in later and not was.begun
        if (now := later[was.session_id]) is None or now.starts_at != was.starts_at
    )
    return Consequence(before, after, shifts, decision.late, _name(after, shifts, late=decision.late)), decision


def _as_told(visits: Visits, before: PlanVisit, booked: Booked) -> PlanVisit:
    """A visit where it would be then."""
    notice = timedelta(hours=visits.unit.clinic.notice_hours)
    return replace(
        before,
        starts_at=booked.starts_at,
        ends_at=booked.ends_at,
        practitioner=visits.staff.get(booked.practitioner_id, ""),
        room=visits.rooms.get(booked.room_id, ""),
        status=booked.status,
        confirmed=booked.confirmed_at is not None,
        near=booked.starts_at - visits.unit.now < notice,
        late=False,
    )


def _visits(unit: Unit) -> Visits:
    courses = unit.session.scalars(select(CourseRow.id).where(CourseRow.patient_id == unit.actor.patient_id))
    return Visits.load(unit, list(courses))


def _name(after: PlanVisit | None, shifts: tuple[Shift, ...], *, late: bool) -> str:
    place = [after.starts_at.isoformat(), after.practitioner] if after else None
    moved = [[shift.number, shift.was.isoformat(), shift.now.isoformat() if shift.now else None] for shift in shifts]
    return hashlib.sha256(json.dumps([place, moved, late]).encode()).hexdigest()[:32]
