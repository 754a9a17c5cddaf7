"""The horizon as days x cells of the grid: which wall-clock times exist, and when they are."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from planner.scheduling.fields import MINUTES_A_DAY
from planner.scheduling.problem import Problem
from planner.scheduling.wall import instant_seconds

Whole = npt.NDArray[np.int64]
Yes = npt.NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class TimeGrid:
    """Days x cells. A linear cell number is day * cells + cell of the day.

    Attributes:
        weekday: (days,), 0 is Monday.
        exists: (days, cells), False where a clock change skips the time.
        instant: (days, cells), seconds since 1970, never falling; a skipped cell has the next existing one's.
    """

    first_day: date
    days: int
    minutes: int
    cells: int
    weekday: Whole
    exists: Yes
    instant: Whole

    def number(self, wall: datetime) -> int:
        """Return the linear cell number of a wall-clock time; outside the horizon it is negative or too great."""
        day = wall.toordinal() - self.first_day.toordinal()
        return day * self.cells + (wall.hour * 60 + wall.minute) // self.minutes

    def wall(self, number: int) -> datetime:
        """Return the wall-clock time of a linear cell number."""
        day, cell = divmod(number, self.cells)
        return datetime.combine(self.first_day + timedelta(days=day), time()) + timedelta(minutes=cell * self.minutes)

    def need(self, minutes: int) -> int:
        """Return how many cells a session of so many minutes occupies."""
        return -(-minutes // self.minutes)


def grid_of(problem: Problem) -> TimeGrid:
    """Return the problem's horizon; shared by problems with the same one."""
    return _grid(problem.timezone, problem.first_day, problem.days, problem.grid_minutes)


@lru_cache(maxsize=16)
def _grid(timezone: str, first_day: date, days: int, minutes: int) -> TimeGrid:
    zone, cells = ZoneInfo(timezone), MINUTES_A_DAY // minutes
    instant = np.empty((days, cells), dtype=np.int64)
    exists = np.ones((days, cells), dtype=np.bool_)
    steps = np.arange(cells, dtype=np.int64) * (minutes * 60)
    for day in range(days):
        midnight = datetime.combine(first_day + timedelta(days=day), time())
        start, end = instant_seconds(midnight, zone), instant_seconds(midnight + timedelta(days=1), zone)
        if start is not None and end is not None and end - start == MINUTES_A_DAY * 60:
            instant[day] = start + steps
        else:
            _fill_odd_day(instant[day], exists[day], midnight, minutes, zone)
    # A cell that never exists takes the next one's moment, so that the whole array can be searched by bisection.
    flat = np.minimum.accumulate(instant.reshape(-1)[::-1])[::-1].reshape(days, cells)
    weekday = (first_day.weekday() + np.arange(days, dtype=np.int64)) % 7
    for array in (weekday, exists, flat):
        array.setflags(write=False)
    return TimeGrid(first_day, days, minutes, cells, weekday, exists, flat)


def _fill_odd_day(instant: Whole, exists: Yes, midnight: datetime, minutes: int, zone: ZoneInfo) -> None:
    """Work out each cell of a day on which the clock changes."""
    for cell in range(len(instant)):
        seconds = instant_seconds(midnight + timedelta(minutes=cell * minutes), zone)
        exists[cell] = seconds is not None
        instant[cell] = _NEVER if seconds is None else seconds
