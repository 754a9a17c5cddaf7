"""Names in any script, of 200 characters, with marks, signs and markup: whole in each message, calendar and archive."""

import csv
import html
import io
import re
import zipfile
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from icalendar import Calendar

from planner.notify.message import one_line
from planner.services import feeds
from planner.storage.people import PatientRow
from tests.faults.test_hostile_words import clerk, letters, parts, posting
from tests.hostile_names import CLINIC, EVERYBODY, NOTE, PATIENT, ROOM, STAFF, rename
from tests.web.ana_course import book_ana

pytestmark = pytest.mark.faults
__all__ = ["clerk", "posting"]  # The fixtures: a mail server, and the program that sends to it.


@pytest.fixture
def renamed(posting, clinic):
    """The cast with names that stumble; Ana chose invitations."""
    rename(posting, clinic)
    with posting.writing(clinic.system) as unit:
        patient = unit.get(PatientRow, clinic.ana)
        patient.contact, patient.email = "invitations", "ana@example.org"
    return posting


def words_of(kind, text):
    """What a reader sees of a part."""
    shown = html.unescape(re.sub(r"<[^>]*>", "", text)) if kind == "text/html" else text
    return " ".join(shown.split())


def header(raw, name):
    """A header as RFC 2047 says it is read: blanks between encoded words are none."""
    return str(make_header(decode_header(message_from_bytes(raw)[name])))


def test_every_name_is_whole_in_each_letter_over_the_wire(renamed, clinic, clock, clerk):
    """In text, in HTML and in the headers; a character that would break a line is a space."""
    seen = set()
    for raw in letters(renamed, clinic, clock, clerk):
        assert header(raw, "To") == f"{one_line(PATIENT.words)} <ana@example.org>"
        assert header(raw, "From").startswith(f"{one_line(CLINIC.words)} <")
        for kind, text in parts(raw):
            if kind == "text/calendar":
                continue
            words = words_of(kind, text)
            for each in EVERYBODY:
                assert words.count(each.mark) == words.count(one_line(each.words)), (kind, each.mark)
                seen |= {(kind, each.mark)} if each.mark in words else set()
    assert {mark for kind, mark in seen if kind == "text/html"} >= {CLINIC.mark, ROOM.mark, STAFF.mark}
    assert {mark for kind, mark in seen if kind == "text/plain"} >= {CLINIC.mark, ROOM.mark, STAFF.mark}


def test_an_invitation_is_read_back_as_it_was_meant(renamed, clinic, clock, clerk):
    """Title, place, and both names, by another library's reading."""
    events = [
        event
        for raw in letters(renamed, clinic, clock, clerk)
        for kind, text in parts(raw)
        if kind == "text/calendar"
        for event in Calendar.from_ical(text).walk("VEVENT")
    ]
    invitations = [event for event in events if "ATTENDEE" in event]
    assert len(invitations) > 4
    for event in events:
        assert str(event["SUMMARY"]).endswith(CLINIC.words)
        assert str(event["LOCATION"]) == f"{ROOM.words}, {ROOM.words}"
    for event in invitations:
        assert str(event["ATTENDEE"].params["CN"]).replace("^'", '"').replace("^^", "^") == PATIENT.words
        assert event["ORGANIZER"].params["CN"] == CLINIC.words


def test_a_calendar_is_read_back_as_it_was_meant(runtime, clinic, client):
    """The whole clinic's, with full names; no line is longer than 75 octets or cut inside a character."""
    book_ana(runtime, clinic)
    rename(runtime, clinic)
    address = feeds.create_feed(runtime, clinic.mo.actor, privacy="full", whole_clinic=True)
    data = client.get(address.removeprefix(runtime.base_url)).data
    for line in data.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    events = Calendar.from_ical(data).walk("VEVENT")
    assert len(events) > 5
    for event in events:
        title = str(event["SUMMARY"])
        assert title.startswith(f"{PATIENT.words} · ")
        assert title.endswith(f" · {STAFF.words}")
        assert str(event["LOCATION"]) == ROOM.words


def test_the_archive_keeps_every_word_and_a_spreadsheet_starts_nothing(runtime, clinic, browser_of):
    """What begins like a formula does not begin a cell."""
    book_ana(runtime, clinic)
    rename(runtime, clinic)
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).notes = NOTE.words[4:]
    mo = browser_of(clinic.mo)
    answer = mo.post("/figures/export", buffered=True)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        text = archive.read("patient.csv").decode("utf-8-sig")
    (line,) = [line for line in csv.DictReader(io.StringIO(text)) if PATIENT.words in line["name"]]
    assert line["name"] == PATIENT.words
    assert line["notes"].lstrip("'") == NOTE.words[4:]
    assert line["notes"][0] == "'"
