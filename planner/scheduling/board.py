"""The diary as arrays while a problem is solved: where sessions may start, and who stands where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.errors import InvalidInput
from planner.scheduling.free_spans import minutes_of
from planner.scheduling.grid import TimeGrid, Whole, Yes, grid_of
from planner.scheduling.problem import Course, Placed, Problem
from planner.scheduling.withheld import Spans

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Place:
    """Where one session stands, by numbers: linear start cell, cells needed, practitioner and room by position."""

    cell: int
    need: int
    practitioner: int
    room: int


class Board:
    """Free starts of every practitioner and room for every session length, kept up to date as places are taken.

    A session of `need` cells may start where one free interval holds it wholly and no taken place overlaps it.
    Practitioners and rooms share one numbering inside: practitioners first.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.grid: TimeGrid = grid_of(problem)
        self.practitioner = {resource.id: index for index, resource in enumerate(problem.practitioners)}
        self.room = {resource.id: index for index, resource in enumerate(problem.rooms)}
        self._people, self._rooms = len(problem.practitioners), len(problem.rooms)
        resources = (*problem.practitioners, *problem.rooms)
        size = self.grid.days * self.grid.cells
        needs = {self.grid.need(s.minutes) for course in problem.courses for s in course.sessions}
        self._spans = [_spans(resource.free, self.grid) for resource in resources]
        self._hours = {need: _free_starts(self._spans, need, size) for need in needs}
        self._free = {need: starts.copy() for need, starts in self._hours.items()}
        self._any_room = {need: _some(self._free[need][self._people :]) for need in needs}
        self._blocks = {need: np.zeros((len(resources), size), dtype=np.int16) for need in needs}
        self._owner = np.full((len(resources), size), NOBODY, dtype=np.int32)
        self.beyond: dict[int, Board | None] = {}
        """Boards of the days after the end of the plan, by how many: where somebody asked, and the format allows it."""

    def starts(self, practitioners: Sequence[int], need: int) -> Yes:
        """Return (practitioners, days, cells): where each of them and some room are free for so many cells."""
        free = self._free[need][list(practitioners)] & self._any_room[need]
        return free.reshape(len(practitioners), self.grid.days, self.grid.cells)

    def hours(self, practitioners: Sequence[int], need: int) -> Yes:
        """Return (practitioners, days, cells): where they were free before anything was taken, whatever the rooms."""
        return self._hours[need][list(practitioners)].reshape(len(practitioners), self.grid.days, self.grid.cells)

    def people_free(self, practitioners: Sequence[int], need: int) -> Yes:
        """Return (practitioners, days, cells): where they are free now, whatever the rooms."""
        return self._free[need][list(practitioners)].reshape(len(practitioners), self.grid.days, self.grid.cells)

    def free_of(self, need: int) -> tuple[Yes, Yes]:
        """Return (all practitioners, all cells) and (all rooms, all cells): where so many cells may start now."""
        return self._free[need][: self._people], self._free[need][self._people :]

    def free_cells(self) -> tuple[Yes, Yes]:
        """Return (all practitioners, all cells) and (all rooms, all cells): which cells are free now."""
        free = _free_starts(self._spans, 1, self._owner.shape[1]) & (self._owner == NOBODY)
        return free[: self._people], free[self._people :]

    def used_cells(self) -> tuple[int, int]:
        """Return the half-open range of cells of the day in which any practitioner ever works; (0, 1) if none does."""
        cells = self.grid.cells
        spans = np.concatenate([np.empty((0, 2), dtype=np.int64), *self._spans[: self._people]])
        first, last = spans[spans[:, 0] < spans[:, 1]].T - [[0], [1]]
        if not first.size:
            return 0, 1
        if (first // cells != last // cells).any():  # somebody works through midnight
            return 0, cells
        return int((first % cells).min()), int((last % cells).max()) + 1

    def hours_of(self, need: int) -> tuple[Yes, Yes]:
        """Return (practitioners, days, cells) and (rooms, days, cells): free before anything was taken, all of them."""
        return self._by_kind(self._hours[need])

    def taken_of(self, need: int) -> tuple[Yes, Yes]:
        """Return the same shapes: where a taken place stands in the way of a start."""
        return self._by_kind(self._blocks[need] > 0)

    def _by_kind(self, rows: Yes) -> tuple[Yes, Yes]:
        shaped = rows.reshape(-1, self.grid.days, self.grid.cells)
        return shaped[: self._people], shaped[self._people :]

    def inside(self, place: Place) -> bool:
        """Say whether it starts in the horizon."""
        return 0 <= place.cell < self._owner.shape[1]

    def fits(self, place: Place) -> bool:
        """Say whether the practitioner and that very room are free there."""
        if not self.inside(place):
            return False
        free = self._free[place.need][:, place.cell]
        return bool(free[place.practitioner] and free[self._people + place.room])

    def person_fits(self, place: Place) -> bool:
        """Say whether the practitioner is free there."""
        return self.inside(place) and bool(self._free[place.need][place.practitioner, place.cell])

    def free_room(self, cell: int, need: int, preferred: int | None = None) -> int:
        """Return the preferred room if it is free there, otherwise the first that is.

        Raises:
            ValueError: no room is free; `starts` says where one is.
        """
        free = self._free[need][self._people :, cell]
        if preferred is not None and free[preferred]:
            return preferred
        first = int(free.argmax()) if free.size else 0
        if not free.size or not free[first]:
            raise ValueError(f"no room is free at cell {cell}")
        return first

    def take(self, place: Place, owner: int) -> None:
        """Occupy the practitioner and the room; `owner` is a course's position, for `owners`."""
        self._change(place, 1, owner)

    def take_all(self, taken: Sequence[tuple[Place, int]]) -> None:
        """Occupy many places, each with its owner: the same as `take` one by one, and much faster."""
        places = [place for place, _ in taken]
        rows = np.array([(place.practitioner, self._people + place.room) for place in places]).reshape(-1)
        starts = np.repeat([place.cell for place in places], 2)
        ends = starts + np.repeat([place.need for place in places], 2)
        for row, start, end, owner in zip(rows, starts, ends, np.repeat([each for _, each in taken], 2), strict=True):
            self._owner[row, start:end] = owner
        resources, size = self._owner.shape
        row_begins, cells = rows * (size + 1), resources * (size + 1)
        for need, blocks in self._blocks.items():
            first, beyond = np.maximum(0, starts - need + 1), np.minimum(ends, size)
            change = np.bincount(row_begins + first, minlength=cells) - np.bincount(
                row_begins + beyond, minlength=cells
            )
            blocks += np.cumsum(change.reshape(resources, -1), axis=1)[:, :size].astype(blocks.dtype)
            np.logical_and(self._hours[need], blocks == 0, out=self._free[need])
            self._any_room[need] = _some(self._free[need][self._people :])

    def release(self, place: Place) -> None:
        """Undo `take`."""
        self._change(place, -1, NOBODY)

    def _change(self, place: Place, sign: int, owner: int) -> None:
        start, end = place.cell, place.cell + place.need
        rows = (place.practitioner, self._people + place.room)
        for row in rows:
            self._owner[row, start:end] = owner
        for need, blocks in self._blocks.items():
            around = slice(max(0, start - need + 1), end)
            hours, free = self._hours[need], self._free[need]
            for row in rows:
                blocks[row, around] += sign
                np.logical_and(hours[row, around], blocks[row, around] == 0, out=free[row, around])
            self._any_room[need][around] = _some(free[self._people :, around])

    def owners(self, place: Place) -> set[int]:
        """Return the courses which stand in the way of this place."""
        start, end = place.cell, place.cell + place.need
        found: npt.NDArray[np.int32] = self._owner[[place.practitioner, self._people + place.room], start:end]
        return {int(owner) for owner in np.unique(found)} - {NOBODY}

    def place_of(self, course: Course, placed: Placed) -> Place:
        """Return a placed session by numbers."""
        need = self.grid.need(course.sessions[placed.session].minutes)
        who, room = self.practitioner[placed.practitioner], self.room[placed.room]
        return Place(self.grid.number(placed.start), need, who, room)

    def placed(self, course: Course, session: int, place: Place) -> Placed:
        """Return a place as the answer has it."""
        who, room = self.problem.practitioners[place.practitioner].id, self.problem.rooms[place.room].id
        return Placed(course.id, session, who, room, self.grid.wall(place.cell))


def board_with(problem: Problem, taken: Iterable[Placed]) -> Board:
    """Return a board on which these appointments stand; those outside the horizon take nothing away."""
    board = Board(problem)
    position = {course.id: index for index, course in enumerate(problem.courses)}
    places = []
    for placed in taken:
        if placed.course not in position:
            raise InvalidInput(f"There is no course '{placed.course}' in this problem.", field="courses")
        index = position[placed.course]
        place = board.place_of(problem.courses[index], placed)
        if board.inside(place):
            places.append((place, index))
    if places:
        board.take_all(places)
    return board


def covered(free: Spans, grid: TimeGrid) -> Yes:
    """Return (all cells): which of them these stretches hold wholly."""
    spans = _spans(free, grid)
    spans = spans[spans[:, 0] < spans[:, 1]]
    return _covered(spans[:, 0], spans[:, 1], grid.days * grid.cells)


def _some(rows: Yes) -> Yes:
    """Return where at least one row says yes; without rows nowhere."""
    out: Yes = np.logical_or.reduce(rows, axis=0)
    return out


def _spans(free: Spans, grid: TimeGrid) -> Whole:
    """Return the free intervals as (n, 2) linear cell numbers, clipped to the horizon."""
    midnight = int(np.datetime64(grid.first_day, "m").astype(np.int64))
    return np.clip((minutes_of(free) - midnight) // grid.minutes, 0, grid.days * grid.cells)


def _free_starts(spans: list[Whole], need: int, size: int) -> Yes:
    """Return (resources, cells): the starts from which one interval holds `need` cells.

    Touching intervals are not joined: a session lies in one of them.
    """
    out = np.empty((len(spans), size), dtype=np.bool_)
    for row, span in enumerate(spans):
        start, beyond = span[:, 0], span[:, 1] - need + 1
        fits = beyond > start
        out[row] = _covered(start[fits], beyond[fits], size)
    return out


def _covered(start: Whole, beyond: Whole, size: int) -> Yes:
    """Return (size,): where any of these ranges lies; none of them is empty."""
    if (start[1:] >= beyond[:-1]).all():  # in order and apart, as they nearly always are
        edges = np.concatenate(([0], np.column_stack((start, beyond)).reshape(-1), [size]))
        return np.repeat(np.arange(len(edges) - 1) % 2 == 1, np.diff(edges))
    change = np.bincount(start, minlength=size + 1) - np.bincount(beyond, minlength=size + 1)
    inside: Yes = np.cumsum(change)[:size] > 0
    return inside
