"""The bound once more where sessions are left out: answers that leave out few, and answers that leave out more.

Prices alone prove little there, because between two whole numbers of such sessions they take the mean. Every answer is
on one of two sides, so many left out at most or more, and the lesser of what the two sides prove holds for all. On each
side one more price sees to the count: a fee for each session left out, or a rebate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.scheduling.kernel_board import Diary
from planner.scheduling.kernel_prices import Estimate, Market, move_prices, plan_all, reach_all
from planner.scheduling.kernel_work import Work
from planner.scheduling.tables import NEVER, Ints, Tables

ROUNDS, FIRST_STEP, LAST_STEP = 300, 20.0, 0.04
"""So many rounds for a side, and by how many points a price moves in the first and in the last of them."""
FEE_STEP = 10.0
"""The fee moves so much further than a price."""
MEMORY = 0.75


@dataclass(slots=True)
class Side:
    """Answers that leave out at most `target` sessions (`sign` 1), or at least so many (-1)."""

    sign: int
    target: int
    proved: int | None = None
    """The best bound so far on answers of this side, in parts of a point."""


class LeftOut:
    """Looks for the bound of either side, beginning with the prices found without the split."""

    def __init__(self, tables: Tables, diary: Diary, work: Work, market: Market, estimate: Estimate) -> None:
        self.tables, self.diary, self.work, self.market, self.estimate = tables, diary, work, market, estimate
        self.points = np.zeros(len(tables.sessions), dtype=np.int64)
        sessions = tables.sessions[:, None]
        self._left: Final = np.clip(sessions - np.arange(tables.drop.shape[1]), 0, None)
        self._most_fee = _least_step(tables)
        self._begin = tuple(side.copy() for side in (estimate.person, estimate.rooms))

    def count(self) -> int:
        """Return how many sessions are left out by the plans that are best at the prices of now."""
        return int((self.tables.sessions - self.market.placed).sum())

    def prove(self, side: Side, alone: Ints) -> Iterator[None]:
        """Lift the bound of one side, round by round; `alone` is what plans cost without prices."""
        for begin, now in zip(self._begin, self.estimate[:2], strict=True):
            now[:] = begin
        self.estimate.person_way[:] = 0
        self.estimate.rooms_way[:] = 0
        reach = alone if side.sign > 0 else self._reach(self._most_fee)
        scale, fee, whole, way = self.tables.scale, 0.0, 0, 0.0
        self.market.cost[:] = NEVER
        for number in range(ROUNDS):
            step = FIRST_STEP * (LAST_STEP / FIRST_STEP) ** (number / ROUNDS)
            # The plans of the round before are what this round's plans must beat, so they pay the new fee too.
            self.points += side.sign * (int(fee) - whole) * (self.tables.sessions - self.market.placed)
            whole = int(fee)
            with_fee = self._with_fee(side.sign * whole)
            proved = int(plan_all(with_fee, self.diary, self.work, self.market, reach, self.points))
            proved -= side.sign * whole * side.target
            side.proved = proved if side.proved is None else max(side.proved, proved)
            move_prices(self.tables, self.market, self.estimate, step * scale)
            way = MEMORY * way + (1 - MEMORY) * side.sign * (self.count() - side.target)
            fee = max(0.0, fee + step * scale * FEE_STEP * way)
            if side.sign < 0:
                fee = min(fee, self._most_fee)
            yield

    def _with_fee(self, fee: int) -> Tables:
        """Return the tables with so much added to what every session costs that is left out."""
        drop = self.tables.drop.astype(np.int64)
        dear = np.where(drop >= NEVER, NEVER, np.minimum(drop + fee * self._left, NEVER))
        return self.tables._replace(drop=dear.astype(np.int32))

    def _reach(self, rebate: int) -> Ints:
        return reach_all(self._with_fee(-rebate), self.diary, self.work, self.diary.closed)


def _least_step(tables: Tables) -> int:
    """Return the least that leaving out one session costs anybody: no rebate may be more."""
    steps = tables.drop[:, :-1].astype(np.int64) - tables.drop[:, 1:]
    there = (np.arange(steps.shape[1]) < tables.sessions[:, None]) & (tables.drop[:, :-1] < NEVER)
    return int(steps[there].min(initial=NEVER))
