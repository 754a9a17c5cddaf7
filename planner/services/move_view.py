"""The page that moves one appointment, as values: what it is, and the free places of one week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.services.attendance import visit
from planner.services.course_view import names
from planner.services.moving import Slot, legal_slots
from planner.services.place_rules import length_of
from planner.services.planning import therapists
from planner.services.runtime import Actor, Runtime
from planner.services.snapshot import Booked
from planner.storage.people import PatientRow, RoomRow, StaffRow

_WEEK = timedelta(days=7)
_ALL_OF_A_DAY = 24 * 60
_HALF_HOUR = 30


@dataclass(frozen=True, slots=True)
class DayOfPlaces:
    """One day's free places: each therapist's name with the starts, by time."""

    day: date
    by_therapist: tuple[tuple[str, tuple[Slot, ...]], ...]


@dataclass(frozen=True, slots=True)
class MoveView:
    """An appointment and where it could go in one week.

    Args:
        monday: the first day of the week shown.
        days: the days of that week with free places.
        earlier: the Monday before, None when that week is over.
        therapists: (id, name) of everybody who treats.
        rooms: (id, name) of every room that is in use.
        minutes: how long it is, in steps of `grid_minutes`.
    """

    appointment_id: int
    version: int
    course_id: int
    patient: str
    number: int
    phase: str
    booked: Booked
    practitioner: str
    zone: str
    today: date
    monday: date
    days: tuple[DayOfPlaces, ...]
    earlier: date | None
    later: date
    therapists: tuple[tuple[int, str], ...]
    rooms: tuple[tuple[int, str], ...]
    minutes: int
    grid_minutes: int


def move_view(
    runtime: Runtime, actor: Actor, appointment_id: int, *, week_of: date | None, all_therapists: bool
) -> MoveView:
    """What the page shows.

    Args:
        week_of: any day of the week wanted; None: the week the appointment is in.
    Raises:
        NotFound, AppointmentLocked: as `moving.legal_slots`.
    """
    with runtime.reading(actor) as unit:
        found = visit(unit, appointment_id)
        day = week_of or to_wall(found.booked.starts_at, unit.zone).date()
        monday = max(day, unit.today) - timedelta(days=max(day, unit.today).weekday())
        today, zone = unit.today, unit.clinic.timezone
        people = tuple((row.id, row.name) for row in therapists(unit))
        patient = unit.get(PatientRow, found.row.patient_id).name
        practitioner = names(unit, StaffRow).get(found.booked.practitioner_id, "")
        open_rooms = select(RoomRow.id, RoomRow.name).where(RoomRow.active.is_(True)).order_by(RoomRow.name)
        rooms = tuple((row.id, row.name) for row in unit.session.execute(open_rooms))
        version, grid_minutes = found.row.version, unit.clinic.grid_minutes
    slots = legal_slots(
        runtime,
        actor,
        appointment_id,
        from_day=max(monday, today),
        all_therapists=all_therapists,
        days=(monday + _WEEK - max(monday, today)).days,
        most_a_day=_ALL_OF_A_DAY,
    )
    return MoveView(
        appointment_id=appointment_id,
        version=version,
        course_id=found.course.id,
        patient=patient,
        number=found.session.position + 1,
        phase=found.session.phase,
        booked=found.booked,
        practitioner=practitioner,
        zone=zone,
        today=today,
        monday=monday,
        days=tuple(_days(_thinned(slots))),
        earlier=monday - _WEEK if monday > today else None,
        later=monday + _WEEK,
        therapists=people,
        rooms=rooms,
        minutes=length_of(found.booked),
        grid_minutes=grid_minutes,
    )


def _thinned(slots: Sequence[Slot]) -> list[Slot]:
    """Starts on the half-hour, and the first of each free stretch: what people ask for, at a size one can look over."""
    last: dict[int, datetime] = {}
    kept = []
    for slot in slots:
        before = last.get(slot.practitioner_id)
        follows_on = before is not None and slot.start - before < timedelta(minutes=_HALF_HOUR)
        if slot.start.minute % _HALF_HOUR == 0 or not follows_on:
            kept.append(slot)
        last[slot.practitioner_id] = slot.start
    return kept


def _days(slots: Sequence[Slot]) -> Iterator[DayOfPlaces]:
    days: dict[date, dict[str, list[Slot]]] = {}
    for slot in slots:
        days.setdefault(slot.start.date(), {}).setdefault(slot.practitioner, []).append(slot)
    for day, people in days.items():
        yield DayOfPlaces(day, tuple((name, tuple(each)) for name, each in sorted(people.items())))
