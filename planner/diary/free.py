"""Free time: working time less what is already taken, right across clock changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from planner.diary.interval import Interval, merged, without

_ONE_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant at which clocks in `zone` show `wall`, aware, in UTC.

    Of a time that occurs twice the first is meant; None for a time that a clock change skips.

    Raises:
        ValueError: `wall` carries a time zone already.
    """
    if wall.tzinfo is not None:
        raise ValueError(f"{wall!r} is not a wall-clock time")
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return instant if to_wall(instant, zone) == wall else None


def to_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show at an instant, naive; the two passes of a repeated hour look the same.

    Raises:
        ValueError: `instant` is naive.
    """
    return _aware(instant).astimezone(zone).replace(tzinfo=None, fold=0)


def free_time(
    working: Iterable[Interval],
    busy_utc: Iterable[tuple[datetime, datetime]],
    zone: ZoneInfo,
    *,
    not_before: datetime | None = None,
) -> tuple[Interval, ...]:
    """Working time that nothing has taken, as wall-clock time: sorted, merged, half-open.

    An appointment placed at wall-clock time [s, s + d) inside a free interval lasts from `to_utc(s)` for d elapsed
    time, and meets nothing that is busy. To keep that promise on the day of a clock change, times that do not exist
    are not free, and of a repeated hour only the first pass counts: whatever is busy in the second pass takes the
    same time after the repeated hour, which is where an appointment begun in the first pass would run into it.

    Args:
        working: wall-clock time worked, any order.
        busy_utc: (start, end) of what is taken, aware; an empty one takes nothing.
        zone: the clinic's.
        not_before: nothing that starts before this instant is free; None for no limit.
    Raises:
        ValueError: an instant is naive, or a busy one ends before it starts.
    """
    hours = merged(working)
    if not hours:
        return ()
    clock = WallClock.around(hours[0].start, hours[-1].end, zone)
    taken = list(clock.skipped)
    taken.extend(clock.blocked(busy_utc))
    if not_before is not None:
        earliest = clock.reading(naive_utc(not_before))
        if earliest > hours[0].start:
            taken.append(Interval(hours[0].start, earliest))
    return tuple(without(hours, taken))


@dataclass(frozen=True, slots=True)
class WallClock:
    """A zone's clock over some weeks: how elapsed time runs on it, and the times it skips.

    Args:
        changes: naive UTC instants at which another offset begins to hold, sorted. When the clocks go back that is
            the end of the second pass of the repeated hour, not its beginning.
        offsets: one more than `changes`: the offsets before, between and after them.
        skipped: wall-clock times that do not exist.
    """

    changes: tuple[datetime, ...]
    offsets: tuple[timedelta, ...]
    skipped: tuple[Interval, ...]

    @classmethod
    def around(cls, first: datetime, last: datetime, zone: ZoneInfo) -> WallClock:
        """The clock of `zone` from a day before to a day after two wall-clock times."""
        start, end = first.replace(microsecond=0) - 2 * _ONE_DAY, last + 2 * _ONE_DAY
        changes: list[datetime] = []
        offsets = [_offset(start, zone)]
        skipped: list[Interval] = []
        for change in _changes(start, end, zone):
            before, after = offsets[-1], _offset(change, zone)
            changes.append(change + max(before - after, timedelta()))
            offsets.append(after)
            if after > before:
                skipped.append(Interval(change + before, change + after))
        return cls(tuple(changes), tuple(offsets), tuple(skipped))

    def reading(self, utc: datetime) -> datetime:
        """The wall-clock time at a naive UTC instant; a second pass reads on past the end of the first."""
        return utc + self.offsets[bisect_right(self.changes, utc)]

    def blocked(self, busy_utc: Iterable[tuple[datetime, datetime]]) -> Iterator[Interval]:
        """The wall-clock time that busy instants take.

        Raises:
            ValueError: an instant is naive, or one ends before it starts.
        """
        for start_utc, end_utc in busy_utc:
            start, end = naive_utc(start_utc), naive_utc(end_utc)
            if end < start:
                raise ValueError(f"busy until {end_utc}, before it begins at {start_utc}")
            while start < end:
                index = bisect_right(self.changes, start)
                until = min(end, self.changes[index]) if index < len(self.changes) else end
                yield Interval(start + self.offsets[index], until + self.offsets[index])
                start = until


def _changes(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The naive UTC instants between two others at which the zone's offset changes, to the second."""
    while start < end:
        next_day = start + _ONE_DAY
        if _offset(start, zone) != _offset(next_day, zone):
            low, high = start, next_day
            while high - low > _SECOND:
                middle = (low + (high - low) // 2).replace(microsecond=0)
                low, high = (middle, high) if _offset(middle, zone) == _offset(start, zone) else (low, middle)
            yield high
        start = next_day


def _offset(utc: datetime, zone: ZoneInfo) -> timedelta:
    """How far the clocks of `zone` are ahead of a naive UTC instant."""
    return utc.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) - utc


def naive_utc(instant: datetime) -> datetime:
    """An instant in UTC without its zone. Raises ValueError if it has none."""
    return _aware(instant).astimezone(UTC).replace(tzinfo=None)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} is not an instant: it has no time zone")
    return instant
