"""A message that did not go out is owed anew, because a person says so."""

from __future__ import annotations

from typing import Final

from planner.errors import InvalidInput, StaleForm
from planner.services import worklists
from planner.services.runtime import Actor, Runtime
from planner.storage.courses import WorklistRow
from planner.storage.outward import OutboxRow
from planner.words import say

_ENDED: Final = ("failed", "unknown")


def send_again(runtime: Runtime, actor: Actor, item_id: int) -> None:
    """Let the worker try a message of the worklist again, as if it had never been tried.

    Raises:
        StaleForm: the line is closed, or the message is on its way.
        InvalidInput: the message would be out of date.
        NotFound: there is no such line here.
    """
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        item = unit.get(WorklistRow, item_id)
        if item.kind != worklists.MESSAGE_FAILED or item.closed_at is not None:
            raise StaleForm(say("Somebody has seen to this message meanwhile."))
        message = unit.get(OutboxRow, int(item.key.removeprefix("message-")))
        if message.status not in _ENDED:
            raise StaleForm(say("This message is on its way already."))
        if message.expires_at is not None and message.expires_at <= unit.now:
            raise InvalidInput(say("What this message tells is over; call the patient instead."))
        message.status, message.due_at, message.attempts, message.last_error = "due", unit.now, 0, ""
        worklists.close(unit, item)
        unit.audit("message.again", f"outbox/{message.id}", kind=message.kind)
