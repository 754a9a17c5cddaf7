"""Invitations as iTIP asks for them (RFC 5546): a REQUEST for a session that stands, a CANCEL for one that does not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from planner.calendars.event import CalendarEvent, vevent_bytes
from planner.calendars.feed import calendar_around
from planner.calendars.lines import content_line
from planner.calendars.text import clean_line

Method = Literal["REQUEST", "CANCEL"]
_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody in an invitation.

    Raises:
        ValueError: the address can't stand in a calendar file.
    """

    address: str
    name: str = ""

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise ValueError("an invitation needs a plain ASCII mail address")

    def name_parameter(self) -> str:
        """CN, quoted; what can't stand in quotes is written as RFC 6868 says."""
        name = clean_line(self.name).replace("^", "^^").replace('"', "^'")
        return f';CN="{name}"' if name else ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """One session, from the clinic to one patient.

    Args:
        event: as it stands; a cancelled one makes this a CANCEL.
        organizer: where answers go; its address holds the secret that proves them.
        attendee: the patient. Nobody else is ever named.
        wants_answer: whether an answer is read.
    """

    event: CalendarEvent
    organizer: Party
    attendee: Party
    wants_answer: bool

    @property
    def method(self) -> Method:
        """What it does in the patient's calendar."""
        return "CANCEL" if self.event.cancelled else "REQUEST"


def invitation_bytes(invitation: Invitation) -> bytes:
    """The calendar part of the message: UTF-8, CRLF; the same invitation gives the same bytes.

    Source: RFC 5546 §3.2.2, §3.2.5; RFC 6047 §2.
    """
    organizer, attendee = invitation.organizer, invitation.attendee
    answer = f";PARTSTAT=NEEDS-ACTION;RSVP={'TRUE' if invitation.wants_answer else 'FALSE'}"
    asked = "" if invitation.event.cancelled else answer
    people = content_line(f"ORGANIZER{organizer.name_parameter()}", f"mailto:{organizer.address}") + content_line(
        f"ATTENDEE{attendee.name_parameter()};ROLE=REQ-PARTICIPANT{asked}", f"mailto:{attendee.address}"
    )
    body = vevent_bytes(invitation.event, also=people)
    return calendar_around([invitation.event], body, method=invitation.method)
