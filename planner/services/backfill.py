"""A freed slot put to use: the courses that would be better off in it, offers of it, and the first to accept wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select

from planner.errors import InvalidInput, NotFound, SlotTaken, StaleForm
from planner.scheduling.events import EarlierWanted, befallen
from planner.scheduling.points import course_points, window_points
from planner.scheduling.problem import Course, Gap, Placed, Problem
from planner.scheduling.repair import OwedSession, as_course, standing_order
from planner.services import worklists
from planner.services.attendance import Outcome, note_unplaced
from planner.services.diary_writer import CourseChange, write_change
from planner.services.freed_slots import FreedSlot, problem_about, room_for, slot_of, still_free
from planner.services.outbox import queue_offer_message
from planner.services.planning import MIN_GAP_HOURS, case_for, instant, other_starts
from planner.services.repairing import placed_session
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, take, take_all
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow, CourseRow, SessionRow
from planner.storage.jobs import SlotOfferRow
from planner.storage.people import PatientRow

OFFER_HOURS: Final = 4.0
MOST_OFFER_HOURS: Final = 168.0
LEAST_SAVING: Final = 20
"""Fewer points are no reason to disturb anybody: about a day's wait."""

_REST: Final = timedelta(hours=MIN_GAP_HOURS)
_LOOK_AHEAD: Final = timedelta(days=60)
_MOST_COURSES: Final = 400
_MOST_TAKERS: Final = 20


@dataclass(frozen=True, slots=True)
class Taker:
    """A course that would be better off in a freed slot.

    Args:
        number: the session that would move there, from 1.
        now: where it stands, in the clinic's wall-clock time; None for one without a date.
        saved_points: by how much the course improves.
        saved_days: how much earlier the session is; None for one without a date.
        has_email: whether a message can tell them; else somebody calls.
        offer_id: the open offer of the slot to this course, None if there is none.
    """

    course_id: int
    session_id: int
    number: int
    patient_id: int
    patient: str
    phone: str
    now: datetime | None
    placed: Placed
    saved_points: int
    saved_days: int | None
    has_email: bool = True
    offer_id: int | None = None
    offered_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SlotDesk:
    """A freed slot with who fits it, the one who gains most first; nobody when it is not free any more."""

    zone: str
    slot: FreedSlot
    free: bool
    takers: tuple[Taker, ...]


def who_fits(runtime: Runtime, actor: Actor, slot_id: int) -> SlotDesk:
    """Who would be better off in a freed slot. Raises NotFound."""
    with runtime.reading(actor) as unit:
        slot = slot_of(unit, slot_id)
        free = slot.starts_at > unit.now and bool(still_free(unit, [slot]))
        return SlotDesk(unit.clinic.timezone, slot, free, tuple(takers_of(unit, slot)) if free else ())


def takers_of(unit: Unit, slot: FreedSlot) -> list[Taker]:
    """The courses for whom moving a session into a free slot keeps every gap legal and saves points, most first."""
    problem = problem_about(unit, [slot])
    offers = {
        row.course_id: row
        for row in unit.session.scalars(
            select(SlotOfferRow).where(
                SlotOfferRow.slot_id == slot.id, SlotOfferRow.status == "offered", SlotOfferRow.expires_at > unit.now
            )
        )
    }
    found = []
    for course, snapshot, patient in _candidates(unit, slot):
        best = _best(unit, slot, problem, course, snapshot, patient)
        if best is not None and best.saved_points >= LEAST_SAVING:
            offer_row = offers.get(course.id)
            if offer_row is not None:
                best = replace(best, offer_id=offer_row.id, offered_until=offer_row.expires_at)
            found.append(best)
    return sorted(found, key=lambda taker: (-taker.saved_points, taker.course_id))[:_MOST_TAKERS]


def offer(runtime: Runtime, actor: Actor, slot_id: int, course_id: int, *, hours: float = OFFER_HOURS) -> int:
    """Offer a freed slot to a course for some hours, at most until it begins; gives the offer's id.

    Several courses may hold an offer of one slot: the first to accept wins. Offering again prolongs. The patient gets
    a message with the link to their page, where the offer stands.

    Raises:
        InvalidInput: the slot would not help this course, or the time makes no sense.
        SlotTaken: it is not free any more.
    """
    if not 0 < hours <= MOST_OFFER_HOURS:
        raise InvalidInput(f"An offer stands for up to {MOST_OFFER_HOURS:g} hours.", field="hours")
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        slot = slot_of(unit, slot_id)
        _must_be_free(unit, slot)
        taker = next((each for each in takers_of(unit, slot) if each.course_id == course_id), None)
        if taker is None:
            raise InvalidInput("This slot would not help this course.", field="course_id")
        expires = min(unit.now + timedelta(hours=hours), slot.starts_at)
        unit.audit("slot.offer", f"course/{course_id}", slot=slot_id)
        course = unit.get(CourseRow, course_id)
        if taker.offer_id is not None:
            standing_offer = unit.get(SlotOfferRow, taker.offer_id)
            standing_offer.expires_at = expires
            queue_offer_message(unit, course, standing_offer)
            return taker.offer_id
        row = SlotOfferRow(
            slot_id=slot_id, course_id=course_id, session_id=taker.session_id, saved_points=taker.saved_points,
            saved_days=taker.saved_days, offered_at=unit.now, expires_at=expires, offered_by=actor.name,
        )  # fmt: skip
        unit.session.add(row)
        unit.session.flush()
        queue_offer_message(unit, course, row)
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
        snapshot = take(unit, course)
        patient = unit.get(PatientRow, course.patient_id)
        fitting = _fitting(unit, slot, problem_about(unit, [slot]), course, snapshot, patient)
        taker = next((each for each in fitting if each.session_id == row.session_id), None)
        if taker is None:
            raise StaleForm("This course changed meanwhile; the slot does not fit it any more.")
        target = snapshot.replacing(placed_session(unit, snapshot.session(row.session_id), taker.placed))
        words = f"Session {taker.number} {'moved into' if taker.now else 'placed in'} a slot that became free"
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
        raise SlotTaken("This time has passed.")
    if not still_free(unit, [slot]):
        raise SlotTaken("This time is already taken.")


def _open_offer(unit: Unit, offer_id: int) -> SlotOfferRow:
    row = unit.get(SlotOfferRow, offer_id)
    if unit.actor.patient_id is not None:
        if unit.get(CourseRow, row.course_id).patient_id != unit.actor.patient_id:
            raise NotFound("There is no such offer.")
    else:
        unit.actor.must_be("reception", "therapist")
    if row.status == "taken":
        raise SlotTaken("This time is already taken: somebody else was faster.")
    if row.status != "offered" or row.expires_at <= unit.now:
        raise StaleForm("This offer has ended.")
    return row


def _end_offers(unit: Unit, accepted: SlotOfferRow) -> None:
    rows = unit.session.scalars(
        select(SlotOfferRow).where(SlotOfferRow.slot_id == accepted.slot_id, SlotOfferRow.status == "offered")
    )
    for row in rows:
        row.status, row.ended_at = ("accepted" if row.id == accepted.id else "taken"), unit.now


def _candidates(unit: Unit, slot: FreedSlot) -> Iterator[tuple[CourseRow, CourseSnapshot, PatientRow]]:
    """Running courses with a session later than the slot, or without a date, whose patient would see its therapist."""
    later = select(AppointmentRow.course_id).where(
        AppointmentRow.status.in_(("booked", "pending")),
        AppointmentRow.starts_at > slot.starts_at,
        AppointmentRow.starts_at < slot.starts_at + _LOOK_AHEAD,
    )
    waiting = select(SessionRow.course_id).where(SessionRow.unplaced_reason != "", SessionRow.dropped.is_(False))
    found = unit.session.execute(
        select(CourseRow, PatientRow)
        .join(PatientRow, (PatientRow.id == CourseRow.patient_id) & (PatientRow.clinic_id == CourseRow.clinic_id))
        .where(
            CourseRow.status.in_(("planned", "active")),
            CourseRow.automation == "apply",
            or_(CourseRow.id.in_(later), CourseRow.id.in_(waiting)),
        )
        .order_by(CourseRow.id)
        .limit(_MOST_COURSES)
    )
    wanted = [
        (course, patient)
        for course, patient in found
        if slot.practitioner_id in Wishes.from_json(course.wishes).practitioners
    ]
    snapshots = take_all(unit, [course for course, _ in wanted])
    for course, patient in wanted:
        yield course, snapshots[course.id], patient


def _best(
    unit: Unit, slot: FreedSlot, problem: Problem, course: CourseRow, snapshot: CourseSnapshot, patient: PatientRow
) -> Taker | None:
    fitting = _fitting(unit, slot, problem, course, snapshot, patient)
    return max(fitting, key=lambda taker: taker.saved_points, default=None)


def _fitting(
    unit: Unit, slot: FreedSlot, problem: Problem, course: CourseRow, snapshot: CourseSnapshot, patient: PatientRow
) -> Iterator[Taker]:
    """Each session of a course that may move into the slot while all its others stay, with what that saves."""
    others = other_starts(unit, course.patient_id, but_for_course=course.id)
    if any(abs(slot.starts_at - other) < _REST for other in others):
        return
    case = case_for(unit, course, snapshot)
    order = standing_order(case.owed)
    if not order or slot.start.date() < case.earliest_day or str(slot.practitioner_id) not in case.practitioners:
        return
    stands = {number: _standing(case.course_id, number, each) for number, each in enumerate(order) if each.place}
    for number, owed in enumerate(order):
        if owed.lost or not _may_go(unit, slot, order, number, case.previous_start):
            continue
        # Moving costs nothing: nobody takes an offer that they do not want.
        model = as_course(befallen(EarlierWanted(case.course_id, owed.key), case), order)
        placed = room_for(problem, slot, owed.minutes)
        if placed is None or _out_of_hours(model, slot, owed.minutes):
            continue
        after = {**stands, number: replace(placed, course=case.course_id, session=number)}
        yield Taker(
            course_id=course.id,
            session_id=int(owed.key),
            number=snapshot.session(int(owed.key)).position + 1,
            patient_id=patient.id,
            patient=patient.name,
            phone=patient.phone,
            has_email=bool(patient.email),
            now=owed.place.start if owed.place else None,
            placed=placed,
            saved_points=course_points(problem, model, stands).total - course_points(problem, model, after).total,
            saved_days=(owed.place.start.date() - slot.start.date()).days if owed.place else None,
        )


def _standing(course_id: str, number: int, owed: OwedSession) -> Placed:
    if owed.place is None:
        raise ValueError(f"session {owed.key} stands nowhere")
    return Placed(course_id, number, owed.place.practitioner, owed.place.room, owed.place.start)


def _may_go(unit: Unit, slot: FreedSlot, order: Sequence[OwedSession], number: int, previous: datetime | None) -> bool:
    """Whether a session in the slot comes earlier than now, between its neighbours, far enough from each."""
    owed = order[number]
    if owed.place is not None and owed.place.start <= slot.start:
        return False
    before = next((each.place.start for each in reversed(order[:number]) if each.place), previous)
    after = next(((each.place.start, each.gap) for each in order[number + 1 :] if each.place), None)
    if before is not None and not _apart(unit, before, slot.start, owed.gap):
        return False
    return after is None or _apart(unit, slot.start, after[0], after[1])


def _apart(unit: Unit, first: datetime, second: datetime, gap: Gap | None) -> bool:
    least = gap.min if gap is not None else 0
    elapsed = instant(second, unit.zone) - instant(first, unit.zone)
    return elapsed >= _REST and (second.date() - first.date()).days >= least


def _out_of_hours(model: Course, slot: FreedSlot, minutes: int) -> bool:
    """Whether the patient can't come then."""
    day = slot.start.date()
    if any(first <= day < back for first, back in model.away):
        return True
    return window_points(model, day.weekday(), slot.start.hour * 60 + slot.start.minute, minutes) is None
