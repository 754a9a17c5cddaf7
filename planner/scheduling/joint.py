"""Courses that compete, by machine code: a valid answer at once, prices and the bound they prove, then search."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from planner.errors import InvalidInput
from planner.scheduling.answer import Placed, Solution, Unplaced
from planner.scheduling.board import board_with
from planner.scheduling.course_model import CourseModel
from planner.scheduling.grid import grid_of
from planner.scheduling.kernel_board import empty_diary, lift, points_of, put, stay
from planner.scheduling.kernel_prices import reach_all
from planner.scheduling.kernel_search import Guide, chain_for, place_beside, search
from planner.scheduling.kernel_stir import stir, stir_for
from planner.scheduling.kernel_work import work_for
from planner.scheduling.pricing import Prices, Pricing
from planner.scheduling.problem import Problem
from planner.scheduling.reasons import unplaced_of
from planner.scheduling.tables import NEVER, tables_of

Progress = Callable[[int, int, float, int], None]

STEPS_AT_ONCE = 100
SMALL_MOVES = 40
"""For each step, which plans whole courses, so many small moves of single sessions are tried."""
WARM, COOL = 30.0, 2.0
COLD_FROM = 0.97
"""What a step may make worse, in points on average, at first and in the end; after so much of the time nothing."""


class TooLarge(ValueError):
    """The problem's numbers do not fit the arrays of the compiled search."""


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
        tables = tables_of(problem)
        if tables is None:
            raise TooLarge("the points or the horizon are too large for 32 bits")
        self.problem, self.tables = problem, tables
        self.work, self.diary, self.chain = work_for(tables), empty_diary(tables), chain_for(tables)
        self.stir = stir_for(tables)
        self.dice = np.array([(2 * seed + 1) * 0x9E3779B97F4A7C15 % 2**64 | 1], dtype=np.uint64)
        self.alone = reach_all(tables, self.diary, self.work, self.diary.closed)
        least = self.alone[:, 0].min(axis=1).astype(np.int64)
        self.least = np.minimum(least, tables.drop[:, 0])
        self.guide = Guide(self.diary.closed, self.least, self.alone, self.alone, self.least)
        self.pricing = Pricing(tables, self.diary, self.alone)
        self.best = NEVER * len(problem.courses)
        self.iteration = 0

    @property
    def points(self) -> int:
        """The points of the best answer so far."""
        return self.best // self.tables.scale

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

        told = (-1, -1)

        def tell() -> None:
            nonlocal told
            if progress is not None and told != (self.points, self.bound):
                told = (self.points, self.bound)
                progress(*told, timer() - budget.started, self.iteration)

        if iterations is None:
            self.pricing.begin(lambda: budget.spent(0))
        try:
            self._first_answer(budget)
            tell()
            if iterations is not None:
                self._price(budget)
            for _ in self._searching(budget):
                tell()
        finally:
            self.pricing.end()
        return self.solution()

    def _price(self, budget: _Budget) -> None:
        """Look for prices before the search, so that the same seed and iterations give the same answer."""
        for _ in self.pricing.coarse(lambda: 0.0):
            if budget.over() or self._proved():
                return

    def _proved(self) -> bool:
        return self.best <= self.bound * self.tables.scale

    def rehearse(self) -> None:
        """Run every kernel once, so that it is compiled."""
        self.run(iterations=2)
        t, d, no_step = self.tables, self.diary, 0
        for c in range(len(self.least)):
            lift(t, d, c)
            d.placed[c] = 0
            stay(t, d, c)
        self._restore()
        search(t, d, self.work, self.chain, self.guide, self.dice, 0.0, no_step)

    def _first_answer(self, budget: _Budget) -> None:
        """Leave who can stay; place course after course, the urgent first.

        A course which then has no valid plan goes before all others, and nobody stays in its way.
        """
        order, staying = self._order(), True
        for _ in range(len(order) + 1):
            stuck = self._place(order, budget, staying)
            staying = False
            if stuck is None:
                self._keep()
                return
            order.remove(stuck)
            order.insert(0, stuck)
        raise InvalidInput("No valid answer was found that keeps every locked appointment.", field="courses")

    def _order(self) -> list[int]:
        """Return the courses squeezed by locked appointments, then the urgent, then those who start first."""

        def urgency(c: int) -> tuple[bool, int, int, int]:
            course = self.problem.courses[c]
            return (not self._squeezed(c), -course.wait_points_per_day, course.earliest_day.toordinal(), c)

        return sorted(range(len(self.problem.courses)), key=urgency)

    def _locked(self, c: int) -> int:
        """Return how many of the first sessions are locked."""
        pinned = self.tables.pin_at[c, : self.tables.sessions[c]] >= 0
        return int(pinned.argmin()) if not pinned.all() else len(pinned)

    def _squeezed(self, c: int) -> bool:
        """Say whether a session that may move comes before a locked one."""
        return int((self.tables.pin_at[c] >= 0).sum()) > self._locked(c)

    def _place(self, order: list[int], budget: _Budget, staying: bool) -> int | None:
        """Place the courses in this order, each at its best by price; return the one that has no valid plan.

        When the time is over the rest keeps its locked appointments only, which is valid but for squeezed courses.
        """
        t, d = self.tables, self.diary
        for c in order:
            lift(t, d, c)
        d.placed[:] = 0
        stayed = {c for c in order if staying and self.problem.courses[c].current and stay(t, d, c)}
        for c in order:
            if c in stayed:
                continue
            locked = self._locked(c)
            if budget.over() and not self._squeezed(c):
                self._leave_out(c, locked)
            elif not place_beside(t, d, self.work, c, self.guide.priced, self.guide.price):
                return c
        return None

    def _leave_out(self, c: int, locked: int) -> None:
        """Leave all but the locked sessions out."""
        t, d = self.tables, self.diary
        d.who[c, :locked], d.at[c, :locked] = t.pin_who[c, :locked], t.pin_at[c, :locked]
        d.room[c, :locked], d.placed[c] = t.pin_room[c, :locked], locked
        d.cost[c] = points_of(t, d, c)

    def _keep(self) -> bool:
        """Note the diary as the best answer if it is; say whether it was."""
        now = int(self.diary.cost.sum())
        if now >= self.best:
            return False
        d = self.diary
        self.best = now
        self.kept = d.placed.copy(), d.who.copy(), d.at.copy(), d.room.copy()
        return True

    def _adopt(self, prices: Prices, budget: _Budget) -> None:
        """Go by these prices from now on, and place all courses anew by them, those first who would pay most.

        Whatever is the best answer then is where the search goes on from.
        """
        t = self.tables
        priced = reach_all(t, self.diary, self.work, prices.start)
        self.guide = Guide(prices.start, self.least, self.alone, priced, prices.cost)
        wish = prices.cost - self.least
        order = sorted(range(len(self.least)), key=lambda c: (not self._squeezed(c), -int(wish[c]), c))
        if budget.over() or self._place(order, budget, staying=False) is not None or not self._keep():
            self._restore()

    def _restore(self) -> None:
        """Put the best answer back into the diary."""
        t, d = self.tables, self.diary
        for c in range(len(self.least)):
            lift(t, d, c)
        d.placed[:], d.who[:], d.at[:], d.room[:] = self.kept
        for c in range(len(self.least)):
            put(t, d, c)
            d.cost[c] = points_of(t, d, c)

    def _searching(self, budget: _Budget) -> Iterator[None]:
        """Improve while there is time; yields after every look."""
        t, begin, adopted = self.tables, budget.spent(0), None
        while not budget.over() and not self._proved():
            share = budget.spent(self.iteration)
            if share >= 1:
                return
            prices = self.pricing.prices
            if prices is not None and prices is not adopted:
                self._adopt(prices, budget)
                adopted = prices
            steps = STEPS_AT_ONCE
            if budget.iterations is not None:
                steps = min(steps, budget.iterations - self.iteration)
            cooled = max(0.0, (share - begin) / max(1e-9, COLD_FROM - begin))
            warmth = WARM * (COOL / WARM) ** cooled * t.scale if cooled < 1 else 0.0
            stir(t, self.diary, self.stir, self.dice, warmth, SMALL_MOVES * steps)
            search(t, self.diary, self.work, self.chain, self.guide, self.dice, warmth, steps)
            self.iteration += steps
            self._keep()
            yield

    def solution(self) -> Solution:
        """Return the best answer, with a reason for every session that has no place."""
        appointments = tuple(self._appointments())
        board = None
        unplaced: list[Unplaced] = []
        for c, course in enumerate(self.problem.courses):
            if self.kept[0][c] < len(course.sessions):
                board = board or board_with(self.problem, appointments)
                mine = [board.place_of(course, placed) for placed in appointments if placed.course == course.id]
                unplaced += unplaced_of(CourseModel(board, course), mine)
        return Solution(appointments, tuple(unplaced), self.points, min(self.bound, self.points))

    def _appointments(self) -> Iterator[Placed]:
        placed, who, at, room = self.kept
        grid = grid_of(self.problem)
        for c, course in enumerate(self.problem.courses):
            people = list(course.practitioners)
            for k in range(placed[c]):
                day, cell = divmod(int(at[c, k]), self.tables.cells)
                start = grid.wall(day * grid.cells + self.tables.first_cell + cell)
                yield Placed(course.id, k, people[who[c, k]], self.problem.rooms[room[c, k]].id, start)
