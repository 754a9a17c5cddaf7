"""Stretches of wall-clock time: half-open, sorted, merged, subtracted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A stretch of one clinic's wall-clock time, [start, end).

    Half-open, so that back-to-back sessions do not overlap. Both ends are naive: they are what the clock on the
    wall says.

    Raises:
        ValueError: an end carries a time zone, or the stretch is empty or runs backwards.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError(f"wall-clock times are naive: {self.start!r} to {self.end!r}")
        if self.start >= self.end:
            raise ValueError(f"{self.start} is not before {self.end}")


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in as few intervals as possible, sorted; touching ones become one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.start <= result[-1].end:
            if interval.end > result[-1].end:
                result[-1] = Interval(result[-1].start, interval.end)
        else:
            result.append(interval)
    return result


def without(intervals: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """What is left of `intervals` when `taken` is removed: sorted, merged, found in one sweep over both."""
    blocks = merged(taken)
    left: list[Interval] = []
    first = 0
    for interval in merged(intervals):
        while first < len(blocks) and blocks[first].end <= interval.start:
            first += 1
        left.extend(_gaps(interval, blocks, first))
    return left


def _gaps(interval: Interval, blocks: list[Interval], first: int) -> Iterable[Interval]:
    """The parts of one interval which none of the sorted `blocks` from index `first` on covers."""
    start = interval.start
    for index in range(first, len(blocks)):
        block = blocks[index]
        if block.start >= interval.end:
            break
        if block.start > start:
            yield Interval(start, block.start)
        start = block.end
    if start < interval.end:
        yield Interval(start, interval.end)
