"""The history of a course: who changed what and why, whether it was told, whether it can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from planner.services.difference import Difference, difference
from planner.services.outbox import pending_course_message
from planner.services.runtime import Actor, Runtime, Unit, who
from planner.services.snapshot import CourseSnapshot
from planner.services.undoing import why_not
from planner.storage.courses import CourseRow, RevisionRow
from planner.storage.people import PatientRow, StaffRow

MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change of a course.

    Args:
        actor: who made it, in words.
        told_at: when the patient was told; None if they were not.
        telling_at: when they will be, if a message waits that holds this change.
        undone: whether it was taken back.
        refusal: why it can't be undone; empty when it can.
    """

    revision_id: int
    number: int
    kind: str
    reason: str
    actor: str
    made_at: datetime
    difference: Difference
    told_at: datetime | None
    telling_at: datetime | None
    undone: bool
    refusal: str


@dataclass(frozen=True, slots=True)
class WhatHappened:
    """A revision as the page that made it says it.

    Args:
        number: of the session whose appointment the event was about, from 1; None for a change of the whole course.
        stopped: the automation stands still, so that nothing was rebooked.
        practitioners: names by staff id.
    """

    course_id: int
    revision_id: int
    kind: str
    reason: str
    number: int | None
    difference: Difference
    stopped: bool
    undoable: bool
    zone: str
    practitioners: dict[int, str]


@dataclass(frozen=True, slots=True)
class OlderChanges:
    """A stretch of a course's history. `before` is where the next older one begins, None at the very beginning."""

    course_id: int
    patient: str
    zone: str
    lines: tuple[HistoryLine, ...]
    before: int | None


def history(unit: Unit, course: CourseRow, *, before: int | None = None) -> tuple[HistoryLine, ...]:
    """The newest changes, newest first (two queries); with `before`, the newest that came before that number."""
    wanted = select(RevisionRow).where(RevisionRow.course_id == course.id)
    if before is not None:
        wanted = wanted.where(RevisionRow.number < before)
    rows = unit.session.scalars(wanted.order_by(RevisionRow.number.desc()).limit(MOST_LINES))
    waiting = pending_course_message(unit, course.id)
    telling_from = waiting.facts["from_revision"] if waiting else None
    return tuple(_line(row, course, waiting.due_at if waiting else None, telling_from) for row in rows)


def older_changes(runtime: Runtime, actor: Actor, course_id: int, before: int | None) -> OlderChanges:
    """The changes that came before the one with this number; the newest ones for None. Raises NotFound."""
    with runtime.reading(actor) as unit:
        course = unit.get(CourseRow, course_id)
        lines = history(unit, course, before=before)
        return OlderChanges(
            course_id=course.id,
            patient=unit.get(PatientRow, course.patient_id).name,
            zone=unit.clinic.timezone,
            lines=lines,
            before=lines[-1].number if lines and lines[-1].number > 1 else None,
        )


def what_happened(
    runtime: Runtime, actor: Actor, revision_id: int, *, appointment_id: int | None = None
) -> WhatHappened:
    """One revision in detail, just after it was made. Raises NotFound."""
    with runtime.reading(actor) as unit:
        row = unit.get(RevisionRow, revision_id)
        before, after = CourseSnapshot.from_json(row.before), CourseSnapshot.from_json(row.after)
        names = unit.session.execute(select(StaffRow.id, StaffRow.name))
        return WhatHappened(
            course_id=row.course_id,
            revision_id=row.id,
            kind=row.kind,
            reason=row.reason,
            number=_number(after, appointment_id),
            difference=difference(before, after),
            stopped=after.automation == "stopped",
            undoable=not why_not(row, unit.get(CourseRow, row.course_id)),
            zone=unit.clinic.timezone,
            practitioners=dict(names.all()),
        )


def _line(row: RevisionRow, course: CourseRow, telling_at: datetime | None, telling_from: int | None) -> HistoryLine:
    changed = difference(CourseSnapshot.from_json(row.before), CourseSnapshot.from_json(row.after))
    waits = telling_from is not None and row.number >= telling_from and row.told_at is None and bool(changed.told)
    return HistoryLine(
        revision_id=row.id,
        number=row.number,
        kind=row.kind,
        reason=row.reason,
        actor=who(row.actor),
        made_at=row.made_at,
        difference=changed,
        told_at=row.told_at,
        telling_at=telling_at if waits else None,
        undone=row.undone_at is not None,
        refusal=why_not(row, course),
    )


def _number(after: CourseSnapshot, appointment_id: int | None) -> int | None:
    return next(
        (
            session.position + 1
            for session in after.sessions
            if any(booked.id == appointment_id for booked in session.appointments)
        ),
        None,
    )
