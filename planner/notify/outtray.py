"""Delivery into a folder, for a clinic without a mail server and for the demo; and reading it back."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from planner.errors import PlannerError
from planner.notify.delivery import TemporaryFailure
from planner.notify.message import Attachment, Mailbox, Message
from planner.words import say


@dataclass(frozen=True, slots=True)
class OuttrayMailer:
    """Writes each message as an .eml file; a message sent twice is there once.

    Args:
        folder: made if it is not there.
        sender: the From address.
    """

    folder: Path
    sender: Mailbox = Mailbox("planner@localhost")  # noqa: RUF009  (a frozen value)

    def send(self, message: Message, *, on_data_started: Callable[[], None] | None = None) -> None:
        """Write one message; see `Mailer.send`.

        Raises:
            TemporaryFailure: the file can't be written; nothing is left behind.
        """
        content = message.to_mime(self.sender).as_bytes()
        if on_data_started is not None:
            on_data_started()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(self.folder / _file_name(message), content)
        except OSError as failure:
            words = {"folder": str(self.folder), "words": failure.strerror or type(failure).__name__}
            raise TemporaryFailure(say("The outtray %(folder)s can't be written: %(words)s.", **words)) from failure

    def forget(self, address: str) -> int:
        """Delete what was written to this address; gives how many files."""
        theirs = [path for path in self.folder.glob("*.eml") if _address(_read(path).to) == address.casefold()]
        for path in theirs:
            path.unlink(missing_ok=True)
        return len(theirs)


@dataclass(frozen=True, slots=True)
class OuttrayMessage:
    """A message in the outtray, as a page shows it.

    Args:
        name: of its file.
        sent_at: instant, from the file's name; None for a file that is not ours.
        sender: name and address.
        to: the receiver, name and address.
        attachments: its files.
        readable: False for a broken file; the other values are empty then.
    """

    name: str
    sent_at: datetime | None
    subject: str = ""
    sender: str = ""
    to: str = ""
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    readable: bool = True


def read_outtray(folder: Path, limit: int = 200) -> list[OuttrayMessage]:
    """The newest messages in the folder, newest first; a broken file is listed as such, a missing folder is empty."""
    names = sorted((path.name for path in folder.glob("*.eml")), reverse=True)
    return [_read(folder / name) for name in names[:limit]]


def _file_name(message: Message) -> str:
    digest = hashlib.sha256(message.message_id.encode()).hexdigest()[:16]
    return f"{message.date.astimezone(UTC):%Y%m%dT%H%M%SZ}-{digest}.eml"


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a crash."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> OuttrayMessage:
    sent_at = _instant(path.name)
    try:
        mime = message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=default)
        return OuttrayMessage(
            name=path.name,
            sent_at=sent_at,
            subject=_header(mime, "Subject"),
            sender=_header(mime, "From"),
            to=_header(mime, "To"),
            text=_body(mime, "plain"),
            html=_body(mime, "html"),
            attachments=tuple(_attachment(part) for part in mime.iter_attachments()),
        )
    # The parser raises nearly anything on files that are not mail; one bad file must not hide the others.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, PlannerError):
        return OuttrayMessage(path.name, sent_at, readable=False)


def _address(receiver: str) -> str:
    """The address alone: another person's may begin or end with the same letters."""
    return receiver.rpartition("<")[2].rstrip("> ").casefold()


def _instant(name: str) -> datetime | None:
    try:
        return datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _header(mime: EmailMessage, name: str) -> str:
    """A header in words, not by the message's own reading: Python 3.11 reads spaces into long names."""
    for found, raw in mime.raw_items():
        if found.lower() == name.lower():
            return str(make_header(decode_header("".join(str(raw).splitlines()))))
    raise ValueError(f"a message without {name}")


def _body(mime: EmailMessage, subtype: str) -> str:
    part = mime.get_body((subtype,))
    if part is None:
        raise ValueError(f"a message without a {subtype} part")
    return str(part.get_content()).replace("\r\n", "\n")


def _attachment(part: EmailMessage) -> Attachment:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        raise TypeError("an attachment without bytes")
    return Attachment(part.get_filename() or "attachment", content, part.get_content_type())
