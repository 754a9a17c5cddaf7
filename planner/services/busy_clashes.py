"""Booked sessions that a therapist's own calendar speaks against: shown with a way out, never moved unasked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.errors import StaleForm
from planner.scheduling.events import CalledOff
from planner.services import worklists
from planner.services.attendance import Outcome, note_unplaced
from planner.services.diary_writer import CourseChange, write_change
from planner.services.planning import standing
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked, CourseSnapshot, SessionState, take
from planner.storage.calendars import BusyTimeRow
from planner.storage.courses import AppointmentRow, CourseRow, WorklistRow
from planner.storage.people import PatientRow, StaffRow
from planner.words import Text, moment_said, say

_ASKED: Final = ("booked", "pending")


@dataclass(frozen=True, slots=True)
class _Clash:
    appointment_id: int
    session_id: int
    course_id: int
    practitioner_id: int
    starts_at: datetime

    @property
    def key(self) -> str:
        """The same for as long as the appointment keeps its time, so that what was dismissed stays so."""
        return f"busy-{self.appointment_id}-{self.practitioner_id}-{self.starts_at:%Y%m%dT%H%MZ}"


def note_clashes(unit: Unit, practitioner_id: int) -> None:
    """Put a therapist's booked sessions that lie in their busy time on the worklist, and take off those that don't."""
    clashes = {clash.key: clash for clash in _clashes(unit, practitioner_id)}
    mine = f"-{practitioner_id}-"
    known = unit.session.scalars(select(WorklistRow).where(WorklistRow.kind == worklists.BUSY_CLASH)).all()
    for row in known:
        if mine in row.key and row.key not in clashes and row.closed_at is None:
            row.closed_at, row.closed_by = unit.now, unit.actor.name
    seen = {row.key for row in known}
    for clash in clashes.values():
        if clash.key not in seen:
            says = _says(unit, clash)
            worklists.open_item(
                unit, worklists.BUSY_CLASH, clash.key, says, clash.course_id, appointment_id=clash.appointment_id
            )


def move_away(runtime: Runtime, actor: Actor, item_id: int) -> Outcome:
    """Do what the worklist proposes: place the session anew, outside of the therapist's busy time.

    Raises:
        StaleForm: the session is not in anybody's way any more.
        NotFound: there is no such line here.
    """
    with runtime.writing(actor) as unit:
        item = unit.get(WorklistRow, item_id)
        appointment = unit.get(AppointmentRow, int(item.details.get("appointment_id", 0)))
        clash = next((each for each in _clashes(unit, appointment.practitioner_id) if each.key == item.key), None)
        if clash is None or item.closed_at is not None:
            raise StaleForm(say("This session is not in the way any more. Here is how it stands now."))
        course = unit.get(CourseRow, clash.course_id)
        target = _without_clash(unit, course, clash)
        number = target.session(clash.session_id).position + 1
        words = say("Session %(number)s moved out of the therapist's busy time", number=number)
        revision = write_change(unit, CourseChange(course, target, "busy", words))
        note_unplaced(unit, course, target)
        item.closed_at, item.closed_by = unit.now, actor.name
        return Outcome(course.id, revision.id, repaired=True, says=words)


def _clashes(unit: Unit, practitioner_id: int) -> Sequence[_Clash]:
    row, busy = AppointmentRow, BusyTimeRow
    found = unit.session.execute(
        select(row.id, row.session_id, row.course_id, row.practitioner_id, row.starts_at)
        .join(busy, (busy.clinic_id == row.clinic_id) & (busy.practitioner_id == row.practitioner_id))
        .where(
            row.practitioner_id == practitioner_id,
            row.status.in_(_ASKED),
            row.superseded.is_(False),
            row.starts_at > unit.now,
            row.starts_at < busy.ends_at,
            row.ends_at > busy.starts_at,
        )
        .order_by(row.starts_at)
        .distinct()
    )
    return [_Clash(*each) for each in found]


def _says(unit: Unit, clash: _Clash) -> str:
    """What is in the way, and what would be done about it."""
    course = unit.get(CourseRow, clash.course_id)
    person, patient = unit.get(StaffRow, clash.practitioner_id), unit.get(PatientRow, course.patient_id)
    says = say(
        "%(therapist)s's own calendar is busy on %(when)s, when %(patient)s is booked.",
        therapist=person.name,
        when=_when(unit, clash.starts_at),
        patient=patient.name,
    )
    after = _without_clash(unit, course, clash).session(clash.session_id)
    proposed = standing(unit, after)
    if proposed is None:
        return say("%(says)s No other place was found: %(reason)s", says=says, reason=after.unplaced_reason)
    when = _when(unit, proposed.starts_at)
    if proposed.practitioner_id == clash.practitioner_id:
        return say("%(says)s Proposed instead: %(when)s.", says=says, when=when)
    name = _name(unit, proposed)
    return say("%(says)s Proposed instead: %(when)s with %(name)s.", says=says, when=when, name=name)


def _without_clash(unit: Unit, course: CourseRow, clash: _Clash) -> CourseSnapshot:
    before = take(unit, course)
    freed = _called_off(unit, before, clash)
    event = CalledOff(str(course.id), frozenset({freed.key}))
    return repaired(unit, course, before.replacing(freed), [event])


def _called_off(unit: Unit, snapshot: CourseSnapshot, clash: _Clash) -> SessionState:
    session = snapshot.session(clash.session_id)
    current = session.current
    if current is None or current.id != clash.appointment_id:
        raise ValueError(f"appointment {clash.appointment_id} is not its session's current one")
    return session.with_current(replace(current, status="cancelled", cancelled_by="clinic"))


def _name(unit: Unit, booked: Booked) -> str:
    return unit.get(StaffRow, booked.practitioner_id).name


def _when(unit: Unit, instant: datetime) -> Text:
    return moment_said(to_wall(instant, unit.zone))
