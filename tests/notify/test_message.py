"""Messages as values and as MIME."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.notify.message import Attachment, Mailbox, Message, message_id, one_line

SENDER = Mailbox("planner@mail.example", "Course planner")
BREAKING = [
    "\r",
    "\n",
    "\r\nBcc: eve@evil.example",
    "\x0b",
    "\x0c",
    "\x00",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\ud800",
]


@pytest.fixture
def message() -> Message:
    return Message(
        to="ana@example.org",
        to_name="Ana Silva",
        subject="Your appointment",
        text="Hello Ana,\n.a line that starts with a dot\n",
        html="<p>Hello Ana</p>\n",
        message_id=message_id("course-1", "mail.example"),
        date=datetime(2026, 11, 22, 10, 15, tzinfo=UTC),
        from_name="Harbour Clinic",
    )


def received(message: Message) -> EmailMessage:
    """The message as a mail program reads it from the bytes on the line."""
    return message_from_bytes(message.to_mime(SENDER).as_bytes(), _class=EmailMessage, policy=default)


def raw_header(mime: EmailMessage, name: str) -> str:
    """The one header of that name, unfolded but not decoded.

    Decoded by `decode_header` rather than by `mime[name]`: Python 3.11 reads a space into names that take several
    encoded words.
    """
    (header,) = [value for found, value in mime.raw_items() if found == name]
    return "".join(header.splitlines())


def in_words(encoded: str) -> str:
    """What a mail program shows for an encoded header (RFC 2047)."""
    return str(make_header(decode_header(encoded)))


def receiver(mime: EmailMessage) -> tuple[str, str]:
    """Name and address in To."""
    name, address = parseaddr(raw_header(mime, "To"))
    return in_words(name), address


@pytest.mark.parametrize("bad", BREAKING)
@pytest.mark.parametrize("field", ["to", "to_name", "subject", "from_name", "reply_to"])
def test_nothing_that_breaks_a_header_gets_into_one(message: Message, field: str, bad: str) -> None:
    """Reliability: no header can be injected through a name, subject or address."""
    with pytest.raises(InvalidInput) as refusal:
        replace(message, **{field: f"a{bad}@b.example"})
    assert refusal.value.field == field


@pytest.mark.parametrize("bad", BREAKING)
def test_a_cleaned_name_stands_on_one_line(message: Message, bad: str) -> None:
    """What one_line made of it is accepted, and stays one header."""
    mime = received(replace(message, to_name=one_line(f"Ana{bad} Silva")))
    assert mime["To"].addresses[0].addr_spec == "ana@example.org"
    assert "Bcc" not in mime


@pytest.mark.parametrize(
    "address",
    [
        *("", "ana", "ana@", "@example.org", "ana@example.org, eve@evil.example", "ana silva@example.org"),
        *("<ana@example.org>", "ana@-example.org", "ana@exa mple.org", "änne@example.org"),
        *("a" * 65 + "@example.org", "ana@" + "e" * 260),
    ],
)
def test_what_is_no_address_is_refused(message: Message, address: str) -> None:
    """Also a list of two, which would tell a stranger."""
    with pytest.raises(InvalidInput) as refusal:
        replace(message, to=address)
    assert refusal.value.field == "to"


@pytest.mark.parametrize("address", ["ana+clinic@example.org", "o'hara@example.co.uk", "a.b_c@localhost"])
def test_ordinary_addresses_are_accepted(message: Message, address: str) -> None:
    """Plus signs and apostrophes are common."""
    assert received(replace(message, to=address))["To"].addresses[0].addr_spec == address


def test_a_message_reads_back_as_it_was_written(message: Message) -> None:
    """Text and HTML are alternatives of one message; the clinic's name stands before the sender's address."""
    mime = received(replace(message, reply_to="desk@harbour.example", headers=(("X-Course", "7"),)))
    assert mime.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mime.iter_parts()] == ["text/plain", "text/html"]
    assert str(mime["From"]) == "Harbour Clinic <planner@mail.example>"
    assert str(mime["Reply-To"]) == "desk@harbour.example"
    assert mime["Message-ID"] == message.message_id
    assert mime["Date"].datetime == message.date
    assert (mime["Auto-Submitted"], mime["X-Course"]) == ("auto-generated", "7")
    text = mime.get_body(("plain",))
    assert text is not None and text.get_content().replace("\r\n", "\n") == message.text


def test_a_calendar_file_goes_with_the_message(message: Message) -> None:
    """Its bytes arrive unchanged, with CRLF and all."""
    content = "BEGIN:VCALENDAR\r\nX-NAME:Zoë\r\nEND:VCALENDAR\r\n".encode()
    mime = received(replace(message, attachments=(Attachment("Termine für Zoë.ics", content, "text/calendar"),)))
    (part,) = mime.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("Termine für Zoë.ics", "text/calendar")
    assert part.get_content_charset() == "utf-8"
    assert part.get_payload(decode=True) == content


def test_the_same_message_is_the_same_bytes(message: Message) -> None:
    """Also the boundaries, which the standard library would draw by lot."""
    full = replace(message, attachments=(Attachment("a.ics", b"x", "text/calendar"),))
    assert full.to_mime(SENDER).as_bytes() == full.to_mime(SENDER).as_bytes()


def test_the_lines_of_a_message_are_short_and_end_in_crlf(message: Message) -> None:
    """RFC 5322: never over 998 octets, here never over 78 in headers; names of 200 characters, emoji, right-to-left."""
    long = replace(
        message,
        to_name="Añá 🙂 " + "א" * 190,
        subject="מרפאה " + "Termin " * 30,
        text="word " * 2000,
        html=f"<p>{'🙂' * 500}</p>",
    )
    raw = long.to_mime(SENDER).as_bytes()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 78
    assert raw.isascii()
    mime = message_from_bytes(raw, _class=EmailMessage, policy=default)
    assert mime["Subject"] == long.subject
    assert receiver(mime) == (long.to_name, "ana@example.org")


words = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40), max_size=6).map(
    " ".join
)


@given(to_name=words, subject=words)
def test_any_name_and_subject_arrive_as_they_were(to_name: str, subject: str) -> None:
    """Quotes, commas, brackets, encoded-word look-alikes and every script."""
    mime = received(
        Message(
            to="ana@example.org",
            to_name=to_name,
            subject=subject,
            text="text",
            html="html",
            message_id="<1@mail.example>",
            date=datetime(2026, 11, 22, tzinfo=UTC),
        )
    )
    assert receiver(mime) == (to_name, "ana@example.org")
    assert in_words(raw_header(mime, "Subject")) == subject


@given(st.text())
def test_one_line_is_one_line_of_the_same_words(text: str) -> None:
    """It holds nothing that breaks a line, and cleaning twice changes nothing."""
    clean = one_line(text)
    assert len(clean.splitlines()) <= 1
    assert one_line(clean) == clean


def test_the_message_id_follows_from_the_key() -> None:
    """Every attempt carries the same one, other messages carry others."""
    assert message_id("course-1", "mail.example") == message_id("course-1", "mail.example")
    assert message_id("course-1", "mail.example") != message_id("course-2", "mail.example")
    assert message_id("course-1", "mail.example").endswith("@mail.example>")
    with pytest.raises(InvalidInput):
        message_id("course-1", "mail.example>\r\nBcc: eve@evil.example")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"message_id": "no-brackets@mail.example"}, "message_id"),
        ({"headers": (("Subject", "another"),)}, "headers"),
        ({"headers": (("X Y", "value"),)}, "headers"),
        ({"headers": (("X-Y", "a\r\nBcc: eve@evil.example"),)}, "headers"),
    ],
)
def test_headers_we_set_ourselves_and_broken_ones_are_refused(
    message: Message, wrong: dict[str, object], field: str
) -> None:
    """Nobody can send a second Subject."""
    with pytest.raises(InvalidInput) as refusal:
        replace(message, **wrong)
    assert refusal.value.field == field


def test_a_naive_date_is_a_bug(message: Message) -> None:
    """Dates are instants."""
    with pytest.raises(ValueError, match="time zone"):
        replace(message, date=datetime(2026, 11, 22))


@pytest.mark.parametrize(
    ("filename", "mime", "field"),
    [
        ("", "text/plain", "filename"),
        ("../a.ics", "text/plain", "filename"),
        ("a\n.ics", "text/plain", "filename"),
        ("a.ics", "calendar", "mime"),
        ("a.ics", "text/calendar; x=\r\n", "mime"),
    ],
)
def test_an_attachment_needs_a_plain_name_and_a_type(filename: str, mime: str, field: str) -> None:
    """The name comes from us, but may hold a patient's."""
    with pytest.raises(InvalidInput) as refusal:
        Attachment(filename, b"", mime)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("clinic@example.org", "clinic@example.org", ""),
        ("Harbour Clinic <clinic@example.org>", "clinic@example.org", "Harbour Clinic"),
        ('"Clinic, Harbour" <clinic@example.org>', "clinic@example.org", "Clinic, Harbour"),
    ],
)
def test_a_sender_is_read_with_or_without_a_name(text: str, address: str, name: str) -> None:
    """As it stands in the settings."""
    assert Mailbox.parse(text) == Mailbox(address, name)
