"""Wall-clock times and the moments they mean, right across clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_seconds(wall: datetime, zone: ZoneInfo) -> int | None:
    """Return the seconds since 1970 that a wall-clock time means, or None when the clock skips it.

    Of a time that occurs twice the first is meant.
    """
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) != wall:
        return None
    return (moment - _EPOCH) // timedelta(seconds=1)


def gap_seconds(hours: float) -> int:
    """Return the least whole seconds that are not shorter than so many hours."""
    return -(-timedelta(hours=hours) // timedelta(seconds=1))
