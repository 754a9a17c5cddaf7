"""One search at work: a diary of its own, the best answer that it has seen, and how to go on from an answer."""

from dataclasses import dataclass

import numpy as np

from planner.scheduling.kernel_board import empty_diary, lift, points_of, put
from planner.scheduling.kernel_search import Guide, chain_for, search
from planner.scheduling.kernel_stir import stir, stir_for
from planner.scheduling.kernel_work import work_for
from planner.scheduling.tables import NEVER, Ints, Tables

SMALL_MOVES = 40
"""For each step, which plans whole courses, so many small moves of single sessions are tried."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where every course stands, as in `Diary`."""

    cost: int  # in parts of a point
    placed: Ints
    who: Ints
    at: Ints
    room: Ints


class Searcher:
    """A diary in which steps are tried. `best` may be read by other threads: it is replaced as a whole."""

    def __init__(self, tables: Tables, seed: int) -> None:
        self.tables = tables
        self.work, self.diary = work_for(tables), empty_diary(tables)
        self._chain, self._stir = chain_for(tables), stir_for(tables)
        self._dice = np.array([(2 * seed + 1) * 0x9E3779B97F4A7C15 % 2**64 | 1], dtype=np.uint64)
        d = self.diary
        self.best = Answer(NEVER * len(d.placed), d.placed.copy(), d.who.copy(), d.at.copy(), d.room.copy())

    def keep(self) -> bool:
        """Note the diary as the best answer if it is; say whether it was."""
        now = int(self.diary.cost.sum())
        if now >= self.best.cost:
            return False
        d = self.diary
        self.best = Answer(now, d.placed.copy(), d.who.copy(), d.at.copy(), d.room.copy())
        return True

    def put(self, answer: Answer) -> None:
        """Put an answer into the diary, and note it if it is the best."""
        t, d = self.tables, self.diary
        courses = range(len(d.placed))
        for c in courses:
            lift(t, d, c)
        d.placed[:], d.who[:], d.at[:], d.room[:] = answer.placed, answer.who, answer.at, answer.room
        for c in courses:
            put(t, d, c)
            d.cost[c] = points_of(t, d, c)
        self.keep()

    def go(self, guide: Guide, warmth: float, steps: int) -> None:
        """Make so many steps; one that costs `x` points more is kept with a chance of exp(-x / warmth)."""
        t, parts = self.tables, warmth * self.tables.scale
        stir(t, self.diary, self._stir, self._dice, parts, SMALL_MOVES * steps)
        search(t, self.diary, self.work, self._chain, guide, self._dice, parts, steps)
        self.keep()
