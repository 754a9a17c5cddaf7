"""How a session is numbered wherever people read it: 3 of 9, or its number alone once the course goes on open-ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func, select

from planner.services.runtime import Unit
from planner.storage.courses import SessionRow

MAINTENANCE = "maintenance"


def last_numbers(unit: Unit, course_ids: Collection[int]) -> Mapping[int, int]:
    """The highest number of each course's sessions, those dropped and those of maintenance not counted (one query)."""
    row = SessionRow
    found = unit.session.execute(
        select(row.course_id, func.max(row.position) + 1)
        .where(row.course_id.in_(course_ids), row.dropped.is_(False), row.phase != MAINTENANCE)
        .group_by(row.course_id)
    )
    return dict(found.all())


def out_of(session: SessionRow, last: Mapping[int, int]) -> int | None:
    """What a session is numbered out of; None for one of maintenance, which has no last one."""
    if session.phase == MAINTENANCE:
        return None
    number = session.position + 1
    return max(number, last.get(session.course_id, number))
