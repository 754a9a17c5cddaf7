"""Answers to invitations: proved, put in order, and carried out; what can't be proved changes nothing and is shown."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from planner.calendars.reply import ANSWERS, Reply, UnreadableReply, parse_reply
from planner.diary.free import to_wall
from planner.services import worklists
from planner.services.attendance import confirm_in, unconfirm_in
from planner.services.invitations import secrets_of
from planner.services.planning import standing
from planner.services.runtime import PATIENT, Actor, Runtime, Unit
from planner.services.snapshot import Booked, booked_from, session_from
from planner.storage.calendars import InvitationRow
from planner.storage.courses import AppointmentRow, SessionRow, WorklistRow
from planner.storage.people import ClinicRow, PatientRow
from planner.words import Text, listing, moment_said, say

MOST_REFUSED: Final = 50
"""Lines about answers that could not be proved; whoever forges more fills no worklist."""

_log = logging.getLogger("planner.replies")


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a message.

    Args:
        outcome: confirmed, declined, tentative, wish, repeated, or refused.
        says: why, where it was refused.
    """

    outcome: str
    says: str = ""


class _Refused(Exception):
    """The answer changes nothing; the words are for staff."""


@dataclass(frozen=True)
class _Invited:
    """The invitation that a message answers, inside a transaction."""

    unit: Unit
    row: InvitationRow
    session: SessionRow
    patient: PatientRow
    booked: Booked

    @property
    def when(self) -> str:
        return _when(self.unit, self.booked.starts_at)


def receive(runtime: Runtime, raw: bytes) -> Received:
    """Take a message that came to the address of an invitation.

    Coming twice, or after one that was written later, it changes nothing more.
    """
    try:
        reply = parse_reply(raw)
    except UnreadableReply as refusal:
        return _shown(runtime, _only_clinic(runtime), raw, refusal.message)
    found = _session_of(runtime, reply.uid)
    if found is None:
        return _shown(runtime, _only_clinic(runtime), raw, say("It is about no appointment of ours."))
    clinic_id, patient_id, course_id = found
    actor = Actor(clinic_id=clinic_id, name=PATIENT, patient_id=patient_id)
    try:
        with runtime.writing(actor) as unit:
            return _carry_out(unit, _proved(runtime, unit, reply), reply)
    except _Refused as refusal:
        return _shown(runtime, clinic_id, raw, refusal.args[0], course_id)


def _carry_out(unit: Unit, invited: _Invited, reply: Reply) -> Received:
    if reply.method == "COUNTER":
        return _wish(unit, invited, reply)
    if _rank(reply.stamped_at, reply.answer) <= _rank(invited.row.answered_at, invited.row.answer):
        return Received("repeated")
    answered_before = invited.row.answer
    invited.row.answer, invited.row.answered_at = reply.answer, reply.stamped_at
    unit.audit("invitation.answer", f"session/{invited.session.id}", answer=reply.answer)
    key = f"declined-{invited.session.id}-{invited.session.sequence}"
    if reply.answer == "DECLINED":
        name, when = invited.patient.name, invited.when
        declined = say("%(name)s declined %(when)s.", name=name, when=when)
        says = listing([declined, *_comment(reply), say("Cancel it, move it, or call.")], " ")
        worklists.open_item(unit, worklists.REPLY_DECLINED, key, says, invited.session.course_id)
    else:
        _close(unit, key)
    appointment_id = invited.booked.id or 0
    if reply.answer == "ACCEPTED":
        confirm_in(unit, appointment_id)
        return Received("confirmed")
    said_by_page = invited.booked.confirmed_at is not None and answered_before != "ACCEPTED"
    if not (said_by_page and invited.booked.confirmed_at and invited.booked.confirmed_at >= reply.stamped_at):
        unconfirm_in(unit, appointment_id)
    return Received(reply.answer.lower())


def _wish(unit: Unit, invited: _Invited, reply: Reply) -> Received:
    wished = reply.starts_at
    if wished is None:
        raise ValueError("a COUNTER without a time was let through")
    instant = wished.replace(tzinfo=unit.zone) if wished.tzinfo is None else wished
    key = f"wish-{invited.session.id}-{invited.session.sequence}-{reply.stamped_at:%Y%m%dT%H%M%SZ}"
    if unit.session.scalar(select(WorklistRow.id).where(WorklistRow.key == key)) is not None:
        return Received("repeated")
    asks = say(
        "%(name)s asks for %(wish)s instead of %(when)s.",
        name=invited.patient.name,
        wish=_when(unit, instant),
        when=invited.when,
    )
    says = listing([asks, *_comment(reply)], " ")
    worklists.open_item(unit, worklists.REPLY_WISH, key, says, invited.session.course_id)
    return Received("wish")


def _proved(runtime: Runtime, unit: Unit, reply: Reply) -> _Invited:
    """The invitation, if the answer is one to it as it stands now.

    Raises:
        _Refused: it is not; the words say why.
    """
    session = unit.session.scalars(select(SessionRow).where(SessionRow.uid == reply.uid)).one()
    patient = unit.get(PatientRow, unit.actor.patient_id or 0)
    row = unit.session.scalar(select(InvitationRow).where(InvitationRow.session_id == session.id))
    if row is None:
        raise _Refused(say("%(name)s was never invited to it.", name=patient.name))
    if not _has_secret(reply, secrets_of(runtime, unit.clinic.id, session.uid, patient.id)):
        raise _Refused(say("It could not be proved to come from %(name)s.", name=patient.name))
    if reply.attendee != row.address.lower():
        raise _Refused(say("Somebody else answered for %(name)s.", name=patient.name))
    booked = _standing(unit, session)
    if booked is None or reply.sequence < session.sequence:
        raise _Refused(say("%(name)s answered an invitation that does not hold any more.", name=patient.name))
    if reply.sequence > session.sequence:
        raise _Refused(say("It answers an invitation that was never sent."))
    return _Invited(unit, row, session, patient, booked)


def _has_secret(reply: Reply, secrets: Iterable[str]) -> bool:
    held = [address.rpartition("@")[0].partition("+")[2] for address in reply.addressed_to]
    return any(hmac.compare_digest(each.encode(), secret.encode()) for secret in secrets for each in held)


def _standing(unit: Unit, session: SessionRow) -> Booked | None:
    rows = unit.session.scalars(
        select(AppointmentRow).where(AppointmentRow.session_id == session.id).order_by(AppointmentRow.id)
    )
    state = session_from(session, tuple(booked_from(row) for row in rows))
    return None if state.dropped else standing(unit, state)


def _session_of(runtime: Runtime, uid: str) -> tuple[int, int, int] | None:
    """(clinic, patient, course) of a session, in whichever clinic."""
    with runtime.database.reading(None) as session:
        found = session.execute(
            select(AppointmentRow.clinic_id, AppointmentRow.patient_id, AppointmentRow.course_id)
            .join(
                SessionRow,
                (SessionRow.clinic_id == AppointmentRow.clinic_id) & (SessionRow.id == AppointmentRow.session_id),
            )
            .where(SessionRow.uid == uid)
            .limit(1)
        ).first()
    return tuple(found) if found else None  # type: ignore[return-value]


def _only_clinic(runtime: Runtime) -> int | None:
    """The clinic, where there is but one; a message nobody knows belongs to no one of several."""
    with runtime.database.reading(None) as session:
        found = session.scalars(select(ClinicRow.id).limit(2)).all()
    return found[0] if len(found) == 1 else None


def _shown(runtime: Runtime, clinic_id: int | None, raw: bytes, why: str, course_id: int | None = None) -> Received:
    """Show staff what came in and why it changed nothing, each message once."""
    _log.warning("an answer by e-mail changed nothing")
    if clinic_id is None:
        return Received("refused", why)
    key = f"reply-{hashlib.sha256(raw).hexdigest()[:24]}"
    with runtime.writing(Actor.system(clinic_id)) as unit:
        known = unit.session.scalar(select(WorklistRow.id).where(WorklistRow.key == key))
        waiting = unit.session.scalar(
            select(func.count())
            .select_from(WorklistRow)
            .where(WorklistRow.kind == worklists.REPLY_REFUSED, WorklistRow.closed_at.is_(None))
        )
        if known is None and (waiting or 0) < MOST_REFUSED:
            worklists.open_item(
                unit, worklists.REPLY_REFUSED, key, say("An answer by e-mail: %(why)s", why=why), course_id
            )
    return Received("refused", why)


def _close(unit: Unit, key: str) -> None:
    row = unit.session.scalar(select(WorklistRow).where(WorklistRow.key == key, WorklistRow.closed_at.is_(None)))
    if row is not None:
        row.closed_at, row.closed_by = unit.now, unit.actor.name


def _rank(stamped_at: datetime | None, answer: str) -> tuple[float, int]:
    """Later answers win; of two in one second the more cautious one, whichever came first."""
    return (stamped_at.timestamp() if stamped_at else float("-inf"), ANSWERS.index(answer) if answer else -1)


def _comment(reply: Reply) -> tuple[str, ...]:
    return (f"“{reply.comment}”",) if reply.comment else ()


def _when(unit: Unit, instant: datetime) -> Text:
    return moment_said(to_wall(instant, unit.zone))
