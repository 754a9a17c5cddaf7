"""Other places for a session, each with what it costs and why; and a course re-planned round sessions put by hand."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from planner.errors import InvalidInput
from planner.scheduling import words
from planner.scheduling.board import Board, Place, board_with
from planner.scheduling.course_model import CourseModel
from planner.scheduling.grid import Yes
from planner.scheduling.one_course import CourseSolution, solve_on
from planner.scheduling.points import course_points
from planner.scheduling.problem import Course, Placed, Problem, Solution
from planner.scheduling.reasons import allowed_after
from planner.scheduling.wall import gap_seconds

# What a proposal is charged for resembling one already chosen: three starts on one day are no choice.
_SAME_DAY, _SAME_PRACTITIONER = 150, 30


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another place for one session, and by how many points the whole plan becomes dearer (cheaper below 0)."""

    practitioner: str
    room: str
    start: datetime
    extra_points: int
    says: str


def alternatives(
    problem: Problem, solution: Solution, course_id: str, session: int, limit: int = 3
) -> tuple[Alternative, ...]:
    """Return the best other places for a session while everything else stays, on different days if possible.

    A locked session has none. An unplaced one has some only if it is the first of them: the others come after it.

    Raises:
        InvalidInput: there is no such course or session.
    """
    course = problem.course(course_id)
    if not 0 <= session < len(course.sessions):
        raise InvalidInput(f"Course {course_id} has no session {session + 1}.", field="session")
    mine = {placed.session: placed for placed in solution.appointments if placed.course == course_id}
    if session > len(mine) or any(now.locked and now.session == session for now in course.current):
        return ()
    others = (p for p in solution.appointments if (p.course, p.session) != (course_id, session))
    board = board_with(problem, others)
    priced = _priced(board, course, mine, session)
    return tuple(_alternative(problem, course, mine, *chosen) for chosen in _different(priced, limit))


def follow_on(
    problem: Problem, course_id: str, pinned: Mapping[int, Placed], taken: Iterable[Placed] = ()
) -> CourseSolution:
    """Return the course's optimum with some sessions put by hand; all the others follow.

    Args:
        pinned: by session; locked current appointments stay as well.
        taken: other courses' appointments.
    Raises:
        InvalidInput: a pinned session can't be there, or the others have no legal place around it.
    """
    course = problem.course(course_id)
    by_hand = {number: replace(placed, course=course_id, session=number) for number, placed in pinned.items()}
    return solve_on(board_with(problem, taken), course, by_hand)


def _priced(board: Board, course: Course, mine: Mapping[int, Placed], session: int) -> list[tuple[int, Placed]]:
    """Return each practitioner's cheapest start of each day with its extra points, cheapest first."""
    model = CourseModel(board, course)
    need = board.grid.need(course.sessions[session].minutes)
    free = board.starts(model.who, need) & _legal(model, mine, session)[None]
    if session in mine:
        here = board.place_of(course, mine[session])
        free[model.who.index(here.practitioner), *divmod(here.cell, board.grid.cells)] = False
    now = course_points(board.problem, course, mine).total
    priced = []
    for who, cell in _cheapest_of_day(model, free, session):
        place = Place(cell, need, model.who[who], board.free_room(cell, need))
        placed = board.placed(course, session, place)
        priced.append((course_points(board.problem, course, {**mine, session: placed}).total - now, placed))
    return sorted(priced, key=lambda item: (item[0], item[1].start))


def _legal(model: CourseModel, mine: Mapping[int, Placed], session: int) -> Yes:
    """Return (days, cells): the starts legal for the patient and for the sessions before and after."""
    board, course = model.board, model.course
    minutes = course.sessions[session].minutes
    before = [board.place_of(course, mine[number]) for number in range(session)]
    legal: Yes = allowed_after(model, before) & (model.patient_costs(minutes, course.away) < model.never)
    if session + 1 in mine:
        after = board.place_of(course, mine[session + 1])
        legal &= _allowed_before(model, after, board.grid.need(minutes), session)
    return legal


def _cheapest_of_day(model: CourseModel, free: Yes, session: int) -> Iterator[tuple[int, int]]:
    """Yield practitioner and linear cell of the first of each day's cheapest starts.

    Within a day and practitioner only the window, and whether the session stands there now, make a difference.
    """
    course, cells = model.course, model.board.grid.cells
    minutes = course.sessions[session].minutes
    prices = np.where(free, model.patient_costs(minutes, course.away)[None], model.never)
    current = model.current.get(session)
    if current is not None and current.practitioner in course.practitioners:
        now = model.current_place(current)
        if model.board.inside(now):
            prices[model.who.index(now.practitioner), *divmod(now.cell, cells)] -= current.move_points
    for who, day in np.argwhere(free.any(axis=2)):
        yield int(who), int(day) * cells + int(prices[who, day].argmin())


def _allowed_before(model: CourseModel, after: Place, need: int, session: int) -> Yes:
    """Return (days, cells): the starts that leave the next session where it is."""
    grid, gap = model.board.grid, model.course.sessions[session + 1].gap
    numbers = np.arange(grid.days * grid.cells).reshape(grid.days, grid.cells)
    moment = grid.instant.reshape(-1)[after.cell]
    out: Yes = grid.instant + gap_seconds(model.course.min_gap_hours) <= moment
    least = gap.min if gap else 0
    return out & (numbers + need <= after.cell) & (numbers // grid.cells <= after.cell // grid.cells - least)


def _different(priced: list[tuple[int, Placed]], limit: int) -> list[tuple[int, Placed]]:
    """Choose cheap ones that differ in day and practitioner."""
    chosen: list[tuple[int, Placed]] = []
    left = list(priced)
    while left and len(chosen) < limit:
        days = [placed.start.date() for _, placed in chosen]
        people = [placed.practitioner for _, placed in chosen]

        def charge(item: tuple[int, Placed], days: list[date] = days, people: list[str] = people) -> int:
            extra, placed = item
            same_day = _SAME_DAY if placed.start.date() in days else 0
            return extra + same_day + _SAME_PRACTITIONER * (placed.practitioner in people)

        best = min(left, key=charge)
        left.remove(best)
        chosen.append(best)
    return sorted(chosen, key=lambda item: (item[0], item[1].start))


def _alternative(
    problem: Problem, course: Course, mine: Mapping[int, Placed], extra: int, placed: Placed
) -> Alternative:
    name = words.practitioner(problem, placed.practitioner)
    says = f"{words.moment(placed.start)} with {name}: {_compared(course, mine, placed)}"
    return Alternative(placed.practitioner, placed.room, placed.start, extra, says)


def _compared(course: Course, mine: Mapping[int, Placed], placed: Placed) -> str:
    """Say how the date compares with what was planned."""
    gap = course.sessions[placed.session].gap
    previous = mine[placed.session - 1].start if placed.session else course.previous_start
    if gap is None or previous is None:
        waited = (placed.start.date() - course.earliest_day).days
        return f"{words.days(waited)} after the earliest day" if waited else "on the earliest day"
    days = (placed.start.date() - previous.date()).days
    apart = f"{words.days(days)} after the last"
    if abs(days - gap.target) < 1:  # a target of 3.5 days is met by 3 and by 4
        return f"{apart}, as planned"
    return f"{apart}, {abs(days - gap.target):g} {'more' if days > gap.target else 'fewer'} than planned"
