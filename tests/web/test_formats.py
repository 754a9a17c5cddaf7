"""Words for times, gaps and numbers."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.web import formats

LONDON = "Europe/London"


def test_a_time_is_said_on_the_clinics_wall_clock():
    """The same instant reads differently in two clinics."""
    instant = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert formats.local_short(instant, LONDON) == "Tue 24 Nov, 23:30"
    assert formats.local_short(instant, "Europe/Berlin") == "Wed 25 Nov, 00:30"
    assert formats.local_day(instant, "Europe/Berlin") == date(2026, 11, 25)


def test_a_time_follows_the_clock_change():
    """Ten o'clock in London is 09:00 UTC in summer and 10:00 UTC in winter."""
    assert formats.local_time(datetime(2026, 10, 24, 9, tzinfo=UTC), LONDON) == "10:00"
    assert formats.local_time(datetime(2026, 10, 26, 10, tzinfo=UTC), LONDON) == "10:00"


def test_the_long_form_names_day_and_year():
    """Letters and headings say everything."""
    assert formats.local_long(datetime(2026, 11, 24, 10, tzinfo=UTC), LONDON) == "Tuesday 24 November 2026, 10:00"


def test_a_span_has_one_time_at_each_end():
    """From and to on the same wall clock."""
    start, end = datetime(2026, 11, 24, 10, tzinfo=UTC), datetime(2026, 11, 24, 10, 45, tzinfo=UTC)
    assert formats.local_span(start, end, LONDON) == "10:00–10:45"


def test_the_machines_form_keeps_the_offset():
    """A reader of the page's source can tell the instant."""
    assert formats.machine_time(datetime(2026, 7, 1, 9, tzinfo=UTC), LONDON) == "2026-07-01T10:00+01:00"


def test_a_naive_time_is_refused():
    """It would show a wrong hour to somebody."""
    with pytest.raises(ValueError, match="naive"):
        formats.local_time(datetime(2026, 11, 24, 10), LONDON)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 24), "today"),
        (date(2026, 11, 25), "tomorrow"),
        (date(2026, 11, 23), "yesterday"),
        (date(2026, 11, 26), "in 2 days"),
        (date(2026, 12, 7), "in 13 days"),
        (date(2026, 12, 8), "in 2 weeks"),
        (date(2026, 11, 10), "2 weeks ago"),
        (date(2026, 11, 21), "3 days ago"),
    ],
)
def test_a_near_day_is_said_by_its_distance(day: date, words: str):
    """Days up to thirteen, whole weeks beyond."""
    assert formats.relative_day(day, date(2026, 11, 24)) == words


@pytest.mark.parametrize(
    ("days", "wanted", "words"),
    [
        (8, 7, "8 days, wanted 7"),
        (7, 7.0, "7 days"),
        (1, None, "1 day"),
        (None, 7, "first"),
        (4, 3.5, "4 days, wanted 3½"),
    ],
)
def test_a_gap_says_what_was_wanted_only_where_it_differs(days: int | None, wanted: float | None, words: str):
    """The table of dates stays quiet where all is well."""
    assert formats.gap_words(days, wanted) == words


def test_numbers_are_written_as_people_write_them():
    """No 3.0, no lonely zero before a half."""
    assert [formats.number(value) for value in (7, 7.0, 3.5, 0.5, 2.25)] == ["7", "7", "3½", "½", "2.2"]
    assert formats.number_range(8, 10) == "8–10"
    assert formats.number_range(8, 8) == "8"


def test_counted_things_take_their_plural():
    """One session, two sessions, two diaries."""
    assert formats.counted(1, "session") == "1 session"
    assert formats.counted(0, "session") == "0 sessions"


@pytest.mark.parametrize(
    ("minutes", "words"), [(45, "45 min"), (60, "1 h"), (75, "1 h 15 min"), (0, "0 min"), (120, "2 h")]
)
def test_lengths_are_said_in_hours_and_minutes(minutes: int, words: str):
    """Whole hours do not mention minutes."""
    assert formats.minutes_words(minutes) == words


def test_day_names_are_ours_and_not_the_machines():
    """Every form of one day."""
    day = date(2027, 1, 1)
    assert formats.day_short(day) == "Fri 1 Jan"
    assert formats.day_year(day) == "Fri 1 Jan 2027"
    assert formats.day_long(day) == "Friday 1 January"
    assert formats.day_long_year(day) == "Friday 1 January 2027"
    assert formats.month_short(day) == "Jan"
    assert formats.month_long(day) == "January 2027"


@given(st.dates())
def test_every_day_is_in_the_week_of_its_monday(day: date):
    """Never after the day, never more than six days before it."""
    assert formats.monday(day).weekday() == 0
    assert 0 <= (day - formats.monday(day)).days <= 6
