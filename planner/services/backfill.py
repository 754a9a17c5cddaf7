"""A freed slot put to use: the courses that would be better off in it, offers of it, and the first to accept wins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from planner.errors import InvalidInput, NotFound, SlotTaken, StaleForm
from planner.services import worklists
from planner.services.attendance import Outcome, note_unplaced
from planner.services.backfill_places import Place, kept, slot_at
from planner.services.diary_writer import CourseChange, write_change
from planner.services.freed_slots import FreedSlot, holds, problem_about, slot_of, still_free
from planner.services.newcomers import Newcomer, newcomers_of
from planner.services.outbox import queue_offer_message
from planner.services.repairing import placed_session
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import take
from planner.services.takers import Taker, fitting_session, taker_of, takers_of
from planner.storage.courses import CourseRow
from planner.storage.jobs import SlotOfferRow
from planner.words import number_said, say

MOST_OFFER_HOURS: Final = 168.0


@dataclass(frozen=True, slots=True)
class SlotDesk:
    """A freed slot with who fits it; nobody when it is not free any more.

    Args:
        takers: courses that would be better off there.
        newcomers: patients in no course yet who would begin there.
        more: so many fit too and gain less than those listed.
        unseen: so many were not looked at; see `Takers` and `Newcomers`.
        offer_hours: so long an offer stands where nobody says otherwise.
    """

    zone: str
    slot: FreedSlot
    free: bool
    offer_hours: int
    takers: tuple[Taker, ...] = ()
    newcomers: tuple[Newcomer, ...] = ()
    more: int = 0
    unseen: int = 0

    @property
    def ranked(self) -> tuple[Taker | Newcomer, ...]:
        """All who fit, the one who gains most first."""
        return tuple(sorted((*self.takers, *self.newcomers), key=lambda each: -each.saved_points))


def who_fits(runtime: Runtime, actor: Actor, slot_id: int) -> SlotDesk:
    """Who would be better off in a freed slot. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return _desk(unit, slot_of(unit, slot_id))


def who_fits_place(runtime: Runtime, actor: Actor, place: Place) -> SlotDesk:
    """Who would be better off in any place of the diary; nothing is kept by looking.

    Raises:
        InvalidInput: there is no such place.
        NotFound: no such therapist here.
    """
    with runtime.reading(actor) as unit:
        return _desk(unit, slot_at(unit, place))


def _desk(unit: Unit, slot: FreedSlot) -> SlotDesk:
    free, hours = slot.starts_at > unit.now, unit.clinic.offer_hours
    problem = problem_about(unit, [slot]) if free else None
    if problem is None or not holds(problem, slot):
        return SlotDesk(unit.clinic.timezone, slot, False, hours)
    courses, beginners = takers_of(unit, slot, problem=problem), newcomers_of(unit, slot)
    return SlotDesk(
        zone=unit.clinic.timezone,
        slot=slot,
        free=True,
        offer_hours=hours,
        takers=courses.takers,
        newcomers=beginners.newcomers,
        more=courses.more + beginners.more,
        unseen=courses.unseen + beginners.unseen,
    )


def offer(runtime: Runtime, actor: Actor, slot_id: int, course_id: int, *, hours: float | None = None) -> int:
    """Offer a freed slot to a course for some hours, at most until it begins; gives the offer's id.

    Several courses may hold an offer of one slot: the first to accept wins. Offering again prolongs. The patient gets
    a message with the link to their page, where the offer stands.

    Args:
        hours: None for as long as the clinic's offers stand.
    Raises:
        InvalidInput: the slot would not help this course, or the time makes no sense.
        SlotTaken: it is not free any more.
    """
    with runtime.writing(actor) as unit:
        return _offer(unit, slot_of(unit, slot_id), course_id, hours)


def offer_place(runtime: Runtime, actor: Actor, place: Place, course_id: int, *, hours: float | None = None) -> int:
    """`offer` of any free place; gives the id of the slot, which there is from now on.

    Raises:
        InvalidInput: there is no such place, or as `offer` says.
        SlotTaken: it is not free.
    """
    with runtime.writing(actor) as unit:
        slot = slot_at(unit, place)
        _must_be_free(unit, slot)
        slot = replace(slot, id=kept(unit, slot, course_id))
        _offer(unit, slot, course_id, hours)
        return slot.id


def _offer(unit: Unit, slot: FreedSlot, course_id: int, hours: float | None) -> int:
    lasts = unit.clinic.offer_hours if hours is None else hours
    if not 0 < lasts <= MOST_OFFER_HOURS:
        most = number_said(MOST_OFFER_HOURS)
        raise InvalidInput(say("An offer stands for up to %(hours)s hours.", hours=most), field="hours")
    unit.actor.must_be("reception", "therapist")
    _must_be_free(unit, slot)
    taker = taker_of(unit, slot, course_id)
    if taker is None:
        raise InvalidInput(say("This slot would not help this course."), field="course_id")
    row = unit.session.scalar(
        select(SlotOfferRow).where(
            SlotOfferRow.slot_id == slot.id,
            SlotOfferRow.course_id == course_id,
            SlotOfferRow.status == "offered",
            SlotOfferRow.expires_at > unit.now,
        )
    )
    expires = min(unit.now + timedelta(hours=lasts), slot.starts_at)
    unit.audit("slot.offer", f"course/{course_id}", slot=slot.id)
    if row is None:
        row = SlotOfferRow(
            slot_id=slot.id, course_id=course_id, session_id=taker.session_id, saved_points=taker.saved_points,
            saved_days=taker.saved_days, offered_at=unit.now, expires_at=expires, offered_by=unit.actor.name,
        )  # fmt: skip
        unit.session.add(row)
    row.expires_at = expires
    unit.session.flush()
    queue_offer_message(unit, unit.get(CourseRow, course_id), row)
    return row.id


def accept(runtime: Runtime, actor: Actor, offer_id: int) -> Outcome:
    """Move the offered session into the slot; all other offers of the slot end.

    Raises:
        SlotTaken: somebody was faster.
        StaleForm: the offer has ended, or the course changed so that the slot does not fit it any more.
        NotFound: not of this clinic, or not of this patient.
    """
    with runtime.writing(actor) as unit:
        row = _open_offer(unit, offer_id)
        slot = slot_of(unit, row.slot_id)
        _must_be_free(unit, slot)
        course = unit.get(CourseRow, row.course_id)
        taker = fitting_session(unit, slot, row.course_id, row.session_id)
        if taker is None:
            raise StaleForm(say("This course changed meanwhile; the slot does not fit it any more."))
        snapshot = take(unit, course)
        target = snapshot.replacing(placed_session(unit, snapshot.session(row.session_id), taker.placed))
        if taker.now:
            words = say("Session %(number)s moved into a slot that became free", number=taker.number)
        else:
            words = say("Session %(number)s placed in a slot that became free", number=taker.number)
        revision = write_change(unit, CourseChange(course, target, "backfilled", words))
        note_unplaced(unit, course, target)
        _end_offers(unit, row)
        worklists.close_key(unit, worklist_key(slot.id))
        return Outcome(course.id, revision.id, repaired=False, says=words)


def decline(runtime: Runtime, actor: Actor, offer_id: int) -> None:
    """The patient does not want the slot; offers to others stand."""
    with runtime.writing(actor) as unit:
        row = _open_offer(unit, offer_id)
        row.status, row.ended_at = "declined", unit.now


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
    if unit.actor.patient_id is not None:
        if unit.get(CourseRow, row.course_id).patient_id != unit.actor.patient_id:
            raise NotFound(say("There is no such offer."))
    else:
        unit.actor.must_be("reception", "therapist")
    if row.status == "taken":
        raise SlotTaken(say("This time is already taken: somebody else was faster."))
    if row.status != "offered" or row.expires_at <= unit.now:
        raise StaleForm(say("This offer has ended."))
    return row


def _end_offers(unit: Unit, accepted: SlotOfferRow) -> None:
    rows = unit.session.scalars(
        select(SlotOfferRow).where(SlotOfferRow.slot_id == accepted.slot_id, SlotOfferRow.status == "offered")
    )
    for row in rows:
        row.status, row.ended_at = ("accepted" if row.id == accepted.id else "taken"), unit.now
