"""One course by machine code, in a process which has loaded it: the same answer as numpy's, sooner."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from planner.scheduling import fast
from planner.scheduling.board import Board
from planner.scheduling.course_model import CourseModel
from planner.scheduling.grid import grid_of
from planner.scheduling.one_course import CourseSolution
from planner.scheduling.problem import Placed, Problem
from planner.scheduling.reasons import unplaced_of
from planner.scheduling.warm import example

if TYPE_CHECKING:
    from planner.scheduling.kernel_work import Work
    from planner.scheduling.tables import Tables

_loaded = threading.Event()


def load() -> bool:
    """Load the machine code, which takes a second or two; False where set-up has compiled none.

    A process that lives long does it in a thread of its own; until then, and in short ones, numpy serves.
    """
    if not _loaded.is_set() and fast.ready():
        rehearse()
        _loaded.set()
    return _loaded.is_set()


def rehearse() -> None:
    """Run the search once, so that it is compiled and loaded."""
    _search(example())


def optimum(problem: Problem) -> CourseSolution | None:
    """Return the optimum of the problem's first course alone, or None where that is left to numpy.

    That is so before `load`, where the points are too large for 32 bits, and where there is no valid answer: numpy
    says why.

    Raises:
        InvalidInput: a locked appointment breaks a rule by itself.
    """
    return _search(problem) if _loaded.is_set() else None


def _search(problem: Problem) -> CourseSolution | None:
    from planner.scheduling.kernel_board import empty_diary
    from planner.scheduling.kernel_search import plan_beside
    from planner.scheduling.kernel_work import work_for
    from planner.scheduling.tables import NEVER, tables_of

    tables = tables_of(problem)
    if tables is None:
        return None
    work = work_for(tables)
    every_day = np.zeros((*tables.kind.shape, tables.who.shape[1], tables.days), dtype=np.int32)
    cost = int(plan_beside(tables, empty_diary(tables), work, 0, every_day, NEVER))
    if cost >= NEVER:
        return None
    course, points = problem.courses[0], cost // tables.scale
    placed = tuple(_placed(problem, tables, work))
    if len(placed) == len(course.sessions):
        return CourseSolution(placed, (), points, points)
    board = Board(problem)
    places = [board.place_of(course, each) for each in placed]
    return CourseSolution(placed, unplaced_of(CourseModel(board, course), places), points, points)


def _placed(problem: Problem, tables: "Tables", work: "Work") -> Iterator[Placed]:
    """Yield what the search has left, each with its room: the locked one, the present one, or the first free."""
    grid, course = grid_of(problem), problem.courses[0]
    people = list(course.practitioners)
    for number in range(int(work.placed[0])):
        person, at = int(work.out_who[number]), int(work.out_at[number])
        day, cell = divmod(at, tables.cells)
        open_ = tables.room_open[tables.kind_length[0, tables.kind[0, number]], :, at]
        room = int(open_.argmax())
        if (tables.now_who[0, number], tables.now_at[0, number]) == (person, at):
            now = int(tables.now_room[0, number])
            room = now if open_[now] else room
        if tables.pin_at[0, number] >= 0:
            room = int(tables.pin_room[0, number])
        start = day * grid.cells + tables.first_cell + cell
        yield Placed(course.id, number, people[person], problem.rooms[room].id, grid.wall(start))
