"""Who works at a clinic and in which rooms: read once where a page asks the diary several things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import false, literal, select, union_all

from planner.services.runtime import Unit
from planner.storage.people import RoomRow, StaffRow


class Somebody(NamedTuple):
    """A person of staff."""

    id: int
    name: str
    treats: bool
    active: bool


@dataclass(frozen=True, slots=True)
class House:
    """Who works at a clinic, or did, and the rooms in use as (id, name); all by name."""

    staff: tuple[Somebody, ...]
    rooms: tuple[tuple[int, str], ...]

    @property
    def therapists(self) -> tuple[int, ...]:
        """The ids of all who treat here now."""
        return tuple(each.id for each in self.staff if each.treats and each.active)

    def person(self, staff_id: int) -> Somebody | None:
        """Somebody by id; None for nobody of this clinic."""
        return next((each for each in self.staff if each.id == staff_id), None)

    @classmethod
    def of(cls, unit: Unit) -> House:
        """The clinic's (one query)."""
        clinic, staff, room = unit.clinic.id, StaffRow, RoomRow
        found = unit.session.execute(
            union_all(
                select(literal("staff"), staff.id, staff.name, staff.treats, staff.active).where(
                    staff.clinic_id == clinic
                ),
                select(literal("room"), room.id, room.name, false(), room.active).where(room.clinic_id == clinic),
            )
        )
        rows = sorted(found, key=lambda row: (row[2], row[1]))
        return cls(
            staff=tuple(Somebody(row[1], row[2], row[3], row[4]) for row in rows if row[0] == "staff"),
            rooms=tuple((row_id, name) for kind, row_id, name, _, active in rows if kind == "room" and active),
        )
