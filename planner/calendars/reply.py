"""Answers to invitations, as they come in by e-mail: read, and nothing believed yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Any, Final

from icalendar import Calendar, Component

from planner.calendars.busy import check_shape
from planner.calendars.text import clean_line
from planner.errors import InvalidInput

MOST_BYTES: Final = 2 * 1024 * 1024
ANSWERS: Final = ("ACCEPTED", "TENTATIVE", "DECLINED")
_ADDRESSED: Final = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
_MOST_COMMENT: Final = 200


class UnreadableReply(InvalidInput):
    """The message holds no answer that could be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a message says in answer to an invitation.

    Args:
        method: REPLY, or COUNTER, which proposes another time.
        uid: of the session it is about.
        sequence: of the invitation it answers.
        attendee: the mail address that answers, in lower case.
        answer: ACCEPTED, TENTATIVE, DECLINED; "" with COUNTER.
        stamped_at: when the answer was given, by the sender's program.
        addressed_to: every address it went to, the ORGANIZER's among them, in lower case.
        starts_at: proposed by a COUNTER; naive: by the clock where the sender is.
        comment: one line.
    """

    method: str
    uid: str
    sequence: int
    attendee: str
    answer: str
    stamped_at: datetime
    addressed_to: frozenset[str]
    starts_at: datetime | None = None
    comment: str = ""


def parse_reply(raw: bytes) -> Reply:
    """Read a message as a mail server hands it over.

    Raises:
        UnreadableReply: it holds no answer, more than one, or a broken one.
    """
    if len(raw) > MOST_BYTES:
        raise UnreadableReply("The message is too large.")
    try:
        message = message_from_bytes(raw, _class=EmailMessage, policy=default)
        calendar = Calendar.from_ical(_calendar_part(message))
        return _reply(calendar, _addresses(message))
    except UnreadableReply:
        raise
    # Mail is anything at all, and neither library says what it raises on it.
    except Exception as error:
        raise UnreadableReply(f"The message can't be understood ({type(error).__name__}).") from error


def _calendar_part(message: EmailMessage) -> bytes:
    """The calendar in it. Some programs send it twice, as a part to be read and as a file."""
    found = [part for part in message.walk() if part.get_content_type() in ("text/calendar", "application/ics")]
    if not found:
        raise UnreadableReply("The message holds no answer to an invitation.")
    data = found[0].get_payload(decode=True)
    if not isinstance(data, bytes):
        raise UnreadableReply("The message's calendar is empty.")
    check_shape(data)
    return data


def _addresses(message: EmailMessage) -> frozenset[str]:
    headers = [str(value) for name in _ADDRESSED for value in message.get_all(name, [])]
    return frozenset(address.lower() for _, address in getaddresses(headers) if address)


def _reply(calendar: Component, addressed_to: frozenset[str]) -> Reply:
    method = str(calendar.get("METHOD", "")).upper()
    if method not in ("REPLY", "COUNTER"):
        raise UnreadableReply("The message's calendar is no answer to an invitation.")
    events = calendar.walk("VEVENT")
    if not events:
        raise UnreadableReply("The message's calendar holds no appointment.")
    if len(events) > 1 or "RECURRENCE-ID" in events[0]:
        raise UnreadableReply("The message answers more than one appointment.")
    (event,) = events
    attendee = _only(event, "ATTENDEE")
    answer = str(attendee.params.get("PARTSTAT", "")).upper() if method == "REPLY" else ""
    if method == "REPLY" and answer not in ANSWERS:
        raise UnreadableReply("The message neither accepts nor declines.")
    return Reply(
        method=method,
        uid=str(event["UID"]),
        sequence=int(event.get("SEQUENCE", 0)),
        attendee=_address(attendee),
        answer=answer,
        stamped_at=_aware(event.decoded("DTSTAMP")),
        addressed_to=addressed_to | {_address(_only(event, "ORGANIZER"))},
        starts_at=_proposed(event) if method == "COUNTER" else None,
        comment=clean_line(str(event.get("COMMENT", "")))[:_MOST_COMMENT],
    )


def _only(event: Component, name: str) -> Any:
    value = event.get(name)
    if value is None or isinstance(value, list):
        raise UnreadableReply(f"The message names {'no' if value is None else 'more than one'} {name.lower()}.")
    return value


def _address(value: Any) -> str:
    return str(value).lower().removeprefix("mailto:")


def _aware(moment: Any) -> datetime:
    if not isinstance(moment, datetime):
        raise UnreadableReply("The message does not say when it was written.")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _proposed(event: Component) -> datetime:
    start = event.decoded("DTSTART")
    if not isinstance(start, datetime):
        raise UnreadableReply("The message proposes a day without a time.")
    return start
