"""The golden files of every letter; run as `python -m tests.notify.write_golden` after a change that is meant."""

from pathlib import Path

from planner.notify.message import Attachment, Mailbox
from planner.notify.render import MailTemplates
from tests.notify import letters

GOLDEN = Path(__file__).parent / "golden"
TEMPLATES = Path(__file__).parents[2] / "templates"


def golden_files() -> dict[str, bytes]:
    """Name and content of each: subject and text together, the HTML, and one whole message as it is sent."""
    templates = MailTemplates(TEMPLATES)
    abroad = letters.head(patient_zone=letters.NEW_YORK, phone="", plan_url=None)
    every = {
        "course_booked": letters.course_booked(),
        "course_changed": letters.course_changed(),
        "course_changed_abroad": letters.course_changed(abroad),
        "reminder": letters.reminder(),
        "slot_offered": letters.slot_offered(),
    }
    rendered = {name: templates.render(letter, "en") for name, letter in every.items()}
    files: dict[str, bytes] = {}
    for name, words in rendered.items():
        files[f"{name}.txt"] = f"Subject: {words.subject}\n\n{words.text}".encode()
        files[f"{name}.html"] = words.html.encode()
    message = rendered["course_booked"].addressed(
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


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file_name, content in golden_files().items():
        (GOLDEN / file_name).write_bytes(content)
