"""The page that moves one appointment, as values: what it is, and the free places of one week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from planner.diary.free import to_wall
from planner.services.attendance import visit
from planner.services.course_view import names
from planner.services.moving import Slot, legal_slots
from planner.services.planning import therapists
from planner.services.runtime import Actor, Runtime
from planner.services.snapshot import Booked
from planner.storage.people import PatientRow, StaffRow

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class MoveView:
    """An appointment and where it could go in one week.

    Args:
        monday: the first day of the week shown.
        days: the days of that week with free places, by time.
        earlier: the Monday before, None when that week is over.
        therapists: (id, name) of everybody who treats.
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
    days: tuple[tuple[date, tuple[Slot, ...]], ...]
    earlier: date | None
    later: date
    therapists: tuple[tuple[int, str], ...]


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
        version = found.row.version
    slots = legal_slots(runtime, actor, appointment_id, from_day=monday, all_therapists=all_therapists)
    this_week = [slot for slot in slots if slot.start.date() < monday + _WEEK]
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
        days=tuple((day, tuple(each)) for day, each in groupby(this_week, key=lambda slot: slot.start.date())),
        earlier=monday - _WEEK if monday > today else None,
        later=monday + _WEEK,
        therapists=people,
    )
