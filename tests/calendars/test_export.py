"""Exports of other systems, as they really look."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.calendars.export import MOST_LINES, read_export
from planner.errors import InvalidInput

HEAD = "uid,patient,email,phone,start,minutes,therapist,room,status"


def table(*lines, head=HEAD):
    """A table with these lines."""
    return "\r\n".join([head, *lines, ""]).encode()


def event(*lines):
    """A calendar with one event."""
    whole = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:4711", *lines)
    return "\r\n".join([*whole, "END:VEVENT", "END:VCALENDAR", ""]).encode()


def test_a_table_is_read_line_by_line():
    """With the numbers of its lines, so that people find them."""
    (one,) = read_export(table("7,Ana Silva,ana@example.org,0131,2026-03-04 09:30,45,Ben Okafor,Room 1,booked"))
    assert (one.line, one.uid, one.patient, one.email, one.minutes) == (2, "7", "Ana Silva", "ana@example.org", 45)
    assert (one.starts_at, one.therapist, one.room) == (datetime(2026, 3, 4, 9, 30), "Ben Okafor", "Room 1")
    assert not one.cancelled


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("Client;Date;Time;End time", "Ana Silva;2026-03-04;09:30;10:15"),
        ("Patient Name\tStarts_At\tEnds At", "Ana Silva\t2026-03-04T09:30\t2026-03-04T10:15"),
        ("name,start,duration", '"Ana Silva",2026-03-04 09:30:00,45'),
    ],
)
def test_other_separators_and_names_of_columns_are_known(head, line):
    """Every system writes its own table."""
    (one,) = read_export(table(line, head=head))
    assert (one.patient, one.starts_at, one.minutes, one.fault) == ("Ana Silva", datetime(2026, 3, 4, 9, 30), 45, "")


def test_a_table_from_windows_is_read():
    """Bytes that are no UTF-8, as spreadsheets write them."""
    (one,) = read_export(table("7,Jörg Weiß,,,2026-03-04 09:30,45,,,").decode().encode("cp1252"))
    assert one.patient == "Jörg Weiß"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("7,Ana,,,04/03/2026 09:30,45,,,", "no date"),
        ("7,Ana,,,2026-03-04 09:30,3/4,,,", "no number of minutes"),
        (f"7,{'A' * 500},,,2026-03-04 09:30,45,,,", "longer than"),
    ],
)
def test_a_line_that_can_not_be_read_says_why(line, words):
    """The others are still read: all faults are shown at once."""
    broken, whole = read_export(table(line, "8,Bo,,,2026-03-04 09:30,45,,,"))
    assert words in broken.fault
    assert whole.fault == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01\x02",
        b"uid,start\r\n1,2\r\n",
        b"patient,start\r\nAna,2026-03-04\r\n",
        b"patient,minutes\r\nAna,45\r\n",
        table(),
        table('7,"Ana'),
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    ],
)
def test_what_is_no_export_is_refused(data):
    """With words for people."""
    with pytest.raises(InvalidInput):
        read_export(data)


def test_an_export_without_an_end_is_refused():
    """One transaction takes only so much."""
    with pytest.raises(InvalidInput, match="in parts"):
        read_export(table(*(f"{n},Ana,,,2026-03-04 09:30,45,,," for n in range(MOST_LINES + 1))))


def test_a_calendar_file_is_read():
    """The patient is the attendee, the therapist the organizer."""
    (one,) = read_export(
        event(
            "DTSTART:20260304T093000Z", "DTEND:20260304T101500Z", "LOCATION:Room 1", "SUMMARY:Treatment",
            "ATTENDEE;CN=Ana Silva:mailto:ana@example.org", "ORGANIZER;CN=Ben Okafor:mailto:ben@example.org",
        )
    )  # fmt: skip
    assert one.starts_at == datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
    assert (one.uid, one.patient, one.email, one.therapist) == ("4711", "Ana Silva", "ana@example.org", "Ben Okafor")
    assert (one.room, one.minutes) == ("Room 1", 45)


def test_without_an_attendee_the_title_is_the_patient():
    """As most systems export them."""
    (one,) = read_export(event("DTSTART:20260304T093000", "DURATION:PT45M", "SUMMARY:Ana Silva", "STATUS:CANCELLED"))
    assert (one.patient, one.minutes, one.cancelled) == ("Ana Silva", 45, True)
    assert one.starts_at == datetime(2026, 3, 4, 9, 30)


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:20260304T093000Z", "DURATION:PT45M", "RRULE:FREQ=WEEKLY"),
        ("DTSTART;VALUE=DATE:20260304",),
        ("DTSTART:20260304T093000Z", "DTEND;VALUE=DATE:20260305"),
        ("DTSTART:nonsense",),
        ("SUMMARY:No start",),
    ],
)
def test_an_event_that_is_no_single_appointment_says_so(lines):
    """A series would have to be guessed at."""
    (one,) = read_export(event(*lines))
    assert one.fault


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(0, 1439))
def test_end_and_minutes_say_the_same(start, minutes):
    """Whichever of them a table has."""
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=minutes)
    (by_end,) = read_export(table(f"Ana,{start},{end}", head="patient,start,end"))
    (by_minutes,) = read_export(table(f"Ana,{start},{minutes}", head="patient,start,minutes"))
    assert by_end == by_minutes


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    """Nothing else ever comes out: lines with a start or a fault, or words that say what is wrong."""
    try:
        lines = read_export(data)
    except InvalidInput as refused:
        assert str(refused)
    else:
        assert lines
        assert all(each.fault or each.starts_at is not None for each in lines)
