"""Times that somebody else's calendar takes (points 21 to 23 of what real calendars do)."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.calendars import busy
from planner.calendars.busy import BusyInterval, BusyQuestion, busy_intervals
from planner.calendars.expansion import expand
from planner.errors import InvalidInput
from tests.calendars.busy_samples import BOMBS, calendar

MARCH = BusyQuestion(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 4, 30, tzinfo=UTC), "Europe/London")
TUESDAY = b"DTSTART:20260303T100000Z\r\nDTEND:20260303T110000Z\r\n"


def at(text):
    """An instant, "03-03 10:00" of 2026 in UTC."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def times(data, question=MARCH):
    """Busy times as (start, end)."""
    return [(each.start, each.end) for each in busy_intervals(data, question)]


def test_point_23_only_times_are_kept():
    """No title, no place, no names."""
    (found,) = busy_intervals(calendar(TUESDAY), MARCH)
    assert found == BusyInterval(at("03-03 10:00"), at("03-03 11:00"))
    assert "Dentist" not in repr(found)


@pytest.mark.parametrize(
    "lines",
    [b"TRANSP:TRANSPARENT\r\n", b"STATUS:CANCELLED\r\n", b"X-MICROSOFT-CDO-BUSYSTATUS:FREE\r\n"],
    ids=["transparent", "cancelled", "free in Outlook"],
)
def test_point_23_what_is_marked_as_free_takes_no_time(lines):
    """Its owner can be had."""
    assert times(calendar(TUESDAY + lines)) == []


@pytest.mark.parametrize(("all_day_busy", "count"), [(True, 1), (False, 0)])
def test_point_23_whole_days_follow_a_setting(all_day_busy, count):
    """A holiday blocks; a birthday should not."""
    question = BusyQuestion(MARCH.start, MARCH.end, "Europe/London", all_day_busy)
    found = times(calendar(b"DTSTART;VALUE=DATE:20260401\r\nDTEND;VALUE=DATE:20260402\r\n"), question)
    assert len(found) == count
    if found:
        # Midnight to midnight in London, in summer time.
        assert found == [(at("03-31 23:00"), at("04-01 23:00"))]


def test_point_22_exceptions_and_moved_occurrences_are_understood():
    """EXDATE, RECURRENCE-ID, and a weekly time that stays ten o'clock when the clocks change."""
    series = (
        b"DTSTART;TZID=Europe/London:20260320T100000\r\nDTEND;TZID=Europe/London:20260320T110000\r\n"
        b"RRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE;TZID=Europe/London:20260327T100000\r\n"
    )
    moved = (
        b"RECURRENCE-ID;TZID=Europe/London:20260403T100000\r\n"
        b"DTSTART;TZID=Europe/London:20260404T150000\r\nDTEND;TZID=Europe/London:20260404T160000\r\n"
    )
    data = calendar(series, moved).replace(b"UID:1@elsewhere", b"UID:0@elsewhere")
    assert times(data) == [
        (at("03-20 10:00"), at("03-20 11:00")),
        (at("04-04 14:00"), at("04-04 15:00")),
        (at("04-10 09:00"), at("04-10 10:00")),
    ]


def test_times_without_a_zone_are_the_clinics():
    """Floating times are meant by the clock on the wall."""
    assert times(calendar(b"DTSTART:20260401T100000\r\nDURATION:PT30M\r\n")) == [(at("04-01 09:00"), at("04-01 09:30"))]


def test_overlapping_and_touching_times_become_one():
    """The diary needs no more than that."""
    after = b"DTSTART:20260303T103000Z\r\nDTEND:20260303T120000Z\r\n"
    assert times(calendar(TUESDAY, after)) == [(at("03-03 10:00"), at("03-03 12:00"))]


def test_a_calendar_of_free_and_busy_periods_is_understood():
    """Exchange publishes those."""
    part = (
        b"BEGIN:VFREEBUSY\r\nUID:x\r\nDTSTAMP:20260301T000000Z\r\n"
        b"FREEBUSY;FBTYPE=BUSY:20260305T090000Z/PT1H\r\nFREEBUSY;FBTYPE=FREE:20260306T090000Z/PT1H\r\n"
        b"END:VFREEBUSY\r\n"
    )
    assert times(calendar(extra=part)) == [(at("03-05 09:00"), at("03-05 10:00"))]


def test_our_own_events_in_that_calendar_do_not_block():
    """A therapist who copies our feed there must not be booked out by it."""
    assert times(calendar(TUESDAY).replace(b"0@elsewhere", b"abc@course-planner")) == []


@pytest.mark.faults
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_point_22_fault_15_a_bomb_of_a_rule_is_refused_or_killed(bomb):
    """Two seconds of computing at most, and then it is over."""
    begun = time.monotonic()
    with pytest.raises(InvalidInput, match="calendar"):
        expand(calendar(bomb), MARCH)
    assert time.monotonic() - begun < 60


@pytest.mark.faults
@pytest.mark.parametrize(
    "data",
    [
        calendar(b"DESCRIPTION:" + b"x" * 5_000_000 + b"\r\n"),
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 100_000,
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 100_000 + b"END:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        b"<html>Sign in</html>",
        b"",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:nonsense\r\nEND:VEVENT\r\n",
    ],
    ids=["5 MB", "100,000 deep", "100,000 wide", "cut off", "a web page", "nothing", "two roots"],
)
def test_fault_16_what_is_no_honest_calendar_is_refused_at_once(data):
    """Before anything is parsed, or in words that say so."""
    begun = time.process_time()
    with pytest.raises(InvalidInput):
        busy_intervals(data, MARCH)
    assert time.process_time() - begun < 2


def test_too_many_occurrences_are_refused(monkeypatch):
    """Every hour of a year is no calendar of a person."""
    data = calendar(b"DTSTART:20200101T000000Z\r\nDURATION:PT1M\r\nRRULE:FREQ=HOURLY\r\n")
    monkeypatch.setattr(busy, "MOST_INTERVALS", 100)
    with pytest.raises(InvalidInput, match="too many events"):
        busy_intervals(data, MARCH)


def test_the_process_answers_as_the_function_does():
    """Killable, but otherwise the same."""
    data = calendar(TUESDAY, b"DTSTART;VALUE=DATE:20260310\r\n")
    assert expand(data, MARCH) == busy_intervals(data, MARCH)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 80)), max_size=20),
    st.integers(0, 600),
)
def test_merged_time_is_the_same_time(pairs, minute):
    """Every minute is busy after as it was before, and no two intervals touch."""
    intervals = [
        BusyInterval(MARCH.start + timedelta(minutes=start), MARCH.start + timedelta(minutes=start + length))
        for start, length in pairs
    ]
    moment = MARCH.start + timedelta(minutes=minute)
    result = busy.merged(intervals)
    assert any(each.start <= moment < each.end for each in result) == any(
        each.start <= moment < each.end for each in intervals
    )
    assert all(before.end < after.start for before, after in pairwise(result))
