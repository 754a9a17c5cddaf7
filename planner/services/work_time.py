"""Who works when over some days, before bookings: hours, closures, leave and holidays as cells of the diary's grid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from planner.diary.hours import Closure, Leave, WeeklyHours, public_holidays, working_time
from planner.diary.wall_grid import Cells, WallGrid
from planner.services.runtime import Unit
from planner.storage.opening import ClosureRow, HoursRow, LeaveRow


class HoursToCome(NamedTuple):
    """A therapist's weekly hours that are not recorded yet."""

    staff_id: int
    lines: tuple[WeeklyHours, ...]


@dataclass(frozen=True)
class Work:
    """The hours, closures, leaves (with their staff id) and holidays of some days."""

    hours: Sequence[HoursRow]
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
        """Read what is known of the days from the first on (three queries).

        Args:
            hours_to_come: somebody's working hours that are not recorded yet, instead of theirs.
        """
        hours = unit.session.scalars(
            select(HoursRow).where(or_(HoursRow.practitioner_id.in_(staff_ids), HoursRow.room_id.is_not(None)))
        ).all()
        closures = unit.session.scalars(select(ClosureRow).where(ClosureRow.last_day >= first_day))
        leaves = unit.session.scalars(
            select(LeaveRow).where(LeaveRow.practitioner_id.in_(staff_ids), LeaveRow.withdrawn_at.is_(None))
        ).all()
        clinic = unit.clinic
        return cls(
            hours=hours,
            to_come=hours_to_come,
            closures=tuple(Closure(row.first_day, row.last_day, row.reason) for row in closures),
            leaves=tuple((row.practitioner_id, Leave(row.starts, row.ends)) for row in leaves),
            holidays=_holidays(clinic.country, clinic.subdivision, first_day, days),
        )

    def of_practitioner(self, grid: WallGrid, staff_id: int) -> Cells:
        """The cells in which a practitioner works."""
        leaves = tuple(leave for person, leave in self.leaves if person == staff_id)
        if self.to_come is not None and self.to_come.staff_id == staff_id:
            lines = self.to_come.lines
        else:
            lines = tuple(weekly_of(row) for row in self.hours if row.practitioner_id == staff_id)
        return _worked(grid, lines, self.closures, leaves, self.holidays)

    def of_room(self, grid: WallGrid, room_id: int, open_hours: Cells) -> Cells:
        """A room without hours of its own is open whenever somebody works."""
        lines = tuple(weekly_of(row) for row in self.hours if row.room_id == room_id)
        return _worked(grid, lines, self.closures, (), self.holidays) if lines else open_hours


# What follows from hours alone stays the same until somebody changes them, and they are part of what is asked.
@lru_cache(maxsize=16)
def grid_of(first_day: date, days: int, minutes: int, zone: ZoneInfo) -> WallGrid:
    """The grid of these days; the same object for the same days, so that what was worked out on it is found again."""
    return WallGrid(first_day, days, minutes, zone)


@lru_cache(maxsize=256)
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


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str | None, first_day: date, days: int) -> frozenset[date]:
    return frozenset(public_holidays(country, subdivision, first_day, first_day + timedelta(days=days)))


def weekly_of(row: HoursRow) -> WeeklyHours:
    """The value of a row."""
    return WeeklyHours(row.weekday, row.start, row.end, row.from_day, row.to_day)
