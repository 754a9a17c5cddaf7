"""A patient's visits, to come and over, and the sessions that wait for a date, as the patient is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from planner.services.attendance import would_be_late
from planner.services.runtime import Unit
from planner.services.session_numbers import last_numbers, out_of
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, SessionRow
from planner.storage.people import RoomRow, StaffRow

_OVER: Final = ("fulfilled", "noshow")


@dataclass(frozen=True, slots=True)
class PlanVisit:
    """One visit, to come or over.

    Args:
        number: its place in the course, from 1; out of `total`, None for one of maintenance.
        status: FHIR's.
        near: inside the clinic's notice time, so only the clinic can move it.
        late: cancelling it now counts as a late cancellation.
        begun: there is nothing to change any more.
    """

    appointment_id: int
    session_id: int
    version: int
    number: int
    total: int | None
    phase: str
    starts_at: datetime
    ends_at: datetime
    practitioner: str
    room: str
    status: str
    confirmed: bool
    near: bool
    late: bool
    begun: bool


@dataclass(frozen=True, slots=True)
class WaitingVisit:
    """A session that is owed and has no date."""

    number: int
    phase: str


@dataclass(frozen=True)
class Visits:
    """A patient's sessions and appointments, with what is needed to tell of them."""

    unit: Unit
    sessions: Sequence[SessionRow]
    history: Mapping[int, Sequence[AppointmentRow]]
    staff: Mapping[int, str]
    rooms: Mapping[int, str]
    last: Mapping[int, int]

    @classmethod
    def load(cls, unit: Unit, course_ids: Sequence[int]) -> Visits:
        """Six queries, however many courses."""
        own = AppointmentRow.course_id.in_(course_ids)
        history: dict[int, list[AppointmentRow]] = {}
        for row in unit.session.scalars(select(AppointmentRow).where(own).order_by(AppointmentRow.id)):
            history.setdefault(row.session_id, []).append(row)
        in_order = (SessionRow.course_id, SessionRow.position)
        sessions = select(SessionRow).where(SessionRow.course_id.in_(course_ids)).order_by(*in_order)
        return cls(
            unit=unit,
            sessions=list(unit.session.scalars(sessions)),
            history=history,
            staff={row.id: row.name for row in unit.session.scalars(select(StaffRow))},
            rooms={row.id: row.name for row in unit.session.scalars(select(RoomRow))},
            last=last_numbers(unit, course_ids),
        )

    def upcoming(self) -> tuple[PlanVisit, ...]:
        """What is still to happen, in time order."""
        found = [
            self._visit(session, row)
            for session in self.sessions
            if (row := self._current(session)) is not None
            and row.status in OCCUPYING_STATUSES
            and row.status not in _OVER
            and row.ends_at > self.unit.now
        ]
        return tuple(sorted(found, key=lambda visit: visit.starts_at))

    def past(self) -> tuple[PlanVisit, ...]:
        """What was done or missed, the latest first."""
        found = [
            self._visit(session, row)
            for session in self.sessions
            for row in self.history.get(session.id, ())
            if row.status in _OVER
        ]
        return tuple(sorted(found, key=lambda visit: visit.starts_at, reverse=True))

    def waiting(self, course_ids: Iterable[int]) -> tuple[WaitingVisit, ...]:
        """The sessions without a date, in courses that go on."""
        going_on = set(course_ids)
        return tuple(
            WaitingVisit(session.position + 1, session.phase)
            for session in self.sessions
            if session.course_id in going_on and not session.dropped and not self._has_place(session)
        )

    def _has_place(self, session: SessionRow) -> bool:
        row = self._current(session)
        return row is not None and row.status in OCCUPYING_STATUSES

    def _current(self, session: SessionRow) -> AppointmentRow | None:
        if session.dropped:
            return None
        return next((row for row in reversed(self.history.get(session.id, ())) if not row.superseded), None)

    def _visit(self, session: SessionRow, row: AppointmentRow) -> PlanVisit:
        notice = timedelta(hours=self.unit.clinic.notice_hours)
        return PlanVisit(
            appointment_id=row.id,
            session_id=session.id,
            version=row.version,
            number=session.position + 1,
            total=out_of(session, self.last),
            phase=session.phase,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            practitioner=self.staff.get(row.practitioner_id, ""),
            room=self.rooms.get(row.room_id, ""),
            status=row.status,
            confirmed=row.confirmed_at is not None,
            near=row.starts_at - self.unit.now < notice,
            late=would_be_late(self.unit, row),
            begun=row.starts_at <= self.unit.now or row.status in ("arrived", "checked-in"),
        )
