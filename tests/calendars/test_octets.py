"""The octets themselves, which no validator looks at: folding, line ends, control characters."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from planner.calendars.feed import download_bytes, feed_bytes
from planner.calendars.text import clean_line, clean_text
from tests.calendars.samples import a_feed, an_event, texts_of

TEXTS = {
    "200 letters": "x" * 200,
    "emoji": "🦵🏽👩‍⚕️" * 30,
    "right to left": "מרפאה לפיזיותרפיה " * 12,
    "two octets each": "é" * 100,
    "three octets each": "診療所" * 40,
    "backslashes at the fold": "a" + "\\;," * 60,
    "blanks at the fold": "word  " * 40,
}


def check_octets(data: bytes) -> None:
    """Fail unless every line is as RFC 5545 §3.1 has it."""
    assert data.endswith(b"\r\n")
    lines = data.removesuffix(b"\r\n").split(b"\r\n")
    for line in lines:
        assert line, "an empty line"
        assert len(line) <= 75, line
        line.decode()  # Raises where a fold cuts a character in two.
        assert not any(octet < 0x20 or octet == 0x7F for octet in line), line
    assert not re.search("[\x7f-\x9f\u2028\u2029]", data.decode())


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_point_10_long_text_is_folded_at_75_octets_between_characters(text: str) -> None:
    """And comes back whole, in every property that takes text."""
    event = an_event(summary=text, description=text, location=text)
    data = feed_bytes(a_feed(event, name=text, description=text))
    check_octets(data)
    for name in ("SUMMARY", "LOCATION", "NAME", "X-WR-CALNAME"):
        assert texts_of(data, name) == [clean_line(text)]
    for name in ("DESCRIPTION", "X-WR-CALDESC"):
        assert set(texts_of(data, name)) == {clean_text(text)}


def test_point_10_a_line_of_exactly_75_octets_and_one_more() -> None:
    """The limit leaves out the line end."""
    for length in range(60, 90):
        check_octets(download_bytes([an_event(summary="x" * length)]))


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00", "\x1b"])
def test_point_10_no_typed_character_makes_a_line(breaker: str) -> None:
    """A name can't smuggle in a property."""
    text = f"Ana{breaker}ATTENDEE:mailto:cy@elsewhere.example"
    data = feed_bytes(a_feed(an_event(summary=text, location=text, description=text), name=text, description=text))
    check_octets(data)
    assert not [line for line in data.decode().splitlines() if line.startswith("ATTENDEE")]


@given(text=st.text(alphabet=st.characters(codec=None), max_size=300))
@settings(max_examples=150, deadline=None)
def test_point_10_any_text_gives_good_octets_and_comes_back(text: str) -> None:
    """Every character there is, half a surrogate pair too."""
    data = download_bytes([an_event(summary=text, description=text)])
    check_octets(data)
    (read,) = Calendar.from_ical(data).walk("VEVENT")
    assert str(read["SUMMARY"]) == clean_line(text)
    assert str(read.get("DESCRIPTION", "")) == clean_text(text)
