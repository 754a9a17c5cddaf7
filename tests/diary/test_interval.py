"""Half-open stretches of wall-clock time."""

from datetime import UTC, datetime

import pytest

from planner.diary.interval import Interval, merged, without


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{text}")


def span(start: str, end: str) -> Interval:
    return Interval(at(start), at(end))


def test_an_empty_stretch_is_a_bug() -> None:
    """Half-open intervals hold at least a moment."""
    with pytest.raises(ValueError, match="not before"):
        span("09:00", "09:00")


def test_an_instant_is_not_a_wall_clock_time() -> None:
    """Instants and wall-clock times must not be mixed up."""
    with pytest.raises(ValueError, match="naive"):
        Interval(at("09:00").replace(tzinfo=UTC), at("10:00").replace(tzinfo=UTC))


def test_touching_and_overlapping_stretches_become_one() -> None:
    """The longest end wins, whatever the order."""
    assert merged([span("10:00", "11:00"), span("09:00", "12:00"), span("12:00", "13:00"), span("14:00", "15:00")]) == [
        span("09:00", "13:00"),
        span("14:00", "15:00"),
    ]


def test_taking_the_middle_leaves_both_ends() -> None:
    """One block splits one stretch."""
    assert without([span("09:00", "12:00")], [span("10:00", "10:30")]) == [
        span("09:00", "10:00"),
        span("10:30", "12:00"),
    ]


def test_a_block_that_spans_two_stretches_takes_from_both() -> None:
    """The sweep must not forget a block that reaches into the next stretch."""
    assert without([span("09:00", "10:00"), span("11:00", "12:00")], [span("09:30", "11:30")]) == [
        span("09:00", "09:30"),
        span("11:30", "12:00"),
    ]


def test_a_block_that_only_touches_takes_nothing() -> None:
    """Back to back is not overlapping."""
    assert without([span("09:00", "10:00")], [span("08:00", "09:00"), span("10:00", "11:00")]) == [
        span("09:00", "10:00")
    ]
