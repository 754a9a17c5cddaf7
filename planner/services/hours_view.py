"""The page of working hours: everybody's, the changes that can be taken back, and the taking back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select

from planner.diary.hours import WeeklyHours
from planner.errors import PlannerError
from planner.services import undoing
from planner.services.hours_changes import hours_seen, latest_of, put_back
from planner.services.planning import therapists
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.work_time import weekly_of
from planner.storage.courses import RevisionRow
from planner.storage.opening import HoursChangeRow, HoursRow
from planner.storage.people import StaffRow

_SHOWN_FOR: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """The last change of somebody's hours."""

    id: int
    therapist: str
    first_day: date
    hours: tuple[WeeklyHours, ...]


@dataclass(frozen=True, slots=True)
class HoursDesk:
    """Who treats here as (id, name), their weekly hours by id, and the changes that can be taken back."""

    zone: str
    today: date
    therapists: tuple[tuple[int, str], ...]
    hours: dict[int, tuple[WeeklyHours, ...]]
    changes: tuple[ChangeLine, ...]

    def name_of(self, staff_id: int) -> str:
        """A therapist's name; empty for somebody else."""
        return dict(self.therapists).get(staff_id, "")

    def week_of(self, staff_id: int, day: date) -> tuple[WeeklyHours, ...]:
        """The weekly hours of somebody that hold on a day, of all weekdays, Monday first."""
        return _week(self.hours.get(staff_id, ()), day)

    def seen_of(self, staff_id: int) -> str:
        """What the form about somebody's hours carries along."""
        return hours_seen(self.hours.get(staff_id, ()))


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Hours taken back.

    Args:
        restored: courses whose dates stand again as they did before.
        kept: why the dates that were changed with them stay as they are; empty where nothing stays.
    """

    therapist: str
    restored: int
    kept: str


def hours_desk(runtime: Runtime, actor: Actor) -> HoursDesk:
    """What the page shows (a query for each therapist's last change, two beside that)."""
    with runtime.reading(actor) as unit:
        people = therapists(unit)
        hours: dict[int, list[WeeklyHours]] = {person.id: [] for person in people}
        row = HoursRow
        for each in unit.session.scalars(
            select(row).where(row.practitioner_id.in_(hours)).order_by(row.weekday, row.start)
        ):
            hours[each.practitioner_id or 0].append(weekly_of(each))
        weeks = {staff_id: tuple(lines) for staff_id, lines in hours.items()}
        changes = [(person, latest_of(unit, person.id)) for person in people]
        return HoursDesk(
            zone=unit.clinic.timezone,
            today=unit.today,
            therapists=tuple((person.id, person.name) for person in people),
            hours=weeks,
            changes=tuple(
                ChangeLine(change.id, person.name, change.first_day, _week(weeks[person.id], change.first_day))
                for person, change in changes
                if change is not None and max(change.first_day, change.recorded_at.date()) > unit.today - _SHOWN_FOR
            ),
        )


def take_back(runtime: Runtime, actor: Actor, change_id: int) -> TakenBack:
    """Let somebody's hours be as before a change, and the courses it changed too if nobody was told of that yet.

    Raises:
        UndoRefused: it was taken back before, or the hours were changed again since.
        NotFound: not of this clinic.
    """
    with runtime.reading(actor) as unit:
        change = unit.get(HoursChangeRow, change_id)
        therapist = unit.get(StaffRow, change.practitioner_id).name
        revision_id = _revision_of(unit, change)
    kept = ""
    if revision_id is not None:
        try:
            return TakenBack(therapist, len(undoing.undo(runtime, actor, revision_id)), "")
        except PlannerError as refusal:
            kept = refusal.message
    with runtime.writing(actor) as unit:
        put_back(unit, unit.get(HoursChangeRow, change_id))
    return TakenBack(therapist, 0, kept)


def _week(lines: tuple[WeeklyHours, ...], day: date) -> tuple[WeeklyHours, ...]:
    return tuple(
        line
        for line in lines
        if (line.from_day is None or line.from_day <= day) and (line.to_day is None or day <= line.to_day)
    )


def _revision_of(unit: Unit, change: HoursChangeRow) -> int | None:
    """One of the revisions that were made with a change; the others share its batch."""
    return unit.session.scalar(
        select(RevisionRow.id)
        .where(RevisionRow.batch == change.batch, RevisionRow.undoes.is_(None))
        .order_by(RevisionRow.id)
        .limit(1)
    )
