"""Reminders: owed once for each time that a patient is expected at, and dropped when that time is off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from planner.notify.letters import Reminder
from planner.services.addressing import Addressee, NothingToSend, Outgoing, Places
from planner.services.patient_links import AFTER_A_VISIT, narrow_link
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import booked_from
from planner.services.sweeping import SweepReport, each
from planner.storage.courses import AppointmentRow, SessionRow
from planner.storage.outward import OutboxRow
from planner.storage.people import ClinicRow, PatientRow
from planner.words import say

REMINDER = "reminder"
_REMINDED_OF = ("booked", "pending")


@dataclass(frozen=True, slots=True)
class _Near:
    """An appointment that its patient is to be reminded of."""

    clinic_id: int
    appointment_id: int
    starts_at: datetime

    @property
    def key(self) -> str:
        """The same for as long as the appointment keeps its time, so that nobody is reminded twice of one time."""
        return f"reminder-{self.appointment_id}-{self.starts_at:%Y%m%dT%H%MZ}"


def queue_reminders(runtime: Runtime) -> SweepReport:
    """Owe a reminder for every appointment that begins within its clinic's reminder time and has none yet.

    Whoever booked, moved or confirmed it within that time was just told of it, or said so, and is not reminded.
    """
    return each(
        runtime,
        "remind",
        _near(runtime),
        key=lambda near: near.appointment_id,
        work=lambda near: _queue(runtime, near),
    )


def reminder_letter(runtime: Runtime, unit: Unit, row: OutboxRow) -> Outgoing | NothingToSend:
    """The reminder that is owed by an outbox row, unless its appointment was moved or called off meanwhile."""
    appointment = unit.session.get(AppointmentRow, (unit.clinic.id, row.facts["appointment_id"]))
    promised = datetime.fromisoformat(row.facts["starts_at"])
    if appointment is None or appointment.superseded or appointment.status not in _REMINDED_OF:
        return NothingToSend(say("The appointment does not take place any more, or the patient is here already."))
    if appointment.starts_at != promised:
        return NothingToSend(say("The appointment was moved."))
    to = Addressee(runtime, unit, unit.get(PatientRow, row.patient_id))
    visit = Places.of(unit).visit(booked_from(appointment))
    link = narrow_link(runtime, unit, row.patient_id, "visit", appointment.ends_at + AFTER_A_VISIT)
    letter = Reminder(replace(to.head(), plan_url=link), visit, confirmed=appointment.confirmed_at is not None)
    return to.outgoing(letter, key=row.key, dated=row.created_at, says=say("reminder of the next appointment"))


def _near(runtime: Runtime) -> Sequence[_Near]:
    """Appointments to remind of, in all clinics (two queries)."""
    now, row = runtime.clock.now(), AppointmentRow
    with runtime.database.reading(None) as session:
        reach = {clinic.id: timedelta(hours=clinic.reminder_hours) for clinic in session.scalars(select(ClinicRow))}
        found = session.execute(
            select(row.clinic_id, row.id, row.starts_at, SessionRow.revised_at)
            .join(SessionRow, (SessionRow.clinic_id == row.clinic_id) & (SessionRow.id == row.session_id))
            .join(PatientRow, (PatientRow.clinic_id == row.clinic_id) & (PatientRow.id == row.patient_id))
            .where(
                row.starts_at > now,
                row.starts_at <= now + max(reach.values(), default=timedelta()),
                row.status.in_(_REMINDED_OF),
                row.superseded.is_(False),
                PatientRow.email != "",
            )
            .order_by(row.starts_at)
        )
        near = [
            _Near(clinic_id, appointment_id, starts_at)
            for clinic_id, appointment_id, starts_at, revised_at in found
            if revised_at < starts_at - reach[clinic_id] <= now
        ]
        keys = set(session.scalars(select(OutboxRow.key).where(OutboxRow.key.in_([each.key for each in near]))))
    return [appointment for appointment in near if appointment.key not in keys]


def _queue(runtime: Runtime, near: _Near) -> None:
    with runtime.writing(Actor.system(near.clinic_id)) as unit:
        appointment = unit.get(AppointmentRow, near.appointment_id)
        row = OutboxRow(
            key=near.key,
            kind=REMINDER,
            patient_id=appointment.patient_id,
            course_id=appointment.course_id,
            facts={"appointment_id": near.appointment_id, "starts_at": near.starts_at.isoformat()},
            due_at=unit.now,
            expires_at=near.starts_at,
            created_at=unit.now,
        )
        try:
            with unit.session.begin_nested():
                unit.session.add(row)
        except IntegrityError:
            return  # Another process owes it already: the key is unique.
