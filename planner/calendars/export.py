"""Appointments out of another system's export, a CSV table or a calendar file, line by line as it writes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from icalendar import Calendar, Component

from planner.calendars.busy import check_shape
from planner.calendars.text import clean_line
from planner.errors import InvalidInput
from planner.words import say

MOST_LINES: Final = 5_000
_LONGEST_FIELD: Final = 400
# How systems call their columns; the first of each is what the help names.
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "uid": ("uid", "id", "appointment id", "booking id"),
        "patient": ("patient", "patient name", "name", "client", "client name"),
        "email": ("email", "e-mail", "mail", "patient email"),
        "phone": ("phone", "telephone", "mobile", "patient phone"),
        "start": ("start", "starts", "starts at", "start time"),
        "date": ("date", "day"),
        "time": ("time",),
        "end": ("end", "ends", "ends at", "end time"),
        "minutes": ("minutes", "duration", "length"),
        "therapist": ("therapist", "practitioner", "clinician", "with"),
        "room": ("room",),
        "status": ("status",),
    }
)
_CANCELLED: Final = frozenset({"cancelled", "canceled", "no-show", "noshow", "deleted"})


@dataclass(frozen=True, slots=True)
class OldAppointment:
    """One line of an export.

    Args:
        line: of the table, its head being the first; of a calendar file, the number of the event.
        uid: what the other system calls it; "" where it says nothing.
        starts_at: naive where the export names no zone: the clinic's wall clock. None where it can't be read.
        fault: why it can't be taken over; "" where it can be read.
    """

    line: int
    uid: str = ""
    patient: str = ""
    email: str = ""
    phone: str = ""
    starts_at: datetime | None = None
    minutes: int = 0
    therapist: str = ""
    room: str = ""
    cancelled: bool = False
    fault: str = ""


def read_export(data: bytes) -> tuple[OldAppointment, ...]:
    """Read a CSV table (commas, semicolons or tabs) or a calendar file.

    Raises:
        InvalidInput: it is neither, lacks a column, or has more than `MOST_LINES` lines.
    """
    is_calendar = data.lstrip(b"\xef\xbb\xbf\r\n\t ")[:15].upper() == b"BEGIN:VCALENDAR"
    found: list[OldAppointment] = []
    for each in _events(data) if is_calendar else _rows(data):
        if len(found) == MOST_LINES:
            raise InvalidInput(
                say("There are more than %(most_lines)s lines. Take it over in parts.", most_lines=MOST_LINES),
                field="file",
            )
        found.append(each)
    if not found:
        raise InvalidInput(say("There is no appointment in this file."), field="file")
    return tuple(found)


def _rows(data: bytes) -> Iterator[OldAppointment]:
    text = _decoded(data)
    head = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=head.count)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        places = _places(next(lines, []))
        for values in lines:
            if any(value.strip() for value in values):
                named = {name: clean_line(values[at]).strip() for name, at in places.items() if at < len(values)}
                yield _row(lines.line_num, named)
    except csv.Error as error:
        raise InvalidInput(say("This table can't be read: %(error)s.", error=str(error)), field="file") from error


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What programs on Windows write that know no better; it reads any bytes but five.
        text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise InvalidInput(say("This is neither a table nor a calendar file."), field="file")
    return text


def _places(head: list[str]) -> dict[str, int]:
    """Where each column stands."""
    titles = [" ".join(title.replace("_", " ").split()).casefold() for title in head]
    places = {
        name: next(at for at, title in enumerate(titles) if title in words)
        for name, words in _COLUMNS.items()
        if any(title in words for title in titles)
    }
    if "patient" not in places:
        raise InvalidInput(say("The first line must name the columns; none of them is “patient”."), field="file")
    if "start" not in places and not {"date", "time"} <= places.keys():
        raise InvalidInput(say("There must be a column “start”, or “date” and “time”."), field="file")
    if "end" not in places and "minutes" not in places:
        raise InvalidInput(say("There must be a column “end” or “minutes”."), field="file")
    return places


def _row(line: int, named: Mapping[str, str]) -> OldAppointment:
    try:
        if any(len(value) > _LONGEST_FIELD for value in named.values()):
            raise ValueError(f"a field is longer than {_LONGEST_FIELD} characters")
        starts_at = _start(named)
        minutes = _length(named, starts_at)
        fault = ""
    except ValueError as error:
        starts_at, minutes, fault = None, 0, f"It can't be read: {error}."
    return OldAppointment(
        line=line,
        uid=named.get("uid", ""),
        patient=named.get("patient", ""),
        email=named.get("email", ""),
        phone=named.get("phone", ""),
        starts_at=starts_at,
        minutes=minutes,
        therapist=named.get("therapist", ""),
        room=named.get("room", ""),
        cancelled=named.get("status", "").casefold() in _CANCELLED,
        fault=fault,
    )


def _start(named: Mapping[str, str]) -> datetime:
    return _moment(named.get("start") or f"{named.get('date', '')} {named.get('time', '')}")


def _length(named: Mapping[str, str], starts_at: datetime) -> int:
    text = named.get("minutes", "")
    if text:
        if not (text.isascii() and text.isdecimal() and len(text) < 5):
            raise ValueError(f"“{text}” is no number of minutes")
        return int(text)
    end = named.get("end", "")
    if len(end) <= len("HH:MM:SS"):
        return _minutes_between(starts_at, datetime.combine(starts_at.date(), _clock(end), starts_at.tzinfo))
    ends_at = _moment(end)
    if (ends_at.tzinfo is None) != (starts_at.tzinfo is None):
        raise ValueError("one of start and end names a zone, the other does not")
    return _minutes_between(starts_at, ends_at)


def _moment(text: str) -> datetime:
    """ISO alone: of 03/04/2026 nobody knows which month it is."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"“{text.strip()}” is no date with a time like 2026-03-02 09:30") from None


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"“{text.strip()}” is no time like 09:30") from None


def _events(data: bytes) -> Iterator[OldAppointment]:
    check_shape(data)
    try:
        events = list(Calendar.from_ical(data).walk("VEVENT"))
    # What the library raises on broken files is not written down anywhere.
    except Exception as error:
        raise InvalidInput(
            say("This calendar can't be understood (%(error)s).", error=type(error).__name__), field="file"
        ) from error
    for number, event in enumerate(events, start=1):
        yield _event(number, event)


def _event(number: int, event: Component) -> OldAppointment:
    patient, email = _person(event, "ATTENDEE")
    therapist, address = _person(event, "ORGANIZER")
    try:
        if "RRULE" in event or "RDATE" in event:
            raise ValueError("it repeats; export each appointment by itself")
        starts_at, ends_at = _span(event)
        minutes, fault = _minutes_between(starts_at, ends_at), ""
    # Decoding a broken property raises more than ValueError.
    except Exception as error:
        starts_at, minutes, fault = None, 0, f"It can't be read: {error}."
    return OldAppointment(
        line=number,
        uid=clean_line(str(event.get("UID", ""))).strip(),
        patient=patient or clean_line(str(event.get("SUMMARY", ""))).strip(),
        email=email,
        starts_at=starts_at,
        minutes=minutes,
        therapist=therapist or address,
        room=clean_line(str(event.get("LOCATION", ""))).strip(),
        cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
        fault=fault,
    )


def _person(event: Component, name: str) -> tuple[str, str]:
    """(name, address) of an organizer or the first attendee."""
    value = event.get(name)
    first = value[0] if isinstance(value, list) else value
    if first is None:
        return "", ""
    address = clean_line(str(first)).strip()
    is_mail = address[:7].lower() == "mailto:"
    return clean_line(str(first.params.get("CN", ""))).strip(), address[7:] if is_mail else ""


def _span(event: Component) -> tuple[datetime, datetime]:
    start: date = event.decoded("DTSTART")
    if not isinstance(start, datetime):
        raise ValueError("it takes the whole day")
    length: timedelta = event.decoded("DURATION") if "DURATION" in event else timedelta(0)
    end = event.decoded("DTEND") if "DTEND" in event else start + length
    if not isinstance(end, datetime):
        raise ValueError("it ends at no time of the day")
    return start, end


def _minutes_between(start: datetime, end: datetime) -> int:
    minutes, rest = divmod((end - start).total_seconds(), 60)
    if rest:
        raise ValueError("its length is no whole number of minutes")
    return int(minutes)
