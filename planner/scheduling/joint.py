"""Courses that compete, by machine code: a valid answer at once, prices and the bound they prove, then search."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from planner.errors import InvalidInput
from planner.scheduling.answer import Placed, Solution, Unplaced
from planner.scheduling.board import board_with
from planner.scheduling.course_model import CourseModel
from planner.scheduling.dive import dive, manners
from planner.scheduling.grid import grid_of
from planner.scheduling.keeping import keeping
from planner.scheduling.kernel_board import lift, stay
from planner.scheduling.kernel_prices import reach_all
from planner.scheduling.kernel_search import Guide, place_beside
from planner.scheduling.pins import no_valid_plan
from planner.scheduling.pricing import Prices, Pricing
from planner.scheduling.problem import Problem
from planner.scheduling.reasons import unplaced_of
from planner.scheduling.searcher import Answer, Searcher
from planner.scheduling.sizes import MOST_TABLE_BYTES, table_bytes
from planner.scheduling.tables import NEVER, tables_of
from planner.scheduling.telling import Progress, Teller
from planner.words import say

STEPS_AT_ONCE = 100
WARM, COOL = 60.0, 4.0
COLD_FROM = 0.97
"""What a step may make worse, in points on average, at first and in the end; after so much of the time nothing."""
WARM_WHERE_ALL_STAND = 20.0
EXCHANGES = (0.3, 0.6, 0.8, 0.9)
"""At these shares of the time the worse of two searches goes on from the answer of the better one."""
DIVING = 0.28
"""Where time is scarce, the second core dives until so much of the time is over."""


class TooLarge(ValueError):
    """The problem does not fit the arrays of the compiled search; the message says why."""


@dataclass(frozen=True, slots=True)
class _Budget:
    """How long to go on: seconds, or steps, or until somebody says stop."""

    seconds: float | None
    iterations: int | None
    stop: Callable[[], bool] | None
    timer: Callable[[], float]
    started: float

    def spent(self, iteration: int) -> float:
        """Return the share of the budget that is used up, 1 or more when it is over."""
        shares = [0.0]
        if self.seconds is not None:
            shares.append((self.timer() - self.started) / self.seconds if self.seconds > 0 else 1.0)
        if self.iterations is not None:
            shares.append(iteration / self.iterations if self.iterations > 0 else 1.0)
        return max(shares)

    def over(self) -> bool:
        """Say whether to stop at once, however few steps were made."""
        late = self.seconds is not None and self.timer() - self.started >= self.seconds
        return late or (self.stop is not None and self.stop())


class Joint:
    """One search over a problem. An answer is held from the start on: at worst every session is left out.

    Raises:
        TooLarge: solve it another way.
        InvalidInput: locked appointments break the rules, so that there is no valid answer.
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        needed = table_bytes(problem)
        if needed > MOST_TABLE_BYTES:
            raise TooLarge(f"{needed >> 20} MB of tables would be needed, and {MOST_TABLE_BYTES >> 20} are allowed")
        if not problem.practitioners or not problem.rooms:
            raise TooLarge("there is no practitioner, or no room")
        tables = tables_of(problem)
        if tables is None:
            raise TooLarge("the points are too large for 32 bits")
        self.problem, self.tables = problem, tables
        self.keeping = keeping(problem, tables)
        self.seed, self.searcher = seed, Searcher(self.keeping.tables, seed)
        self.diary, self.work = self.searcher.diary, self.searcher.work
        self.rival: Searcher | None = None
        self.alone = reach_all(tables, self.diary, self.work, self.diary.closed)
        least = self.alone[:, 0].min(axis=(1, 2), initial=NEVER).astype(np.int64)
        self.least = np.minimum(least, tables.drop[:, 0])
        for c in np.flatnonzero(self.least >= NEVER)[:1]:
            course = problem.courses[c]
            raise no_valid_plan(course.id, (each.session for each in course.current if each.locked))
        self.guide = Guide(self.diary.closed, self.least, self.alone, self.alone, self.least)
        self.pricing = Pricing(tables, self.diary, self.alone, -(-int(self.least.sum()) // tables.scale))
        self.warm, self.begin, self.iteration = WARM, 0.0, 0

    @property
    def best(self) -> Answer:
        """The best answer so far."""
        mine, rival = self.searcher.best, self.rival
        return rival.best if rival is not None and rival.best.cost < mine.cost else mine

    @property
    def points(self) -> int:
        """The points of the best answer so far."""
        best = self.best
        return (best.cost - self.keeping.beyond_points(best.placed)) // self.tables.scale

    @property
    def bound(self) -> int:
        """What no answer can have fewer points than."""
        return self.pricing.bound

    def run(
        self,
        *,
        seconds: float | None = None,
        iterations: int | None = None,
        stop: Callable[[], bool] | None = None,
        progress: Progress | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> Solution:
        """Return the best answer found within the budget; see many_courses.solve."""
        budget = _Budget(seconds, iterations, stop, timer, timer())

        teller = Teller(progress, timer)

        def tell() -> None:
            teller.tell(self.points, self.bound, self.iteration)

        self._first_answer()
        tell()
        if iterations is None and not budget.over():
            self.pricing.begin(lambda: budget.spent(0), lambda ended: self._rivalling(budget, ended))
        try:
            if iterations:
                self._price(budget, tell)
            for _ in self._searching(budget):
                tell()
        finally:
            self.pricing.end()
        tell()
        return self.solution()

    def _price(self, budget: _Budget, tell: Callable[[], None]) -> None:
        """Look for prices before the search, so that the same seed and iterations give the same answer."""
        for _ in self.pricing.coarse(lambda: 0.0):
            tell()
            if budget.over() or self._proved():
                return

    def _proved(self) -> bool:
        return self.points <= self.bound

    def rehearse(self) -> None:
        """Run every kernel once, so that it is compiled."""
        self.run(iterations=2)
        t, d = self.keeping.tables, self.diary
        for c in range(len(self.least)):
            lift(t, d, c)
            d.placed[c] = 0
            stay(t, d, c)
        self.searcher.put(self.best)
        self.searcher.go(self.guide, 0.0, steps=1)

    def _first_answer(self) -> None:
        """Leave who can stay; place course after course, the urgent first. That takes no time worth a budget.

        A course which then has no valid plan goes before all others, and nobody stays in its way.
        """
        order, staying = self._order(), True
        for _ in range(len(order) + 1):
            stuck = self._place(order, staying)
            staying = False
            if stuck is None:
                self.searcher.keep()
                return
            order.remove(stuck)
            order.insert(0, stuck)
        raise InvalidInput(say("No valid answer was found that keeps every locked appointment."), field="courses")

    def _order(self) -> list[int]:
        """Return the courses squeezed by locked appointments, then the urgent, then those who start first."""

        def urgency(c: int) -> tuple[bool, int, int, int]:
            course = self.problem.courses[c]
            return (not self._squeezed(c), -course.wait_points_per_day, course.earliest_day.toordinal(), c)

        return sorted(range(len(self.problem.courses)), key=urgency)

    def _squeezed(self, c: int) -> bool:
        """Say whether a session that may move comes before a locked one."""
        pinned = self.tables.pin_at[c, : self.tables.sessions[c]] >= 0
        return bool(pinned.any()) and not pinned[: pinned.sum()].all()

    def _place(self, order: list[int], staying: bool) -> int | None:
        """Place the courses in this order, each at its best by price; return the one that has no valid plan."""
        t, d = self.keeping.tables, self.diary
        for c in order:
            lift(t, d, c)
        d.placed[:] = 0
        stayed = {c for c in order if staying and self.problem.courses[c].current and stay(t, d, c)}
        if staying and 2 * len(stayed) > len(order):
            self.warm = WARM_WHERE_ALL_STAND
        for c in order:
            if c in stayed:
                continue
            if not place_beside(t, d, self.work, c, self.guide.priced, self.guide.price):
                return c
        return None

    def _adopt(self, prices: Prices) -> None:
        """Go by these prices from now on, and place all courses anew by them, those first who would pay most.

        Whatever is the best answer then is where the search goes on from.
        """
        priced = reach_all(self.tables, self.diary, self.work, prices.start)
        self.guide = Guide(prices.start, self.least, self.alone, priced, prices.cost)
        wish = prices.cost - self.least
        order = sorted(range(len(self.least)), key=lambda c: (not self._squeezed(c), -int(wish[c]), c))
        if self._place(order, staying=False) is not None or not self.searcher.keep():
            self.searcher.put(self.best)

    def _searching(self, budget: _Budget) -> Iterator[None]:
        """Improve while there is time; yields after every look."""
        self.begin, adopted, exchanges = budget.spent(0), None, list(EXCHANGES)
        while not budget.over() and not self._proved():
            share = budget.spent(self.iteration)
            if share >= 1:
                return
            prices = self.pricing.prices
            if prices is not None and prices is not adopted:
                self._adopt(prices)
                adopted = prices
            steps = STEPS_AT_ONCE
            if budget.iterations is not None:
                steps = min(steps, budget.iterations - self.iteration)
            self.searcher.go(self.guide, self._warmth(share), steps)
            self.iteration += steps
            self._exchange(self.searcher, share, exchanges)
            yield

    def _rivalling(self, budget: _Budget, ended: threading.Event) -> None:
        """Search on a second core once the prices are found."""
        rival, exchanges = Searcher(self.keeping.tables, self.seed + 1), list(EXCHANGES)
        found = self._dived(budget, ended)
        rival.put(found if found is not None and found.cost < self.best.cost else self.best)
        self.rival = rival
        share = budget.spent(0)
        while not ended.is_set() and share < 1:
            rival.go(self.guide, self._warmth(share), STEPS_AT_ONCE)
            self._exchange(rival, share, exchanges)
            share = budget.spent(0)

    def _dived(self, budget: _Budget, ended: threading.Event) -> Answer | None:
        """Return the best answer of as many dives as there is time for, None where time is not scarce."""
        best: Answer | None = None
        scarce = self.pricing.scarce

        def over() -> bool:
            return ended.is_set() or budget.spent(0) >= DIVING

        for number in count():
            if scarce is None or over():
                return best
            answer = dive(self.keeping.tables, self.alone, scarce, manners(number), over)
            if answer is not None and (best is None or answer.cost < best.cost):
                best = answer
        return best

    def _warmth(self, share: float) -> float:
        """Return what a step may make worse, in points, when this share of the time is over."""
        cooled = max(0.0, (share - self.begin) / max(1e-9, COLD_FROM - self.begin))
        return float(self.warm * (COOL / self.warm) ** cooled) if cooled < 1 else 0.0

    def _exchange(self, searcher: Searcher, share: float, exchanges: list[float]) -> None:
        """Let a search go on from the best answer of both when it is time for that."""
        if exchanges and share >= exchanges[0]:
            del exchanges[0]
            if self.best.cost < searcher.best.cost:
                searcher.put(self.best)

    def solution(self) -> Solution:
        """Return the best answer, with a reason for every session that has no place."""
        appointments = tuple(self._appointments())
        board = None
        unplaced: list[Unplaced] = []
        for c, course in enumerate(self.problem.courses):
            if self.best.placed[c] < len(course.sessions):
                board = board or board_with(self.problem, appointments)
                mine = [board.place_of(course, placed) for placed in appointments if placed.course == course.id]
                unplaced += unplaced_of(CourseModel(board, course), mine)
        return Solution(appointments, tuple(unplaced), self.points, min(self.bound, self.points))

    def _appointments(self) -> Iterator[Placed]:
        best = self.best
        grid = grid_of(self.problem)
        for c, course in enumerate(self.problem.courses):
            people = list(course.practitioners)
            for k in range(best.placed[c]):
                day, cell = divmod(int(best.at[c, k]), self.tables.cells)
                start = grid.wall(day * grid.cells + self.tables.first_cell + cell)
                yield Placed(course.id, k, people[best.who[c, k]], self.problem.rooms[best.room[c, k]].id, start)
