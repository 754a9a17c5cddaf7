"""How the patient is, told by the patient from day to day after a visit: pain from 0 to 10, and the exercises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.errors import InvalidInput, NotFound
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.courses import AppointmentRow
from planner.storage.people import PatientRow
from planner.storage.progress import OutcomeRow
from planner.words import say

PAIN: Final = "pain"
EXERCISES: Final = "exercises"
DONE: Final = 2.0
PARTLY: Final = 1.0
NOT: Final = 0.0

# What may be told; exercises of a day are done, partly done or not.
_VALUES: Final = {PAIN: tuple(map(float, range(11))), EXERCISES: (DONE, PARTLY, NOT)}
_TOLD_FOR: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Log:
    """What a patient may tell, and has told today.

    Args:
        session_id: of the visit it comes after.
        after: when that visit was.
        pain: today, 0 to 10.
        exercises: today: DONE, PARTLY or NOT.
    """

    session_id: int
    after: datetime
    pain: int | None
    exercises: float | None


def log_of(unit: Unit, patient: PatientRow) -> Log | None:
    """Today's log after the patient's last visit; None before the first, and long after the last."""
    last = _last_visit(unit, patient.id)
    if last is None:
        return None
    told = {row.kind: row.value for row in _todays(unit, patient, last.session_id)}
    pain = told.get(PAIN)
    return Log(last.session_id, last.starts_at, None if pain is None else int(pain), told.get(EXERCISES))


def tell(runtime: Runtime, actor: Actor, session_id: int, kind: str, value: float) -> bool:
    """Keep how it is today. Another value corrects, the same value once more takes it back.

    Args:
        session_id: the visit it comes after, as the page showed it.
    Returns:
        Whether something is told now.
    Raises:
        InvalidInput: no such value.
        NotFound: it is not this patient's last visit.
    """
    if value not in _VALUES.get(kind, ()):
        raise InvalidInput(say("Choose one of the buttons."), field=kind)
    with runtime.writing(actor) as unit:
        patient = unit.get(PatientRow, actor.patient_id or 0)
        last = _last_visit(unit, patient.id)
        if last is None or last.session_id != session_id:
            raise NotFound(say("There is no such visit."))
        told = next((row for row in _todays(unit, patient, session_id) if row.kind == kind), None)
        if told is None:
            unit.session.add(_row(unit, last, kind, value))
            return True
        told.measured_at = unit.now
        if told.value == value:
            told.removed_at = unit.now
            return False
        told.value = value
        return True


def _row(unit: Unit, after: AppointmentRow, kind: str, value: float) -> OutcomeRow:
    return OutcomeRow(
        patient_id=after.patient_id,
        course_id=after.course_id,
        session_id=after.session_id,
        kind=kind,
        value=value,
        about="",
        measured_at=unit.now,
        measured_by="patient",
    )


def _last_visit(unit: Unit, patient_id: int) -> AppointmentRow | None:
    row = AppointmentRow
    return unit.session.scalar(
        select(row)
        .where(
            row.patient_id == patient_id,
            row.status == "fulfilled",
            row.superseded.is_(False),
            row.starts_at > unit.now - _TOLD_FOR,
        )
        .order_by(row.starts_at.desc(), row.id.desc())
        .limit(1)
    )


def _todays(unit: Unit, patient: PatientRow, session_id: int) -> list[OutcomeRow]:
    """What the patient told since midnight by their own clock."""
    zone = ZoneInfo(patient.timezone or unit.clinic.timezone)
    midnight = datetime.combine(unit.now.astimezone(zone).date(), time(), zone)
    row = OutcomeRow
    wanted = select(row).where(
        row.patient_id == patient.id,
        row.session_id == session_id,
        row.kind.in_(_VALUES),
        row.measured_by == "patient",
        row.measured_at >= midnight,
        row.removed_at.is_(None),
    )
    return list(unit.session.scalars(wanted.order_by(row.measured_at)))
