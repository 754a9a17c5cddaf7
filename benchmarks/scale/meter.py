"""Counts what is done and how long it takes, kind by kind."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Meter:
    """Events and the seconds they took, by kind."""

    events: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @classmethod
    def from_json(cls, kept: dict[str, dict[str, float]]) -> "Meter":
        """Of its two counts, by their names."""
        events = Counter({kind: int(count) for kind, count in kept["events"].items()})
        return cls(events, defaultdict(float, kept["seconds"]))

    @contextmanager
    def of(self, kind: str) -> Iterator[None]:
        """Measure the block as one event of this kind."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.events[kind] += 1
            self.seconds[kind] += time.perf_counter() - begin

    def each(self, kind: str) -> float:
        """Seconds of one event of this kind; 0 where there was none."""
        return self.seconds[kind] / self.events[kind] if self.events[kind] else 0.0

    @property
    def whole(self) -> float:
        """Seconds of everything."""
        return sum(self.seconds.values())


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them stays below, between two where it falls between.

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("nothing was measured")
    ordered, place = sorted(values), share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
