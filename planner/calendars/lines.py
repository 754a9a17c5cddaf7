"""Content lines of iCalendar, written straight to bytes: a clinic's whole diary has thousands of them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from planner.calendars.text import ExactText

_OCTETS: Final = 75


def content_line(name: str, value: str | bytes) -> bytes:
    """One property, folded at 75 octets but never inside a character, ended by CRLF (RFC 5545 §3.1).

    Args:
        name: with its parameters, e.g. "DTSTART;TZID=Europe/London".
        value: already in the form its type wants.
    """
    line = name.encode() + b":" + (value if isinstance(value, bytes) else value.encode())
    if len(line) <= _OCTETS:
        return line + b"\r\n"
    return b"\r\n ".join(_folded(line)) + b"\r\n"


def text_line(name: str, text: str) -> bytes:
    """A property of type TEXT, escaped; the text has no control characters any more."""
    return content_line(name, ExactText(text).to_ical())


def utc_line(name: str, instant: datetime) -> bytes:
    """A DATE-TIME in UTC."""
    return content_line(name, f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}")


def component(name: str, lines: Iterable[bytes]) -> bytes:
    """A component around these lines."""
    return b"BEGIN:%b\r\n%bEND:%b\r\n" % (name.encode(), b"".join(lines), name.encode())


def _folded(line: bytes) -> Iterable[bytes]:
    start, room = 0, _OCTETS
    while len(line) - start > room:
        end = start + room
        while line[end] & 0xC0 == 0x80:
            end -= 1
        yield line[start:end]
        # The space that begins each further line counts.
        start, room = end, _OCTETS - 1
    yield line[start:]
