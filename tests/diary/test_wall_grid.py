"""Free time in arrays is the free time of the sweep, rounded inward to the grid."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.diary.free import free_time, naive_utc, to_wall
from planner.diary.interval import Interval
from planner.diary.wall_grid import WallGrid
from tests.diary.test_free import CHANGES, LONDON

Busy = list[tuple[datetime, datetime]]
EPOCH = datetime(1970, 1, 1)


def instants(busy: Busy, side: int) -> np.ndarray:
    """One end of each, as the grid wants them."""
    return np.array([naive_utc(pair[side]) for pair in busy], dtype="datetime64[us]")


def by_array(
    zone: ZoneInfo, first: date, grid_minutes: int, working: list[Interval], busy: Busy, since: datetime | None
) -> list[tuple[datetime, datetime]]:
    """Free time by the grid, nine days from the first."""
    grid = WallGrid(first, 9, grid_minutes, zone)
    free = grid.within(working) & ~grid.taken(instants(busy, 0), instants(busy, 1))
    if since is not None:
        free &= ~grid.before(since)
    return [(EPOCH + timedelta(minutes=int(a)), EPOCH + timedelta(minutes=int(b))) for a, b in grid.spans(free)]


def by_sweep(
    zone: ZoneInfo, grid_minutes: int, working: list[Interval], busy: Busy, since: datetime | None
) -> list[tuple[datetime, datetime]]:
    """The same by `free_time`: a start rounds up, an end down."""
    step, out = timedelta(minutes=grid_minutes), []
    for free in free_time(working, busy, zone, not_before=since):
        start, end = EPOCH + -(-(free.start - EPOCH) // step) * step, EPOCH + (free.end - EPOCH) // step * step
        if start < end:
            out.append((start, end))
    return out


moments = st.integers(-2000, 2000).map(lambda minutes: minutes * 7 / 3)
lengths = st.integers(0, 900)


@st.composite
def around_a_change(draw: st.DrawFn) -> tuple[ZoneInfo, datetime, list[Interval], Busy, datetime | None]:
    """Hours, bookings and a now within four days of a clock change, on no grid at all."""
    zone, change = draw(st.sampled_from(CHANGES))
    wall = to_wall(change, zone)
    pairs = st.lists(st.tuples(moments, lengths), max_size=6)
    working = [
        Interval(wall + timedelta(minutes=start), wall + timedelta(minutes=start + length))
        for start, length in draw(pairs)
        if length
    ]
    busy = [
        (change + timedelta(minutes=start), change + timedelta(minutes=start + length)) for start, length in draw(pairs)
    ]
    since = draw(st.none() | moments.map(lambda minutes: change + timedelta(minutes=minutes)))
    return zone, wall, working, busy, since


@settings(max_examples=400, deadline=None)
@given(case=around_a_change(), grid_minutes=st.sampled_from([5, 15, 30, 60]))
def test_the_grid_says_what_the_sweep_says(
    case: tuple[ZoneInfo, datetime, list[Interval], Busy, datetime | None], grid_minutes: int
) -> None:
    """Whatever the clocks do, and wherever hours and bookings begin."""
    zone, wall, working, busy, since = case
    first = wall.date() - timedelta(days=4)
    assert by_array(zone, first, grid_minutes, working, busy, since) == by_sweep(
        zone, grid_minutes, working, busy, since
    )


def test_what_lies_outside_the_days_is_left_out() -> None:
    """Hours before and after, and a booking that began long ago."""
    monday = datetime(2026, 6, 1)
    hours = [Interval(monday - timedelta(days=1), monday + timedelta(days=30))]
    busy = [(datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, 8, tzinfo=UTC))]
    assert by_array(LONDON, monday.date(), 15, hours, busy, None) == [
        (monday + timedelta(hours=9), monday + timedelta(days=9))
    ]


def test_busy_time_that_runs_backwards_is_refused() -> None:
    """It is a bug of the caller."""
    end = datetime(2026, 6, 1, 8, tzinfo=UTC)
    with pytest.raises(ValueError, match="ends before it begins"):
        by_array(LONDON, date(2026, 6, 1), 15, [], [(end + timedelta(hours=1), end)], None)


@pytest.mark.parametrize("zone", [LONDON, ZoneInfo("Asia/Kolkata")])
def test_what_ends_as_it_begins_takes_no_time(zone: ZoneInfo) -> None:
    """Whether or not the clock changes in these days."""
    sunday = datetime(2026, 3, 29)
    hours = [Interval(sunday + timedelta(hours=9), sunday + timedelta(hours=17))]
    moment = datetime(2026, 3, 29, 10, 2, 20, tzinfo=UTC)
    found = by_array(zone, sunday.date(), 15, hours, [(moment, moment)], None)
    assert found == by_sweep(zone, 15, hours, [(moment, moment)], None) == [(hours[0].start, hours[0].end)]
