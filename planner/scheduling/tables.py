"""A whole problem as flat arrays of whole numbers for the compiled search: everything that no booking changes."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from planner.scheduling.board import Board, Place
from planner.scheduling.course_model import CourseModel
from planner.scheduling.fields import MINUTES_A_DAY
from planner.scheduling.pins import pins_of
from planner.scheduling.points import BEYOND_MAX, BEYOND_MAX_PER_DAY, gap_points
from planner.scheduling.problem import Course, Current, Gap, Problem
from planner.scheduling.wall import gap_seconds, instant_seconds

Ints = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Small = npt.NDArray[np.int8]

NEVER = 1 << 25
"""More than any points. Dozens of it still fit 32 bits: it is added up where several things forbid a place."""
SCALES = (64, 16, 4, 1)
"""Points are counted in whole parts, so that prices can be fractions and every sum of them is still exact."""


class Tables(NamedTuple):
    """The problem in numbers. Points are in parts of 1/scale; -1 is nobody, nowhere, or no entry.

    A linear cell is day * cells + cell of the day, counted from the first cell in which anybody ever works.
    `kinds` are a course's different session lengths. Locked appointments are pins: their time is closed to all.
    """

    scale: int
    days: int
    cells: int
    first_cell: int  # the cell of the day that is cell 0 here
    change: int
    weekday: Ints  # (days,)
    need: Ints  # (lengths,) cells that a session of this length occupies
    closed: Ints  # (lengths, people, days * cells) 0 where a session may start, else NEVER
    room_open: Bytes  # (lengths, rooms, days * cells)
    people_cells: Bytes  # (people, days * cells) 1 where there is free time
    room_cells: Ints  # (days * cells,) how many rooms are free
    gap_cost: Ints  # (gaps, days + 1) points of so many days, NEVER below the least
    gap_low: Ints  # (gaps,)
    gap_high: Ints  # (gaps,)
    beyond: int  # what the first day beyond the most costs, and each one more
    beyond_day: int
    soon: Ints  # (rests, days * cells) the first linear cell that is far enough in elapsed time
    latest: Ints  # (rests, days * cells) the last linear cell that is far enough before this one, -1 for none
    soon_days: Ints  # (rests,) from how many days on whole days are allowed after any start
    sessions: Ints  # (courses,) how many
    kind: Ints  # (courses, sessions)
    kind_length: Ints  # (courses, kinds) index into need
    kinds: Ints  # (courses,)
    week: Ints  # (courses, kinds, 7, cells) window points, NEVER where the patient can't come
    open_day: Bytes  # (courses, days) 0 while the patient is away
    people: Ints  # (courses,) how many practitioners
    who: Ints  # (courses, most) practitioner by position
    own: Ints  # (courses, most) their points
    first_cost: Ints  # (courses, days)
    first_from: Ints  # (courses,) linear cell
    wait: Ints  # (courses,) what each day of delay after first_late costs at least; 0 for nothing
    first_late: Ints  # (courses,) the day after which the first session is late
    gap: Ints  # (courses, sessions) index into gap_cost
    rest: Ints  # (courses,) index into soon
    drop: Ints  # (courses, sessions + 1) what leaving out all from this session on costs
    move: Ints  # (courses, sessions) what leaving the current place costs
    now_who: Ints  # (courses, sessions) the current place: position in `who`
    now_at: Ints  # (courses, sessions) its linear cell
    now_room: Ints
    pin_who: Ints  # (courses, sessions) the locked place
    pin_at: Ints
    pin_room: Ints


def tables_of(problem: Problem) -> Tables | None:
    """Return the problem's arrays, or None where its numbers are too large for them.

    Raises:
        InvalidInput: a locked appointment breaks a rule, so that there is no valid answer.
    """
    scale = next((scale for scale in SCALES if _most_points(problem) * scale < NEVER // 2), None)
    if scale is None or not problem.courses or not problem.practitioners or not problem.rooms:
        return None
    return _Maker(problem, scale).tables()


def _most_points(problem: Problem) -> int:
    """Return more than any plan of one course can cost."""
    most = 0
    for course in problem.courses:
        days = problem.days + abs((course.earliest_day - problem.first_day).days)
        if course.previous_start is not None:
            days += abs((course.previous_start.date() - problem.first_day).days)
        one = max(course.practitioners.values(), default=0) + max((w.points for w in course.available), default=0)
        one += problem.weights.practitioner_change + problem.weights.unplaced_session
        one += BEYOND_MAX + BEYOND_MAX_PER_DAY * days
        moving = sum(current.move_points for current in course.current)
        most = max(most, one * len(course.sessions) + course.wait_points_per_day * days + moving)
    return most


class _Maker:
    """Fills the arrays, course by course."""

    def __init__(self, problem: Problem, scale: int) -> None:
        self.problem, self.scale = problem, scale
        self.board = Board(problem)
        self.grid = self.board.grid
        self.first, self.beyond = self.board.used_cells()
        self.cells = self.beyond - self.first
        courses = problem.courses
        minutes = {session.minutes for course in courses for session in course.sessions}
        self.lengths = sorted({self.grid.need(each) for each in minutes})
        self.gaps = list(dict.fromkeys(s.gap for course in courses for s in course.sessions if s.gap)) or [Gap(0, 0, 0)]
        self.rests = sorted({course.min_gap_hours for course in courses})
        self.pins = self._pins()
        instant = self.grid.instant[:, self.first : self.beyond]
        self.instant = np.ascontiguousarray(instant).reshape(-1)

    def _pins(self) -> list[Mapping[int, Place]]:
        """Put every locked appointment on the board, so that two at one time are refused."""
        out: list[Mapping[int, Place]] = []
        for index, course in enumerate(self.problem.courses):
            if not any(current.locked for current in course.current):
                out.append({})
                continue
            places = pins_of(CourseModel(self.board, course), {}).places
            for place in places.values():
                self.board.take(place, index)
            out.append(places)
        return out

    def tables(self) -> Tables:
        """Return it all."""
        per_course = [self._course(index, course) for index, course in enumerate(self.problem.courses)]
        stacked: dict[str, Any] = {name: _stack([one[name] for one in per_course]) for name in per_course[0]}
        stacked["open_day"] = stacked["open_day"].astype(np.uint8)
        return Tables(
            scale=self.scale,
            days=self.grid.days,
            cells=self.cells,
            first_cell=self.first,
            change=self.problem.weights.practitioner_change * self.scale,
            weekday=self.grid.weekday.astype(np.int32),
            need=np.array(self.lengths, dtype=np.int32),
            beyond=(BEYOND_MAX + BEYOND_MAX_PER_DAY) * self.scale,
            beyond_day=BEYOND_MAX_PER_DAY * self.scale,
            **self._diary(),
            **self._gap_tables(),
            **self._rest_tables(),
            **stacked,
        )

    def _trim(self, starts: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Keep the used cells of (rows, all cells) and drop those which the clock skips: nobody starts there."""
        return self._used(starts & self.grid.exists.reshape(-1))

    def _used(self, of_all: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Keep the used cells of (rows, all cells)."""
        there = of_all.reshape(-1, self.grid.days, self.grid.cells)
        return np.ascontiguousarray(there[:, :, self.first : self.beyond]).reshape(len(of_all), -1)

    def _diary(self) -> dict[str, Any]:
        """Return where people and rooms are free beside the locked appointments."""
        starts = [self.board.free_of(length) for length in self.lengths]
        # A session may run over an hour that the clock skips, as wall-clock times count.
        one_cell = [self._used(rows) for rows in self.board.free_cells()]
        return {
            "closed": np.stack([np.where(self._trim(people), 0, NEVER).astype(np.int32) for people, _ in starts]),
            "room_open": np.stack([self._trim(rooms).astype(np.uint8) for _, rooms in starts]),
            "people_cells": one_cell[0].astype(np.uint8),
            "room_cells": one_cell[1].sum(axis=0).astype(np.int32),
        }

    def _gap_tables(self) -> dict[str, Any]:
        days = self.grid.days
        prices = [
            [gap_points(gap, apart) * self.scale if apart >= gap.min else NEVER for apart in range(days + 1)]
            for gap in self.gaps
        ]
        return {
            "gap_cost": np.minimum(np.array(prices, dtype=np.int64), NEVER).astype(np.int32),
            "gap_low": np.array([min(gap.min, days) for gap in self.gaps], dtype=np.int32),
            "gap_high": np.array([min(gap.max, days) for gap in self.gaps], dtype=np.int32),
        }

    def _rest_tables(self) -> dict[str, Any]:
        numbers = np.arange(self.instant.size)
        soon, latest, whole = [], [], []
        for hours in self.rests:
            first = np.searchsorted(self.instant, self.instant + gap_seconds(hours))
            soon.append(first)
            latest.append(np.searchsorted(first, numbers, side="right") - 1)
            ahead = -(-first // self.cells) - numbers // self.cells
            # A session is over by the end of its day, so the day after the last cell is always whole.
            whole.append(max(1, int(ahead.max(initial=1))))
        return {
            "soon": np.array(soon, dtype=np.int32),
            "latest": np.array(latest, dtype=np.int32),
            "soon_days": np.array(whole, dtype=np.int32),
        }

    def _course(self, index: int, course: Course) -> dict[str, npt.NDArray[np.int64]]:
        minutes = list(dict.fromkeys(session.minutes for session in course.sessions))
        count = len(course.sessions)
        named = {
            "sessions": count,
            "kind": [minutes.index(session.minutes) for session in course.sessions],
            "kind_length": [self.lengths.index(self.grid.need(each)) for each in minutes],
            "kinds": len(minutes),
            "week": [self._week(course, each) for each in minutes],
            "open_day": self._open_days(course),
            "people": len(course.practitioners),
            "who": [self.board.practitioner[name] for name in course.practitioners],
            "own": [points * self.scale for points in course.practitioners.values()],
            "gap": [self.gaps.index(session.gap) if session.gap else -1 for session in course.sessions],
            "rest": self.rests.index(course.min_gap_hours),
            **self._first(course),
            **self._standing(index, course),
        }
        return {name: np.asarray(value, dtype=np.int64) for name, value in named.items()}

    def _week(self, course: Course, minutes: int) -> npt.NDArray[np.int64]:
        """Return (7, cells): the cheapest window that holds a session of so many minutes."""
        week = np.full((7, self.grid.cells), NEVER, dtype=np.int64)
        for window in course.available:
            # A session ends on the day it starts, so the last minute of a day is never its end.
            last = min(window.end_minute, MINUTES_A_DAY - 1) - minutes
            first, beyond = window.start_minute // self.grid.minutes, max(0, last // self.grid.minutes + 1)
            inside = week[window.weekday, first:beyond]
            np.minimum(inside, window.points * self.scale, out=inside)
        return week[:, self.first : self.beyond]

    def _open_days(self, course: Course) -> npt.NDArray[np.int64]:
        days = np.ones(self.grid.days, dtype=np.int64)
        for start, end in course.away:
            days[max(0, self._day(start)) : max(0, self._day(end))] = 0
        return days

    def _day(self, day: date) -> int:
        return (day - self.grid.first_day).days

    def _first(self, course: Course) -> dict[str, object]:
        """Return what the first session's day costs and from which cell on it may be."""
        gap, days = course.sessions[0].gap, np.arange(self.grid.days)
        waited = days - self._day(course.earliest_day)
        costs = np.zeros(self.grid.days, dtype=np.int64)
        wait, start, late = BEYOND_MAX_PER_DAY * self.scale, 0, self._day(course.earliest_day)
        if gap is None:
            wait = min(wait, course.wait_points_per_day * self.scale)
            costs = np.maximum(waited, 0) * course.wait_points_per_day * self.scale
        if course.previous_start is not None:
            past = instant_seconds(course.previous_start, ZoneInfo(self.problem.timezone))
            if past is not None:  # the problem has refused a time that never was
                start = int(np.searchsorted(self.instant, past + gap_seconds(course.min_gap_hours)))
            if gap is not None:
                since = days - self._day(course.previous_start.date())
                costs = np.array([gap_points(gap, int(d)) * self.scale if d >= gap.min else NEVER for d in since])
                late = max(late, self._day(course.previous_start.date()) + gap.max)
        costs = np.where(waited < 0, NEVER, costs)
        return {"first_cost": costs, "first_from": start, "wait": wait, "first_late": late}

    def _standing(self, index: int, course: Course) -> dict[str, list[int]]:
        """Return the current and the locked places, and what leaving sessions out costs."""
        count, who = len(course.sessions), list(course.practitioners)
        out = {name: [-1] * count for name in ("now_who", "now_at", "now_room", "pin_who", "pin_at", "pin_room")}
        out["move"], out["drop"] = [0] * count, [0] * (count + 1)
        unlocked: dict[int, Current] = {each.session: each for each in course.current if not each.locked}
        for number, current in unlocked.items():
            out["move"][number] = current.move_points * self.scale
            at = self._linear(self.grid.number(current.start))
            if current.practitioner in who and at >= 0:
                out["now_who"][number], out["now_at"][number] = who.index(current.practitioner), at
                out["now_room"][number] = self.board.room[current.room]
        for number, place in self.pins[index].items():
            name = self.problem.practitioners[place.practitioner].id
            out["pin_who"][number], out["pin_at"][number] = who.index(name), self._linear(place.cell)
            out["pin_room"][number] = place.room
        for number in reversed(range(count)):
            more = self.problem.weights.unplaced_session * self.scale + out["move"][number]
            pinned = out["pin_at"][number] >= 0
            out["drop"][number] = NEVER if pinned else min(NEVER, out["drop"][number + 1] + more)
        return out

    def _linear(self, number: int) -> int:
        """Return the linear cell of these arrays for one of the whole grid, -1 for none."""
        day, cell = divmod(number, self.grid.cells)
        if not (0 <= day < self.grid.days and self.first <= cell < self.beyond):
            return -1
        return day * self.cells + cell - self.first


def _stack(arrays: list[npt.NDArray[np.int64]]) -> Ints:
    """Stack arrays of different sizes, filled up with -1."""
    shape = np.max([array.shape for array in arrays], axis=0) if arrays[0].ndim else ()
    out = np.full((len(arrays), *(int(side) for side in shape)), -1, dtype=np.int32)
    for index, array in enumerate(arrays):
        inside: Any = (index, *(slice(0, side) for side in array.shape))
        out[inside] = array
    return out
