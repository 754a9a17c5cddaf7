"""All calendar addresses of a clinic that are in use, with who last asked for them; and those that nobody asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from planner.services.calendar_events import Privacy
from planner.services.feed_owners import FeedOwner
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.outward import FeedRow
from planner.storage.people import PatientRow, RoomRow, StaffRow
from planner.words import say

STALE_AFTER: Final = timedelta(days=7)
"""A calendar that has not asked for so long shows old dates; then only messages reach its owner."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One address in use.

    Args:
        kind: patient, staff, room or clinic.
        owner_id: of the patient, person or room; None for the clinic.
        stale: it has not been asked for within a week.
    """

    id: int
    kind: str
    owner_id: int | None
    name: str
    privacy: Privacy
    created_at: datetime
    fetched_at: datetime | None
    fetched_by: str
    stale: bool


@dataclass(frozen=True, slots=True)
class FeedList:
    """What the page of calendars shows; rooms as (id, name)."""

    zone: str
    lines: tuple[FeedLine, ...]
    rooms: tuple[tuple[int, str], ...]

    def of(self, kind: str) -> tuple[FeedLine, ...]:
        """The addresses of one kind."""
        return tuple(line for line in self.lines if line.kind == kind)


def is_stale(now: datetime, created_at: datetime, fetched_at: datetime | None) -> bool:
    """Whether a calendar has been silent for too long to be relied on."""
    return now - (fetched_at or created_at) >= STALE_AFTER


def feed_list(runtime: Runtime, actor: Actor) -> FeedList:
    """Every address of the clinic that still answers (four queries)."""
    with runtime.reading(actor) as unit:
        actor.must_be("reception")
        rows = unit.session.scalars(select(FeedRow).where(FeedRow.revoked_at.is_(None)).order_by(FeedRow.id)).all()
        names = _names(unit)
        lines = [_line(unit, row, names) for row in rows]
        rooms = tuple(sorted(names["room"].items(), key=lambda room: room[1]))
        in_order = sorted(lines, key=lambda line: (not line.stale, line.name.casefold()))
        return FeedList(unit.clinic.timezone, tuple(in_order), rooms)


def _names(unit: Unit) -> dict[str, Mapping[int, str]]:
    asked = select(FeedRow.patient_id).where(FeedRow.revoked_at.is_(None))
    patients = select(PatientRow.id, PatientRow.name).where(PatientRow.id.in_(asked))
    rooms = select(RoomRow.id, RoomRow.name).where(RoomRow.active.is_(True))
    return {
        "patient": {row.id: row.name for row in unit.session.execute(patients)},
        "staff": {row.id: row.name for row in unit.session.execute(select(StaffRow.id, StaffRow.name))},
        "room": {row.id: row.name for row in unit.session.execute(rooms)},
        "clinic": {},
    }


def _line(unit: Unit, row: FeedRow, names: Mapping[str, Mapping[int, str]]) -> FeedLine:
    owner = FeedOwner.of(row)
    owner_id = owner.patient_id or owner.practitioner_id or owner.room_id
    privacy: Privacy = row.privacy  # type: ignore[assignment]
    return FeedLine(
        id=row.id,
        kind=owner.kind,
        owner_id=owner_id,
        name=names[owner.kind].get(owner_id or 0, say("(no longer here)") if owner_id else say("The whole clinic")),
        privacy=privacy,
        created_at=row.created_at,
        fetched_at=row.fetched_at,
        fetched_by=row.fetched_by,
        stale=is_stale(unit.now, row.created_at, row.fetched_at),
    )
