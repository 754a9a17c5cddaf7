"""One course's choices as arrays: what each place costs and which place may follow which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from planner.scheduling.board import Board, Place
from planner.scheduling.fields import MINUTES_A_DAY
from planner.scheduling.grid import Whole, Yes
from planner.scheduling.points import BEYOND_MAX, BEYOND_MAX_PER_DAY, gap_points
from planner.scheduling.problem import Course, Current, Gap
from planner.scheduling.wall import gap_seconds, instant_seconds

Costs = npt.NDArray[Any]  # of np.int32 or np.int64, whichever the model chose


@dataclass(frozen=True, eq=False)
class Step:
    """The one day for each day on which the hours between two sessions decide start by start.

    Attributes:
        index: (days, cells), the first start allowed, as index into days x (cells + 1); the last cell costs `never`.
        gap: (days, 1), points of the gap to that day.
    """

    index: Whole
    gap: Costs


@dataclass(frozen=True, eq=False)
class Link:
    """What may follow a session: `later` (days, days) where the whole day is allowed, and the steps in between."""

    later: Costs
    steps: tuple[Step, ...]


class CourseModel:
    """All about a course that other bookings do not change.

    Only days and cells on which the patient could ever come while somebody works are kept; `days` and `cells` say
    which. Arrays are (practitioners, days, cells). `never` is larger than any points, and three of it still fit the
    number type.
    """

    def __init__(self, board: Board, course: Course) -> None:
        self.board, self.course = board, course
        self.count = len(course.sessions)
        self.who = [board.practitioner[name] for name in course.practitioners]
        self.dtype, self.never = self._number_type()
        self.change = board.problem.weights.practitioner_change
        grid = board.grid
        whole = {s.minutes: self.patient_costs(s.minutes, course.away) for s in course.sessions}
        possible = np.any([self._ever(minutes, costs) for minutes, costs in whole.items()], axis=0)
        self.days: Whole = np.flatnonzero(possible.any(axis=1))
        used = np.flatnonzero(possible.any(axis=0))
        self.cells = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
        self.patient = {minutes: costs[self.days, self.cells] for minutes, costs in whole.items()}
        self.instant: Whole = grid.instant[self.days, self.cells]
        self._soonest: dict[int, Whole] = {}
        self.own: Costs = np.array(list(course.practitioners.values()), dtype=self.dtype)[:, None, None]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Practitioners, days, cells."""
        return len(self.who), len(self.days), self.cells.stop - self.cells.start

    def _number_type(self) -> tuple[type[np.int32] | type[np.int64], int]:
        """Choose 32 bits where no answer can reach 2**28 points: half the memory, twice the speed."""
        course, weights = self.course, self.board.problem.weights
        days = self.board.grid.days + abs((course.earliest_day - self.board.grid.first_day).days)
        if course.previous_start is not None:
            days += abs((course.previous_start.date() - self.board.grid.first_day).days)
        most = max(course.practitioners.values(), default=0) + max((w.points for w in course.available), default=0)
        most += weights.practitioner_change + weights.unplaced_session + BEYOND_MAX + BEYOND_MAX_PER_DAY * days
        total = most * self.count + course.wait_points_per_day * days + sum(c.move_points for c in course.current)
        return (np.int32, 1 << 29) if total < 1 << 28 else (np.int64, 1 << 60)

    def _ever(self, minutes: int, costs: Costs) -> Yes:
        """Return (all days, all cells): where a session of so many minutes could start in an empty diary."""
        hours = self.board.hours(self.who, self.board.grid.need(minutes))
        ever: Yes = np.logical_or.reduce(hours, axis=0) & (costs < self.never)
        return ever

    def patient_costs(self, minutes: int, away: Sequence[tuple[date, date]]) -> Costs:
        """Return (all days, all cells): the window's points where the patient can come, never elsewhere."""
        grid = self.board.grid
        week = np.full((7, grid.cells), self.never, dtype=self.dtype)
        for window in self.course.available:
            # A session ends on the day it starts, so the last minute of a day is never its end.
            last = min(window.end_minute, MINUTES_A_DAY - 1) - minutes
            inside = week[window.weekday, window.start_minute // grid.minutes : max(0, last // grid.minutes + 1)]
            np.minimum(inside, window.points, out=inside)
        costs: Costs = np.where(grid.exists, week[grid.weekday], self.never).astype(self.dtype)
        for start, end in away:
            first, beyond = ((day - grid.first_day).days for day in (start, end))
            costs[max(0, first) : max(0, beyond)] = self.never
        return costs

    @cached_property
    def first(self) -> Costs:
        """(days, cells): what the first session's date costs, never where it may not be."""
        return self.first_costs(self.days, self.instant)

    def first_costs(self, days: Whole, instant: Whole) -> Costs:
        """Return (days, cells): waiting or gap points of the first session on these days, never where it may not be.

        Args:
            days: day numbers of the horizon.
            instant: (days, cells), when those starts are.
        """
        course, grid = self.course, self.board.grid
        out: Costs = np.zeros(instant.shape, dtype=self.dtype)
        waited = days - (course.earliest_day - grid.first_day).days
        gap = course.sessions[0].gap
        if gap is None:
            out += (np.maximum(waited, 0) * course.wait_points_per_day)[:, None].astype(self.dtype)
        out[waited < 0] = self.never
        if course.previous_start is not None:
            past = instant_seconds(course.previous_start, ZoneInfo(self.board.problem.timezone))
            if past is not None:  # the problem has refused a time that never was
                out[instant - past < gap_seconds(course.min_gap_hours)] = self.never
            if gap is not None:
                since = days - (course.previous_start.date() - grid.first_day).days
                prices = np.array([_price(gap, int(apart), self.never) for apart in since], dtype=self.dtype)
                out = np.minimum(out + prices[:, None], self.never)
        return out

    def soonest(self, need: int) -> Whole:
        """Return (days, cells): index into days x cells of the first start allowed after a session that starts there.

        The hours between are elapsed ones; and a patient is one person, so the session must be over by the clock.
        """
        if need not in self._soonest:
            self._soonest[need] = self._work_out_soonest(need)
        return self._soonest[need]

    def _work_out_soonest(self, need: int) -> Whole:
        _, days, cells = self.shape
        after = self.instant + gap_seconds(self.course.min_gap_hours)
        elapsed = np.searchsorted(self.instant.reshape(-1), after.reshape(-1)).reshape(days, cells)
        over = np.minimum(np.arange(cells)[None, :] + need, cells) + np.arange(days)[:, None] * cells
        return np.maximum(elapsed, over)

    def link(self, gap: Gap, need: int) -> Link:
        """Return what may follow a session of `need` cells at this gap, and for how many points."""
        _, days, cells = self.shape
        day, cell = np.divmod(self.soonest(need), cells)
        low, high = day.min(axis=1), day.max(axis=1)
        price = self._prices(gap, self.days)
        later = np.where(np.arange(days)[None, :] > high[:, None], price, self.never).astype(self.dtype)
        steps = []
        for offset in range(int((high - low).max()) + 1):
            there = low + offset
            valid = (there <= high) & (there < days)
            safe = np.where(valid, there, 0)
            start = np.where(day < there[:, None], 0, np.where(day == there[:, None], cell, cells))
            index = np.where(valid[:, None], safe[:, None] * (cells + 1) + start, cells)
            cost = np.where(valid, price[np.arange(days), safe], self.never).astype(self.dtype)
            steps.append(Step(index, cost[:, None]))
        return Link(later, tuple(steps))

    def prices_from(self, gap: Gap, day: int) -> Costs:
        """Return (days,): points of the gap from one of the days to each, never where it is too short."""
        costs: Costs = self._prices(gap, self.days[day : day + 1])[0]
        return costs

    def _prices(self, gap: Gap, before: Whole) -> Costs:
        """Return (before, days): points of the gap from one day to another, never where it is too short."""
        return self.gap_prices(gap, self.days[None, :] - before[:, None])

    def gap_prices(self, gap: Gap, apart: Whole) -> Costs:
        """Return the points of so many days between two sessions of the horizon, never where they are too few."""
        table = _price_table(gap, self.board.grid.days, self.never).astype(self.dtype)
        return np.where(apart >= 0, table[np.maximum(apart, 0)], self.dtype(self.never))

    def open_costs(self, minutes: int, starts: Yes) -> Costs:
        """Return what each open place costs by window and practitioner, never where it is closed.

        Args:
            starts: (practitioners, days, cells) of the whole horizon, as Board.starts gives it.
        """
        open_here = starts[:, self.days, self.cells]
        return np.where(open_here, self.patient[minutes][None] + self.own, self.never).astype(self.dtype)

    def spot(self, place: Place) -> tuple[int, int, int] | None:
        """Return the place as practitioner, day and cell of these arrays, or None if it is not among them."""
        day, cell = divmod(place.cell, self.board.grid.cells)
        row = int(np.searchsorted(self.days, day))
        if place.practitioner not in self.who or row == len(self.days) or self.days[row] != day:
            return None
        if not self.cells.start <= cell < self.cells.stop:
            return None
        return self.who.index(place.practitioner), row, cell - self.cells.start

    def cell_number(self, day: int, cell: int) -> int:
        """Return the linear cell number of a day and cell of these arrays."""
        return int(self.days[day]) * self.board.grid.cells + self.cells.start + cell

    @cached_property
    def current(self) -> Mapping[int, Current]:
        """The course's current appointments by session."""
        return {current.session: current for current in self.course.current}

    def current_place(self, current: Current) -> Place:
        """Return a current appointment by numbers; it may lie outside the horizon."""
        board = self.board
        need = board.grid.need(self.course.sessions[current.session].minutes)
        who, room = board.practitioner[current.practitioner], board.room[current.room]
        return Place(board.grid.number(current.start), need, who, room)


def _price(gap: Gap, days: int, never: int) -> int:
    return gap_points(gap, days) if days >= gap.min else never


@lru_cache(maxsize=512)
def _price_table(gap: Gap, days: int, never: int) -> Whole:
    """Return the points of 0 .. days - 1 days between two sessions."""
    return np.array([_price(gap, apart, never) for apart in range(days)], dtype=np.int64)
