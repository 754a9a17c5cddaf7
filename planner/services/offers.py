"""Offers of freed slots as patients hear of them: the letter, and what stands on their page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from planner.notify.letters import SlotOffered
from planner.notify.visit import Visit
from planner.services.addressing import Addressee, NothingToSend, Outgoing, Places
from planner.services.freed_slots import slot_of, still_free
from planner.services.patient_links import AFTER_A_VISIT, narrow_link
from planner.services.runtime import Runtime, Unit
from planner.services.snapshot import booked_from
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow, StaffRow

_EXPECTED = ("booked", "pending")


@dataclass(frozen=True, slots=True)
class OfferedTime:
    """A freed slot on the page of a patient to whom it was offered.

    Args:
        now: when the session stands at present; None for one without a date.
        until: when the offer ends.
        taken: somebody else was faster.
    """

    id: int
    starts_at: datetime
    practitioner: str
    now: datetime | None
    until: datetime
    taken: bool


def offers_for(unit: Unit, patient_id: int) -> tuple[OfferedTime, ...]:
    """What a patient may take now, and what was offered to them and went to somebody else; the next first."""
    offer, slot, visit = SlotOfferRow, FreedSlotRow, AppointmentRow
    found = unit.session.execute(
        select(offer, slot.starts_at, StaffRow.name, visit.starts_at)
        .join(slot, (slot.id == offer.slot_id) & (slot.clinic_id == offer.clinic_id))
        .join(StaffRow, (StaffRow.id == slot.practitioner_id) & (StaffRow.clinic_id == slot.clinic_id))
        .join(CourseRow, (CourseRow.id == offer.course_id) & (CourseRow.clinic_id == offer.clinic_id))
        .outerjoin(
            visit,
            (visit.session_id == offer.session_id)
            & (visit.clinic_id == offer.clinic_id)
            & visit.superseded.is_(False)
            & visit.status.in_(_EXPECTED),
        )
        .where(CourseRow.patient_id == patient_id, offer.status.in_(("offered", "taken")), slot.starts_at > unit.now)
        .order_by(slot.starts_at, offer.id)
    )
    shown = []
    for row, starts_at, name, now in found:
        taken = row.status == "taken" or not still_free(unit, [slot_of(unit, row.slot_id)])
        if taken or row.expires_at > unit.now:
            shown.append(OfferedTime(row.id, starts_at, name, now, row.expires_at, taken))
    return tuple(shown)


def offer_letter(runtime: Runtime, unit: Unit, row: OutboxRow) -> Outgoing | NothingToSend:
    """The letter of an offer, unless that has ended meanwhile."""
    offer = unit.session.get(SlotOfferRow, (unit.clinic.id, row.facts["offer_id"]))
    if offer is None or offer.status != "offered" or offer.expires_at <= unit.now:
        return NothingToSend("The offer has ended.")
    slot = unit.get(FreedSlotRow, offer.slot_id)
    places = Places.of(unit)
    stands = unit.session.scalar(
        select(AppointmentRow).where(
            AppointmentRow.session_id == offer.session_id,
            AppointmentRow.superseded.is_(False),
            AppointmentRow.status.in_(_EXPECTED),
        )
    )
    instead = places.visit(booked_from(stands)) if stands is not None else None
    minutes = instead.minutes if instead else round((slot.ends_at - slot.starts_at).total_seconds() / 60)
    visit = Visit(slot.starts_at, minutes, places.practitioners.get(slot.practitioner_id, ""), places.address)
    to = Addressee(runtime, unit, unit.get(PatientRow, row.patient_id))
    link = narrow_link(runtime, unit, row.patient_id, "offer", offer.expires_at + AFTER_A_VISIT)
    letter = SlotOffered(replace(to.head(), plan_url=link), visit, instead, offer.expires_at)
    return to.outgoing(letter, key=row.key, dated=row.created_at, says="a time that became free is offered")
