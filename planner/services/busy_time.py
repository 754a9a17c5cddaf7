"""What is booked over some days, read out of the database as arrays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from sqlalchemy import ColumnElement, select

from planner.diary.free import naive_utc
from planner.diary.wall_grid import Cells, Instants, WallGrid
from planner.services.runtime import Unit
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow
from planner.storage.functions import id_among, instants_joined

_LONGEST = timedelta(hours=24)
_INSTANT = "datetime64[us]"


@dataclass(frozen=True)
class Busy:
    """What is booked over a span: starts and ends of each practitioner in each room."""

    booked: Sequence[tuple[int, int, Instants, Instants]]

    @classmethod
    def load(cls, unit: Unit, first_day: date, days: int, releasing: Collection[int | None]) -> Busy:
        """Read the days from the first on (one query).

        Args:
            releasing: ids of appointments that do not count.
        """
        row = AppointmentRow
        start = datetime.combine(first_day, datetime.min.time(), UTC) - 2 * _LONGEST
        wanted: list[ColumnElement[bool]] = [row.status.in_(OCCUPYING_STATUSES), row.starts_at >= start]
        wanted.append(row.starts_at < start + timedelta(days=days + 4))
        if releasing:
            wanted.append(~id_among(row.id, [number for number in releasing if number is not None]))
        # Half a year is thousands of rows; joined by the database they take a fraction of the time.
        found = unit.session.execute(
            select(row.practitioner_id, row.room_id, instants_joined(row.starts_at), instants_joined(row.ends_at))
            .where(*wanted)
            .group_by(row.practitioner_id, row.room_id)
        )
        return cls([(staff_id, room_id, _read(starts), _read(ends)) for staff_id, room_id, starts, ends in found])

    def of_practitioner(self, grid: WallGrid, staff_id: int) -> Cells:
        """The cells in which a practitioner is taken."""
        return self._taken(grid, [each for each in self.booked if each[0] == staff_id])

    def of_room(self, grid: WallGrid, room_id: int) -> Cells:
        """The cells in which a room is taken."""
        return self._taken(grid, [each for each in self.booked if each[1] == room_id])

    def _taken(self, grid: WallGrid, booked: Sequence[tuple[int, int, Instants, Instants]]) -> Cells:
        nothing = instants([])
        starts, ends = (np.concatenate([nothing[side], *(each[2 + side] for each in booked)]) for side in (0, 1))
        return grid.taken(starts, ends)


def _read(joined: str) -> Instants:
    return np.array(joined.split(","), dtype=_INSTANT)


def instants(spans: Sequence[tuple[datetime, datetime]]) -> tuple[Instants, Instants]:
    """The starts and the ends of these stretches (aware), as the grid wants them."""
    starts, ends = (np.array([naive_utc(each[side]) for each in spans], dtype=_INSTANT) for side in (0, 1))
    return starts, ends
