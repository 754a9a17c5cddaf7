"""Letters through the templates in templates/emails: subject, plain text and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from planner.notify.letters import Letter
from planner.notify.message import Attachment, CalendarPart, Message, message_id, one_line

LANGUAGES = ("en",)
"""Languages there are texts in; the first is used where a patient's own is missing."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter in words, not yet addressed."""

    subject: str
    text: str
    html: str

    def addressed(
        self,
        *,
        to: str,
        to_name: str,
        from_name: str,
        key: str,
        domain: str,
        date: datetime,
        reply_to: str = "",
        attachments: tuple[Attachment, ...] = (),
        calendar: CalendarPart | None = None,
    ) -> Message:
        """The message to send; names are cleaned, since people type them.

        Args:
            to: the receiver's address.
            to_name: the receiver's name.
            from_name: the clinic's name.
            key: of the outbox row; the Message-ID follows from it.
            domain: for the Message-ID.
            date: instant, aware: of the fact, so that a second attempt gives the same bytes.
            reply_to: the clinic's own address, or "".
            attachments: files that go with it.
            calendar: an invitation.
        Raises:
            InvalidInput: an address that mail can't be sent to.
        """
        return Message(
            to=to,
            to_name=one_line(to_name),
            subject=self.subject,
            text=self.text,
            html=self.html,
            message_id=message_id(key, domain),
            date=date,
            attachments=attachments,
            from_name=one_line(from_name),
            reply_to=reply_to,
            calendar=calendar,
        )


class MailTemplates:
    """The e-mail templates of one installation.

    Args:
        folder: the folder `templates`; the e-mails are in `emails/<kind>/` inside it.
    """

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder / "emails"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, letter: Letter, language: str) -> Rendered:
        """The letter in the patient's language, or the first of `LANGUAGES` where there are no texts in it.

        Args:
            letter: what to tell.
            language: BCP 47 tag, e.g. "en" or "en-GB".
        """
        spoken = language.partition("-")[0].lower()
        words = {**letter.words(), "language": spoken if spoken in LANGUAGES else LANGUAGES[0]}
        return Rendered(
            subject=one_line(self._part(letter.kind, "subject.txt", words)),
            text=self._part(letter.kind, "body.txt", words).strip() + "\n",
            html=self._part(letter.kind, "body.html", words).strip() + "\n",
        )

    def _part(self, kind: str, name: str, words: dict[str, object]) -> str:
        return self._environment.get_template(f"{kind}/{name}").render(words)
