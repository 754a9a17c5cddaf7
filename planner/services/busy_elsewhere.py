"""Times at which therapists are busy by their own calendars, taken off the time in which they can treat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from planner.diary.wall_grid import Cells, WallGrid
from planner.services.busy_time import instants
from planner.services.runtime import Unit
from planner.services.snapshot import Booked
from planner.storage.calendars import BusyTimeRow

Times = tuple[datetime, datetime]


@dataclass(frozen=True)
class BusyElsewhere:
    """Busy times by practitioner, over some days."""

    by_practitioner: dict[int, list[Times]]

    @classmethod
    def load(cls, unit: Unit, first_day: date, end_day: date) -> BusyElsewhere:
        """Those of everybody in the clinic (one query)."""
        margin = timedelta(days=2)
        start, end = (datetime.combine(day, time(), UTC) for day in (first_day, end_day))
        row = BusyTimeRow
        found = unit.session.execute(
            select(row.practitioner_id, row.starts_at, row.ends_at).where(
                row.ends_at > start - margin, row.starts_at < end + margin
            )
        )
        busy: dict[int, list[Times]] = {}
        for practitioner_id, starts_at, ends_at in found:
            busy.setdefault(practitioner_id, []).append((starts_at, ends_at))
        return cls(busy)

    def of(self, grid: WallGrid, practitioner_id: int, agreed: Iterable[Booked]) -> Cells:
        """The cells that these times take from one, `besides` what stands."""
        if practitioner_id not in self.by_practitioner:
            return grid.within(())
        return grid.taken(*instants(self.besides(practitioner_id, agreed)))

    def besides(self, practitioner_id: int, agreed: Iterable[Booked]) -> list[Times]:
        """The busy times of one, without those of appointments that stand.

        What was agreed before may stay until a person decides: a private entry moves no patient by itself.
        """
        own = sorted((each.starts_at, each.ends_at) for each in agreed if each.practitioner_id == practitioner_id)
        return [left for times in self.by_practitioner.get(practitioner_id, []) for left in _without(*times, own)]


def _without(start: datetime, end: datetime, taken: Iterable[Times]) -> Iterator[Times]:
    for first, last in taken:
        if last <= start or first >= end:
            continue
        if first > start:
            yield start, first
        start = max(start, last)
    if start < end:
        yield start, end
