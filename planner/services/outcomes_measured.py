"""Outcome measures of a course: recording, taking back, and the values to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select

from planner.care.outcomes import Kind, Outcome
from planner.diary.free import to_wall
from planner.errors import InvalidInput, NotFound, StaleForm
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, take
from planner.storage.courses import CourseRow, SessionRow
from planner.storage.progress import OutcomeRow
from planner.words import say

MOST_AT_ONCE = 40
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """One value to be recorded; `about` tells several of a kind apart."""

    kind: Kind
    value: float
    about: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value as it was recorded. `session` is the number of its session from 1, None where it belongs to none."""

    id: int
    outcome: Outcome
    session_id: int | None
    session: int | None


def record(
    runtime: Runtime,
    actor: Actor,
    course_id: int,
    values: Sequence[NewOutcome],
    *,
    session_id: int | None = None,
    day: date | None = None,
) -> list[int]:
    """Record what was measured, all or nothing; gives the ids.

    Args:
        session_id: the session it was measured at, if any.
        day: when; today if left out, and no later. Of an earlier day the visit's time counts, else noon.
    Raises:
        InvalidInput: nothing was measured, or a value makes no sense.
        NotFound: no such course here, or the session is not one of it.
    """
    with runtime.writing(actor) as unit:
        course = unit.get(CourseRow, course_id)
        return record_in(unit, course, values, session_id=session_id, measured_at=_measured_at(unit, course, day))


def record_in(
    unit: Unit,
    course: CourseRow,
    values: Sequence[NewOutcome],
    *,
    session_id: int | None = None,
    measured_at: datetime | None = None,
) -> list[int]:
    """`record` as a part of a larger transaction; what a patient records of another's course is not found."""
    patient = unit.actor.patient_id is not None
    if patient and course.patient_id != unit.actor.patient_id:
        raise NotFound(say("There is no such course."))
    if not values:
        raise InvalidInput(say("Fill in one value at least."))
    if len(values) > MOST_AT_ONCE:
        raise InvalidInput(say("At most %(most)s values at once.", most=MOST_AT_ONCE))
    if session_id is not None and unit.get(SessionRow, session_id).course_id != course.id:
        raise NotFound(say("This session is not one of the course."))
    rows = []
    for new in values:
        # The value checks itself.
        checked = Outcome(new.kind, new.value, " ".join(new.about.split()), measured_at or unit.now, patient)
        rows.append(
            OutcomeRow(
                patient_id=course.patient_id,
                course_id=course.id,
                session_id=session_id,
                kind=checked.kind.value,
                value=checked.value,
                about=checked.about,
                measured_at=checked.measured_at,
                measured_by="patient" if patient else "staff",
                staff_id=unit.actor.staff_id,
            )
        )
    unit.session.add_all(rows)
    unit.session.flush()
    unit.audit("outcome.record", f"course/{course.id}", outcomes=[row.id for row in rows])
    return [row.id for row in rows]


def remove(runtime: Runtime, actor: Actor, outcome_id: int) -> int:
    """Take a value back that was recorded wrongly; gives the course. Raises StaleForm if it was taken back already."""
    with runtime.writing(actor) as unit:
        row = _own(unit, outcome_id)
        if row.removed_at is not None:
            raise StaleForm(say("This value was removed already."))
        row.removed_at = unit.now
        unit.audit("outcome.remove", f"outcome/{row.id}", course=row.course_id)
        return row.course_id


def restore(runtime: Runtime, actor: Actor, outcome_id: int) -> int:
    """Put a removed value back; gives the course."""
    with runtime.writing(actor) as unit:
        row = _own(unit, outcome_id)
        row.removed_at = None
        unit.audit("outcome.restore", f"outcome/{row.id}", course=row.course_id)
        return row.course_id


def course_of(runtime: Runtime, actor: Actor, outcome_id: int) -> int:
    """The course a value belongs to. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return unit.get(OutcomeRow, outcome_id).course_id


def _own(unit: Unit, outcome_id: int) -> OutcomeRow:
    """A value that the person may change: a patient only their own word."""
    row = unit.get(OutcomeRow, outcome_id)
    if unit.actor.patient_id is not None and (row.patient_id != unit.actor.patient_id or row.measured_by != "patient"):
        raise NotFound(say("There is no such value."))
    return row


def of_course(unit: Unit, snapshot: CourseSnapshot, course_id: int) -> tuple[Recorded, ...]:
    """What was measured during a course, by time (one query)."""
    rows = unit.session.scalars(
        select(OutcomeRow)
        .where(OutcomeRow.course_id == course_id, OutcomeRow.removed_at.is_(None))
        .order_by(OutcomeRow.measured_at, OutcomeRow.id)
    )
    numbers = {session.id: session.position + 1 for session in snapshot.sessions}
    return tuple(Recorded(row.id, outcome_from(row), row.session_id, numbers.get(row.session_id)) for row in rows)


def outcome_from(row: OutcomeRow) -> Outcome:
    """The value of a row."""
    return Outcome(Kind(row.kind), row.value, row.about, row.measured_at, row.measured_by == "patient")


def _measured_at(unit: Unit, course: CourseRow, day: date | None) -> datetime:
    if day is None or day == unit.today:
        return unit.now
    if day > unit.today:
        raise InvalidInput(say("This day has not come yet."), field="day")
    # Measured on the day of a visit means at the visit, so that it counts as measured after that session.
    on_day = [
        each.current.ends_at
        for each in take(unit, course).live
        if each.done and each.current and to_wall(each.current.starts_at, unit.zone).date() == day
    ]
    return max(on_day) if on_day else datetime.combine(day, _NOON, unit.zone)
