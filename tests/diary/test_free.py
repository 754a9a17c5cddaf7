"""Free time, also on the days the clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.diary.free import free_time, to_utc, to_wall
from planner.diary.interval import Interval

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KOLKATA = ZoneInfo("Asia/Kolkata")

# Each zone with its clock changes of 2026, as instants; India has none.
CHANGES = [
    (LONDON, datetime(2026, 3, 29, 1, tzinfo=UTC)),
    (LONDON, datetime(2026, 10, 25, 1, tzinfo=UTC)),
    (NEW_YORK, datetime(2026, 3, 8, 7, tzinfo=UTC)),
    (NEW_YORK, datetime(2026, 11, 1, 6, tzinfo=UTC)),
    (LORD_HOWE, datetime(2026, 4, 4, 15, tzinfo=UTC)),
    (LORD_HOWE, datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    (KOLKATA, datetime(2026, 3, 29, 1, tzinfo=UTC)),
]


def span(start: str, end: str) -> Interval:
    return Interval(datetime.fromisoformat(start), datetime.fromisoformat(end))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_what_is_booked_is_not_free() -> None:
    """An appointment in the morning splits it; in July London is an hour ahead of UTC."""
    assert free_time(
        [span("2026-07-06T09:00", "2026-07-06T12:00")], [(utc("2026-07-06T09:00"), utc("2026-07-06T09:30"))], LONDON
    ) == (span("2026-07-06T09:00", "2026-07-06T10:00"), span("2026-07-06T10:30", "2026-07-06T12:00"))


def test_back_to_back_sessions_leave_no_gap_and_take_no_more() -> None:
    """Half-open, so the second starts when the first ends."""
    busy = [(utc("2026-01-05T09:30"), utc("2026-01-05T10:00")), (utc("2026-01-05T09:00"), utc("2026-01-05T09:30"))]
    assert free_time([span("2026-01-05T09:00", "2026-01-05T11:00")], busy, LONDON) == (
        span("2026-01-05T10:00", "2026-01-05T11:00"),
    )


def test_a_booking_that_takes_no_time_takes_nothing() -> None:
    """Imported calendars hold such events."""
    hours = [span("2026-01-05T09:00", "2026-01-05T11:00")]
    assert free_time(hours, [(utc("2026-01-05T10:00"), utc("2026-01-05T10:00"))], LONDON) == tuple(hours)


def test_the_past_is_not_free() -> None:
    """Nothing starts before the instant given."""
    hours = [span("2026-07-06T09:00", "2026-07-06T12:00"), span("2026-07-07T09:00", "2026-07-07T12:00")]
    assert free_time(hours, [], LONDON, not_before=utc("2026-07-06T10:20")) == (
        span("2026-07-06T11:20", "2026-07-06T12:00"),
        hours[1],
    )
    assert free_time(hours, [], LONDON, not_before=utc("2027-01-01T00:00")) == ()


def test_the_hour_that_spring_skips_is_not_free() -> None:
    """London has no 01:30 on 29 March 2026."""
    assert free_time([span("2026-03-29T00:00", "2026-03-29T06:00")], [], LONDON) == (
        span("2026-03-29T00:00", "2026-03-29T01:00"),
        span("2026-03-29T02:00", "2026-03-29T06:00"),
    )


def test_a_booking_across_the_spring_change_takes_elapsed_time() -> None:
    """Half an hour before the change to half an hour after it is one hour."""
    assert free_time(
        [span("2026-03-29T00:00", "2026-03-29T06:00")], [(utc("2026-03-29T00:30"), utc("2026-03-29T01:30"))], LONDON
    ) == (span("2026-03-29T00:00", "2026-03-29T00:30"), span("2026-03-29T02:30", "2026-03-29T06:00"))


def test_only_the_first_pass_of_autumns_repeated_hour_is_offered() -> None:
    """A booking at 01:30 the second time round stands where a session begun in the first pass would meet it."""
    second_half_past_one = (utc("2026-10-25T01:30"), utc("2026-10-25T02:00"))
    assert free_time([span("2026-10-25T00:00", "2026-10-25T06:00")], [second_half_past_one], LONDON) == (
        span("2026-10-25T00:00", "2026-10-25T02:30"),
        span("2026-10-25T03:00", "2026-10-25T06:00"),
    )


def test_a_half_hour_clock_change_is_handled() -> None:
    """Lord Howe Island moves its clocks by thirty minutes, at 02:00."""
    assert free_time([span("2026-10-04T00:00", "2026-10-04T06:00")], [], LORD_HOWE) == (
        span("2026-10-04T00:00", "2026-10-04T02:00"),
        span("2026-10-04T02:30", "2026-10-04T06:00"),
    )


def test_naive_and_backward_bookings_are_bugs() -> None:
    """They would silently take the wrong time."""
    hours = [span("2026-01-05T09:00", "2026-01-05T11:00")]
    with pytest.raises(ValueError, match="no time zone"):
        free_time(hours, [(datetime(2026, 1, 5, 9), datetime(2026, 1, 5, 10))], LONDON)
    with pytest.raises(ValueError, match="before it begins"):
        free_time(hours, [(utc("2026-01-05T10:00"), utc("2026-01-05T09:00"))], LONDON)


def test_no_hours_leave_nothing_free() -> None:
    """A therapist without hours has no time."""
    assert free_time([], [(utc("2026-01-05T10:00"), utc("2026-01-05T11:00"))], LONDON) == ()


def test_a_skipped_time_has_no_instant_and_a_repeated_one_the_first() -> None:
    """London 2026: 29 March 01:30 does not exist, 25 October 01:30 is first 00:30 UTC."""
    assert to_utc(datetime(2026, 3, 29, 1, 30), LONDON) is None
    assert to_utc(datetime(2026, 10, 25, 1, 30), LONDON) == utc("2026-10-25T00:30")
    assert to_utc(datetime(2026, 10, 25, 1, 30, fold=1), LONDON) == utc("2026-10-25T00:30")
    assert to_wall(utc("2026-10-25T01:30"), LONDON) == datetime(2026, 10, 25, 1, 30)


def test_instants_and_wall_clock_times_are_not_mixed_up() -> None:
    """Each function refuses the other's kind."""
    with pytest.raises(ValueError, match="not a wall-clock time"):
        to_utc(utc("2026-01-05T10:00"), LONDON)
    with pytest.raises(ValueError, match="not an instant"):
        to_wall(datetime(2026, 1, 5, 10), LONDON)


def test_thousands_of_bookings_are_swept_quickly() -> None:
    """Half a year of six therapists' bookings in well under a second: one sorted sweep, not all against all."""
    first = datetime(2026, 1, 5)
    hours = [Interval(first + timedelta(days=d, hours=8), first + timedelta(days=d, hours=18)) for d in range(182)]
    busy = [
        (start, start + timedelta(minutes=20))
        for d in range(182)
        for slot in range(20)
        for start in [(first + timedelta(days=d, hours=8, minutes=30 * slot)).replace(tzinfo=UTC)]
    ]
    began = process_time()
    free = free_time(hours, [*busy, *busy, *busy], KOLKATA)
    assert process_time() - began < 1
    assert len(free) > 182


minutes_around = st.integers(-9, 9).map(lambda tens: 10 * tens)


@st.composite
def days_around_a_change(draw: st.DrawFn) -> tuple[ZoneInfo, list[Interval], list[tuple[datetime, datetime]]]:
    """A zone, and working time and bookings within some hours of one of its clock changes."""
    zone, change = draw(st.sampled_from(CHANGES))
    wall = to_wall(change, zone)
    working = [
        Interval(wall + timedelta(minutes=start), wall + timedelta(minutes=start + length))
        for start, length in draw(st.lists(st.tuples(minutes_around, st.integers(1, 600)), min_size=1, max_size=3))
    ]
    busy = [
        (change + timedelta(minutes=start), change + timedelta(minutes=start + length))
        for start, length in draw(st.lists(st.tuples(minutes_around, st.integers(0, 90)), max_size=3))
    ]
    return zone, working, busy


@given(days_around_a_change())
@settings(max_examples=300, deadline=None)
def test_a_session_placed_in_free_time_never_meets_a_booking(
    case: tuple[ZoneInfo, list[Interval], list[tuple[datetime, datetime]]],
) -> None:
    """By elapsed time, in whatever zone; the longest session from each start stands for the shorter ones."""
    zone, working, busy = case
    for interval in free_time(working, busy, zone):
        wall = interval.start
        while wall < interval.end:
            starts_at = to_utc(wall, zone)
            assert starts_at is not None, "a time that does not exist was free"
            ends_at = starts_at + (interval.end - wall)
            assert all(ends_at <= taken or until <= starts_at for taken, until in busy if taken < until), wall
            wall += timedelta(minutes=10)


@given(days_around_a_change())
@settings(max_examples=100, deadline=None)
def test_free_and_busy_together_cover_the_working_time(
    case: tuple[ZoneInfo, list[Interval], list[tuple[datetime, datetime]]],
) -> None:
    """Every worked minute is free, busy, skipped by the clocks, or in a repeated hour's shadow; never outside it."""
    zone, working, busy = case
    free = free_time(working, busy, zone)
    assert all(a.end < b.start for a, b in pairwise(free)), "sorted and merged"
    first, last = min(i.start for i in working), max(i.end for i in working)
    for minute in range(int((last - first) / timedelta(minutes=1))):
        wall = first + timedelta(minutes=minute)
        worked = any(i.start <= wall < i.end for i in working)
        is_free = any(i.start <= wall < i.end for i in free)
        assert worked or not is_free
        if worked and not is_free:
            assert taken_or_skipped(wall, zone, busy), wall


def taken_or_skipped(wall: datetime, zone: ZoneInfo, busy: list[tuple[datetime, datetime]]) -> bool:
    """Whether a wall-clock minute does not exist, is busy, or follows on a busy second pass of a repeated hour."""
    instant = to_utc(wall, zone)
    if instant is None:
        return True
    before = [instant - timedelta(minutes=shift) for shift in (30, 60)]
    shadows = [i for i in before if i.astimezone(zone).fold == 1]
    return any(start <= i < end for i in [instant, *shadows] for start, end in busy)


@given(st.sampled_from(CHANGES), st.integers(-300, 300))
@settings(max_examples=200, deadline=None)
def test_an_existing_wall_clock_time_reads_back_the_same(change: tuple[ZoneInfo, datetime], minutes: int) -> None:
    """to_utc is the first of the instants at which clocks show that time."""
    zone, day = change
    wall = to_wall(day, zone) + timedelta(minutes=minutes)
    instant = to_utc(wall, zone)
    if instant is not None:
        assert to_wall(instant, zone) == wall
        assert to_wall(instant - timedelta(minutes=60), zone) != wall
        assert to_wall(instant - timedelta(minutes=30), zone) != wall
