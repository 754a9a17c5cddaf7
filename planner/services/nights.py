"""Work that is done once a night: which night it is, whether its work is done, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.nights import NightWorkRow
from planner.storage.people import ClinicRow

BEGINS: Final = time(2)
"""By the clinic's wall clock. Where the clocks skip this time the first moment after it is later, and counts."""

Position = dict[str, Any]
Step = Callable[[Position], Position | None]
"""Does some of the work and gives where it is then; None: it is over."""


def night_of(now: datetime, zone: ZoneInfo) -> date | None:
    """The night whose work may be done now; None before the first hours are over.

    It is the clinic's calendar day, of which there is each one once, whatever the clocks do.
    """
    wall = now.astimezone(zone)
    return wall.date() if wall.time() >= BEGINS else None


def owed(unit: Unit, name: str) -> date | None:
    """The night whose work is owed: one that was begun and not finished, else this one. None: all is done."""
    row = _row(unit, name)
    begun, ended = (row.night, row.ended_at is not None) if row is not None else (None, False)
    return _owed(night_of(unit.now, unit.zone), begun, ended=ended)


def clinics_owing(runtime: Runtime, name: str) -> list[int]:
    """Clinics whose work of this night is owed (one query)."""
    row, now = NightWorkRow, runtime.clock.now()
    query = (
        select(ClinicRow.id, ClinicRow.timezone, row.night, row.ended_at)
        .outerjoin(row, (row.clinic_id == ClinicRow.id) & (row.name == name))
        .order_by(ClinicRow.id)
    )
    with runtime.database.reading(None) as session:
        found = session.execute(query).all()
    return [
        clinic_id
        for clinic_id, zone, begun, ended_at in found
        if _owed(night_of(now, ZoneInfo(zone)), begun, ended=ended_at is not None) is not None
    ]


def _owed(night: date | None, begun: date | None, *, ended: bool) -> date | None:
    """The night that is owed, where `begun` is the last one that was begun (None: none ever)."""
    if begun is not None and not ended:
        return begun
    return night if night is not None and (begun is None or begun < night) else None


def position(unit: Unit, name: str) -> Position:
    """Where the work that is owed goes on; empty at its beginning."""
    row = _row(unit, name)
    return dict(row.position) if row is not None and row.ended_at is None else {}


def ended(unit: Unit, name: str) -> datetime | None:
    """When the work was last over; None: never, or it is being done."""
    row = _row(unit, name)
    return row.ended_at if row is not None else None


def keep(runtime: Runtime, actor: Actor, name: str, night: date, reached: Position | None) -> None:
    """Write down how far the work is; None: it is over for this night."""
    with runtime.writing(actor) as unit:
        row = _row(unit, name)
        if row is None:
            row = NightWorkRow(name=name, night=night, position={})
            unit.session.add(row)
        row.night, row.position = night, reached or {}
        row.ended_at = unit.now if reached is None else None


def _row(unit: Unit, name: str) -> NightWorkRow | None:
    return unit.session.scalar(select(NightWorkRow).where(NightWorkRow.name == name))
