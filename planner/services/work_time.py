"""Who works when over some days, before bookings: hours, closures, leave and holidays as cells of the diary's grid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import CompoundSelect, cast, literal, null, or_, select, union_all

from planner.diary.hours import Closure, Leave, WeeklyHours, public_holidays, working_time
from planner.diary.interval import Interval
from planner.diary.wall_grid import Cells, WallGrid
from planner.services.runtime import Unit
from planner.storage.opening import ClosureRow, HoursRow, LeaveRow


class HoursToCome(NamedTuple):
    """A therapist's weekly hours that are not recorded yet."""

    staff_id: int
    lines: tuple[WeeklyHours, ...]


class HoursLine(NamedTuple):
    """Weekly hours of one practitioner or one room."""

    practitioner_id: int | None
    room_id: int | None
    weekday: int
    start: time
    end: time
    from_day: date | None
    to_day: date | None


@dataclass(frozen=True)
class Work:
    """The hours, closures, leaves (with their staff id) and holidays of some days."""

    hours: Sequence[HoursLine]
    to_come: HoursToCome | None
    closures: tuple[Closure, ...]
    leaves: tuple[tuple[int, Leave], ...]
    holidays: frozenset[date]

    @classmethod
    def load(
        cls,
        unit: Unit,
        first_day: date,
        days: int,
        staff_ids: Collection[int],
        hours_to_come: HoursToCome | None = None,
    ) -> Work:
        """Read what is known of the days from the first on (one query).

        Args:
            hours_to_come: somebody's working hours that are not recorded yet, instead of theirs.
        """
        hours: list[HoursLine] = []
        closures: list[Closure] = []
        leaves: list[tuple[int, Leave]] = []
        for kind, who, room, weekday, start, end, from_day, to_day, starts, ends, reason in unit.session.execute(
            _everything(unit.clinic.id, first_day, staff_ids)
        ):
            if kind == "hours":
                hours.append(HoursLine(who, room, weekday, start, end, from_day, to_day))
            elif kind == "closure":
                closures.append(Closure(from_day, to_day, reason))
            else:
                leaves.append((who, Leave(starts, ends)))
        clinic = unit.clinic
        return cls(
            hours=hours,
            to_come=hours_to_come,
            closures=tuple(closures),
            leaves=tuple(leaves),
            holidays=_holidays(clinic.country, clinic.subdivision, first_day, days),
        )

    def of_practitioner(self, grid: WallGrid, staff_id: int) -> Cells:
        """The cells in which a practitioner works."""
        return _worked(grid, self._lines(staff_id), self.closures, self._leaves(staff_id), self.holidays)

    def but_for_leave(self, grid: WallGrid, staff_id: int) -> Cells:
        """The cells of a practitioner's hours, leave and closed days or not."""
        return _worked(grid, self._lines(staff_id), (), (), frozenset())

    def on_leave(self, grid: WallGrid, staff_id: int) -> Cells:
        """The cells that touch a practitioner's leave."""
        return _touched(grid, tuple(leave.interval() for leave in self._leaves(staff_id)))

    def closed(self, grid: WallGrid) -> Cells:
        """The cells of days on which the whole clinic is shut."""
        shut = (*self.closures, *(Closure(day, day) for day in sorted(self.holidays)))
        return _touched(grid, tuple(each.interval() for each in shut))

    def of_room(self, grid: WallGrid, room_id: int, open_hours: Cells) -> Cells:
        """The cells of a room's hours, closed days or not: nobody treats in it on those.

        A room without hours of its own is open whenever somebody works.
        """
        lines = tuple(weekly_of(row) for row in self.hours if row.room_id == room_id)
        return _worked(grid, lines, (), (), frozenset()) if lines else open_hours

    def _lines(self, staff_id: int) -> tuple[WeeklyHours, ...]:
        if self.to_come is not None and self.to_come.staff_id == staff_id:
            return self.to_come.lines
        return tuple(weekly_of(row) for row in self.hours if row.practitioner_id == staff_id)

    def _leaves(self, staff_id: int) -> tuple[Leave, ...]:
        return tuple(leave for person, leave in self.leaves if person == staff_id)


def _everything(clinic_id: int, first_day: date, staff_ids: Collection[int]) -> CompoundSelect[Any]:
    """Hours, closures and leaves as one table, of which each kind fills its own columns."""
    hours, closed, away = HoursRow, ClosureRow, LeaveRow
    # The first part says what type each column has, also where it has nothing in it itself.
    no_instant = cast(null(), away.starts.type)
    return union_all(
        select(
            literal("hours"), hours.practitioner_id, hours.room_id, hours.weekday, hours.start, hours.end,
            hours.from_day, hours.to_day, no_instant.label("starts"), no_instant.label("ends"), literal(""),
        ).where(hours.clinic_id == clinic_id, or_(hours.practitioner_id.in_(staff_ids), hours.room_id.is_not(None))),
        select(
            literal("closure"), null(), null(), null(), null(), null(),
            closed.first_day, closed.last_day, null(), null(), closed.reason,
        ).where(closed.clinic_id == clinic_id, closed.last_day >= first_day),
        select(
            literal("leave"), away.practitioner_id, null(), null(), null(), null(),
            null(), null(), away.starts, away.ends, literal(""),
        ).where(away.clinic_id == clinic_id, away.practitioner_id.in_(staff_ids), away.withdrawn_at.is_(None)),
    )  # fmt: skip


# What follows from hours alone stays the same until somebody changes them, and they are part of what is asked.
@lru_cache(maxsize=16)
def grid_of(first_day: date, days: int, minutes: int, zone: ZoneInfo) -> WallGrid:
    """The grid of these days; the same object for the same days, so that what was worked out on it is found again."""
    return WallGrid(first_day, days, minutes, zone)


@lru_cache(maxsize=512)
def _worked(
    grid: WallGrid,
    lines: tuple[WeeklyHours, ...],
    closures: tuple[Closure, ...],
    leaves: tuple[Leave, ...],
    holidays: frozenset[date],
) -> Cells:
    cells = grid.within(working_time(lines, closures, leaves, holidays, grid.first, grid.days))
    cells.setflags(write=False)
    return cells


@lru_cache(maxsize=128)
def _touched(grid: WallGrid, spans: tuple[Interval, ...]) -> Cells:
    cells = grid.touched(spans)
    cells.setflags(write=False)
    return cells


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str | None, first_day: date, days: int) -> frozenset[date]:
    return frozenset(public_holidays(country, subdivision, first_day, first_day + timedelta(days=days)))


def weekly_of(row: HoursRow | HoursLine) -> WeeklyHours:
    """The value of a row."""
    return WeeklyHours(row.weekday, row.start, row.end, row.from_day, row.to_day)
