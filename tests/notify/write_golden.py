"""The golden files of every letter; run as `python -m tests.notify.write_golden` after a change that is meant."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from planner.calendars.event import CalendarEvent
from planner.calendars.invitation import Invitation, Party, invitation_bytes
from planner.languages import LANGUAGES
from planner.notify.letters import Letter
from planner.notify.message import Attachment, CalendarPart, Mailbox
from planner.notify.render import MailTemplates, Rendered
from tests.notify import letters

GOLDEN = Path(__file__).parent / "golden"
TEMPLATES = Path(__file__).parents[2] / "templates"


def golden_files() -> dict[str, bytes]:
    """Name and content of each: subject and text together, the HTML, and one whole message as it is sent."""
    templates = MailTemplates(TEMPLATES)
    files: dict[str, bytes] = {}
    for language in LANGUAGES:
        rendered = {name: templates.render(letter) for name, letter in _letters(language).items()}
        folder = "" if language == "en" else f"{language}/"
        for name, words in rendered.items():
            files[f"{folder}{name}.txt"] = f"Subject: {words.subject}\n\n{words.text}".encode()
            files[f"{folder}{name}.html"] = words.html.encode()
        files[f"{folder}invitation.eml"] = _invitation(rendered["invitation"], cancelled=False)
        files[f"{folder}invitation_cancelled.eml"] = _invitation(rendered["invitation_cancelled"], cancelled=True)
    message = templates.render(letters.course_booked()).addressed(
        to="ana@example.org",
        to_name="Ana Sílva",
        from_name="Harbour Clinic",
        key="course-1-revision-1",
        domain="mail.example",
        date=letters.WRITTEN,
        reply_to="desk@harbour.example",
        attachments=(Attachment("appointments.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar"),),
    )
    files["course_booked.eml"] = message.to_mime(Mailbox("planner@mail.example")).as_bytes()
    return files


def _letters(language: str) -> dict[str, Letter]:
    home = letters.head(language=language)
    abroad = letters.head(patient_zone=letters.NEW_YORK, phone="", plan_url=None, language=language)
    return {
        "course_booked": letters.course_booked(home),
        "course_changed": letters.course_changed(home),
        "course_changed_abroad": letters.course_changed(abroad),
        "reminder": letters.reminder(home),
        "slot_offered": letters.slot_offered(home),
        "invitation": letters.invited(home),
        "invitation_abroad": letters.invited(abroad),
        "invitation_again": replace(letters.invited(home), again=True),
        "invitation_cancelled": replace(letters.invited(home), cancelled=True),
    }


def _invitation(words: Rendered, *, cancelled: bool) -> bytes:
    event = CalendarEvent(
        uid="0123456789abcdef0123456789abcdef@course-planner",
        sequence=1 if cancelled else 0,
        revised_at=letters.WRITTEN,
        starts_at=letters.FIRST,
        ends_at=letters.FIRST + timedelta(hours=1),
        timezone="Europe/London",
        summary="Appointment – Harbour Clinic",
        cancelled=cancelled,
    )
    organizer = Party("replies+abcdefghijklmnopqrstuvwxyz@harbour.example", "Harbour Clinic")
    invitation = Invitation(event, organizer, Party("ana@example.org", 'Ana "Ani" Sílva'), wants_answer=True)
    message = words.addressed(
        to="ana@example.org",
        to_name="Ana Sílva",
        from_name="Harbour Clinic",
        key="invitation-1-0",
        domain="mail.example",
        date=letters.WRITTEN,
        calendar=CalendarPart(invitation.method, invitation_bytes(invitation)),
    )
    return message.to_mime(Mailbox("planner@mail.example")).as_bytes()


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file_name, content in golden_files().items():
        (GOLDEN / file_name).parent.mkdir(exist_ok=True)
        (GOLDEN / file_name).write_bytes(content)
