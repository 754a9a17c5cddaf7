"""Changing how often a course comes: a preview of what moves, is added or dropped, and the change itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count

from sqlalchemy import select

from planner.care.course import Phase, change_frequency, phases_to_json
from planner.care.evidence import Evidence
from planner.diary.free import to_wall
from planner.errors import InvalidInput, StaleForm
from planner.scheduling.events import Missed, NewFrequency
from planner.services import worklists
from planner.services.attendance import Outcome, note_unplaced
from planner.services.diary_writer import CourseChange, write_change
from planner.services.difference import Difference, difference
from planner.services.planning import ahead, standing, wanted_gap, whole_steps
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.session_numbers import MAINTENANCE
from planner.services.snapshot import CourseSnapshot, SessionState, take
from planner.storage.courses import CourseRow
from planner.storage.people import ServiceRow
from planner.words import say


@dataclass(frozen=True, slots=True)
class PatientCost:
    """What a change costs the patient, or saves where negative.

    Args:
        visits: how many more; `minutes`: of treatment.
        days: by how much later the last visit is; None where the course has no end, or not all of it has a date.
        fee: in the currency's smallest unit; None where the clinic set none for this treatment.
    """

    visits: int
    minutes: int
    days: int | None
    fee: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class FrequencyPreview:
    """What a change would do. `digest` names exactly this outcome, so that nothing else is applied."""

    before: CourseSnapshot
    after: CourseSnapshot
    difference: Difference
    digest: str
    cost: PatientCost


def preview(runtime: Runtime, actor: Actor, course_id: int, phases: Sequence[Phase]) -> FrequencyPreview:
    """What would move, be added or dropped; nothing is written.

    Raises:
        InvalidInput: phases that make no course.
    """
    with runtime.reading(actor) as unit:
        return _preview(unit, unit.get(CourseRow, course_id), phases)


def apply(
    runtime: Runtime, actor: Actor, course_id: int, phases: Sequence[Phase], *, reason: str, digest: str | None = None
) -> Outcome:
    """Change the frequency as previewed.

    Args:
        digest: of the preview the person agreed to; None to take what comes.
    Raises:
        StaleForm: the diary changed since the preview, so that something else would happen.
    """
    with runtime.writing(actor) as unit:
        course = unit.get(CourseRow, course_id)
        seen = _preview(unit, course, phases)
        if digest is not None and digest != seen.digest:
            raise StaleForm(say("The diary changed since this preview. Look at what would happen now."))
        words = say("Frequency changed")
        if why := reason.strip():
            words = say("Frequency changed: %(why)s", why=why)
        revision = write_change(unit, CourseChange(course, seen.after, "frequency", words))
        note_unplaced(unit, course, seen.after)
        worklists.close_items(unit, course.id, worklists.CATCH_UP)
        return Outcome(course.id, revision.id, repaired=True, says=words)


def add_session(runtime: Runtime, actor: Actor, course_id: int, *, reason: str) -> Outcome:
    """Add one session to catch up, as soon as possible, at the rhythm of the next one. Source: E52."""
    with runtime.writing(actor) as unit:
        course = unit.get(CourseRow, course_id)
        before = take(unit, course)
        coming = ahead(unit, before)
        if not coming:
            raise InvalidInput(say("Nothing is left of this course to catch up with."), field="course")
        place = min(each.position for each in coming)
        later = [replace(each, position=each.position + 1) for each in before.sessions if each.position >= place]
        extra = replace(coming[0], id=None, position=place, appointments=(), unplaced_reason="")
        wanted = Missed(str(course.id), frozenset({extra.key}))  # As soon as possible, like one that was missed.
        target = repaired(unit, course, before.replacing(*later, extra), [wanted])
        revision = write_change(unit, CourseChange(course, target, "catch-up", reason or say("Catch-up session added")))
        worklists.close_items(unit, course.id, worklists.CATCH_UP)
        note_unplaced(unit, course, target)
        return Outcome(course.id, revision.id, repaired=True, says=revision.reason)


def _preview(unit: Unit, course: CourseRow, phases: Sequence[Phase]) -> FrequencyPreview:
    before = take(unit, course)
    changed = with_phases(unit, course, before, phases)
    rhythm = NewFrequency(str(course.id), {session.key: session.gap for session in ahead(unit, changed)})
    after = repaired(unit, course, changed, [rhythm])
    words = json.dumps([before.to_json(), after.to_json()], sort_keys=True)
    digest = hashlib.sha256(words.encode()).hexdigest()
    return FrequencyPreview(before, after, difference(before, after), digest, _cost(unit, course, before, after))


def _cost(unit: Unit, course: CourseRow, before: CourseSnapshot, after: CourseSnapshot) -> PatientCost:
    visits = len(after.live) - len(before.live)
    fee = fee_of(unit, course)
    ends = [_last_day(unit, snapshot) for snapshot in (before, after)]
    days = (ends[1] - ends[0]).days if ends[0] and ends[1] else None
    return PatientCost(
        visits=visits,
        minutes=sum(each.minutes for each in after.live) - sum(each.minutes for each in before.live),
        days=days,
        fee=None if fee is None else fee * visits,
        currency=unit.clinic.currency,
    )


def fee_of(unit: Unit, course: CourseRow) -> int | None:
    """What a visit costs: by the course's service, else by the one offered for its protocol; None if none is set."""
    offered = (
        select(ServiceRow).where(ServiceRow.active, ServiceRow.protocol == course.protocol).order_by(ServiceRow.id)
    )
    chosen = select(ServiceRow).where(ServiceRow.id == course.service_id)
    service = unit.session.scalar((offered if course.service_id is None else chosen).limit(1))
    return service.fee if service and unit.clinic.currency else None


def _last_day(unit: Unit, snapshot: CourseSnapshot) -> date | None:
    """The day of the last visit of the course without maintenance; None while one of them has no date."""
    counted = [each for each in snapshot.live if each.phase != MAINTENANCE]
    starts = [each.current.starts_at for each in counted if each.current is not None and each.current.occupies]
    return to_wall(max(starts), unit.zone).date() if starts and len(starts) == len(counted) else None


def with_phases(unit: Unit, course: CourseRow, before: CourseSnapshot, phases: Sequence[Phase]) -> CourseSnapshot:
    """The course with its remaining sessions as the new phases want them, not placed yet."""
    coming = sorted(ahead(unit, before), key=lambda each: (_when(unit, each), each.position))
    done = len(before.live) - len(coming)
    evidence = Evidence.load(unit.clinic.evidence_overrides)
    wanted = change_frequency(
        done,
        phases,
        first_visit_minutes=course.first_visit_minutes,
        visit_minutes=course.visit_minutes,
        maintenance_ahead=evidence["J7"].whole("sessions_ahead"),
    )
    numbers = _free_numbers(before, coming)
    kept = [
        replace(session, position=next(numbers), phase=plan.phase.value, gap=wanted_gap(plan) or session.gap)
        for session, plan in zip(coming, wanted, strict=False)
    ]
    surplus = [replace(each.closed("cancelled", by="clinic"), dropped=True) for each in coming[len(wanted) :]]
    added = [
        SessionState(
            id=None,
            position=next(numbers),
            phase=plan.phase.value,
            minutes=whole_steps(unit, plan.minutes),
            gap=wanted_gap(plan),
        )
        for plan in wanted[len(coming) :]
    ]
    phased = replace(before, phases=tuple(phases_to_json(phases)))
    if wanted and phased.status == "finished":
        phased = replace(phased, status="active")
    return phased.replacing(*kept, *surplus, *added)


def _free_numbers(before: CourseSnapshot, coming: Sequence[SessionState]) -> Iterator[int]:
    """The places in the course that no session given or begun has, so that what is ahead is numbered on."""
    ahead_keys = {session.key for session in coming}
    taken = {session.position for session in before.live if session.key not in ahead_keys}
    return (place for place in count() if place not in taken)


def _when(unit: Unit, session: SessionState) -> float:
    booked = standing(unit, session)
    return booked.starts_at.timestamp() if booked else float("inf")
