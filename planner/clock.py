"""The one place that reads the clock."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that can tell the present instant."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)
