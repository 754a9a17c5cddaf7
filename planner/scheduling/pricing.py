"""Prices at which few courses want the same time, and the lower bound on all points which they prove."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.scheduling.kernel_board import Diary
from planner.scheduling.kernel_prices import Estimate, market_for, move_prices, plan_all
from planner.scheduling.kernel_work import work_for
from planner.scheduling.left_out import LeftOut, Side
from planner.scheduling.tables import Ints, Tables

Longs = npt.NDArray[np.int64]

ROUNDS, SHARE = 150, 0.2
"""Good prices need so many rounds; where time is short they get a fifth of it."""
FIRST_STEP, LAST_STEP = 20.0, 0.05
"""By how many points a price moves for each course too many, in the first of these rounds and in the last."""
FINE_ROUNDS, FINE_STEP, FINE_LAST_STEP = 300, 0.5, 0.02
"""Beside the search there is time for a finer look, which lifts the bound a little more."""
CROWDED_POINTS = 500
"""Where a cell costs more than this, prices have far to go, so they are warmed up once more."""
AGAIN_ROUNDS, AGAIN_STEP, AGAIN_LAST_STEP = 400, 60.0, 0.04


@dataclass(frozen=True, slots=True)
class Prices:
    """The best prices of a while: what they prove, and what each course would pay."""

    bound: int  # in parts of a point
    start: Ints  # (lengths, people, cells) what a start costs, NEVER where none may be
    cost: Longs  # (courses,) what each course pays at least, prices included


class Pricing:
    """Looks for prices, in this thread or in one of its own; `prices` always holds the best that are worth using.

    Args:
        bound: what is proved without any price, in points.
    """

    def __init__(self, tables: Tables, diary: Diary, alone: Ints, bound: int) -> None:
        self.tables, self.diary, self.alone = tables, diary, alone
        self.market, self.work = market_for(tables, diary), work_for(tables)
        sides = (self.market.person, self.market.rooms) * 2
        self.estimate = Estimate(*(np.zeros(side.shape) for side in sides))
        self.points = np.zeros(len(alone), dtype=np.int64)
        self.bound = bound
        self.prices: Prices | None = None
        self.scarce: Estimate | None = None
        """The prices where sessions are left out for want of time, once they stand."""
        self._best: tuple[int, Ints, Longs] | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def coarse(self, spent: Callable[[], float]) -> Iterator[None]:
        """Make the first rounds, which bring the prices near; `spent` says which share of all time is over."""
        begin = spent()
        for number in range(ROUNDS):
            share = max(number / ROUNDS, (spent() - begin) / SHARE)
            if share >= 1:
                break
            self._round(FIRST_STEP * (LAST_STEP / FIRST_STEP) ** share)
            yield
        self._publish()

    def _fine(self) -> Iterator[None]:
        for number in range(FINE_ROUNDS):
            self._round(FINE_STEP * (FINE_LAST_STEP / FINE_STEP) ** (number / FINE_ROUNDS))
            yield
        self._publish()

    def _crowded(self) -> Iterator[None]:
        """Go on where time is so scarce that sessions are left out, with a look at either side of their number."""
        dearest = max(self.market.person.max(initial=0), self.market.rooms.max(initial=0))
        if dearest <= CROWDED_POINTS * self.tables.scale:
            return
        counts: list[int] = []
        for number in range(AGAIN_ROUNDS):
            self._round(AGAIN_STEP * (AGAIN_LAST_STEP / AGAIN_STEP) ** (number / AGAIN_ROUNDS))
            counts.append(int((self.tables.sessions - self.market.placed).sum()))
            yield
        self._publish()
        self.scarce = Estimate(*(side.copy() for side in self.estimate))
        late = counts[-AGAIN_ROUNDS // 3 :]
        if min(late) < max(late):
            yield from self._split(sum(late) // len(late))

    def _split(self, most: int) -> Iterator[None]:
        """Lift the bound by what holds for answers that leave out so many sessions at most, and for the others."""
        left_out = LeftOut(self.tables, self.diary, self.work, self.market, self.estimate)
        few, many = Side(1, most), Side(-1, most + 1)
        yield from left_out.prove(few, self.alone)
        yield from left_out.prove(many, self.alone)
        if few.proved is not None and many.proved is not None:
            self.bound = max(self.bound, -(-min(few.proved, many.proved) // self.tables.scale))

    def _round(self, step: float) -> None:
        """Plan every course alone at the prices of now, note what that proves, and move the prices."""
        t, m = self.tables, self.market
        proved = int(plan_all(t, self.diary, self.work, m, self.alone, self.points))
        if self._best is None or proved > self._best[0]:
            self._best = proved, m.start.copy(), m.cost.copy()
            # Points are whole, so the bound is rounded up.
            self.bound = max(self.bound, -(-proved // t.scale))
        move_prices(t, m, self.estimate, step * t.scale)

    def _publish(self) -> None:
        if self._best is not None:
            self.prices = Prices(*self._best)

    def begin(self, spent: Callable[[], float], then: Callable[[threading.Event], None]) -> None:
        """Go on in a thread of its own: the rounds run without Python's lock, so the search loses nothing by it.

        `then` is what the thread does when it has the prices, until the event is set.
        """

        def work() -> None:
            try:
                for rounds in (self.coarse(spent), self._fine(), self._crowded()):
                    for _ in rounds:
                        if self._ended.is_set():
                            return
                then(self._ended)
            except Exception as error:
                self._error = error

        self._thread = threading.Thread(target=work, name="pricing", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop the thread, after the round that it is in.

        Raises:
            Exception: whatever stopped it before.
        """
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error
