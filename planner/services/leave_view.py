"""The leave page: who is away, and leave taken back together with the changes it made, as long as that can be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from planner.errors import PlannerError
from planner.services import clinic_setup, undoing, worklists
from planner.services.attention_courses import note_now
from planner.services.planning import therapists
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.courses import RevisionRow
from planner.storage.opening import LeaveRow
from planner.storage.people import StaffRow


@dataclass(frozen=True, slots=True)
class LeaveLine:
    """One absence, in the clinic's wall-clock time, half-open."""

    id: int
    therapist: str
    starts: datetime
    ends: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class LeaveDesk:
    """Present and coming leave, and who treats here as (id, name)."""

    zone: str
    today: date
    therapists: tuple[tuple[int, str], ...]
    leave: tuple[LeaveLine, ...]

    def name_of(self, staff_id: int) -> str:
        """A therapist's name; empty for somebody else."""
        return dict(self.therapists).get(staff_id, "")


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Leave taken back.

    Args:
        restored: courses whose dates stand again as they did before.
        kept: why the dates it changed stay as they are; empty where nothing stays.
    """

    therapist: str
    restored: int
    kept: str


def leave_desk(runtime: Runtime, actor: Actor) -> LeaveDesk:
    """What the page shows (two queries)."""
    with runtime.reading(actor) as unit:
        row = LeaveRow
        found = unit.session.execute(
            select(row.id, StaffRow.name, row.starts, row.ends, row.reason)
            .join(StaffRow, (StaffRow.id == row.practitioner_id) & (StaffRow.clinic_id == row.clinic_id))
            .where(row.withdrawn_at.is_(None), row.ends > unit.wall_now)
            .order_by(row.starts, StaffRow.name)
        )
        return LeaveDesk(
            zone=unit.clinic.timezone,
            today=unit.today,
            therapists=tuple((person.id, person.name) for person in therapists(unit)),
            leave=tuple(LeaveLine(*line) for line in found),
        )


def withdraw(runtime: Runtime, actor: Actor, leave_id: int) -> Withdrawn:
    """Take leave back, and put the courses it changed back if nobody was told of that yet.

    Raises:
        InvalidInput: it was taken back before.
        NotFound: not of this clinic.
    """
    with runtime.writing(actor) as unit:
        row = clinic_setup.withdraw_leave(unit, leave_id)
        therapist = unit.get(StaffRow, row.practitioner_id).name
        revision_id = _revision_of(unit, row)
        unit.session.flush()
        note_now(unit, worklists.LEAVE_CLASH)
    if revision_id is None:
        return Withdrawn(therapist, 0, "")
    try:
        return Withdrawn(therapist, len(undoing.undo(runtime, actor, revision_id)), "")
    except PlannerError as refusal:
        return Withdrawn(therapist, 0, refusal.message)


def _revision_of(unit: Unit, row: LeaveRow) -> int | None:
    """One of the revisions which recording this leave made: they bear its instant; the others share its batch."""
    return unit.session.scalar(
        select(RevisionRow.id)
        .where(RevisionRow.kind == "leave", RevisionRow.made_at == row.recorded_at)
        .order_by(RevisionRow.id)
        .limit(1)
    )
