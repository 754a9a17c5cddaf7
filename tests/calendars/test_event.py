"""One appointment becomes a VEVENT that says what is true of it and no more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from planner.calendars.event import CalendarEvent, vevent_bytes
from planner.calendars.feed import download_bytes
from planner.errors import InvalidInput
from tests.calendars.samples import BOOKED_AT, an_event, unfolded, values_of


def lines_of(event: CalendarEvent) -> list[str]:
    """The VEVENT's content lines."""
    return unfolded(vevent_bytes(event))


def test_point_4_the_uid_is_the_one_given_whatever_moves() -> None:
    """A program recognises the session by it."""
    before, after = an_event(), an_event(starts_at=datetime(2026, 12, 1, 9, tzinfo=UTC), sequence=1)
    assert values_of(vevent_bytes(before), "UID") == values_of(vevent_bytes(after), "UID") == [before.uid]


@pytest.mark.parametrize("uid", ["", "  ", "a\nb", "a\x00b", "a\x85b", "a\tb", "é" * 128])
def test_point_4_a_uid_that_a_program_could_cut_or_break_is_a_bug(uid: str) -> None:
    """RFC 7986 §5.3 allows 255 octets."""
    with pytest.raises(ValueError, match="uid"):
        an_event(uid=uid)


def test_point_5_the_stamps_are_the_last_revision_and_the_sequence_is_its_count() -> None:
    """Evolution keeps the old time when none of the three rises."""
    lines = lines_of(an_event(sequence=3))
    assert {"DTSTAMP:20260928T143005Z", "LAST-MODIFIED:20260928T143005Z", "SEQUENCE:3"} <= set(lines)


def test_point_5_a_revision_told_in_another_zone_is_stamped_in_utc() -> None:
    """The instant counts."""
    moved = an_event(revised_at=BOOKED_AT.astimezone(timezone(timedelta(hours=5))))
    assert lines_of(moved) == lines_of(an_event())


def test_point_5_a_negative_sequence_is_a_bug() -> None:
    """It starts at 0."""
    with pytest.raises(ValueError, match="sequence"):
        an_event(sequence=-1)


def test_point_7_a_cancelled_event_says_so_in_its_status_and_its_title() -> None:
    """Calcurse shows a cancelled event as a normal one, so the title must tell."""
    lines = lines_of(an_event(cancelled=True, sequence=1))
    assert {"STATUS:CANCELLED", "SUMMARY:Cancelled: Appointment\\, Riverside Clinic", "SEQUENCE:1"} <= set(lines)


def test_point_7_the_mark_of_a_cancelled_title_can_be_translated() -> None:
    """And is not put before a title that stands."""
    german = an_event(cancelled=True, summary="Termin", cancelled_prefix="Abgesagt: ")
    assert "SUMMARY:Abgesagt: Termin" in lines_of(german)
    assert "SUMMARY:Termin" in lines_of(replace(german, cancelled=False))


def test_point_8_an_event_never_recurs() -> None:
    """Series and their exceptions break in several programs."""
    assert not [line for line in lines_of(an_event()) if line.startswith(("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"))]


def test_point_11_there_is_no_alarm_unless_one_is_asked_for() -> None:
    """Google and Outlook ignore it, others ring it for the whole family."""
    assert "BEGIN:VALARM" not in lines_of(an_event())
    lines = lines_of(an_event(alarm_minutes=90))
    assert {"BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT1H30M", "DESCRIPTION:Appointment\\, Riverside Clinic"} <= set(
        lines
    )


def test_point_11_a_cancelled_event_does_not_ring() -> None:
    """Nobody should set out for it."""
    assert "BEGIN:VALARM" not in lines_of(an_event(alarm_minutes=90, cancelled=True))


def test_point_13_an_event_blocks_time_and_its_class_is_a_setting() -> None:
    """TRANSP is always OPAQUE; CLASS only where the clinic wants it."""
    lines = lines_of(an_event())
    assert "TRANSP:OPAQUE" in lines
    assert not [line for line in lines if line.startswith("CLASS")]
    assert "CLASS:PRIVATE" in lines_of(an_event(classification="PRIVATE"))


def test_point_13_the_title_is_the_one_given_and_nothing_is_added() -> None:
    """The neutral title protects people who share their calendar."""
    names = {line.partition(":")[0].partition(";")[0] for line in lines_of(an_event())}
    expected = {"BEGIN", "END", "UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY", "STATUS"}
    assert names == expected | {"TRANSP"}


def test_an_event_is_written_in_the_clinics_wall_time() -> None:
    """09:00 in London summer is 08:00 UTC."""
    assert {"DTSTART;TZID=Europe/London:20261005T090000", "DTEND;TZID=Europe/London:20261005T094500"} <= set(
        lines_of(an_event())
    )


def test_an_event_in_utc_needs_no_zone() -> None:
    """Its times end in Z."""
    assert {"DTSTART:20261005T080000Z", "DTEND:20261005T084500Z"} <= set(lines_of(an_event(timezone="Etc/UTC")))


@pytest.mark.parametrize("hour", [0, 1])
def test_an_event_in_the_hour_that_comes_twice_is_written_in_utc(hour: int) -> None:
    """01:15 on 25 October 2026 comes twice in London, and a program may take either."""
    starts_at = datetime(2026, 10, 25, hour, 15, tzinfo=UTC)
    assert {f"DTSTART:20261025T0{hour}1500Z", f"DTEND:20261025T0{hour + 1}0000Z"} <= set(
        lines_of(an_event(starts_at=starts_at))
    )


def test_texts_and_address_are_written_where_given() -> None:
    """Description, place and link."""
    event = an_event(
        description="Bring shoes.\r\nEat first.", location="Room 1\n2nd floor", url="https://clinic.example/p/1"
    )
    assert {
        "DESCRIPTION:Bring shoes.\\nEat first.",
        "LOCATION:Room 1 2nd floor",
        "URL:https://clinic.example/p/1",
    } <= set(lines_of(event))


@pytest.mark.parametrize("name", ["revised_at", "starts_at", "ends_at"])
def test_a_naive_time_is_a_bug(name: str) -> None:
    """Nobody can tell which instant it means."""
    changes: dict[str, Any] = {name: datetime(2026, 10, 5, 9)}
    with pytest.raises(ValueError, match=f"{name} is naive"):
        an_event(**changes)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(minutes=-1), timedelta(milliseconds=5)])
def test_an_event_that_has_no_length_is_a_bug(length: timedelta) -> None:
    """In whole seconds, which is what a calendar file has."""
    start = datetime(2026, 10, 5, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="ends before it starts"):
        an_event(starts_at=start, ends_at=start + length)


@pytest.mark.parametrize("year", [1900, 2200])
def test_an_event_outside_three_centuries_is_a_bug(year: int) -> None:
    """One slip of a year must show here, not when a whole feed is written."""
    with pytest.raises(ValueError, match="between 1900 and 2200"):
        an_event(starts_at=datetime(year, 1, 1, tzinfo=UTC))


def test_an_event_at_the_edge_of_the_years_can_be_written() -> None:
    """Its local date lies in the year beyond."""
    first = an_event(1, starts_at=datetime(1901, 1, 1, 1, tzinfo=UTC), timezone="America/New_York")
    last = an_event(2, starts_at=datetime(2199, 12, 31, 22, tzinfo=UTC), timezone="Asia/Tokyo")
    assert b"19001231T" in download_bytes([first])
    assert b"22000101T" in download_bytes([last])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "javascript:alert(1)"}, "web address"),
        ({"url": "https://clinic.example/a b"}, "web address"),
        ({"url": "https://clinic.example/\r\nX:1"}, "web address"),
        ({"url": "https://clinic.example/é"}, "web address"),
        ({"classification": "SECRET"}, "SECRET"),
        ({"alarm_minutes": -5}, "alarm"),
    ],
)
def test_a_value_a_program_could_not_take_is_a_bug(changes: dict[str, Any], words: str) -> None:
    """Each names what is wrong."""
    with pytest.raises(ValueError, match=words):
        an_event(**changes)


def test_a_zone_that_does_not_exist_is_refused() -> None:
    """A clinic's setting can be wrong."""
    with pytest.raises(InvalidInput, match="Europe/Atlantis"):
        an_event(timezone="Europe/Atlantis")
