"""What a person must look at: opened by what happened, closed by what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, cast, func, select

from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.courses import CourseRow, WorklistRow
from planner.storage.people import PatientRow
from planner.words import say

TWO_MISSES = "two_misses"
CATCH_UP = "catch_up"
TO_PLACE = "to_place"
TELL_PATIENT = "tell_patient"
MESSAGE_FAILED = "message_failed"
FREED_SLOT = "freed_slot"
BUSY_CLASH = "busy_clash"
REPLY_DECLINED = "reply_declined"
REPLY_WISH = "reply_wish"
REPLY_REFUSED = "reply_refused"
CALENDAR_SILENT = "calendar_silent"
UNRESOLVED = "unresolved"
WAITING_FOR_COURSE = "waiting_for_course"
UNDER_BOOKED = "under_booked"
REVIEW_DUE = "review_due"
ENDS_SOON = "ends_soon"
PROPOSAL = "proposal"
LEAVE_CLASH = "leave_clash"
WISH_CHANGED = "wish_changed"
CONTACT_CHANGE = "contact_change"
DAMAGE = "damage"
ABOUT_COURSES = (TWO_MISSES, CATCH_UP, TO_PLACE, PROPOSAL)
DISMISSED = "dismissed"
"""Marks in the details of a line that a person took it off: the diary does not put it back by itself."""

KINDS = {
    UNRESOLVED: say("Unresolved from the days before"),
    TWO_MISSES: say("Two misses in a row"),
    CATCH_UP: say("Catch-up proposed"),
    TO_PLACE: say("Still to place"),
    TELL_PATIENT: say("Tell by phone"),
    MESSAGE_FAILED: say("Messages that failed"),
    FREED_SLOT: say("Freed slots"),
    BUSY_CLASH: say("In a therapist's busy time"),
    REPLY_DECLINED: say("Declined by e-mail"),
    REPLY_WISH: say("Another time wished by e-mail"),
    REPLY_REFUSED: say("Answers by e-mail that changed nothing"),
    CALENDAR_SILENT: say("Calendars that have fallen silent"),
    PROPOSAL: say("Changes to agree to"),
    LEAVE_CLASH: say("In a therapist's leave"),
    WISH_CHANGED: say("Wishes that changed"),
    CONTACT_CHANGE: say("Contact details that patients want changed"),
    WAITING_FOR_COURSE: say("Waiting for a course"),
    UNDER_BOOKED: say("Fewer visits this week than planned"),
    REVIEW_DUE: say("Reviews due"),
    ENDS_SOON: say("Courses that end soon"),
    DAMAGE: say("Data that contradict themselves"),
}


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One line of a worklist."""

    id: int
    kind: str
    title: str
    says: str
    course_id: int | None
    patient_id: int | None
    patient: str
    opened_at: datetime
    details: dict[str, Any]


def open_item(unit: Unit, kind: str, key: str, says: str, course_id: int | None, **details: object) -> None:
    """Put something on a worklist, once: the same key again opens the same line anew."""
    row = unit.session.scalar(select(WorklistRow).where(WorklistRow.key == key))
    if row is None:
        row = WorklistRow(key=key, kind=kind, says=says, course_id=course_id, details=details, opened_at=unit.now)
        unit.session.add(row)
        return
    if row.closed_at is not None:
        row.opened_at, row.closed_at, row.closed_by = unit.now, None, ""
    row.says, row.details = says, details


def close_items(unit: Unit, course_id: int, *kinds: str) -> None:
    """Take the lines of these kinds about a course off the worklists."""
    rows = unit.session.scalars(
        select(WorklistRow).where(
            WorklistRow.course_id == course_id, WorklistRow.kind.in_(kinds), WorklistRow.closed_at.is_(None)
        )
    )
    for row in rows:
        close(unit, row)


def close(unit: Unit, row: WorklistRow) -> None:
    """Take one line off the worklists, because what it asked for was done or is over."""
    row.closed_at, row.closed_by = unit.now, unit.actor.name


def closed_at(unit: Unit, course_id: int, instant: datetime, *kinds: str) -> Sequence[WorklistRow]:
    """The lines of these kinds about a course that were taken off at that instant, and not by a person's hand."""
    rows = unit.session.scalars(
        select(WorklistRow).where(
            WorklistRow.course_id == course_id, WorklistRow.kind.in_(kinds), WorklistRow.closed_at == instant
        )
    )
    return [row for row in rows if not row.details.get(DISMISSED)]


def reopen(row: WorklistRow) -> None:
    """Put a line back that was taken off, as old as it is."""
    row.closed_at, row.closed_by = None, ""


def close_key(unit: Unit, key: str) -> None:
    """Take one line off the worklists by its key; nothing where there is none."""
    row = unit.session.scalar(select(WorklistRow).where(WorklistRow.key == key, WorklistRow.closed_at.is_(None)))
    if row is not None:
        close(unit, row)


def dismiss(runtime: Runtime, actor: Actor, item_id: int) -> None:
    """Close one line because a person has seen to it."""
    with runtime.writing(actor) as unit:
        row = unit.get(WorklistRow, item_id)
        if row.closed_at is None:
            close(unit, row)
            row.details = {**row.details, DISMISSED: True}
            unit.audit("worklist.dismiss", f"worklist/{row.id}", kind=row.kind)


def open_count(unit: Unit, kind: str) -> int:
    """How many lines of a kind are open."""
    row = WorklistRow
    return unit.session.scalar(select(func.count()).where(row.kind == kind, row.closed_at.is_(None))) or 0


def open_items(unit: Unit) -> Sequence[WorkItem]:
    """All open lines of the clinic, oldest first (one query); one about no course may name its patient itself."""
    whose = func.coalesce(CourseRow.patient_id, cast(WorklistRow.details["patient_id"].as_string(), BigInteger))
    found = unit.session.execute(
        select(WorklistRow, PatientRow.id, PatientRow.name)
        .outerjoin(CourseRow, (CourseRow.id == WorklistRow.course_id) & (CourseRow.clinic_id == WorklistRow.clinic_id))
        .outerjoin(PatientRow, (PatientRow.id == whose) & (PatientRow.clinic_id == WorklistRow.clinic_id))
        .where(WorklistRow.closed_at.is_(None))
        .order_by(WorklistRow.opened_at, WorklistRow.id)
    )
    return [
        WorkItem(
            id=row.id,
            kind=row.kind,
            title=KINDS.get(row.kind, row.kind),
            says=row.says,
            course_id=row.course_id,
            patient_id=patient_id,
            patient=name or "",
            opened_at=row.opened_at,
            details=row.details,
        )
        for row, patient_id, name in found
    ]
