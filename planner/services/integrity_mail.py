"""Word to those who manage a clinic that its data contradict themselves; what was found stands on the worklists too."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from urllib.parse import urlsplit

from sqlalchemy import select

from planner.errors import InvalidInput
from planner.notify.delivery import DeliveryFailure
from planner.notify.message import Message, message_id, one_line
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.people import StaffRow
from planner.words import Text, say

_log = logging.getLogger("planner.integrity")


def tell_managers(runtime: Runtime, actor: Actor, night: date, findings: Sequence[str]) -> None:
    """One message to each manager; one that can't be sent is logged, and the worklists tell it all the same.

    Args:
        findings: each in words, without anybody's name.
    """
    with runtime.reading(actor) as unit:
        messages = list(_messages(unit, runtime.base_url.rstrip("/"), night, findings))
    for message in messages:
        try:
            runtime.mailer.send(message)
        except DeliveryFailure as failure:
            _log.warning("a manager could not be told of findings: %s", type(failure).__name__)


def _messages(unit: Unit, base_url: str, night: date, findings: Sequence[str]) -> Iterator[Message]:
    managers = select(StaffRow).where(StaffRow.role == "manager", StaffRow.active.is_(True), StaffRow.email != "")
    for manager in unit.session.scalars(managers.order_by(StaffRow.id)):
        try:
            yield _message(unit, manager, base_url, night, findings)
        except InvalidInput as refusal:
            _log.warning("a manager could not be told of findings: %s", refusal.message)


def _message(unit: Unit, manager: StaffRow, base_url: str, night: date, findings: Sequence[str]) -> Message:
    language = manager.language or unit.clinic.language
    found = [each.put(language) if isinstance(each, Text) else each for each in findings]
    subject = say("%(clinic)s: data that contradict themselves", clinic=unit.clinic.name).put(language)
    begins = say("The nightly look through the data found this:").put(language)
    ends = say("It stands on the worklists: %(address)s", address=f"{base_url}/worklists").put(language)
    lines = "".join(f"<li>{escape(each)}</li>" for each in found)
    return Message(
        to=manager.email,
        to_name=one_line(manager.name),
        subject=one_line(subject),
        text="\n".join([begins, "", *(f"- {each}" for each in found), "", ends, ""]),
        html=f"<p>{escape(begins)}</p><ul>{lines}</ul><p>{escape(ends)}</p>\n",
        message_id=message_id(f"{unit.clinic.id}/damage-{night}-{manager.id}", _domain(base_url)),
        date=unit.now,
        from_name=one_line(unit.clinic.name),
        reply_to=unit.clinic.email,
    )


def _domain(base_url: str) -> str:
    host = urlsplit(base_url).hostname or ""
    return host if host and ":" not in host else "localhost"
