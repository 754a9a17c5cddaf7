"""Invitations by e-mail for patients who chose them: what their programs were told last, and what is news to them.

The address that answers go to holds a secret of the one invitation, derived from the instance's own: whoever answers
proves by it that they had the invitation in their hands. A From line proves nothing.
"""

from __future__ import annotations

import base64
from typing import Final

from sqlalchemy import Select, select

from planner.calendars.event import CalendarEvent
from planner.calendars.invitation import Invitation, Party
from planner.notify.letters import Invited
from planner.notify.visit import Visit
from planner.services.addressing import Addressee, NothingToSend, Outgoing, Places
from planner.services.calendar_events import patient_events
from planner.services.keys import digests
from planner.services.runtime import Runtime, Unit
from planner.services.snapshot import booked_from
from planner.storage.calendars import InvitationRow
from planner.storage.courses import AppointmentRow, CourseRow, SessionRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from planner.words import say

INVITATION: Final = "invitation"
INVITED: Final = "invitations"
_SECRET_BYTES: Final = 16


def secret_of(runtime: Runtime, clinic_id: int, uid: str, patient_id: int) -> str:
    """What proves an answer to the invitation of this session: 128 bits, in letters and digits of one case."""
    return secrets_of(runtime, clinic_id, uid, patient_id)[0]


def secrets_of(runtime: Runtime, clinic_id: int, uid: str, patient_id: int) -> list[str]:
    """That one, and those by earlier keys of the instance: the invitation may have gone out long ago."""
    found = digests(runtime, f"invitation/{clinic_id}/{uid}/{patient_id}")
    return [base64.b32encode(each[:_SECRET_BYTES]).decode().rstrip("=").lower() for each in found]


def queue_invitations(runtime: Runtime, unit: Unit, course: CourseRow) -> None:
    """Owe a patient who chose invitations one message for each session whose last one is out of date."""
    patient = unit.get(PatientRow, course.patient_id)
    if patient.contact != INVITED or not patient.email or _organizer_address(runtime, unit, "x") is None:
        return
    events = {event.uid: event for event in patient_events(unit, patient.id)}
    known = {row.session_id: row for row in unit.session.scalars(_rows_of(patient.id))}
    for session in unit.session.scalars(select(SessionRow).where(SessionRow.course_id == course.id)):
        event = events.get(session.uid)
        if event is not None and _is_news(unit, event, known.get(session.id)):
            _queue(unit, course, session, event, known.get(session.id), patient)


def invitation_letter(runtime: Runtime, unit: Unit, row: OutboxRow) -> Outgoing | NothingToSend:
    """The invitation that an outbox row owes, unless a newer one of the same session has overtaken it.

    An old REQUEST must never be sent again: some programs let it overwrite a newer one.
    """
    session = unit.get(SessionRow, row.facts["session_id"])
    told = unit.session.scalar(select(InvitationRow).where(InvitationRow.session_id == session.id))
    event = next((each for each in patient_events(unit, row.patient_id) if each.uid == session.uid), None)
    if event is None or told is None or not event.sequence == told.sequence == row.facts["sequence"]:
        return NothingToSend(say("The session has changed since; a newer invitation follows."))
    patient = unit.get(PatientRow, row.patient_id)
    organizer = _organizer_address(runtime, unit, secret_of(runtime, unit.clinic.id, session.uid, patient.id))
    if organizer is None:
        return NothingToSend(say("The clinic has no address that answers could go to."))
    to = Addressee(runtime, unit, patient)
    invitation = Invitation(
        event=event,
        organizer=Party(organizer, unit.clinic.name),
        attendee=Party(told.address, patient.name),
        wants_answer=runtime.reply_address is not None,
    )
    letter = Invited(
        to.head(), _visit(unit, session), event.cancelled, again=event.sequence > 0,
        answers_read=runtime.reply_address is not None,
    )  # fmt: skip
    says = say("cancellation of an invitation") if event.cancelled else say("invitation")
    return to.outgoing(letter, key=row.key, dated=event.revised_at, says=says, invitation=invitation)


def _rows_of(patient_id: int) -> Select[InvitationRow]:
    return select(InvitationRow).where(InvitationRow.patient_id == patient_id)


def _is_news(unit: Unit, event: CalendarEvent, told: InvitationRow | None) -> bool:
    if event.starts_at <= unit.now:
        return False
    if told is None:
        return not event.cancelled
    return event.sequence > told.sequence and not (event.cancelled and told.cancelled)


def _queue(
    unit: Unit, course: CourseRow, session: SessionRow, event: CalendarEvent, told: InvitationRow | None,
    patient: PatientRow,
) -> None:  # fmt: skip
    if told is None:
        told = InvitationRow(session_id=session.id, patient_id=patient.id, address=patient.email, sequence=0)
        unit.session.add(told)
    told.address = patient.email
    told.sequence, told.cancelled, told.answer, told.answered_at = event.sequence, event.cancelled, "", None
    unit.session.add(
        OutboxRow(
            key=f"invitation-{session.id}-{event.sequence}",
            kind=INVITATION,
            patient_id=patient.id,
            course_id=course.id,
            facts={"session_id": session.id, "sequence": event.sequence},
            due_at=unit.now,
            created_at=unit.now,
        )
    )


def _organizer_address(runtime: Runtime, unit: Unit, secret: str) -> str | None:
    if runtime.reply_address is None:
        return unit.clinic.email or None
    name, _, domain = runtime.reply_address.partition("@")
    return f"{name}+{secret}@{domain}"


def _visit(unit: Unit, session: SessionRow) -> Visit:
    rows = unit.session.scalars(
        select(AppointmentRow).where(AppointmentRow.session_id == session.id).order_by(AppointmentRow.id)
    ).all()
    counting = next((row for row in reversed(rows) if not row.superseded), rows[-1])
    return Places.of(unit).visit(booked_from(counting))
