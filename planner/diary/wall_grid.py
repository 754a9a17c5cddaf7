"""Days of a diary as cells of its grid, as arrays: what is worked, what is taken, and the free time between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from planner.diary.free import WallClock, naive_utc
from planner.diary.interval import Interval

Cells = npt.NDArray[np.bool_]
Instants = npt.NDArray[np.datetime64]
"""UTC, in microseconds."""
Minutes = npt.NDArray[np.int64]

_INSTANT = "datetime64[us]"
_MICROSECONDS = 60_000_000
_ONE_DAY = timedelta(days=1)
_LONG_AGO, _NEVER = datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001 - UTC without its zone


class WallGrid:
    """The clock of a clinic over some days, cut into cells; says the same as `free_time`, rounded inward to the grid.

    Args:
        first: the first day, clinic-local.
        days: how many.
        grid_minutes: the length of a cell, which divides a day.
    """

    def __init__(self, first: date, days: int, grid_minutes: int, zone: ZoneInfo) -> None:
        self.first, self.days = first, days
        self._begin = datetime.combine(first, time())
        self._grid_minutes = grid_minutes
        self._step = grid_minutes * _MICROSECONDS
        self._size = days * 24 * 60 // grid_minutes
        self._clock = WallClock.around(self._begin, self._begin + days * _ONE_DAY, zone)
        skipped = [(each.start, each.end) for each in self._clock.skipped]
        self._exists = ~self._touched(np.array(skipped, dtype=_INSTANT).reshape(-1, 2))

    def within(self, working: Iterable[Interval]) -> Cells:
        """Return the cells that lie wholly in wall-clock time worked; those which the clock skips never do."""
        spans = np.array([(each.start, each.end) for each in working], dtype=_INSTANT).reshape(-1, 2)
        low, high = _merged(self._offsets(spans)).T
        return self._covered(-(-low // self._step), high // self._step) & self._exists

    def touched(self, spans: Iterable[Interval]) -> Cells:
        """Return the cells that any of these stretches of wall-clock time touches."""
        return self._touched(np.array([(each.start, each.end) for each in spans], dtype=_INSTANT).reshape(-1, 2))

    def taken(self, starts: Instants, ends: Instants) -> Cells:
        """Return the cells that these busy stretches touch; of a repeated hour, those that it would run into.

        One that ends as it begins takes no time.

        Raises:
            ValueError: one ends before it starts.
        """
        if bool((ends < starts).any()):
            raise ValueError("busy time ends before it begins")
        walls = np.column_stack((starts, ends))
        walls = walls[walls[:, 0] < walls[:, 1]]
        if self._clock.changes:
            walls = np.concatenate(list(self._by_offset(walls)))
        else:
            walls = walls + np.timedelta64(self._clock.offsets[0])
        return self._touched(walls)

    def _by_offset(self, busy: Instants) -> Iterator[Instants]:
        """Yield the parts of busy instants before, between and after the changes of the clock, as it shows them."""
        edges = [np.datetime64(each, "us") for each in (_LONG_AGO, *self._clock.changes, _NEVER)]
        for offset, since, until in zip(self._clock.offsets, edges, edges[1:], strict=False):
            part = np.clip(busy, since, until)
            yield part[part[:, 0] < part[:, 1]] + np.timedelta64(offset)

    def before(self, instant: datetime) -> Cells:
        """Return the cells that begin before an instant (aware)."""
        late = self._offsets(np.array([[self._clock.reading(naive_utc(instant))] * 2], dtype=_INSTANT))
        out: Cells = np.arange(self._size) * self._step < late[0, 0]
        return out

    def spans(self, free: Cells) -> Minutes:
        """Return (n, 2): the stretches of free cells in whole minutes since the beginning of 1970, wall-clock time."""
        edges = np.diff(np.concatenate(([False], free, [False])).astype(np.int8))
        cells = np.column_stack((np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)))
        return cells * self._grid_minutes + int(np.datetime64(self._begin, "m").astype(np.int64))

    def _offsets(self, walls: Instants) -> npt.NDArray[np.int64]:
        """Return microseconds since the first midnight."""
        return (walls - np.datetime64(self._begin, "us")).astype(np.int64)

    def _touched(self, walls: Instants) -> Cells:
        low, high = self._offsets(walls).T
        return self._covered(low // self._step, -(-high // self._step))

    def _covered(self, first: npt.NDArray[np.int64], beyond: npt.NDArray[np.int64]) -> Cells:
        """Return the cells in any of these half-open ranges."""
        spans = np.clip(np.column_stack((first, beyond)), 0, self._size)
        apart = _merged(spans[spans[:, 0] < spans[:, 1]])
        edges = np.concatenate(([0], apart.reshape(-1), [self._size]))
        return np.repeat(np.arange(len(edges) - 1) % 2 == 1, np.diff(edges))


def _merged(spans: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the same time in as few spans as possible; touching ones become one, so that they share no cell."""
    spans = spans[np.argsort(spans[:, 0])]
    ends = np.maximum.accumulate(spans[:, 1])
    apart = spans[1:, 0] > ends[:-1]
    first, last = np.concatenate(([True], apart)), np.concatenate((apart, [True]))
    return np.column_stack((spans[first[: len(spans)], 0], ends[last[: len(spans)]]))
