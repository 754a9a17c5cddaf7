"""The plain CP-SAT model of a whole problem, as one would write it down: intervals, choices, tables of gap points.

It needs ortools, which the development tools install; `installed` says whether it is there.
"""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.scheduling.board import Board
from planner.scheduling.course_model import CourseModel
from planner.scheduling.points import gap_points, points
from planner.scheduling.problem import Course, Placed, Problem, Solution, Unplaced
from planner.scheduling.wall import gap_seconds

WORKERS = 2


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What CP-SAT says: its status, its answer (None without one) and its own bound."""

    status: str
    solution: Solution | None
    bound: int

    @property
    def points(self) -> int | None:
        """The points of its answer."""
        return self.solution.points if self.solution else None


def installed() -> bool:
    """Say whether ortools can be imported."""
    return importlib.util.find_spec("ortools") is not None


def solve_model(problem: Problem, seconds: float) -> ModelAnswer:
    """Let CP-SAT work on the problem for so long on two cores; courses without current appointments only."""
    from ortools.sat.python import cp_model

    stated = _Model(problem)
    model = stated.build()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = WORKERS
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    bound = max(0, int(np.ceil(solver.best_objective_bound - 1e-6)))
    found = stated.solution(solver) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None
    return ModelAnswer(solver.status_name(status), found, bound)


@dataclass(frozen=True)
class _Visit:
    """The variables of one session."""

    placed: Any
    start: Any
    day: Any
    people: dict[str, Any]
    rooms: dict[str, Any]
    late: list[Any]


class _Model:
    def __init__(self, problem: Problem) -> None:
        from ortools.sat.python import cp_model

        self.cp, self.model = cp_model, cp_model.CpModel()
        self.problem, self.board = problem, Board(problem)
        self.grid = self.board.grid
        self.costs: list[Any] = []
        self.visits: list[tuple[str, int, _Visit]] = []
        self.busy: dict[tuple[str, str], list[Any]] = {}
        step = problem.grid_minutes * 60
        seconds = self.grid.instant.reshape(-1)
        cells = np.arange(seconds.size)
        shift = (seconds - seconds[0]) // step - cells
        # Where the clock changes, and by how many cells elapsed time then runs ahead of the clock on the wall.
        self.changes = [(int(at) + 1, int(shift[at + 1] - shift[at])) for at in np.flatnonzero(np.diff(shift))]

    def build(self) -> Any:
        """Return the whole model."""
        for course in self.problem.courses:
            self._course(course)
        for intervals in self.busy.values():
            self.model.add_no_overlap(intervals)
        self.model.minimize(sum(self.costs))
        return self.model

    def solution(self, solver: Any) -> Solution:
        """Return the solver's answer, its points counted anew: the solver may pay more than it must."""
        placed, unplaced = [], []
        for course, number, visit in self.visits:
            if solver.value(visit.placed):
                who, room = (
                    next(name for name, chosen in choices.items() if solver.value(chosen))
                    for choices in (visit.people, visit.rooms)
                )
                placed.append(Placed(course, number, who, room, self.grid.wall(solver.value(visit.start))))
            else:
                unplaced.append(Unplaced(course, number, "CP-SAT left it out."))
        total = points(self.problem, placed, unplaced).total
        return Solution(tuple(placed), tuple(unplaced), total, 0)

    def _course(self, course: Course) -> None:
        model = CourseModel(self.board, course)
        before: _Visit | None = None
        for number in range(len(course.sessions)):
            visit = self._visit(course, model, number)
            self.visits.append((course.id, number, visit))
            if before is None:
                waited = visit.day - (course.earliest_day - self.problem.first_day).days
                self._pay_if(
                    visit.placed, course.wait_points_per_day * waited, course.wait_points_per_day * self.grid.days
                )
            else:
                self._follow(course, number, before, visit)
            before = visit

    def _visit(self, course: Course, model: CourseModel, number: int) -> _Visit:
        minutes, cp = course.sessions[number].minutes, self.model
        need, size = self.grid.need(minutes), self.grid.days * self.grid.cells
        price = model.patient_costs(minutes, course.away).reshape(-1).astype(np.int64)
        if number == 0:
            price[: max(0, (course.earliest_day - self.problem.first_day).days) * self.grid.cells] = model.never
        placed, start = cp.new_bool_var(""), cp.new_int_var(0, size - 1, "")
        people = {name: cp.new_bool_var("") for name in course.practitioners}
        rooms = {room.id: cp.new_bool_var("") for room in self.problem.rooms}
        windows = {int(value): cp.new_bool_var("") for value in np.unique(price[price < model.never])}
        for choices in (people, rooms, windows):
            cp.add(sum(choices.values()) == placed)
        for name, chosen in people.items():
            free = self.board.people_free([self.board.practitioner[name]], need).reshape(-1) & (price < model.never)
            self._only(start, np.flatnonzero(free), chosen)
            self._occupy(("practitioner", name), start, need, chosen)
        for name, chosen in rooms.items():
            free = self.board.free_of(need)[1][self.board.room[name]]
            self._only(start, np.flatnonzero(free & (price < model.never)), chosen)
            self._occupy(("room", name), start, need, chosen)
        for value, chosen in windows.items():
            self._only(start, np.flatnonzero(price == value), chosen)
        self.costs.append(self.problem.weights.unplaced_session * (1 - placed))
        self.costs += [course.practitioners[name] * chosen for name, chosen in people.items()]
        self.costs += [value * chosen for value, chosen in windows.items()]
        day = cp.new_int_var(0, self.grid.days - 1, "")
        cp.add_division_equality(day, start, self.grid.cells)
        return _Visit(placed, start, day, people, rooms, [self._late(start, at) for at, _ in self.changes])

    def _follow(self, course: Course, number: int, before: _Visit, visit: _Visit) -> None:
        """Order, distance and the points of what lies between two sessions."""
        gap, cp, days = course.sessions[number].gap, self.model, self.grid.days
        assert gap is not None
        cp.add(visit.placed <= before.placed)
        apart = cp.new_int_var(gap.min, days, "")
        cp.add(visit.day - before.day == apart).only_enforce_if(visit.placed)
        elapsed = visit.start - before.start
        for (_, cells), one, two in zip(self.changes, before.late, visit.late, strict=True):
            elapsed += cells * (two - one)
        rest = -(-gap_seconds(course.min_gap_hours) // (self.problem.grid_minutes * 60))
        cp.add(elapsed >= rest).only_enforce_if(visit.placed)
        table = [0] * gap.min + [gap_points(gap, each) for each in range(gap.min, days + 1)]
        cost = cp.new_int_var(0, max(table), "")
        cp.add_element(apart, table, cost)
        self._pay_if(visit.placed, cost, max(table))
        for name, chosen in visit.people.items():
            changed = cp.new_bool_var("")
            cp.add(changed >= chosen - before.people[name])
            self.costs.append(self.problem.weights.practitioner_change * changed)

    def _pay_if(self, placed: Any, cost: Any, most: int) -> None:
        paid = self.model.new_int_var(0, most, "")
        self.model.add(paid >= cost).only_enforce_if(placed)
        self.costs.append(paid)

    def _late(self, start: Any, at: int) -> Any:
        late = self.model.new_bool_var("")
        self.model.add(start >= at).only_enforce_if(late)
        self.model.add(start < at).only_enforce_if(late.negated())
        return late

    def _only(self, start: Any, cells: Iterable[int], chosen: Any) -> None:
        domain = self.cp.Domain.from_values([int(cell) for cell in cells])
        self.model.add_linear_expression_in_domain(start, domain).only_enforce_if(chosen)

    def _occupy(self, who: tuple[str, str], start: Any, need: int, chosen: Any) -> None:
        interval = self.model.new_optional_fixed_size_interval_var(start, need, chosen, "")
        self.busy.setdefault(who, []).append(interval)
