"""Offers of freed slots as patients hear of them: the letter, and what stands on their page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from planner.notify.letters import SlotOffered
from planner.notify.visit import Visit
from planner.services.addressing import Addressee, NothingToSend, Outgoing, Places
from planner.services.freed_slots import slot_from, still_free
from planner.services.patient_links import AFTER_A_VISIT, narrow_link
from planner.services.planning import whole_steps
from planner.services.runtime import Runtime, Unit
from planner.services.snapshot import booked_from
from planner.services.waiting import who_waits
from planner.storage.courses import AppointmentRow
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow, StaffRow
from planner.words import say

_EXPECTED = ("booked", "pending")


@dataclass(frozen=True, slots=True)
class OfferedTime:
    """A freed slot on the page of a patient to whom it was offered.

    Args:
        now: when the session stands at present; None for one without a date.
        until: when the offer ends.
        taken: somebody else was faster.
        first: it would be the first visit of a course that is planned from there on.
    """

    id: int
    starts_at: datetime
    practitioner: str
    now: datetime | None
    until: datetime
    taken: bool
    first: bool = False


def offers_for(unit: Unit, patient_id: int) -> tuple[OfferedTime, ...]:
    """What a patient may take now, and what was offered to them and went to somebody else; the next first."""
    offer, slot, visit = SlotOfferRow, FreedSlotRow, AppointmentRow
    found = unit.session.execute(
        select(offer, slot, StaffRow.name, visit.starts_at)
        .join(slot, (slot.id == offer.slot_id) & (slot.clinic_id == offer.clinic_id))
        .join(StaffRow, (StaffRow.id == slot.practitioner_id) & (StaffRow.clinic_id == slot.clinic_id))
        .outerjoin(
            visit,
            (visit.session_id == offer.session_id)
            & (visit.clinic_id == offer.clinic_id)
            & visit.superseded.is_(False)
            & visit.status.in_(_EXPECTED),
        )
        .where(offer.patient_id == patient_id, offer.status.in_(("offered", "taken")), slot.starts_at > unit.now)
        .order_by(slot.starts_at, offer.id)
    ).all()
    free = {each.id for each in still_free(unit, [slot_from(unit, place, name) for _, place, name, _ in found])}
    shown = []
    for row, place, name, now in found:
        taken, first = row.status == "taken" or place.id not in free, row.session_id is None
        wanted = not first or who_waits(unit, row.assessment_id or 0) is not None
        if wanted and (taken or row.expires_at > unit.now):
            shown.append(OfferedTime(row.id, place.starts_at, name, now, row.expires_at, taken, first))
    return tuple(shown)


def offer_letter(runtime: Runtime, unit: Unit, row: OutboxRow) -> Outgoing | NothingToSend:
    """The letter of an offer, unless that has ended meanwhile."""
    offer = unit.session.get(SlotOfferRow, (unit.clinic.id, row.facts["offer_id"]))
    if offer is None or offer.status != "offered" or offer.expires_at <= unit.now:
        return NothingToSend(say("The offer has ended."))
    slot, places = unit.get(FreedSlotRow, offer.slot_id), Places.of(unit)
    instead, minutes = None, round((slot.ends_at - slot.starts_at).total_seconds() / 60)
    if offer.session_id is None:
        waiting = who_waits(unit, offer.assessment_id or 0)
        if waiting is None:
            return NothingToSend(say("The patient has a course by now."))
        minutes = whole_steps(unit, waiting.recorded.first_visit_minutes)
    elif (stands := _standing(unit, offer.session_id)) is not None:
        instead = places.visit(booked_from(stands))
        minutes = instead.minutes
    visit = Visit(slot.starts_at, minutes, places.practitioners.get(slot.practitioner_id, ""), places.address)
    to = Addressee(runtime, unit, unit.get(PatientRow, row.patient_id))
    head = replace(
        to.head(), plan_url=narrow_link(runtime, unit, row.patient_id, "offer", offer.expires_at + AFTER_A_VISIT)
    )
    letter = SlotOffered(head, visit, instead, offer.expires_at, first=offer.session_id is None)
    return to.outgoing(letter, key=row.key, dated=row.created_at, says=say("a time that became free is offered"))


def _standing(unit: Unit, session_id: int) -> AppointmentRow | None:
    row = AppointmentRow
    return unit.session.scalar(
        select(row).where(row.session_id == session_id, row.superseded.is_(False), row.status.in_(_EXPECTED))
    )
