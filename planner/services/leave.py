"""A therapist is away: the leave is recorded and every course it touches repaired, together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from planner.diary.hours import Leave
from planner.services.attendance import note_unplaced
from planner.services.clinic_setup import add_leave
from planner.services.diary_writer import CourseChange, write_changes
from planner.services.difference import Difference, difference
from planner.services.planning import edge
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, take
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.ids import new_id
from planner.storage.people import PatientRow, StaffRow


@dataclass(frozen=True, slots=True)
class TouchedCourse:
    """One course before and after a leave."""

    course_id: int
    patient: str
    difference: Difference
    unplaced: int


@dataclass(frozen=True, slots=True)
class LeavePlan:
    """What a leave does to the diary. `batch` undoes it all."""

    courses: tuple[TouchedCourse, ...]
    revision_ids: tuple[int, ...]


class _OnlyLooking(Exception):
    """Ends a transaction whose outcome was only to be seen."""


def preview_leave(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> LeavePlan:
    """What recording this leave would do; nothing is kept."""
    plan: list[LeavePlan] = []
    try:
        with runtime.writing(actor) as unit:
            plan.append(_record(unit, staff_id, leave))
            raise _OnlyLooking
    except _OnlyLooking:
        return plan[0]


def record_leave(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> LeavePlan:
    """Record a leave and repair every course with an appointment in it, the most urgent first."""
    with runtime.writing(actor) as unit:
        return _record(unit, staff_id, leave)


def _record(unit: Unit, staff_id: int, leave: Leave) -> LeavePlan:
    add_leave(unit, staff_id, leave)
    unit.session.flush()
    person = unit.get(StaffRow, staff_id)
    batch = new_id()
    touched, revisions = [], []
    for course, appointment_ids in _touched(unit, staff_id, leave):
        before = take(unit, course)
        target = repaired(unit, course, _without(before, appointment_ids))
        change = CourseChange(course, target, "leave", f"{person.name} is away")
        revisions.extend(write_changes(unit, [change], batch=batch))
        note_unplaced(unit, course, target)
        patient = unit.get(PatientRow, course.patient_id)
        unplaced = sum(1 for session in target.live if session.unplaced_reason)
        touched.append(TouchedCourse(course.id, patient.name, difference(before, target), unplaced))
    return LeavePlan(tuple(touched), tuple(revision.id for revision in revisions))


def _touched(unit: Unit, staff_id: int, leave: Leave) -> Sequence[tuple[CourseRow, set[int]]]:
    """Courses with an appointment in the leave, by their first one."""
    row = AppointmentRow
    found = unit.session.scalars(
        select(row)
        .where(
            row.practitioner_id == staff_id,
            row.status.in_(("booked", "pending")),
            row.starts_at > unit.now,
            row.starts_at < edge(leave.ends, unit.zone),
            row.ends_at > edge(leave.starts, unit.zone),
        )
        .order_by(row.starts_at)
    )
    by_course: dict[int, set[int]] = {}
    for appointment in found:
        by_course.setdefault(appointment.course_id, set()).add(appointment.id)
    return [(unit.get(CourseRow, course_id), ids) for course_id, ids in by_course.items()]


def _without(snapshot: CourseSnapshot, appointment_ids: set[int]) -> CourseSnapshot:
    """The course with these appointments called off by the clinic; confirmed or not, they can't happen."""
    called_off = [
        session.closed("cancelled", by="clinic")
        for session in snapshot.live
        if session.current is not None and session.current.id in appointment_ids
    ]
    return snapshot.replacing(*called_off)
