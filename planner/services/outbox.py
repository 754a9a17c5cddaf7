"""What a patient is owed to be told: rows written in the transaction of the fact itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from planner.services.runtime import Unit
from planner.storage.courses import CourseRow, RevisionRow
from planner.storage.jobs import SlotOfferRow
from planner.storage.outward import OutboxRow

COURSE_KINDS = ("course_booked", "course_changed")
OFFER_KIND = "slot_offered"
_LONGEST_HOLD = 4  # Holds: a course that is changed again and again is told of all the same.


def queue_course_message(unit: Unit, course: CourseRow, revision: RevisionRow) -> None:
    """Owe the patient one message for all changes of a course that they have not been told of.

    It waits for the clinic's hold time after the last change, so that what is undone meanwhile sends nothing.
    """
    hold = timedelta(minutes=unit.clinic.hold_minutes)
    waiting = pending_course_message(unit, course.id) if revision.number > 1 else None
    if waiting is not None:
        longest = waiting.created_at + _LONGEST_HOLD * hold
        # One that could not be delivered is old already, and is still held for what has changed just now.
        waiting.due_at = max(waiting.due_at, unit.now + hold) if waiting.attempts else min(unit.now + hold, longest)
        return
    unit.session.add(
        OutboxRow(
            key=f"course-{course.id}-revision-{revision.number}",
            kind="course_booked" if revision.kind == "booked" else "course_changed",
            patient_id=course.patient_id,
            course_id=course.id,
            facts={"from_revision": revision.number},
            due_at=unit.now + hold,
            created_at=unit.now,
        )
    )


def queue_offer_message(unit: Unit, offer: SlotOfferRow, until: datetime) -> None:
    """Owe the patient word of a freed slot at once, until some instant; one that waits is not doubled."""
    due = select(OutboxRow).where(
        OutboxRow.patient_id == offer.patient_id, OutboxRow.kind == OFFER_KIND, OutboxRow.status == "due"
    )
    for waiting in unit.session.scalars(due):
        if waiting.facts["offer_id"] == offer.id:
            waiting.expires_at = until
            return
    unit.session.add(
        OutboxRow(
            key=f"offer-{offer.id}-{offer.expires_at:%Y%m%dT%H%M%SZ}",
            kind=OFFER_KIND,
            patient_id=offer.patient_id,
            course_id=offer.course_id,
            facts={"offer_id": offer.id},
            due_at=unit.now,
            expires_at=until,
            created_at=unit.now,
        )
    )


def pending_course_message(unit: Unit, course_id: int) -> OutboxRow | None:
    """The message about this course that nobody has begun to send."""
    return unit.session.scalar(
        select(OutboxRow).where(
            OutboxRow.course_id == course_id, OutboxRow.kind.in_(COURSE_KINDS), OutboxRow.status == "due"
        )
    )
