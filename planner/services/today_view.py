"""Reception's home: the visits of one day with what may be done to each, and how much waits on the worklists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Row, func, select

from planner.diary.appointment import AppointmentStatus, next_statuses
from planner.diary.free import to_wall
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.session_numbers import last_numbers, out_of
from planner.services.worklists import KINDS
from planner.storage.courses import AppointmentRow, SessionRow, WorklistRow
from planner.storage.people import PatientRow, RoomRow, StaffRow

_CALLED_OFF: Final = ("cancelled", "entered-in-error")
_WAITING: Final = ("booked", "pending")
_BECOMES: Final = {"arrive": "arrived", "fulfil": "fulfilled", "miss": "noshow", "cancel": "cancelled"}


@dataclass(frozen=True, slots=True)
class DayVisit:
    """One visit of the day.

    Args:
        version: as the buttons must send it.
        number: the session's place in its course, from 1.
        total: the last session of the course; None for a maintenance visit, which has no last one.
        overdue: it has ended and nobody said whether the patient came.
        step: the one event that is most likely next: arrive, fulfil, or empty.
        more: the other events that are possible now.
    """

    appointment_id: int
    version: int
    course_id: int
    patient_id: int
    patient: str
    practitioner: str
    room: str
    starts_at: datetime
    ends_at: datetime
    status: str
    confirmed: bool
    phase: str
    number: int
    total: int | None
    overdue: bool
    step: str
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayView:
    """One day at reception.

    Args:
        visits: by time; those called off stand apart.
        waiting: open lines of the worklists by kind, zeros included.
    """

    day: date
    today: date
    zone: str
    visits: tuple[DayVisit, ...]
    called_off: tuple[DayVisit, ...]
    waiting: Mapping[str, int]

    def count(self, *statuses: str) -> int:
        """How many of the day's visits have one of these statuses."""
        return sum(visit.status in statuses for visit in self.visits)

    @property
    def overdue(self) -> int:
        """How many have ended without a word."""
        return sum(visit.overdue for visit in self.visits)


def day_view(runtime: Runtime, actor: Actor, day: date | None = None) -> DayView:
    """The visits of a day (three queries, however many there are); None: today."""
    with runtime.reading(actor) as unit:
        shown = day or unit.today
        found = _rows(unit, shown)
        last = last_numbers(unit, {row.AppointmentRow.course_id for row in found})
        visits = [_visit(unit, row, last) for row in found]
        return DayView(
            day=shown,
            today=unit.today,
            zone=unit.clinic.timezone,
            visits=tuple(visit for visit in visits if visit.status not in _CALLED_OFF),
            called_off=tuple(visit for visit in visits if visit.status == "cancelled"),
            waiting=waiting(unit),
        )


def waiting(unit: Unit) -> dict[str, int]:
    """How many lines are open on each worklist (one query)."""
    found = unit.session.execute(
        select(WorklistRow.kind, func.count()).where(WorklistRow.closed_at.is_(None)).group_by(WorklistRow.kind)
    )
    return {**dict.fromkeys(KINDS, 0), **dict(found.all())}


def _rows(unit: Unit, day: date) -> list[Row[AppointmentRow, SessionRow, str, str, str]]:
    row = AppointmentRow
    same_clinic = [table.clinic_id == row.clinic_id for table in (SessionRow, PatientRow, StaffRow, RoomRow)]
    query = (
        select(row, SessionRow, PatientRow.name, StaffRow.name, RoomRow.name)
        .join(SessionRow, (SessionRow.id == row.session_id) & same_clinic[0])
        .join(PatientRow, (PatientRow.id == row.patient_id) & same_clinic[1])
        .join(StaffRow, (StaffRow.id == row.practitioner_id) & same_clinic[2])
        .join(RoomRow, (RoomRow.id == row.room_id) & same_clinic[3])
        .where(row.starts_at >= _midnight(unit, day), row.starts_at < _midnight(unit, day + timedelta(days=1)))
        .order_by(row.starts_at, StaffRow.name, row.id)
    )
    return list(unit.session.execute(query))


def _midnight(unit: Unit, day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=unit.zone).astimezone(UTC)


def _visit(unit: Unit, found: Row[AppointmentRow, SessionRow, str, str, str], last: Mapping[int, int]) -> DayVisit:
    row, session, patient, practitioner, room = found
    overdue = row.status in _WAITING and row.ends_at <= unit.now and not row.superseded
    possible = _possible(unit, row)
    step = _step(row.status, possible, overdue=overdue)
    return DayVisit(
        appointment_id=row.id,
        version=row.version,
        course_id=row.course_id,
        patient_id=row.patient_id,
        patient=patient,
        practitioner=practitioner,
        room=room,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        status=row.status,
        confirmed=row.confirmed_at is not None,
        phase=session.phase,
        number=session.position + 1,
        total=out_of(session, last),
        overdue=overdue,
        step=step,
        more=tuple(event for event in possible if event != step),
    )


def _possible(unit: Unit, row: AppointmentRow) -> list[str]:
    """The events that services.attendance would accept now."""
    if row.superseded:
        return []
    follows = next_statuses(AppointmentStatus(row.status))
    begun = row.starts_at <= unit.now
    is_today = to_wall(row.starts_at, unit.zone).date() == unit.today
    allowed = {
        "arrive": is_today,
        "fulfil": begun,
        "miss": begun,
        "cancel": not begun or row.status == "noshow",
    }
    return [event for event, status in _BECOMES.items() if allowed[event] and AppointmentStatus(status) in follows]


def _step(status: str, possible: list[str], *, overdue: bool) -> str:
    """The likeliest event: someone who should be here by now arrives; whoever is here is treated."""
    wanted = {"arrived": "fulfil", "checked-in": "fulfil"}.get(status, "")
    if status in _WAITING:
        wanted = "fulfil" if overdue else "arrive"
    return wanted if wanted in possible else ""
