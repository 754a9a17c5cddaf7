"""An answer by prices where time is scarce: a few courses are fixed where they want to be, then prices settle anew.

Search finds its way badly there: one session more that has a place is worth many small losses, and those are in the
way of every step. Prices know what a place is worth to all; so whoever wants what nobody else wants is fixed first,
and what is left is priced again for the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from planner.scheduling.kernel_board import Diary, length_of
from planner.scheduling.kernel_prices import Estimate, Market, market_for, move_prices, plan_all
from planner.scheduling.kernel_search import place_beside
from planner.scheduling.searcher import Answer, Searcher
from planner.scheduling.tables import NEVER, Ints, Tables

FIRST_STEP, LAST_STEP = 20.0, 0.5
"""By how many points a price moves in the first round after courses were fixed, and in the last before the next are."""
_OF_COURSES: Final = (
    *("sessions", "kind", "kind_length", "kinds", "week", "open_day", "people", "who", "own", "first_cost"),
    *("first_from", "wait", "first_late", "gap", "rest", "drop", "move", "now_who", "now_at", "now_room"),
    *("pin_who", "pin_at", "pin_room"),
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a dive goes: so many rounds of pricing, then this share of the courses that are left is fixed."""

    rounds: int
    share: float


def manners(number: int) -> Manner:
    """Return the manner of the dive with this number: no two in a row are alike, so that their answers differ."""
    return Manner(20 + number % 7, 0.05 if number % 2 else 0.1)


def dive(tables: Tables, alone: Ints, prices: Estimate, manner: Manner, over: Callable[[], bool]) -> Answer | None:
    """Return an answer, or None where a course finds no valid plan beside those fixed before it.

    Args:
        alone: (courses, sessions, people, days) what a plan with a session there costs at least, without prices.
        prices: where to begin; they are not changed.
        over: once it says yes, those who are left are fixed without more rounds.
    """
    return _Dive(tables, alone, prices).run(manner, over)


class _Dive:
    def __init__(self, tables: Tables, alone: Ints, prices: Estimate) -> None:
        self.tables, self.alone = tables, alone
        self.searcher = Searcher(tables, 0)
        self.diary = self.searcher.diary
        self.estimate = Estimate(*(side.copy() for side in prices))

    def run(self, manner: Manner, over: Callable[[], bool]) -> Answer | None:
        left = np.arange(len(self.tables.sessions))
        while len(left):
            ended = over()
            part, beside, reach = self._part(left), self._beside(), self.alone[left]
            market, known = self._settle(part, beside, reach, 1 if ended else manner.rounds)
            conflicts = _conflicts(part, market)
            order = np.lexsort((-market.cost, -known, conflicts))
            all_agree = ended or not conflicts.any()
            some = len(left) if all_agree else max(1, int(np.ceil(manner.share * len(left))))
            for i in order[:some]:
                if not place_beside(
                    self.tables, self.diary, self.searcher.work, int(left[i]), self.alone, market.start
                ):
                    return None
            left = np.delete(left, order[:some])
        self.searcher.keep()
        return self.searcher.best

    def _part(self, left: npt.NDArray[np.int64]) -> Tables:
        """Return the tables of the courses that are left, with the time that is left."""
        t, d = self.tables, self.diary
        rooms_taken = (d.room_owner >= 0).sum(axis=0)
        mine: dict[str, Any] = {name: np.ascontiguousarray(getattr(t, name)[left]) for name in _OF_COURSES}
        return t._replace(
            people_cells=(t.people_cells * (d.person_owner < 0)).astype(np.uint8),
            room_cells=(t.room_cells - rooms_taken).astype(np.int32),
            **mine,
        )

    def _beside(self) -> Diary:
        """Return the diary with all that is fixed as closed time."""
        d = self.diary
        shut = (d.taken > 0) | (d.rooms_left[:, None, :] <= 0)
        return d._replace(closed=np.where(shut, np.int32(NEVER), d.closed))

    def _settle(self, part: Tables, beside: Diary, reach: Ints, rounds: int) -> tuple[Market, Ints]:
        """Let prices follow what is wanted; return the market and for how long each course has wanted the same."""
        market, points = market_for(part, beside), np.zeros(len(part.sessions), dtype=np.int64)
        market.person[:], market.rooms[:] = self.estimate.person, self.estimate.rooms
        known = np.zeros(len(part.sessions), dtype=np.int32)
        before = _wanted(market)
        for number in range(rounds):
            if number:
                step = FIRST_STEP * (LAST_STEP / FIRST_STEP) ** (number / rounds)
                move_prices(part, market, self.estimate, step * part.scale)
            plan_all(part, beside, self.searcher.work, market, reach, points)
            now = _wanted(market)
            known = np.where((now == before).all(axis=1), known + 1, 0).astype(np.int32)
            before = now
        return market, known


def _wanted(market: Market) -> Ints:
    """Return (courses, 2 * sessions) where each course wants to be, 0 for what has no place."""
    there = np.arange(market.at.shape[1]) < market.placed[:, None]
    return np.concatenate([market.at * there, market.who * there], axis=1)


def _conflicts(t: Tables, m: Market) -> Ints:
    """Return (courses,) for each plan, by how many too many its places are wanted, added up."""
    people = m.person_use - t.people_cells.astype(np.int32)
    rooms = m.rooms_use - t.room_cells
    out = np.zeros(len(t.sessions), dtype=np.int32)
    for c in range(len(out)):
        for k in np.flatnonzero(t.pin_at[c, : m.placed[c]] < 0):
            begin = m.at[c, k]
            cells = slice(begin, begin + t.need[length_of(t, c, int(k))])
            out[c] += max(0, people[t.who[c, m.who[c, k]], cells].max(), rooms[cells].max())
    return out
