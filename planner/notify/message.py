"""A message as a value, and as the MIME it is sent as."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final

from planner.errors import InvalidInput
from planner.notify.folding import MAIL_POLICY

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MIME_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9._-]+@[A-Za-z0-9.-]+>")
_OURS: Final = frozenset(
    {"from", "to", "subject", "date", "message-id", "reply-to", "auto-submitted", "mime-version", "content-type"}
)
# Control characters, line and paragraph separators, and halves of characters: each can break a header in two.
_BREAKING: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})


def one_line(text: str) -> str:
    """The text on one line: whatever could break a header or a line becomes a space, and spaces don't pile up."""
    return " ".join("".join(" " if unicodedata.category(c) in _BREAKING else c for c in text).split())


def message_id(key: str, domain: str) -> str:
    """The Message-ID of the message with this outbox key: the same for every attempt to send it.

    A receiver that already has the message recognises the second copy by it.

    Args:
        key: unique among all messages of this installation.
        domain: of the sender, e.g. "clinic.example".
    Raises:
        InvalidInput: the domain can't stand in a header.
    """
    identity = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"
    if not _MESSAGE_ID.fullmatch(identity):
        raise InvalidInput(f"“{one_line(domain)}” is no mail domain.", field="domain")
    return identity


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address and the name shown for it.

    Raises:
        InvalidInput: the address can't be one, or the name could break a header.
    """

    address: str
    name: str = ""

    def __post_init__(self) -> None:
        _check_address(self.address, "address")
        _check_header(self.name, "name")

    @classmethod
    def parse(cls, text: str) -> Mailbox:
        """Read "clinic@example.org" or "Harbour Clinic <clinic@example.org>".

        Raises:
            InvalidInput: it is neither.
        """
        name, opening, rest = text.rpartition("<")
        if not opening:
            return cls(text.strip())
        return cls(rest.strip().removesuffix(">"), name.strip().strip('"'))

    def header(self) -> Address:
        """For an address header."""
        return Address(display_name=self.name, addr_spec=self.address)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message.

    Args:
        filename: shown to the reader; without folders.
        content: its bytes.
        mime: type and subtype, e.g. "text/calendar". Text is taken to be UTF-8.
    Raises:
        InvalidInput: the name or the type makes no sense.
    """

    filename: str
    content: bytes
    mime: str

    def __post_init__(self) -> None:
        _check_header(self.filename, "filename")
        if not self.filename or "/" in self.filename or "\\" in self.filename:
            raise InvalidInput("An attachment needs a plain file name.", field="filename")
        if not _MIME_TYPE.fullmatch(self.mime):
            raise InvalidInput(f"“{one_line(self.mime)}” is no MIME type.", field="mime")


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """An invitation inside of a message, which mail programs show as such.

    Args:
        method: the same as in the calendar itself, e.g. "REQUEST".
        content: the calendar, UTF-8.
    """

    method: str
    content: bytes

    def __post_init__(self) -> None:
        if f"\r\nMETHOD:{self.method}\r\n".encode() not in self.content:
            raise ValueError(f"the calendar's method is not {self.method}")


@dataclass(frozen=True, slots=True)
class Message:
    """One e-mail to one person.

    Nothing in it that becomes a header may hold a line break or another control character; `one_line` cleans a
    name that comes from a form.

    Args:
        to: the receiver's address.
        to_name: the receiver's name, or "".
        subject: one line.
        text: the whole message as plain text.
        html: the same as HTML.
        message_id: see `message_id`.
        date: instant, aware: when the message was written.
        attachments: files that go with it.
        from_name: shown instead of the sender's own name, e.g. the clinic's; "" keeps that.
        reply_to: where answers go; "" means to the sender.
        headers: further ones, (name, value).
        calendar: an invitation, or None.
    Raises:
        InvalidInput: a value that can't be sent; `field` says which.
    """

    to: str
    to_name: str
    subject: str
    text: str
    html: str
    message_id: str
    date: datetime
    attachments: tuple[Attachment, ...] = ()
    from_name: str = ""
    reply_to: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    calendar: CalendarPart | None = None

    def __post_init__(self) -> None:
        _check_address(self.to, "to")
        if self.reply_to:
            _check_address(self.reply_to, "reply_to")
        for field in ("to_name", "subject", "from_name"):
            _check_header(getattr(self, field), field)
        if not _MESSAGE_ID.fullmatch(self.message_id):
            raise InvalidInput("A Message-ID looks like <letters-and-digits@domain>.", field="message_id")
        if self.date.tzinfo is None:
            raise ValueError("a message's date is an instant, with a time zone")
        for name, value in self.headers:
            if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
                raise InvalidInput(f"The header “{one_line(name)}” can't be set.", field="headers")
            _check_header(value, "headers")

    def to_mime(self, sender: Mailbox) -> EmailMessage:
        """The message as MIME from this sender: text, HTML and invitation as alternatives, files after them.

        The same message always gives the same bytes.
        """
        mime = EmailMessage(policy=MAIL_POLICY)
        mime["From"] = Mailbox(sender.address, self.from_name or sender.name).header()
        mime["To"] = Mailbox(self.to, self.to_name).header()
        if self.reply_to:
            mime["Reply-To"] = Mailbox(self.reply_to).header()
        mime["Subject"] = self.subject
        mime["Date"] = self.date
        mime["Message-ID"] = self.message_id
        # Keeps holiday notices and other robots from answering (RFC 3834).
        mime["Auto-Submitted"] = "auto-generated"
        for name, value in self.headers:
            mime[name] = value
        mime.set_content(self.text, cte="quoted-printable")
        mime.add_alternative(self.html, subtype="html", cte="quoted-printable")
        if self.calendar is not None:
            _add_calendar(mime, self.calendar)
        self._attach_to(mime)
        self._fix_boundaries(mime)
        return mime

    def _attach_to(self, mime: EmailMessage) -> None:
        for attachment in self.attachments:
            maintype, _, subtype = attachment.mime.partition("/")
            params = {"charset": "utf-8"} if maintype == "text" else None
            mime.add_attachment(
                attachment.content, maintype=maintype, subtype=subtype, filename=attachment.filename, params=params
            )

    def _fix_boundaries(self, mime: EmailMessage) -> None:
        """Boundaries made from the Message-ID; left alone they would be random."""
        digest = hashlib.sha256(self.message_id.encode()).hexdigest()[:24]
        for number, part in enumerate(mime.walk()):
            if part.is_multipart():
                part.set_boundary(f"=_{digest}_{number}")


def _add_calendar(mime: EmailMessage, calendar: CalendarPart) -> None:
    """As RFC 6047 §2.4 wants it: the last, and so the richest, of the alternatives, its method in its type."""
    params = {"method": calendar.method, "component": "VEVENT"}
    # As text, so that the charset is told; in base64, so that no line end is changed on the way.
    mime.add_alternative(calendar.content.decode(), subtype="calendar", charset="utf-8", cte="base64", params=params)


def _check_address(address: str, field: str) -> None:
    if not _ADDRESS.fullmatch(address) or len(address) > 254:
        raise InvalidInput(f"“{one_line(address)}” is no e-mail address that mail can be sent to.", field=field)


def _check_header(text: str, field: str) -> None:
    if any(unicodedata.category(c) in _BREAKING for c in text):
        raise InvalidInput("A line break or another control character can't stand here.", field=field)
