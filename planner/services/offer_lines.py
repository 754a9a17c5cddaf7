"""What became of the offers of free places: who was asked, until when, and what they said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Row, select

from planner.errors import NotFound
from planner.services.freed_slots import FreedSlot, slot_from
from planner.services.house import House
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.storage.people import PatientRow, StaffRow
from planner.words import say

SHOWN_FOR: Final = timedelta(days=7)
MOST_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One offer.

    Args:
        course_id: of the session that would move there, or that was begun there; None while nothing is booked.
        assessment_id: of whoever would begin a course there; None for a session of a course.
        status: offered, accepted, declined, taken (somebody else was faster) or expired, as of now.
        by_hand: whether a person made it, and not the planner by itself.
    """

    id: int
    slot_id: int
    patient_id: int
    patient: str
    course_id: int | None
    assessment_id: int | None
    status: str
    offered_at: datetime
    offered_by: str
    expires_at: datetime
    ended_at: datetime | None
    by_hand: bool = True

    @property
    def open(self) -> bool:
        """Whether it may still be accepted."""
        return self.status == "offered"


@dataclass(frozen=True, slots=True)
class PlaceOffered:
    """An offer with the place that it is about."""

    line: OfferLine
    starts_at: datetime
    practitioner: str


_Offered = Row[FreedSlotRow, SlotOfferRow | None, str | None]
"""A place with one offer of it and whose that is; a place without offers with none."""


def slot_with_offers(unit: Unit, slot_id: int, house: House) -> tuple[FreedSlot, tuple[OfferLine, ...]]:
    """A freed place and all offers of it, the oldest first (one query). Raises NotFound."""
    found = _offered(unit, FreedSlotRow.id == slot_id)
    if not found:
        raise NotFound(say("There is no such thing here."))
    row = found[0][0]
    person = house.person(row.practitioner_id)
    return slot_from(unit, row, person.name if person else ""), _lines(unit, found)


def place_with_offers(unit: Unit, slot: FreedSlot) -> tuple[FreedSlot, tuple[OfferLine, ...]]:
    """A place that may have a row, with the number of that, and all offers of it (one query)."""
    row = FreedSlotRow
    found = _offered(
        unit,
        row.practitioner_id == slot.practitioner_id,
        row.starts_at == slot.starts_at,
        row.ends_at == slot.ends_at,
    )
    return (replace(slot, id=found[0][0].id) if found else slot), _lines(unit, found)


def _offered(unit: Unit, *where: ColumnElement[bool]) -> Sequence[_Offered]:
    slot, offer = FreedSlotRow, SlotOfferRow
    return unit.session.execute(
        select(slot, offer, PatientRow.name)
        .outerjoin(offer, (offer.slot_id == slot.id) & (offer.clinic_id == slot.clinic_id))
        .outerjoin(PatientRow, (PatientRow.id == offer.patient_id) & (PatientRow.clinic_id == offer.clinic_id))
        .where(*where)
        .order_by(offer.offered_at, offer.id)
    ).all()


def _lines(unit: Unit, found: Sequence[_Offered]) -> tuple[OfferLine, ...]:
    return tuple(_line(unit, offer, patient or "") for _, offer, patient in found if offer is not None)


def offers_of_late(runtime: Runtime, actor: Actor) -> tuple[PlaceOffered, ...]:
    """The offers of the last days, the newest first (one query)."""
    slot, offer = FreedSlotRow, SlotOfferRow
    with runtime.reading(actor) as unit:
        found = unit.session.execute(
            select(offer, PatientRow.name, slot.starts_at, StaffRow.name)
            .join(slot, (slot.id == offer.slot_id) & (slot.clinic_id == offer.clinic_id))
            .join(PatientRow, (PatientRow.id == offer.patient_id) & (PatientRow.clinic_id == offer.clinic_id))
            .join(StaffRow, (StaffRow.id == slot.practitioner_id) & (StaffRow.clinic_id == slot.clinic_id))
            .where(offer.offered_at > unit.now - SHOWN_FOR)
            .order_by(offer.offered_at.desc(), offer.id.desc())
            .limit(MOST_SHOWN)
        )
        return tuple(
            PlaceOffered(_line(unit, row, patient), starts_at, practitioner)
            for row, patient, starts_at, practitioner in found
        )


def _line(unit: Unit, row: SlotOfferRow, patient: str) -> OfferLine:
    over = row.status == "offered" and row.expires_at <= unit.now
    return OfferLine(
        id=row.id,
        slot_id=row.slot_id,
        patient_id=row.patient_id,
        patient=patient,
        course_id=row.course_id,
        assessment_id=row.assessment_id,
        status="expired" if over else row.status,
        offered_at=row.offered_at,
        offered_by=row.offered_by,
        expires_at=row.expires_at,
        ended_at=row.expires_at if over else row.ended_at,
        by_hand=row.offered_by != Actor.system(unit.clinic.id).name,
    )
