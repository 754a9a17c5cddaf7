"""A letter with all it takes to send it, read in one transaction and turned into a message outside of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.calendars.event import CalendarEvent
from planner.calendars.feed import download_bytes
from planner.calendars.invitation import Invitation, invitation_bytes
from planner.notify.letters import Letter
from planner.notify.message import Attachment, CalendarPart, Message
from planner.notify.render import MailTemplates
from planner.notify.visit import Letterhead, Visit
from planner.services.letter_words import own_words
from planner.services.patients import personal_link
from planner.services.runtime import Runtime, Unit
from planner.services.snapshot import Booked
from planner.storage.people import PatientRow, RoomRow, StaffRow


@dataclass(frozen=True, slots=True)
class NothingToSend:
    """Why a message that was owed is not needed any more."""

    why: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter and whom it goes to.

    Args:
        to: the patient's address, or "" if nobody knows it.
        key: the message's identity: another attempt to say the same has the same one.
        domain: for the Message-ID.
        dated: instant of the fact it tells of.
        events: for the calendar file that goes with it; none, no file.
        says: the same in a few words, for a person who has to tell it by phone.
        invitation: goes with it, or None.
    """

    letter: Letter
    to: str
    to_name: str
    from_name: str
    reply_to: str
    key: str
    domain: str
    dated: datetime
    events: tuple[CalendarEvent, ...]
    says: str
    invitation: Invitation | None = None

    def message(self, templates: MailTemplates) -> Message:
        """The message to send.

        Raises:
            InvalidInput: the address is none that mail can be sent to.
        """
        files = (Attachment("appointments.ics", download_bytes(self.events), "text/calendar"),) if self.events else ()
        return templates.render(self.letter).addressed(
            to=self.to,
            to_name=self.to_name,
            from_name=self.from_name,
            key=self.key,
            domain=self.domain,
            date=self.dated,
            reply_to=self.reply_to,
            attachments=files,
            calendar=_part(self.invitation) if self.invitation else None,
        )


@dataclass(frozen=True)
class Addressee:
    """A patient as letters need them, inside a transaction that writes: the first letter makes the personal link."""

    runtime: Runtime
    unit: Unit
    patient: PatientRow

    def head(self) -> Letterhead:
        """Who writes to whom."""
        clinic = self.unit.clinic
        return Letterhead(
            clinic_name=clinic.name,
            clinic_phone=clinic.phone,
            clinic_zone=self.unit.zone,
            greeting=self.patient.name,
            patient_zone=ZoneInfo(self.patient.timezone or clinic.timezone),
            plan_url=personal_link(self.runtime, self.unit, self.patient.id),
            language=self.patient.language,
            own=own_words(clinic, self.patient.language),
        )

    def outgoing(
        self,
        letter: Letter,
        *,
        key: str,
        dated: datetime,
        events: tuple[CalendarEvent, ...] = (),
        says: str,
        invitation: Invitation | None = None,
    ) -> Outgoing:
        """The letter on its way to this patient."""
        clinic = self.unit.clinic
        return Outgoing(
            letter=letter,
            to=self.patient.email,
            to_name=self.patient.name,
            from_name=clinic.name,
            reply_to=clinic.email,
            key=f"{clinic.id}/{key}",
            domain=mail_domain(clinic.email, self.runtime.base_url),
            dated=dated,
            events=events,
            says=says,
            invitation=invitation,
        )


@dataclass(frozen=True)
class Places:
    """Names of the people and rooms of a clinic, to tell visits by (two queries)."""

    practitioners: dict[int, str]
    rooms: dict[int, str]
    address: str

    @classmethod
    def of(cls, unit: Unit) -> Places:
        """Those of the unit's clinic."""
        practitioners = {row.id: row.name for row in unit.session.scalars(select(StaffRow))}
        rooms = {row.id: row.name for row in unit.session.scalars(select(RoomRow))}
        return cls(practitioners, rooms, unit.clinic.address)

    def visit(self, booked: Booked) -> Visit:
        """An appointment as a letter tells of it."""
        where = (self.rooms.get(booked.room_id, ""), self.address)
        return Visit(
            starts_at=booked.starts_at,
            minutes=round((booked.ends_at - booked.starts_at).total_seconds() / 60),
            with_whom=self.practitioners.get(booked.practitioner_id, ""),
            where=", ".join(part for part in where if part),
        )


def _part(invitation: Invitation) -> CalendarPart:
    return CalendarPart(invitation.method, invitation_bytes(invitation))


def mail_domain(clinic_email: str, base_url: str) -> str:
    """The clinic's own domain, or the host that people reach it by; never changes from one attempt to the next."""
    host = clinic_email.rpartition("@")[2] or urlsplit(base_url).hostname or ""
    return host if host and ":" not in host else "localhost"
