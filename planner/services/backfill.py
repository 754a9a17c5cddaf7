"""A freed slot put to use: the courses that would be better off in it, offers of it, and the first to accept wins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import and_, or_, select

from planner.errors import InvalidInput, NotFound, SlotTaken, StaleForm
from planner.services import worklists
from planner.services.attendance import note_unplaced
from planner.services.backfill_places import Place, kept, slot_at, stretch
from planner.services.decision import Outcome
from planner.services.diary_writer import CourseChange, write_change
from planner.services.first_visit import begin_there
from planner.services.fitting import fitting
from planner.services.freed_slots import FreedSlot, slot_of, still_free
from planner.services.house import House
from planner.services.newcomers import Newcomer, newcomer_of
from planner.services.offer_lines import OfferLine, place_with_offers, slot_with_offers
from planner.services.outbox import queue_offer_message
from planner.services.repairing import placed_session
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import take
from planner.services.takers import Taker, fitting_session, taker_of
from planner.storage.courses import CourseRow
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.words import number_said, say

MOST_OFFER_HOURS: Final = 168.0
Fits = TypeVar("Fits", Taker, Newcomer)


@dataclass(frozen=True, slots=True)
class Waits:
    """Whoever waits for a course with this assessment."""

    assessment_id: int


Whom = int | Waits
"""To whom a place is offered: a course, by its id, or somebody who waits for one."""


@dataclass(frozen=True, slots=True)
class SlotDesk:
    """A freed slot with who fits it; nobody when it is not free any more.

    Args:
        takers: courses that would be better off there.
        newcomers: patients in no course yet who would begin there.
        more: so many fit too and gain less than those listed.
        unseen: so many were not looked at; see `Takers` and `Newcomers`.
        offer_hours: so long an offer stands where nobody says otherwise.
        offers: all that were made of it, the oldest first.
    """

    zone: str
    slot: FreedSlot
    free: bool
    offer_hours: int
    takers: tuple[Taker, ...] = ()
    newcomers: tuple[Newcomer, ...] = ()
    more: int = 0
    unseen: int = 0
    offers: tuple[OfferLine, ...] = ()

    @property
    def ranked(self) -> tuple[Taker | Newcomer, ...]:
        """All who fit, the one who gains most first."""
        return tuple(sorted((*self.takers, *self.newcomers), key=lambda each: -each.saved_points))


def who_fits(runtime: Runtime, actor: Actor, slot_id: int) -> SlotDesk:
    """Who would be better off in a freed slot (twelve queries at most). Raises NotFound."""
    with runtime.reading(actor) as unit:
        house = House.of(unit)
        return _desk(unit, house, *slot_with_offers(unit, slot_id, house))


def who_fits_place(runtime: Runtime, actor: Actor, place: Place) -> SlotDesk:
    """Who would be better off in any place of the diary; nothing is kept by looking (twelve queries at most).

    Raises:
        InvalidInput: there is no such place.
        NotFound: no such therapist here.
    """
    with runtime.reading(actor) as unit:
        house = House.of(unit)
        return _desk(unit, house, *place_with_offers(unit, stretch(unit, place, house)))


def _desk(unit: Unit, house: House, slot: FreedSlot, offers: tuple[OfferLine, ...]) -> SlotDesk:
    found = fitting(unit, slot, house)
    desk = SlotDesk(unit.clinic.timezone, slot, found is not None, unit.clinic.offer_hours, offers=offers)
    if found is None:
        return desk
    to_courses = {each.course_id: each for each in offers if each.open and each.assessment_id is None}
    to_beginners = {each.assessment_id: each for each in offers if each.open and each.assessment_id is not None}
    return replace(
        desk,
        takers=tuple(_told(each, to_courses.get(each.course_id)) for each in found.courses.takers),
        newcomers=tuple(_told(each, to_beginners.get(each.assessment_id)) for each in found.beginners.newcomers),
        more=found.more,
        unseen=found.unseen,
    )


def _told(fits: Fits, line: OfferLine | None) -> Fits:
    """Whoever fits, with the offer that they have."""
    return fits if line is None else replace(fits, offer_id=line.id, offered_until=line.expires_at)


def offer(runtime: Runtime, actor: Actor, slot_id: int, whom: Whom, *, hours: float | None = None) -> int:
    """Offer a freed slot for some hours, at most until it begins; gives the offer's id.

    Several may hold an offer of one slot: the first to accept wins. Offering again prolongs. The patient gets a
    message with the link to their page, where the offer stands.

    Args:
        hours: None for as long as the clinic's offers stand.
    Raises:
        InvalidInput: the slot would not help them, or the time makes no sense.
        SlotTaken: it is not free any more.
    """
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        return offer_in(unit, slot_of(unit, slot_id), whom, hours)


def offer_place(runtime: Runtime, actor: Actor, place: Place, whom: Whom, *, hours: float | None = None) -> int:
    """`offer` of any free place; gives the id of the slot, which there is from now on.

    Raises:
        InvalidInput: there is no such place, or as `offer` says.
        SlotTaken: it is not free.
    """
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        slot = slot_at(unit, place)
        _must_be_free(unit, slot)
        slot = replace(slot, id=kept(unit, slot))
        offer_in(unit, slot, whom, hours)
        return slot.id


def offer_in(
    unit: Unit, slot: FreedSlot, whom: Whom, hours: float | None = None, *, told_by: datetime | None = None
) -> int:
    """`offer` as a part of a larger transaction.

    Args:
        told_by: the message goes out until then or not at all; None for as long as the offer stands.
    """
    lasts = unit.clinic.offer_hours if hours is None else hours
    if not 0 < lasts <= MOST_OFFER_HOURS:
        most = number_said(MOST_OFFER_HOURS)
        raise InvalidInput(say("An offer stands for up to %(hours)s hours.", hours=most), field="hours")
    _must_be_free(unit, slot)
    wanted = _row_for(unit, slot, whom)
    row = unit.session.scalar(
        select(SlotOfferRow).where(
            SlotOfferRow.slot_id == slot.id,
            SlotOfferRow.course_id == wanted.course_id,
            SlotOfferRow.assessment_id == wanted.assessment_id,
            SlotOfferRow.status == "offered",
            SlotOfferRow.expires_at > unit.now,
        )
    )
    subject = f"course/{whom}" if isinstance(whom, int) else f"assessment/{whom.assessment_id}"
    unit.audit("slot.offer", subject, slot=slot.id)
    if row is None:
        row = wanted
        unit.session.add(row)
    row.expires_at = min(unit.now + timedelta(hours=lasts), slot.starts_at)
    unit.session.flush()
    queue_offer_message(unit, row, told_by or row.expires_at)
    return row.id


def _row_for(unit: Unit, slot: FreedSlot, whom: Whom) -> SlotOfferRow:
    """A new offer with what it would save. Raises InvalidInput where it saves nothing."""
    made = {"slot_id": slot.id, "offered_at": unit.now, "offered_by": unit.actor.name}
    if isinstance(whom, int):
        taker = taker_of(unit, slot, whom)
        if taker is None:
            raise InvalidInput(say("This slot would not help this course."), field="course_id")
        return SlotOfferRow(
            **made, patient_id=taker.patient_id, course_id=whom, session_id=taker.session_id,
            saved_points=taker.saved_points, saved_days=taker.saved_days,
        )  # fmt: skip
    newcomer = newcomer_of(unit, slot, whom.assessment_id)
    if newcomer is None:
        raise InvalidInput(say("This slot would not help this patient."), field="assessment_id")
    return SlotOfferRow(
        **made, patient_id=newcomer.patient_id, assessment_id=whom.assessment_id,
        saved_points=newcomer.saved_points, saved_days=newcomer.saved_days,
    )  # fmt: skip


def accept(runtime: Runtime, actor: Actor, offer_id: int) -> Outcome:
    """Move the offered session into the slot, or begin a course there; all other offers of the slot end.

    Raises:
        SlotTaken: somebody was faster.
        StaleForm: the offer has ended, or what is planned changed so that the slot does not fit it any more.
        NotFound: not of this clinic, or not of this patient.
    """
    with runtime.writing(actor) as unit:
        row = _open_offer(unit, offer_id)
        slot = slot_of(unit, row.slot_id)
        _must_be_free(unit, slot)
        outcome = begin_there(unit, slot, row) if row.session_id is None else _move_there(unit, slot, row)
        _end_offers(unit, row)
        worklists.close_key(unit, worklist_key(slot.id))
        return outcome


def _move_there(unit: Unit, slot: FreedSlot, row: SlotOfferRow) -> Outcome:
    course, session_id = unit.get(CourseRow, row.course_id or 0), row.session_id or 0
    taker = fitting_session(unit, slot, course.id, session_id)
    if taker is None:
        raise StaleForm(say("This course changed meanwhile; the slot does not fit it any more."))
    snapshot = take(unit, course)
    target = snapshot.replacing(placed_session(unit, snapshot.session(session_id), taker.placed))
    words = say("Session %(number)s placed in a slot that became free", number=taker.number)
    if taker.now:
        words = say("Session %(number)s moved into a slot that became free", number=taker.number)
    revision = write_change(unit, CourseChange(course, target, "backfilled", words))
    note_unplaced(unit, course, target)
    return Outcome(course.id, revision.id, repaired=False, says=words)


def decline(runtime: Runtime, actor: Actor, offer_id: int) -> None:
    """The patient does not want the slot; offers to others stand."""
    with runtime.writing(actor) as unit:
        row = _open_offer(unit, offer_id)
        end_offer(unit, row, "declined")


def end_offer(unit: Unit, row: SlotOfferRow, status: str) -> None:
    """Let one offer end without the slot being taken.

    The last one that the planner had made by itself lets it look at the slot again.
    """
    row.status, row.ended_at = status, unit.now
    unit.session.flush()
    offer = SlotOfferRow
    others = select(offer.id).where(offer.slot_id == row.slot_id, offer.status == "offered")
    if row.offered_by == Actor.system(unit.clinic.id).name and unit.session.scalar(others.limit(1)) is None:
        unit.get(FreedSlotRow, row.slot_id).examined_at = None


def worklist_key(slot_id: int) -> str:
    """The name of a slot's line on the worklists."""
    return f"freed-slot-{slot_id}"


def _must_be_free(unit: Unit, slot: FreedSlot) -> None:
    if slot.starts_at <= unit.now:
        raise SlotTaken(say("This time has passed."))
    if not still_free(unit, [slot]):
        raise SlotTaken(say("This time is already taken."))


def _open_offer(unit: Unit, offer_id: int) -> SlotOfferRow:
    row = unit.get(SlotOfferRow, offer_id)
    if unit.actor.patient_id is None:
        unit.actor.must_be("reception", "therapist")
    elif row.patient_id != unit.actor.patient_id:
        raise NotFound(say("There is no such offer."))
    if row.status == "taken":
        raise SlotTaken(say("This time is already taken: somebody else was faster."))
    if row.status != "offered" or row.expires_at <= unit.now:
        raise StaleForm(say("This offer has ended."))
    return row


def _end_offers(unit: Unit, accepted: SlotOfferRow) -> None:
    """All offers of the slot, and those of other slots to begin what has begun now."""
    row = SlotOfferRow
    begun = and_(row.assessment_id.is_not(None), row.assessment_id == accepted.assessment_id)
    rows = unit.session.scalars(select(row).where(or_(row.slot_id == accepted.slot_id, begun), row.status == "offered"))
    for each in rows:
        missed = each.slot_id == accepted.slot_id and each.expires_at > unit.now
        each.status, each.ended_at = ("taken" if missed else "expired"), unit.now
    accepted.status = "accepted"
