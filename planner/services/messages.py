"""Sending what is owed: each outbox row is leased, sent outside of any transaction, then marked.

A message about a course may go out twice, if a worker dies between sending and marking: both copies have one
Message-ID and the same calendar entries, so the second changes nothing. A reminder must not come twice, so "the text
is about to go out" is committed first; one that is cut off right then is shown to a person and never sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select, update

from planner import metrics
from planner.config import template_folder
from planner.errors import InvalidInput
from planner.notify.delivery import DeliveryFailure, PermanentFailure, TemporaryFailure, UnknownOutcome
from planner.notify.render import MailTemplates
from planner.services import worklists
from planner.services.addressing import NothingToSend, Outgoing
from planner.services.contact_changes import CONTACT_CODE, contact_code_letter
from planner.services.course_letters import course_letter
from planner.services.invitations import INVITATION, invitation_letter
from planner.services.offers import offer_letter
from planner.services.outbox import OFFER_KIND
from planner.services.reminders import REMINDER, reminder_letter
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.sweeping import SweepReport, each
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from planner.words import say

LEASE: Final = timedelta(minutes=10)
"""Longer than any attempt takes, so that nobody else sends meanwhile; as long until a dead worker's work goes on."""

DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""After each failed attempt; the last one again and again."""

MOST_ATTEMPTS: Final = 30
_LETTERS: Final = {
    REMINDER: reminder_letter,
    OFFER_KIND: offer_letter,
    INVITATION: invitation_letter,
    CONTACT_CODE: contact_code_letter,
}
_ENOUGH_REFUSALS: Final = 3  # In a row: the mail server is away, and the others can wait for the next turn.
_log = logging.getLogger("planner.messages")


@dataclass(frozen=True, slots=True)
class _Owed:
    """A row that is due, by its key."""

    clinic_id: int
    id: int


@dataclass(frozen=True, slots=True)
class _Leased:
    """A row that nobody else sends until `until`, which also names the lease."""

    owed: _Owed
    until: datetime
    kind: str
    attempts: int
    outgoing: Outgoing


def send_outbox(runtime: Runtime) -> SweepReport:
    """Send every message that is due, of all clinics, the oldest first."""
    interrupted = each(
        runtime,
        "flag-interrupted",
        _rows(runtime, _is_interrupted(runtime.clock.now())),
        key=lambda owed: owed.id,
        work=lambda owed: _flag_interrupted(runtime, owed),
    )
    turn = _Turn(runtime, _templates())
    due = turn.while_answered(_rows(runtime, _is_due(runtime.clock.now())))
    sent = each(runtime, "send-outbox", due, key=lambda owed: owed.id, work=turn.send)
    return SweepReport(
        sent.done - turn.failures, interrupted.done + interrupted.failed + sent.failed + turn.failures, sent.delayed
    )


@cache
def _templates() -> MailTemplates:
    return MailTemplates(template_folder())


@dataclass
class _Turn:
    """One run of the sweep."""

    runtime: Runtime
    templates: MailTemplates
    failures: int = 0
    _refusals_in_a_row: int = field(default=0, init=False)

    def while_answered(self, owed: Sequence[_Owed]) -> Iterator[_Owed]:
        """The rows, until the mail server has shown that it is away."""
        for row in owed:
            if self._refusals_in_a_row >= _ENOUGH_REFUSALS:
                return
            yield row

    def send(self, owed: _Owed) -> None:
        """Lease one row, send it, and mark what became of it."""
        leased = _lease(self.runtime, owed)
        if leased is None:
            return
        try:
            message = leased.outgoing.message(self.templates)
            self.runtime.mailer.send(message, on_data_started=self._before_data(leased))
        except _LeaseLostError:
            return
        except InvalidInput as refusal:
            self._failed(leased, PermanentFailure(refusal.message))
        except DeliveryFailure as failure:
            self._failed(leased, failure)
        else:
            self._refusals_in_a_row = 0
            _mark(self.runtime, leased, "sent", sent_at=self.runtime.clock.now(), last_error="")

    def _before_data(self, leased: _Leased) -> Callable[[], None] | None:
        """What commits that a reminder is about to go out; other messages may be repeated."""
        if leased.kind != REMINDER:
            return None

        def commit() -> None:
            if not _mark(self.runtime, leased, "sending"):
                raise _LeaseLostError

        return commit

    def _failed(self, leased: _Leased, failure: DeliveryFailure) -> None:
        # The server's words may name the patient's address, so they go into the row and not into the log.
        _log.warning("message %s was not delivered: %s", leased.owed.id, type(failure).__name__)
        self._refusals_in_a_row = self._refusals_in_a_row + 1 if isinstance(failure, TemporaryFailure) else 0
        if isinstance(failure, UnknownOutcome) and leased.kind == REMINDER:
            _give_up(self.runtime, leased, "unknown", failure.message)
        elif isinstance(failure, PermanentFailure) or leased.attempts >= MOST_ATTEMPTS:
            _give_up(self.runtime, leased, "failed", failure.message)
        else:
            delay = DELAYS[min(leased.attempts, len(DELAYS)) - 1]
            again = self.runtime.clock.now() + delay
            _mark(self.runtime, leased, "due", due_at=again, leased_until=None, last_error=failure.message)
        self.failures += 1


class _LeaseLostError(Exception):
    """Somebody else has taken the row over; what was not sent yet must not be sent here."""


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Due, or leased by a worker that did not come back."""
    return or_(
        and_(OutboxRow.status == "due", OutboxRow.due_at <= now),
        and_(OutboxRow.status == "leased", OutboxRow.leased_until <= now),
    )


def _is_interrupted(now: datetime) -> ColumnElement[bool]:
    """About to go out when its worker died."""
    return and_(OutboxRow.status == "sending", OutboxRow.leased_until <= now)


def _rows(runtime: Runtime, condition: ColumnElement[bool]) -> Sequence[_Owed]:
    with runtime.database.reading(None) as session:
        found = session.execute(
            select(OutboxRow.clinic_id, OutboxRow.id).where(condition).order_by(OutboxRow.due_at, OutboxRow.id)
        )
        return [_Owed(clinic_id, row_id) for clinic_id, row_id in found]


def _lease(runtime: Runtime, owed: _Owed) -> _Leased | None:
    """Take the row and read its letter, in one transaction; None if there is nothing to send."""
    with runtime.writing(Actor.system(owed.clinic_id)) as unit:
        until = unit.now + LEASE
        claimed = _change(
            unit, owed, _is_due(unit.now), status="leased", leased_until=until, attempts=OutboxRow.attempts + 1
        )
        if not claimed:
            return None
        row = unit.get(OutboxRow, owed.id)
        if row.expires_at is not None and row.expires_at <= unit.now:
            row.status = "expired"
            return None
        outgoing = _outgoing(runtime, unit, row)
        if outgoing is None:
            return None
        return _Leased(owed, until, row.kind, row.attempts, outgoing)


def _outgoing(runtime: Runtime, unit: Unit, row: OutboxRow) -> Outgoing | None:
    """The row's letter; None, and the row settled, where nothing can or must be sent."""
    if row.attempts > MOST_ATTEMPTS:
        row.status = "failed"  # Every attempt was cut off: its letter itself must be what stops the worker.
        _open_failed(unit, row.id, row.last_error or say("Every attempt was cut off."), "")
        return None
    letter = _LETTERS.get(row.kind, course_letter)(runtime, unit, row)
    if isinstance(letter, NothingToSend):
        row.status, row.last_error = "skipped", letter.why
        return None
    if letter.to:
        return letter
    row.status, row.last_error = "skipped", say("The patient has no e-mail address.")
    if row.kind != REMINDER:
        phone = unit.get(PatientRow, row.patient_id).phone
        if phone:
            says = say("No e-mail address, phone %(phone)s – %(news)s", phone=phone, news=letter.says)
        else:
            says = say("No e-mail address – %(news)s", news=letter.says)
        worklists.open_item(
            unit, worklists.TELL_PATIENT, f"tell-{row.id}", says, row.course_id, patient_id=row.patient_id
        )
    return None


def _mark(runtime: Runtime, leased: _Leased, status: str, **values: Any) -> bool:
    """Settle a leased row, unless the lease ran out and somebody else took it."""
    with runtime.writing(Actor.system(leased.owed.clinic_id)) as unit:
        return _settle(unit, leased, status, **values)


def _give_up(runtime: Runtime, leased: _Leased, status: str, error: str) -> None:
    with runtime.writing(Actor.system(leased.owed.clinic_id)) as unit:
        if _settle(unit, leased, status, last_error=error):
            _open_failed(unit, leased.owed.id, error, leased.outgoing.says)


def _settle(unit: Unit, leased: _Leased, status: str, **values: Any) -> bool:
    ours = and_(OutboxRow.status.in_(("leased", "sending")), OutboxRow.leased_until == leased.until)
    settled = _change(unit, leased.owed, ours, status=status, **values)
    if settled and status != "sending":
        unit.once_kept(partial(metrics.message_settled, status))
    if settled and status not in ("sending", "due"):
        unit.audit(f"message.{status}", f"outbox/{leased.owed.id}", kind=leased.kind)
    return settled


def _flag_interrupted(runtime: Runtime, owed: _Owed) -> None:
    """A worker died while the text was on its way: nobody can say whether it arrived."""
    with runtime.writing(Actor.system(owed.clinic_id)) as unit:
        if not _change(unit, owed, _is_interrupted(unit.now), status="unknown"):
            return
        row = unit.get(OutboxRow, owed.id)
        unit.once_kept(partial(metrics.message_settled, "unknown"))
        row.last_error = say("Cut off while it was being sent: it may have arrived or not.")
        unit.audit("message.unknown", f"outbox/{row.id}", kind=row.kind)
        _open_failed(unit, row.id, row.last_error, say("reminder of the next appointment"))


def _open_failed(unit: Unit, row_id: int, error: str, says: str) -> None:
    row = unit.get(OutboxRow, row_id)
    words = say("%(news)s – %(error)s", news=says, error=error) if says else error
    key = f"message-{row_id}"
    worklists.open_item(unit, worklists.MESSAGE_FAILED, key, words, row.course_id, patient_id=row.patient_id)


def _change(unit: Unit, owed: _Owed, still: ColumnElement[bool], **values: Any) -> bool:
    """Change the row if it still is so; whether it was."""
    statement = update(OutboxRow).where(OutboxRow.id == owed.id, still).values(**values)
    result = unit.session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], result).rowcount == 1
