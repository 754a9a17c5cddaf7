"""Simple ways to book many courses, to measure ours against: greedy nearest, and one by one exact."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from planner.scheduling.board import Board, Place
from planner.scheduling.clinic import Clinic
from planner.scheduling.judge import broken_rules
from planner.scheduling.points import points
from planner.scheduling.problem import Course, Problem, Solution, Unplaced

_NEAREST = sorted(range(-30, 60), key=lambda days: (abs(days), days))
_REST_DAYS = 3
"""Two starts three days apart are 48 hours apart on any clock."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simple way gives; its answer was checked by the judge."""

    points: int
    unplaced: int

    @classmethod
    def of(cls, problem: Problem, solution: Solution) -> "Outcome":
        """Check an answer and count what it gives."""
        broken = broken_rules(problem, solution)
        if broken:
            raise ValueError(f"a way that ours is measured against breaks a rule: {broken[0]}")
        return cls(solution.points, len(solution.unplaced))


def one_by_one(problem: Problem) -> Outcome:
    """Give each course in turn, in file order, its exact optimum beside those before it."""
    clinic = Clinic(problem)
    for index in range(len(clinic.models)):
        clinic.put(index, clinic.best(index))
    return Outcome.of(problem, clinic.solution())


def greedy_nearest(problem: Problem) -> Outcome:
    """Give each session in turn the free start nearest to its target day, earliest practitioner and start first."""
    return Outcome.of(problem, _Greedy(problem).solution())


class _Greedy:
    def __init__(self, problem: Problem) -> None:
        self.problem, self.board = problem, Board(problem)

    def solution(self) -> Solution:
        """Return the whole answer."""
        placed, unplaced = [], []
        for index, course in enumerate(self.problem.courses):
            places = self._places(index, course)
            placed += [self.board.placed(course, number, place) for number, place in enumerate(places)]
            unplaced += [Unplaced(course.id, k, "no start") for k in range(len(places), len(course.sessions))]
        total = points(self.problem, placed, unplaced).total
        return Solution(tuple(placed), tuple(unplaced), total, 0)

    def _places(self, index: int, course: Course) -> list[Place]:
        places: list[Place] = []
        wanted = least = course.earliest_day
        for number, session in enumerate(course.sessions):
            if places and session.gap:
                before = self.board.grid.wall(places[-1].cell).date()
                wanted = before + timedelta(days=round(session.gap.target))
                least = before + timedelta(days=max(_REST_DAYS, session.gap.min))
            found = self._nearest(course, number, wanted, least)
            if found is None:
                break
            self.board.take(found, index)
            places.append(found)
        return places

    def _nearest(self, course: Course, number: int, wanted: date, least: date) -> Place | None:
        for away in _NEAREST:
            day = wanted + timedelta(days=away)
            if least <= day <= self.problem.last_day:
                found = first_on_day(self.board, course, number, day)
                if found is not None:
                    return found
        return None


def first_on_day(board: Board, course: Course, number: int, day: date) -> Place | None:
    """Return the first free place of the day at which the patient can come, the preferred practitioner first."""
    if any(begin <= day < end for begin, end in course.away):
        return None
    grid, minutes = board.grid, course.sessions[number].minutes
    need, midnight = grid.need(minutes), datetime.combine(day, time())
    windows = [window for window in course.available if window.weekday == day.weekday()]
    for name in course.practitioners:
        who = board.practitioner[name]
        free = board.starts([who], need)[0, (day - grid.first_day).days]
        starts = {
            minute
            for window in windows
            for minute in range(
                window.start_minute, min(window.end_minute - minutes, 24 * 60 - 1 - minutes) + 1, grid.minutes
            )
            if free[minute // grid.minutes]
        }
        if starts:
            cell = grid.number(midnight + timedelta(minutes=min(starts)))
            return Place(cell, need, who, board.free_room(cell, need))
    return None
