"""Which rules would have to give way for a session to have a place: the smallest sets of them, exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntFlag
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from planner.scheduling.board import Board, Place, covered
from planner.scheduling.course_model import CourseModel
from planner.scheduling.fields import MINUTES_A_DAY
from planner.scheduling.grid import TimeGrid, Whole, Yes
from planner.scheduling.longer import longer, only_beyond
from planner.scheduling.points import gap_points
from planner.scheduling.problem import Resource
from planner.scheduling.wall import gap_seconds, instant_seconds
from planner.scheduling.withheld import Withheld
from planner.words import say

Marks = npt.NDArray[np.uint16]
Costs = npt.NDArray[np.int64]

WEEKS_BEYOND = 4
_FAR = 200  # what a time costs, in points, at which the patient never comes or the practitioner never works


class Rule(IntFlag):
    """What a person could decide otherwise; in the order in which reception would ask."""

    HOURS = 1  # the patient comes at these times of the week
    AWAY = 2  # ... and not on these days
    PRACTITIONER = 4  # only these treat the patient
    OTHERS = 8  # the other appointments of the plan stay
    ROOM = 16  # a room is needed
    HORIZON = 32  # the plan ends
    LEAVE = 64  # the practitioner is away
    CLOSED = 128  # the clinic is shut
    FREE = 256  # hours and bookings of the practitioner; where nobody told, leave as well
    EARLIEST = 512  # the course does not begin before its earliest day
    SPACING = 1024  # days from the session before, as the phase has them
    REST = 2048  # ... and hours, whatever the phase
    SIBLING = 4096  # the same hours to the patient's visits for other courses


_NEVER = 8192  # no such time, not over before midnight, or not after the session before
_COUNT = np.array([mark.bit_count() if mark < _NEVER else 99 for mark in range(2 * _NEVER)], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Opening:
    """A smallest set of rules which, relaxed, leave the session a place, and the best place that they leave.

    `leave` says why the practitioner has no time there, as far as the diary shows; only where FREE is relaxed.
    """

    rules: Rule
    practitioner: str
    start: datetime
    leave: str = ""


@dataclass(frozen=True, slots=True)
class _Before:
    """The session before: when it starts (wall clock and seconds since 1970), and how many cells it takes."""

    start: datetime
    moment: int
    need: int


def openings(model: CourseModel, places: Sequence[Place]) -> tuple[Opening, ...]:
    """Return one opening per smallest set of rules that leaves the first session without a place one; all such sets.

    The sessions before stay where they are, all else on the model's board as well, unless OTHERS is in the set.
    Beyond the end of the plan (HORIZON) the weeks are taken to be like those before, as `longer` says.
    """
    fields = [_Field(model, places, Rule(0))]
    if fields[0].least:
        beyond = _beyond(model, places)
        if beyond is not None:
            fields.append(_Field(beyond, places, Rule.HORIZON, _before(model, places)))
    least = min(field.least for field in fields)
    if least > len(Rule):
        return ()
    found = [opening for field in fields if field.least == least for opening in field.openings()]
    return tuple(sorted(found, key=lambda opening: (int(opening.rules) & -int(opening.rules), int(opening.rules))))


def days_beyond(model: CourseModel, places: Sequence[Place]) -> int:
    """Return by how many days the plan is made longer to see whether its end is in the way."""
    course, grid = model.course, model.board.grid
    rest = gap_seconds(course.min_gap_hours) // 86400 + 2
    gap = course.sessions[len(places)].gap
    least = max(rest, gap.min if gap else 0)
    before = _before(model, places)
    first = grid.first_day if places else course.earliest_day
    if before is not None:
        first = max(first, before.start.date() + timedelta(days=least))
    late = max(0, (first - grid.first_day).days - grid.days)
    weeks = -(-late // 28) * 4 + WEEKS_BEYOND
    return 7 * weeks


def _beyond(model: CourseModel, places: Sequence[Place]) -> CourseModel | None:
    """Return the course on a board of nothing but the days after the end of the plan."""
    days = days_beyond(model, places)
    if days not in model.board.beyond:
        more = longer(model.board.problem, days)
        model.board.beyond[days] = None if more is None else Board(only_beyond(more, days))
    board = model.board.beyond[days]
    return None if board is None else CourseModel(board, model.course)


def _before(model: CourseModel, places: Sequence[Place]) -> _Before | None:
    course, grid = model.course, model.board.grid
    if places:
        last = places[-1]
        return _Before(grid.wall(last.cell), int(grid.instant.reshape(-1)[last.cell]), last.need)
    if course.previous_start is None:
        return None
    past = instant_seconds(course.previous_start, ZoneInfo(model.board.problem.timezone))
    return None if past is None else _Before(course.previous_start, past, 0)


class _Field:
    """The rules that each start of some days would break, for the first session without a place.

    Arrays are (practitioners of the clinic, days, cells).
    """

    def __init__(self, model: CourseModel, places: Sequence[Place], base: Rule, before: _Before | None = None) -> None:
        self.model, self.board, self.course = model, model.board, model.course
        self.grid: TimeGrid = model.board.grid
        self.number = len(places)
        self.session = self.course.sessions[self.number]
        self.need = self.grid.need(self.session.minutes)
        self.before = before or _before(model, places)
        self.last = places[-1].practitioner if places else None
        self.hours, self.rooms = self.board.hours_of(self.need)
        by_room, by_others = self._marks(self._by_start(base))
        self.marks = np.stack([by_room, by_others])
        self.least = int(_COUNT[self.marks].min(initial=99))

    def _by_start(self, base: Rule) -> Marks:
        """Return (days, cells): what a start breaks whoever treats, and wherever."""
        grid, course, never = self.grid, self.course, self.model.never
        marks = np.full((grid.days, grid.cells), int(base), dtype=np.uint16)
        marks |= _where(self.model.patient_costs(self.session.minutes, ()) >= never, Rule.HOURS)
        for days, rule in ((course.days_off, Rule.AWAY), (course.resting, Rule.SIBLING)):
            for start, end in days:
                first, beyond = ((day - grid.first_day).days for day in (start, end))
                marks[max(0, first) : max(0, beyond)] |= int(rule)
        if self.number == 0:
            marks[: max(0, (course.earliest_day - grid.first_day).days)] |= int(Rule.EARLIEST)
        marks[~grid.exists] |= _NEVER
        marks[:, max(0, MINUTES_A_DAY - 1 - self.session.minutes) // grid.minutes + 1 :] |= _NEVER
        if self.session.minutes >= MINUTES_A_DAY:
            marks |= _NEVER
        if self.before is not None:
            numbers = np.arange(grid.days * grid.cells).reshape(grid.days, grid.cells)
            over = grid.number(self.before.start) + self.before.need
            marks[(numbers < over) | (grid.instant < self.before.moment)] |= _NEVER
            least = self.session.gap.min if self.session.gap else 0
            marks |= _where(self._days_since(self.before.start.date()) < least, Rule.SPACING)[:, None]
            rested = grid.instant - self.before.moment >= gap_seconds(course.min_gap_hours)
            marks |= _where(~rested, Rule.REST)
        return marks

    def _days_since(self, day: date) -> Whole:
        return np.arange(self.grid.days) + (self.grid.first_day - day).days

    def _marks(self, by_start: Marks) -> tuple[Marks, Marks]:
        """Return the rules broken where a taken room counts as no room, and where it counts as other appointments."""
        taken, rooms_taken = self.board.taken_of(self.need)
        marks = by_start[None] | barred(self.board, self.need) | _where(taken, Rule.OTHERS)
        mine = set(self.model.who)
        for who in range(len(marks)):
            if who not in mine:
                marks[who] |= int(Rule.PRACTITIONER)
        open_: Yes = np.logical_or.reduce(self.rooms, axis=0)
        free: Yes = np.logical_or.reduce(self.rooms & ~rooms_taken, axis=0)
        by_others = marks | _where(~free, Rule.OTHERS) | _where(~open_, Rule.ROOM)
        return marks | _where(~free, Rule.ROOM), by_others

    def openings(self) -> Iterator[Opening]:
        """Yield the best start of every smallest set of rules."""
        counts = np.bincount(self.marks.reshape(-1), minlength=2 * _NEVER)
        for mark in np.flatnonzero((counts > 0) & (self.least == _COUNT)):
            rules = Rule(int(mark))
            who, day, cell = self._best(np.argwhere((self.marks == mark).any(axis=0)), rules)
            start = self.grid.wall(day * self.grid.cells + cell)
            leave = self._leave(who, day, cell) if Rule.FREE in rules else ""
            yield Opening(rules, self.board.problem.practitioners[who].id, start, leave)

    def _best(self, spots: Whole, rules: Rule) -> tuple[int, int, int]:
        """Choose the start with the fewest points; what breaks a rule costs the more the further it is from usual."""
        who, day, cell = spots.T
        costs = self._by_day[day] + self._by_person[who]
        costs = costs + self._by_hour[self.grid.weekday[day], cell]
        if Rule.FREE in rules:
            costs = costs + np.where(self._usual[who, self.grid.weekday[day], cell], 0, _FAR)
        current = self.model.current.get(self.number)
        if current is not None:
            now = self.model.current_place(current)
            costs = costs - current.move_points * (
                (who == now.practitioner) & (day * self.grid.cells + cell == now.cell)
            )
        late = np.abs(self._days_since(self.course.earliest_day)[day]) if self.number == 0 else day
        best = np.lexsort((cell, self._turn[who], late, costs))[0]
        return int(who[best]), int(day[best]), int(cell[best])

    @cached_property
    def _by_day(self) -> Costs:
        """(days,): points of the gap or of waiting; fewer days than allowed cost as much as many more than wanted."""
        gap, course = self.session.gap, self.course
        if gap is None or self.before is None:
            return np.abs(self._days_since(course.earliest_day)) * course.wait_points_per_day
        since = (int(days) for days in self._days_since(self.before.start.date()))
        prices = (gap_points(gap, days) if days >= gap.min else 100 + 100 * (gap.min - days) for days in since)
        return np.fromiter(prices, dtype=np.int64)

    @cached_property
    def _by_person(self) -> Costs:
        """(practitioners,): their own points and those of a change."""
        people = self.board.problem.practitioners
        own = np.array([self.course.practitioners.get(person.id, 0) for person in people], dtype=np.int64)
        if self.last is None:
            return own
        return own + np.where(np.arange(len(people)) == self.last, 0, self.model.change)

    @cached_property
    def _turn(self) -> Whole:
        """(practitioners,): in the course's order, then the others."""
        order = [*self.model.who, *(who for who in range(len(self.hours)) if who not in self.model.who)]
        return np.argsort(np.array(order, dtype=np.int64))

    @cached_property
    def _by_hour(self) -> Costs:
        """(7, cells): the window's points, and outside the patient's times of that weekday how far from them."""
        cells, course = self.grid.cells, self.course
        out = np.full((7, cells), _FAR, dtype=np.int64)
        starts = np.arange(cells) * self.grid.minutes
        for window in course.available:
            late = np.maximum(starts + self.session.minutes - window.end_minute, 0)
            off = -(-np.maximum(window.start_minute - starts, late) // 15)
            out[window.weekday] = np.minimum(out[window.weekday], np.maximum(off, 0) + window.points)
        return out

    @cached_property
    def _usual(self) -> Yes:
        """(practitioners, 7, cells): where they are free in any week."""
        out = np.zeros((len(self.hours), 7, self.grid.cells), dtype=np.bool_)
        for weekday in range(7):
            out[:, weekday] = self.hours[:, self.grid.weekday == weekday].any(axis=1)
        return out

    def _leave(self, who: int, day: int, cell: int) -> str:
        """Say why somebody has no time there, as far as the diary shows."""
        if not self._usual[who, self.grid.weekday[day], cell]:
            return say("never free at such hours")
        if self.hours[who, day].any():
            return say("booked then")
        known = self.board.problem.practitioners[who].withheld
        if known is None or known.leave is None:
            return say("on leave or fully booked that day")
        return say("fully booked that day")


def barred(board: Board, need: int) -> Marks:
    """Return (practitioners, days, cells): the rules for which somebody is not free for a start, none where they are.

    Beyond hours and bookings these are the leave, closed days and rests that the problem tells of.
    """
    hours, _ = board.hours_of(need)
    out = _where(~hours, Rule.FREE)
    for who, person in enumerate(board.problem.practitioners):
        if person.withheld is not None:
            through = _through(_cells_barred(board.grid, person, person.withheld), need).reshape(hours[who].shape)
            # A session lies in one stretch of free time, so two that touch may still be too short for it.
            out[who] = np.where(hours[who], 0, np.where(through == 0, int(Rule.FREE), through))
    return out


def _cells_barred(grid: TimeGrid, person: Resource, known: Withheld) -> Marks:
    """Return (all cells): what is in the way in each."""
    marks = _where(~covered(known.worked, grid), Rule.FREE)
    for spans, rule in ((known.leave, Rule.LEAVE), (known.closed, Rule.CLOSED), (known.rest, Rule.SIBLING)):
        marks |= _where(covered(spans or (), grid), rule)
    marks[covered(person.free, grid)] = 0
    return marks


def _through(marks: Marks, need: int) -> Marks:
    """Return (all cells): what is in the way of any of so many cells from each on."""
    out = marks.copy()
    for later in range(1, min(need, len(marks))):
        out[:-later] |= marks[later:]
    return out


def _where(yes: Yes, rule: Rule) -> Marks:
    return yes.astype(np.uint16) * np.uint16(rule)
