"""Free time as whole minutes in an array: read like pairs of wall-clock times, without making one for each."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from typing import overload

import numpy as np
import numpy.typing as npt

Minutes = npt.NDArray[np.int64]
Pair = tuple[datetime, datetime]
_DAY = 24 * 60
_EPOCH = date(1970, 1, 1).toordinal() * _DAY


class FreeSpans(Sequence[Pair]):
    """Half-open pairs of naive wall-clock times, equal to the tuple of the same pairs.

    Args:
        minutes: (n, 2), whole minutes since the beginning of 1970 by the clinic's clock.
    Raises:
        ValueError: another shape, or a pair that ends before it has begun.
    """

    __slots__ = ("_make", "_minutes")

    def __init__(self, minutes: Minutes) -> None:
        self._make: Callable[[], Minutes] | None = None
        self._minutes = _checked(minutes)

    @classmethod
    def when_asked(cls, make: Callable[[], Minutes]) -> "FreeSpans":
        """Free time that is worked out when somebody looks at it; `make` must not depend on when that is."""
        spans = cls(np.empty((0, 2), dtype=np.int64))
        spans._make = make
        return spans

    @property
    def minutes(self) -> Minutes:
        """The array, which can't be written to."""
        if self._make is not None:
            self._minutes, self._make = _checked(self._make()), None
        return self._minutes

    def __len__(self) -> int:
        return len(self.minutes)

    def __iter__(self) -> Iterator[Pair]:
        return iter(_pairs(self.minutes))

    @overload
    def __getitem__(self, index: int) -> Pair: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Pair, ...]: ...

    def __getitem__(self, index: int | slice) -> Pair | tuple[Pair, ...]:
        if isinstance(index, slice):
            return tuple(_pairs(self.minutes[index]))
        return _pairs(self.minutes[[index]])[0]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FreeSpans):
            return bool(np.array_equal(self.minutes, other.minutes))
        return tuple(self) == other

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"FreeSpans({len(self)} pairs)"


def _checked(minutes: Minutes) -> Minutes:
    if minutes.ndim != 2 or minutes.shape[1] != 2 or bool((minutes[:, 0] >= minutes[:, 1]).any()):
        raise ValueError("free time is pairs of minutes, the second after the first")
    minutes.setflags(write=False)
    return minutes


def minutes_of(free: Sequence[Pair]) -> Minutes:
    """Return (n, 2): free time in whole minutes since the beginning of 1970, both ends rounded down."""
    if isinstance(free, FreeSpans):
        return free.minutes
    # A diary has thousands of them: numpy takes twice as long to read a datetime as to read a number.
    minutes = [wall.toordinal() * _DAY + wall.hour * 60 + wall.minute for wall in chain.from_iterable(free)]
    return np.array(minutes, dtype=np.int64).reshape(-1, 2) - _EPOCH


def _pairs(minutes: Minutes) -> list[Pair]:
    return [(start, end) for start, end in minutes.astype("datetime64[m]").astype(object).tolist()]
