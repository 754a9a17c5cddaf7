"""Faults 22 to 24: names that are markup, lines or headers go through every page, message and calendar as mere words.

The words are put into the database past all checks of forms, as an import or an older version might have left them.
"""

import email
import email.policy
import re
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from icalendar import Calendar

from planner.languages import LANGUAGES
from planner.notify.message import Mailbox
from planner.notify.smtp import SmtpMailer
from planner.services import attendance, feeds, moving
from planner.services.messages import send_outbox
from planner.storage.people import ClinicRow, PatientRow, RoomRow, StaffRow
from tests.notify.test_smtp import Clerk, free_port
from tests.web.ana_course import book_ana
from tests.web.test_every_page import PAGES, address, example, whom

pytestmark = pytest.mark.faults

BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\x7f"]
SCRIPT = "<script>alert(1)</script>"
IDS = [f"U+{ord(each[-1]):04X}" for each in BREAKS]


def spoil(runtime, clinic, name, language="en"):
    """Everybody and everything is called that; Ana chose invitations."""
    with runtime.writing(clinic.system) as unit:
        patient = unit.get(PatientRow, clinic.ana)
        patient.name, patient.contact, patient.email, patient.language = (
            name,
            "invitations",
            "ana@example.org",
            language,
        )
        unit.get(StaffRow, clinic.ben.id).name = name
        for room in clinic.rooms:
            unit.get(RoomRow, room).name = name
        row = unit.session.get(ClinicRow, clinic.id)
        row.name, row.phone, row.address = name, name, name


@pytest.fixture
def clerk():
    """A mail server, and what it took."""
    clerk = Clerk()
    controller = Controller(clerk, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield clerk, controller.port
    controller.stop()


@pytest.fixture
def posting(runtime, clerk):
    """The program with that server; answers to invitations are read."""
    mailer = SmtpMailer("127.0.0.1", clerk[1], "none", Mailbox("planner@mail.example"))
    return replace(runtime, mailer=mailer, reply_address="replies@northside.example")


def letters(posting, clinic, clock, clerk):
    """What the server took of a course that is booked, moved and called off in part."""
    course = book_ana(posting, clinic)
    send(posting, clock)
    booked = course.appointment(3)
    slot = moving.legal_slots(posting, clinic.rosa.actor, booked.id)[0]
    moving.move(posting, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)
    attendance.cancel(posting, clinic.rosa.actor, course.appointment(4).id, rebook=False)
    send(posting, clock)
    raw = [envelope.content for envelope in clerk[0].taken]
    assert len(raw) > 4
    return raw


def send(posting, clock):
    """The hold time passes, then what follows from it."""
    for minutes in (6, 1):
        clock.advance(minutes=minutes)
        send_outbox(posting)


def parts(raw):
    """Each text in a message: (type, words)."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return [
        (part.get_content_type(), part.get_payload(decode=True).decode())
        for part in message.walk()
        if not part.is_multipart()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_fault_22_markup_in_names_is_words_in_every_message_and_calendar(posting, clinic, clock, clerk, language):
    """In HTML it is escaped, in text and calendars it stands as it is."""
    spoil(posting, clinic, SCRIPT, language)
    found = [part for raw in letters(posting, clinic, clock, clerk) for part in parts(raw)]
    assert {kind for kind, _ in found} == {"text/plain", "text/html", "text/calendar"}
    for kind, words in found:
        if kind == "text/html":
            assert "<script" not in words
            assert "&lt;script&gt;" in words


def test_fault_22_markup_in_names_is_words_on_every_page_there_is(runtime, clinic, browser_of):
    """Each page opened by one it is for; most of them show a name."""
    examples = [(rule, example(rule, runtime, clinic)) for rule in PAGES]
    spoil(runtime, clinic, SCRIPT)
    shown = set()
    for rule, values in examples:
        browser = browser_of(whom(rule, clinic))
        answer = browser.get(address(browser.app, rule, values))
        if answer.mimetype == "text/html":
            assert SCRIPT not in answer.text, rule.endpoint
            shown |= {rule.endpoint} if "&lt;script&gt;" in answer.text else set()
    assert len(shown) > 20


@pytest.mark.parametrize("line_break", BREAKS, ids=IDS)
def test_fault_23_no_break_in_a_name_makes_a_line_of_a_calendar(runtime, clinic, client, line_break):
    """The feed, CalDAV and the file: every line of them is one that we wrote, and no program sees one more event."""
    course = book_ana(runtime, clinic)
    spoil(runtime, clinic, f"Ana{line_break}BEGIN:VEVENT{line_break}ATTENDEE:mailto:eve@evil.example")
    for privacy in ("neutral", "full"):
        owner = {"patient_id": clinic.ana} if privacy == "neutral" else {"whole_clinic": True}
        address = feeds.create_feed(runtime, clinic.mo.actor, privacy=privacy, **owner)
        data = client.get(address.removeprefix(runtime.base_url)).data
        lines = re.sub(rb"\r\n[ \t]", b"", data).split(b"\r\n")
        assert not [line for line in lines if line.startswith((b"ATTENDEE", b"Ana"))]
        assert lines.count(b"BEGIN:VEVENT") == len(course.now().live)
        assert len(Calendar.from_ical(data).walk("VEVENT")) == len(course.now().live)
        assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", data)
        assert all(not any(sign in line.decode() for sign in "\x85\u2028\u2029") for line in lines)


@pytest.mark.parametrize("line_break", BREAKS, ids=IDS)
def test_fault_24_no_break_in_a_name_makes_a_header(posting, clinic, clock, clerk, line_break):
    """Over the wire: the headers are those of the same message with plain names, and it goes to Ana alone."""
    spoil(posting, clinic, f"Ana{line_break}Bcc: eve@evil.example{line_break * 2}<b>body</b>")
    for raw in letters(posting, clinic, clock, clerk):
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert set(message.keys()) <= HEADERS
        assert not message.defects
        assert len(message.get_all("To")) == len(message.get_all("From")) == 1
        assert b"Bcc:" not in re.findall(rb"(?m)^[\w-]+:", raw.partition(b"\r\n\r\n")[0])
    assert {tuple(envelope.rcpt_tos) for envelope in clerk[0].taken} == {("ana@example.org",)}


HEADERS = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    "X-Peer", "X-MailFrom", "X-RcptTo",
}  # fmt: skip
