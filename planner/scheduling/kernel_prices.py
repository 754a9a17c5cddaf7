"""Prices of scarce time as machine code: every course planned alone beside them, and what that proves."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.scheduling.compiled import HAS_NUMBA, compiled
from planner.scheduling.kernel_board import Diary, length_of
from planner.scheduling.kernel_course import plan_one, set_reach
from planner.scheduling.kernel_work import Work, work_for
from planner.scheduling.tables import NEVER, Ints, Small, Tables

Reals = npt.NDArray[np.float64]


MEMORY = 0.75
"""The share of the old direction in the new one."""
DEAR = 50.0
"""At so many points a cell's price moves twice as far as at none."""
MOST_POINTS_A_CELL = 5000.0
AT_ONCE, COURSES_EACH = 4, 25
"""So many threads at most work out what plans cost, and none begins for fewer courses."""


class Estimate(NamedTuple):
    """The prices before they are rounded, and which way they were going."""

    person: Reals
    rooms: Reals
    person_way: Reals
    rooms_way: Reals


class Market(NamedTuple):
    """A price for each practitioner's cell and for each cell's rooms, and who would want what at these prices."""

    person: Ints  # (people, cells) price
    rooms: Ints  # (cells,)
    start: Ints  # (lengths, people, cells) price of a whole session, NEVER where none may start
    person_use: Ints  # (people, cells) how many courses want it
    rooms_use: Ints
    placed: Ints  # (courses,) the plan that is best at these prices
    who: Ints
    at: Ints
    cost: npt.NDArray[np.int64]  # (courses,) its cost with prices
    nothing: Small  # (lengths, people, cells) zeros: nobody stands in the way


def market_for(t: Tables, d: Diary) -> Market:
    """Return a market in which everything is free of charge."""
    people, size = t.people_cells.shape
    courses, sessions = t.kind.shape

    def whole(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int32)

    return Market(
        whole(people, size), whole(size), d.closed.copy(), whole(people, size), whole(size), whole(courses),
        whole(courses, sessions), whole(courses, sessions), np.full(courses, NEVER, dtype=np.int64),
        np.zeros_like(d.taken),
    )  # fmt: skip


@compiled
def set_starts(t: Tables, d: Diary, m: Market) -> None:
    """Add up the prices of cells to prices of whole sessions."""
    people = m.person.shape[0]
    for length in range(t.need.shape[0]):
        need = t.need[length]
        for p in range(people):
            for day in range(t.days):
                begin, end = day * t.cells, (day + 1) * t.cells
                total = 0
                for cell in range(begin, min(begin + need, end)):
                    total += m.person[p, cell] + m.rooms[cell]
                for at in range(begin, end):
                    closed = d.closed[length, p, at] >= NEVER
                    m.start[length, p, at] = NEVER if closed else min(total, NEVER - 1)
                    total -= m.person[p, at] + m.rooms[at]
                    if at + need < end:
                        total += m.person[p, at + need] + m.rooms[at + need]


@compiled
def _budget(t: Tables, m: Market, points: int, c: int) -> int:
    """Return what the course's last plan costs at the prices of today."""
    total = points
    for k in range(m.placed[c]):
        if t.pin_at[c, k] < 0:
            total += m.start[length_of(t, c, k), t.who[c, m.who[c, k]], m.at[c, k]]
    return min(total, NEVER)


@compiled
def plan_all(t: Tables, d: Diary, w: Work, m: Market, reach: Ints, points: npt.NDArray[np.int64]) -> int:
    """Plan every course alone at these prices; return the lower bound which that proves, in parts of a point.

    No answer costs less: prices are only paid for time that there is, and each course's plan is the cheapest there is.
    `points` (courses,) holds what each course's plan costs without prices.
    """
    set_starts(t, d, m)
    m.person_use[:] = 0
    m.rooms_use[:] = 0
    bound = 0
    for c in range(points.shape[0]):
        budget = NEVER if m.cost[c] >= NEVER else _budget(t, m, points[c], c)
        m.cost[c] = plan_one(t, w, c, reach, m.start, m.nothing, d.rooms_left, 0, 0, budget)
        bound += m.cost[c]
        m.placed[c] = w.placed[0]
        paid = 0
        for k in range(w.placed[0]):
            m.who[c, k], m.at[c, k] = w.out_who[k], w.out_at[k]
            if t.pin_at[c, k] < 0:
                length, p, at = length_of(t, c, k), t.who[c, w.out_who[k]], w.out_at[k]
                paid += m.start[length, p, at]
                for cell in range(at, at + t.need[length]):
                    m.person_use[p, cell] += 1
                    m.rooms_use[cell] += 1
        points[c] = m.cost[c] - paid
    people, size = m.person.shape
    for cell in range(size):
        bound -= np.int64(m.rooms[cell]) * t.room_cells[cell]
        for p in range(people):
            bound -= np.int64(m.person[p, cell]) * t.people_cells[p, cell]
    return bound


def reach_all(t: Tables, d: Diary, w: Work, price: Ints) -> Ints:
    """Return (courses, sessions, people, days): at these prices, what a plan with that session there costs at least.

    The courses are shared out among threads: machine code runs without Python's lock, and each writes rows of its own.
    """
    reach = np.zeros((*t.kind.shape, t.who.shape[1], t.days), dtype=np.int32)
    nothing = np.zeros_like(d.taken)
    most = min(len(os.sched_getaffinity(0)), AT_ONCE) if HAS_NUMBA else 1
    share = max(1, min(most, len(reach) // COURSES_EACH))

    def fill(number: int) -> None:
        _fill_reach(t, d, work_for(t) if number else w, price, nothing, reach, number, share)

    with ThreadPoolExecutor(share) as threads:
        list(threads.map(fill, range(share)))
    return reach


@compiled
def _fill_reach(t: Tables, d: Diary, w: Work, price: Ints, nothing: Small, reach: Ints, begin: int, step: int) -> None:
    for c in range(begin, t.sessions.shape[0], step):
        plan_one(t, w, c, reach, price, nothing, d.rooms_left, 0, 0, NEVER)
        set_reach(t, w, c, reach)


@compiled
def move_prices(t: Tables, m: Market, e: Estimate, far: float) -> None:
    """Make wanted time dearer and idle time cheaper: one step of the subgradient method with memory.

    A dear cell moves further than a cheap one: where a session would be left out, its price has far to go.
    """
    people, size = m.person.shape
    relative, most = 1.0 / (DEAR * t.scale), MOST_POINTS_A_CELL * t.scale
    for cell in range(size):
        pull = float(m.rooms_use[cell] - t.room_cells[cell])
        e.rooms_way[cell] = MEMORY * e.rooms_way[cell] + (1 - MEMORY) * pull
        change = far * (1 + relative * e.rooms[cell]) * e.rooms_way[cell]
        e.rooms[cell] = min(most, max(0.0, e.rooms[cell] + change))
        m.rooms[cell] = int(e.rooms[cell])
        for p in range(people):
            pull = float(m.person_use[p, cell]) - float(t.people_cells[p, cell])
            e.person_way[p, cell] = MEMORY * e.person_way[p, cell] + (1 - MEMORY) * pull
            change = far * (1 + relative * e.person[p, cell]) * e.person_way[p, cell]
            e.person[p, cell] = min(most, max(0.0, e.person[p, cell] + change))
            m.person[p, cell] = int(e.person[p, cell])
