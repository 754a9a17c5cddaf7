"""The exact optimum for one course: dynamic programming over days, practitioners and starts, from the last back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from planner.scheduling.board import Board, Place, board_with
from planner.scheduling.course_model import Costs, CourseModel, Link
from planner.scheduling.pins import Pins, no_valid_plan, pins_of
from planner.scheduling.problem import Course, Gap, Placed, Problem, Unplaced
from planner.scheduling.reasons import unplaced_of

Spot = tuple[int, int, int]
"""Practitioner, day and cell of a model's arrays."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a course's sessions stand, as numbers; the ones after them have no place."""

    places: tuple[Place, ...]
    points: int


@dataclass(frozen=True, slots=True)
class CourseSolution:
    """The best there is for one course: `points` equal `lower_bound`, which is proved."""

    appointments: tuple[Placed, ...]
    unplaced: tuple[Unplaced, ...]
    points: int
    lower_bound: int


def solve_course(problem: Problem, course_id: str, taken: Iterable[Placed] = ()) -> CourseSolution:
    """Return the optimum for one course.

    Args:
        taken: other courses' appointments, which occupy their practitioners and rooms.
    Raises:
        InvalidInput: a locked appointment breaks a rule, so that there is no valid answer.
    """
    course = problem.course(course_id)
    return solve_on(board_with(problem, taken), course)


def solve_on(board: Board, course: Course, pinned: Mapping[int, Placed] | None = None) -> CourseSolution:
    """Return the optimum for one course beside what stands on the board, with some sessions pinned by hand."""
    model = CourseModel(board, course)
    return solution_of(model, plan_course(model, pins_of(model, pinned or {})))


def solution_of(model: CourseModel, plan: Plan) -> CourseSolution:
    """Return a course's optimum as the answer has it, with the reasons."""
    board, course = model.board, model.course
    appointments = tuple(board.placed(course, number, place) for number, place in enumerate(plan.places))
    return CourseSolution(appointments, unplaced_of(model, plan.places), plan.points, plan.points)


def plan_course(model: CourseModel, pins: Pins) -> Plan:
    """Return the cheapest plan; among equally cheap ones the earliest day, then practitioner, then start decide.

    Raises:
        InvalidInput: the pinned sessions leave no valid plan.
    """
    if 0 in model.shape:
        if pins.places:
            raise no_valid_plan(model.course.id, pins.places)
        return Plan((), _drop_points(model, pins)[0])
    return Search(model, pins).plan()


class Search:
    """What the search from the last session back has found; the model has a practitioner and a day at least.

    `best` has per session and place the least points of it and all after it; `drops` what leaving out the rest
    costs, by how many sessions are placed.
    """

    def __init__(self, model: CourseModel, pins: Pins) -> None:
        self.model, self.pins = model, pins
        self.drops = _drop_points(model, pins)
        self._free = _node_costs(model)
        self._links = _links(model)
        self.best = _backward(model, _pinned(model, pins, self._free), self._links, self.drops)

    def value(self, number: int) -> Costs:
        """Return `best` of a session as if it were not pinned."""
        if number not in self.pins.places:
            return self.best[number]
        node = self._free[number]
        if number + 1 == self.model.count:
            return node
        return _beside(self.model, node, self._links[number], self.best[number + 1], self.drops[number + 1])

    def plan(self) -> Plan:
        """Return the cheapest plan. Raises InvalidInput: the pinned sessions leave none."""
        model, pins = self.model, self.pins
        least = min(int(self.best[0].min()), self.drops[0])
        if least >= model.never:
            raise no_valid_plan(model.course.id, pins.places)
        return Plan(tuple(_place(model, pins, number, spot) for number, spot in enumerate(self.forward([]))), least)

    def forward(self, spots: list[Spot]) -> list[Spot]:
        """Return the best places from these first ones on, following the least points."""
        model, spots = self.model, list(spots)
        for number in range(len(spots), model.count):
            options = _options(model, number, spots[-1], self.best[number]) if spots else self.best[number]
            by_day = options.transpose(1, 0, 2)
            day, who, cell = (int(i) for i in np.unravel_index(int(by_day.argmin()), by_day.shape))
            if options[who, day, cell] > self.drops[number] or options[who, day, cell] >= model.never:
                break
            spots.append((who, day, cell))
        return spots


def _drop_points(model: CourseModel, pins: Pins) -> list[int]:
    """Return for each number of placed sessions what leaving out the rest costs; never, where a pinned one is left."""
    unplaced = model.board.problem.weights.unplaced_session
    out = [0] * (model.count + 1)
    for number in reversed(range(model.count)):
        current = model.current.get(number)
        moved = current.move_points if current and not current.locked else 0
        out[number] = model.never if number in pins.places else min(model.never, out[number + 1] + unplaced + moved)
    return out


def _node_costs(model: CourseModel) -> list[Costs]:
    """Return per session what each place costs by itself, before any is pinned."""
    board, course = model.board, model.course
    starts = {minutes: board.starts(model.who, board.grid.need(minutes)) for minutes in model.patient}
    by_minutes = {minutes: model.open_costs(minutes, free) for minutes, free in starts.items()}
    nodes = [by_minutes[session.minutes] for session in course.sessions]
    nodes[0] = np.minimum(nodes[0] + model.first[None], model.never)
    for number, current in model.current.items():
        if not current.locked:
            nodes[number] = _with_moving(model, nodes[number], current.move_points, model.current_place(current))
    return nodes


def _pinned(model: CourseModel, pins: Pins, nodes: list[Costs]) -> list[Costs]:
    """Return the same, a pinned session nowhere but where it is pinned."""
    nodes = list(nodes)
    for number, place in pins.places.items():
        only = np.full_like(nodes[number], model.never)
        spot = model.spot(place)
        if spot is not None:
            only[spot] = nodes[number][spot]
        nodes[number] = only
    return nodes


def _with_moving(model: CourseModel, node: Costs, move_points: int, now: Place) -> Costs:
    """Add what moving costs everywhere but where the session stands now."""
    out: Costs = np.minimum(node + model.dtype(move_points), model.never).astype(model.dtype)
    spot = model.spot(now)
    if spot is not None:
        out[spot] = node[spot]
    return out


def _links(model: CourseModel) -> list[Link]:
    """Return the link from each session but the last to the one after it; equal ones are shared."""
    made: dict[tuple[Gap, int], Link] = {}
    links = []
    for before, after in zip(model.course.sessions, model.course.sessions[1:], strict=False):
        if after.gap is None:
            raise ValueError("only the first session may be without a gap")
        key = after.gap, model.board.grid.need(before.minutes)
        if key not in made:
            made[key] = model.link(*key)
        links.append(made[key])
    return links


def _backward(model: CourseModel, nodes: list[Costs], links: list[Link], drops: list[int]) -> list[Costs]:
    """Return per session and place the least points of it and all after it."""
    best = [nodes[-1]]
    for number in reversed(range(model.count - 1)):
        best.append(_beside(model, nodes[number], links[number], best[-1], drops[number + 1]))
    return best[::-1]


def _beside(model: CourseModel, node: Costs, link: Link, following: Costs, drop: int) -> Costs:
    """Return for each place its own points and the least of what follows there or is left out."""
    rest = np.minimum(_after(model, link, following), model.dtype(drop))
    out: Costs = np.minimum(node + rest, model.dtype(model.never))
    return out


def _after(model: CourseModel, link: Link, following: Costs) -> Costs:
    """Return for each place the least points of what may follow there: whole days first, then start by start."""
    people, days, cells = model.shape
    mixed = np.minimum(following, following.min(axis=0) + model.dtype(model.change))
    least = np.full((people, days, cells + 1), model.never, dtype=model.dtype)
    least[:, :, :-1] = np.minimum.accumulate(mixed[:, :, ::-1], axis=2)[:, :, ::-1]
    whole = least[:, :, 0]
    out = np.stack([(link.later + day_costs).min(axis=1) for day_costs in whole])[:, :, None]
    flat = least.reshape(people, -1)
    for step in link.steps:
        out = np.minimum(out, flat[:, step.index] + step.gap)
    return out


def _options(model: CourseModel, number: int, before: Spot, following: Costs) -> Costs:
    """Return the points of each place that may follow the chosen one."""
    who, day, cell = before
    gap, need = model.course.sessions[number].gap, model.board.grid.need(model.course.sessions[number - 1].minutes)
    if gap is None:
        raise ValueError("only the first session may be without a gap")
    _, days, cells = model.shape
    out = following + model.prices_from(gap, day)[None, :, None]
    out[np.arange(len(model.who)) != who] += model.dtype(model.change)
    out.reshape(len(model.who), days * cells)[:, : int(model.soonest(need)[day, cell])] = model.never
    return out


def _place(model: CourseModel, pins: Pins, number: int, spot: Spot) -> Place:
    """Give a chosen start its room: the pinned one, the one it has now, or the first that is free."""
    if number in pins.places:
        return pins.places[number]
    who, day, cell = spot
    need = model.board.grid.need(model.course.sessions[number].minutes)
    start, current = model.cell_number(day, cell), model.current.get(number)
    preferred = None
    if current is not None:
        now = model.current_place(current)
        if (now.cell, now.practitioner) == (start, model.who[who]):
            preferred = now.room
    return Place(start, need, model.who[who], model.board.free_room(start, need, preferred))
