"""A therapist's own day: the visits by time with what may be done to each, and the free time between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Select, select

from planner.diary.free import to_utc
from planner.services.planning import Span, free_problem
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.session_numbers import last_numbers, out_of
from planner.services.snapshot import VOID, Booked, booked_from
from planner.services.visit_events import lock_reason, next_event, possible_events
from planner.storage.courses import AppointmentRow, SessionRow
from planner.storage.people import PatientRow, RoomRow

_LOOK_AHEAD_DAYS: Final = 28
_WORTH_SHOWING: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of the day.

    Args:
        number: of the session in its course, from 1; `of` so many, None for one of maintenance.
        may: the events that are possible now; next_step the most likely of them.
    """

    booked: Booked
    appointment_id: int
    version: int
    course_id: int
    patient: str
    room: str
    number: int
    of: int | None
    phase: str
    locked: str
    may: frozenset[str]
    next_step: str


@dataclass(frozen=True, slots=True)
class FreeTime:
    """Time in which nobody comes."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class MyDay:
    """The day as the page shows it.

    Args:
        next_free: the next time free for a usual visit, from now on; None within the next four weeks.
    """

    day: date
    today: date
    zone: str
    visits: tuple[Visit, ...]
    free: tuple[FreeTime, ...]
    next_free: FreeTime | None

    @property
    def earlier(self) -> date:
        """The day before."""
        return self.day - timedelta(days=1)

    @property
    def later(self) -> date:
        """The day after."""
        return self.day + timedelta(days=1)

    @property
    def by_time(self) -> tuple[Visit | FreeTime, ...]:
        """Visits and free time in one row."""
        rows: list[Visit | FreeTime] = [*self.visits, *self.free]
        return tuple(sorted(rows, key=lambda row: row.starts_at if isinstance(row, FreeTime) else row.booked.starts_at))


def my_day(runtime: Runtime, actor: Actor, day: date | None = None) -> MyDay:
    """The signed-in person's day (a bounded number of queries).

    Args:
        day: clinic-local; None is today.
    """
    with runtime.reading(actor) as unit:
        chosen = day or unit.today
        free = _free(unit, Span(unit.today, _LOOK_AHEAD_DAYS))
        usual = timedelta(minutes=45)
        visits = tuple(_visits(unit, chosen))
        in_day = free if chosen < unit.today + timedelta(days=_LOOK_AHEAD_DAYS) else _free(unit, Span(chosen, 1))
        return MyDay(
            day=chosen,
            today=unit.today,
            zone=unit.clinic.timezone,
            visits=visits,
            free=tuple(each for each in in_day if each.starts_at.astimezone(unit.zone).date() == chosen),
            next_free=next((each for each in free if each.ends_at - each.starts_at >= usual), None),
        )


def _visits(unit: Unit, day: date) -> Sequence[Visit]:
    found = unit.session.execute(_query(unit, day)).all()
    last = last_numbers(unit, {row.course_id for row, *_ in found})
    visits = []
    for row, session, patient, room in found:
        booked = booked_from(row)
        may = possible_events(unit, booked)
        visits.append(
            Visit(
                booked=booked,
                appointment_id=row.id,
                version=row.version,
                course_id=row.course_id,
                patient=patient,
                room=room,
                number=session.position + 1,
                of=out_of(session, last),
                phase=session.phase,
                locked=lock_reason(unit, booked),
                may=may,
                next_step=next_event(unit, booked, may),
            )
        )
    return visits


def _query(unit: Unit, day: date) -> Select[AppointmentRow, SessionRow, str, str]:
    row = AppointmentRow
    midnight = datetime.combine(day, datetime.min.time(), unit.zone)
    tomorrow = datetime.combine(day + timedelta(days=1), datetime.min.time(), unit.zone)
    return (
        select(row, SessionRow, PatientRow.name, RoomRow.name)
        .join(SessionRow, (SessionRow.clinic_id == row.clinic_id) & (SessionRow.id == row.session_id))
        .join(PatientRow, (PatientRow.clinic_id == row.clinic_id) & (PatientRow.id == row.patient_id))
        .join(RoomRow, (RoomRow.clinic_id == row.clinic_id) & (RoomRow.id == row.room_id))
        .where(
            row.practitioner_id == unit.actor.staff_id,
            row.starts_at >= midnight,
            row.starts_at < tomorrow,
            row.status.not_in(VOID),
        )
        .order_by(row.starts_at, row.id)
    )


def _free(unit: Unit, span: Span) -> tuple[FreeTime, ...]:
    """Free stretches of the span, from now on; none for somebody who treats nobody."""
    problem = free_problem(unit, span, [unit.actor.staff_id or 0])
    stretches = (stretch for person in problem.practitioners for stretch in person.free)
    instants = ((to_utc(start, unit.zone), to_utc(end, unit.zone)) for start, end in stretches)
    return tuple(FreeTime(start, end) for start, end in instants if start and end and end - start >= _WORTH_SHOWING)
