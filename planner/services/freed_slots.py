"""Places that appointments left before their time: noted in the transaction that frees them, shown while still free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.scheduling.problem import Placed, Problem
from planner.services.planning import Span, free_problem
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot
from planner.storage.courses import CourseRow
from planner.storage.jobs import FreedSlotRow
from planner.storage.people import StaffRow


@dataclass(frozen=True, slots=True)
class FreedSlot:
    """A place that was given up; `start` is the clinic's wall-clock time."""

    id: int
    practitioner_id: int
    practitioner: str
    starts_at: datetime
    ends_at: datetime
    start: datetime
    freed_at: datetime

    @property
    def minutes(self) -> int:
        """How long it is."""
        return round((self.ends_at - self.starts_at).total_seconds() / 60)


def note_freed(unit: Unit, course: CourseRow, before: CourseSnapshot, after: CourseSnapshot) -> None:
    """Keep the places to come that a change of a course gave up (one query, none where it gave up nothing)."""
    kept = {booked.place[:3] for each in after.sessions for booked in each.appointments if booked.occupies}
    left = [
        booked
        for each in before.sessions
        for booked in each.appointments
        if booked.occupies and booked.starts_at > unit.now and booked.place[:3] not in kept
    ]
    if not left:
        return
    row = FreedSlotRow
    known = {
        (each.practitioner_id, each.starts_at, each.ends_at): each
        for each in unit.session.scalars(select(row).where(row.starts_at.in_({booked.starts_at for booked in left})))
    }
    for booked in left:
        again = known.get((booked.practitioner_id, booked.starts_at, booked.ends_at))
        if again is not None:
            again.freed_at, again.examined_at, again.course_id = unit.now, None, course.id
            continue
        unit.session.add(
            row(
                practitioner_id=booked.practitioner_id, room_id=booked.room_id, course_id=course.id,
                starts_at=booked.starts_at, ends_at=booked.ends_at, freed_at=unit.now,
            )
        )  # fmt: skip


def freed_slots(runtime: Runtime, actor: Actor) -> tuple[FreedSlot, ...]:
    """All freed places ahead that are still free, the next first."""
    with runtime.reading(actor) as unit:
        return tuple(still_free(unit, ahead(unit)))


def ahead(unit: Unit) -> list[FreedSlot]:
    """All freed places ahead, free or not (one query)."""
    row = FreedSlotRow
    found = unit.session.execute(
        select(row, StaffRow.name)
        .join(StaffRow, (StaffRow.id == row.practitioner_id) & (StaffRow.clinic_id == row.clinic_id))
        .where(row.starts_at > unit.now)
        .order_by(row.starts_at, row.id)
    )
    return [slot_from(unit, each, name) for each, name in found]


def slot_of(unit: Unit, slot_id: int) -> FreedSlot:
    """One freed place. Raises NotFound."""
    row = unit.get(FreedSlotRow, slot_id)
    return slot_from(unit, row, unit.get(StaffRow, row.practitioner_id).name)


def still_free(unit: Unit, slots: Sequence[FreedSlot]) -> list[FreedSlot]:
    """Those of these places that nobody has taken, and in which somebody works."""
    if not slots:
        return []
    problem = problem_about(unit, slots)
    return [slot for slot in slots if holds(problem, slot)]


def holds(problem: Problem, slot: FreedSlot) -> bool:
    """Whether a place is free in a problem about it, all of it."""
    return room_for(problem, slot, slot.minutes) is not None


def problem_about(unit: Unit, slots: Iterable[FreedSlot]) -> Problem:
    """The free time of these places' practitioners on their days."""
    wanted = list(slots)
    days = [slot.start.date() for slot in wanted]
    span = Span(min(days), (max(days) - min(days)).days + 1)
    return free_problem(unit, span, {slot.practitioner_id for slot in wanted})


def narrowed(problem: Problem, slot: FreedSlot) -> Problem:
    """What a problem about many days says of one place: its practitioner's and the rooms' free time around it."""

    def near(free: Iterable[tuple[datetime, datetime]]) -> tuple[tuple[datetime, datetime], ...]:
        day = timedelta(days=1)
        return tuple((first, last) for first, last in free if first < slot.start + day and slot.start < last)

    who = str(slot.practitioner_id)
    return replace(
        problem,
        practitioners=tuple(replace(each, free=near(each.free)) for each in problem.practitioners if each.id == who),
        rooms=tuple(replace(each, free=near(each.free)) for each in problem.rooms),
    )


def room_for(problem: Problem, slot: FreedSlot, minutes: int) -> Placed | None:
    """Where a session of this length would begin in a freed place, in the first free room; None where it can't."""
    end = slot.start + timedelta(minutes=minutes)
    who = str(slot.practitioner_id)

    def holds(free: Iterable[tuple[datetime, datetime]]) -> bool:
        return any(first <= slot.start and end <= last for first, last in free)

    works = any(person.id == who and holds(person.free) for person in problem.practitioners)
    room = next((room.id for room in problem.rooms if holds(room.free)), None)
    return Placed("-", 0, who, room, slot.start) if works and room is not None else None


def slot_from(unit: Unit, row: FreedSlotRow, name: str) -> FreedSlot:
    """The value of a row, with its therapist's name."""
    return FreedSlot(
        id=row.id,
        practitioner_id=row.practitioner_id,
        practitioner=name,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        start=to_wall(row.starts_at, unit.zone),
        freed_at=row.freed_at,
    )
