"""Letters through the templates in templates/emails: subject, plain text and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from planner.languages import LANGUAGES, spoken, texts
from planner.notify.letters import Letter
from planner.notify.message import Attachment, CalendarPart, Message, message_id, one_line
from planner.notify.visit import OwnWords


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
        self._environments = {language: _environment(folder / "emails", language) for language in LANGUAGES}

    def render(self, letter: Letter) -> Rendered:
        """The letter in its patient's language, or the first of `LANGUAGES` where there are no texts in it."""
        language = spoken(letter.head.language)
        own = letter.head.own.get(letter.kind, OwnWords())
        words = {**letter.words(), **own.words(), "language": language}

        def part(name: str) -> str:
            return self._environments[language].get_template(f"{letter.kind}/{name}").render(words)

        return Rendered(
            subject=one_line(part("subject.txt")),
            text=part("body.txt").strip() + "\n",
            html=part("body.html").strip() + "\n",
        )


def _environment(folder: Path, language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The extension brings this method along.
    environment.install_gettext_translations(texts(language), newstyle=True)  # type: ignore[attr-defined]
    return environment
