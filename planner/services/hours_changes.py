"""Other weekly hours of a therapist, kept with what held before, so that they can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import select

from planner.diary.hours import WeeklyHours
from planner.errors import UndoRefused
from planner.services.clinic_setup import set_practitioner_hours
from planner.services.runtime import Unit
from planner.services.seen import must_be_as_seen, seen_of
from planner.services.work_time import weekly_of
from planner.storage.opening import HoursChangeRow, HoursRow
from planner.words import say


def hours_of(unit: Unit, staff_id: int) -> tuple[WeeklyHours, ...]:
    """All weekly hours of somebody, those to come and those that are over too."""
    row = HoursRow
    found = unit.session.scalars(
        select(row).where(row.practitioner_id == staff_id).order_by(row.from_day.nulls_first(), row.weekday, row.start)
    )
    return tuple(weekly_of(each) for each in found)


def hours_seen(lines: Iterable[WeeklyHours]) -> str:
    """What a form carries along of somebody's hours, so that a change in between is noticed."""
    return seen_of(_plain(lines))


def must_have_seen(unit: Unit, staff_id: int, seen: str) -> None:
    """Refuse other hours than those that somebody saw. Raises StaleForm."""
    must_be_as_seen(seen, _plain(hours_of(unit, staff_id)))


def _plain(lines: Iterable[WeeklyHours]) -> dict[str, object]:
    return {"hours": sorted(repr(sorted(line.to_json().items())) for line in lines)}


def keep_change(unit: Unit, staff_id: int, first_day: date, lines: Sequence[WeeklyHours], batch: int) -> HoursChangeRow:
    """Replace all weekly hours of somebody, and keep those until now.

    Args:
        first_day: from which they are others.
        lines: all hours as they shall be.
        batch: of the revisions of the courses that are planned anew with it.
    Raises:
        InvalidInput: the person treats nobody.
    """
    before = [line.to_json() for line in hours_of(unit, staff_id)]
    set_practitioner_hours(unit, staff_id, lines)
    row = HoursChangeRow(
        practitioner_id=staff_id, first_day=first_day, before=before, batch=batch, recorded_at=unit.now
    )
    unit.session.add(row)
    unit.session.flush()
    return row


def change_of(unit: Unit, batch: int | None) -> HoursChangeRow | None:
    """The change of hours that was made together with these revisions, unless it was taken back."""
    if batch is None:
        return None
    row = HoursChangeRow
    return unit.session.scalar(select(row).where(row.batch == batch, row.withdrawn_at.is_(None)))


def put_back(unit: Unit, change: HoursChangeRow) -> None:
    """Let the hours be as they were before a change.

    Raises:
        UndoRefused: it was taken back before, or the hours were changed again since.
    """
    if change.withdrawn_at is not None:
        raise UndoRefused(say("These hours were already taken back."))
    if latest_of(unit, change.practitioner_id) is not change:
        raise UndoRefused(say("The hours were changed again since; take that back first."))
    set_practitioner_hours(unit, change.practitioner_id, [WeeklyHours.from_json(each) for each in change.before])
    change.withdrawn_at = unit.now


def latest_of(unit: Unit, staff_id: int) -> HoursChangeRow | None:
    """The last change of somebody's hours that holds."""
    row = HoursChangeRow
    return unit.session.scalar(
        select(row)
        .where(row.practitioner_id == staff_id, row.withdrawn_at.is_(None))
        .order_by(row.recorded_at.desc(), row.id.desc())
        .limit(1)
    )
