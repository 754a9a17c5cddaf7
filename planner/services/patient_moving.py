"""Times for a visit at which the patient's later visits would move too, and the move that takes them along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from planner.diary.free import to_wall
from planner.errors import AppointmentLocked, InvalidInput, SlotTaken
from planner.scheduling.events import CalledOff
from planner.services import moving
from planner.services.attendance import Visit, visit
from planner.services.decision import Decision
from planner.services.diary_writer import CourseChange
from planner.services.moving import Slot
from planner.services.patient_changes import Consequence, look, take
from planner.services.planning import ahead, standing
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked, CourseSnapshot, SessionState
from planner.words import say

_QUARTERS_A_DAY = 96


@dataclass(frozen=True, slots=True)
class Times:
    """Where a visit may go.

    Args:
        alone: all other visits stay.
        together: later visits move too, since they would stand too near to it or too far from it.
    """

    alone: tuple[Slot, ...]
    together: tuple[Slot, ...]


def times_for(runtime: Runtime, actor: Actor, appointment_id: int, *, from_day: date | None = None) -> Times:
    """Where a patient's visit may go, all times of about four weeks.

    Raises:
        AppointmentLocked: inside the notice time, or over.
        NotFound: not this patient's.
    """
    alone = moving.legal_slots(runtime, actor, appointment_id, from_day=from_day, most_a_day=_QUARTERS_A_DAY)
    # As the clinic may move it: that keeps the 48 hours, but not the plan's distances.
    clinic = Actor.system(actor.clinic_id)
    legal = moving.legal_slots(runtime, clinic, appointment_id, from_day=from_day, most_a_day=_QUARTERS_A_DAY)
    with runtime.reading(actor) as unit:
        first, last = _reach(unit, visit(unit, appointment_id))
    known = {(slot.start, slot.practitioner_id) for slot in alone}
    together = (slot for slot in legal if first <= slot.start.date() <= last)
    return Times(tuple(alone), tuple(slot for slot in together if (slot.start, slot.practitioner_id) not in known))


def if_moved(runtime: Runtime, actor: Actor, appointment_id: int, start: datetime, practitioner_id: int) -> Consequence:
    """What taking one of these times would do to the later visits; nothing is written.

    Raises:
        SlotTaken: it is none of them (any more).
        InvalidInput: a later visit would find no place.
    """
    slot = _slot(runtime, actor, appointment_id, start, practitioner_id)
    step = partial(_decide_move, appointment_id=appointment_id, slot=slot, version=None)
    return look(runtime, actor, appointment_id, step)


def move_as_seen(
    runtime: Runtime,
    actor: Actor,
    appointment_id: int,
    start: datetime,
    practitioner_id: int,
    *,
    version: int,
    seen: str,
) -> Consequence:
    """Take one of these times, if exactly that follows which the patient saw.

    Raises:
        SlotTaken: it is none of them (any more).
        SomethingElse: other visits would move now; nothing was done.
        StaleForm: the visit was changed meanwhile.
    """
    slot = _slot(runtime, actor, appointment_id, start, practitioner_id)
    step = partial(_decide_move, appointment_id=appointment_id, slot=slot, version=version)
    return take(runtime, actor, appointment_id, step, seen)


def _slot(runtime: Runtime, actor: Actor, appointment_id: int, start: datetime, practitioner_id: int) -> Slot:
    times = times_for(runtime, actor, appointment_id, from_day=start.date())
    for slot in (*times.together, *times.alone):
        if (slot.start, slot.practitioner_id) == (start, practitioner_id):
            return slot
    raise SlotTaken(say("This time is not free any more."), field="slot")


def _decide_move(unit: Unit, *, appointment_id: int, slot: Slot, version: int | None) -> Decision:
    found = visit(unit, appointment_id, version=version)
    if standing(unit, found.session) is None:
        raise AppointmentLocked(say("This visit is not ahead any more, so it can't be moved."))
    moved = found.snapshot.replacing(found.session.with_current(_placed(unit, found.booked, slot)))
    followers = _broken(unit, moved, found.session)
    name = str(found.course.id)
    target = repaired(unit, found.course, moved, [CalledOff(name, followers)]) if followers else moved
    if any(session.unplaced_reason for session in target.live if not _waited(found.snapshot, session)):
        raise InvalidInput(say("A later visit would find no place then. Choose another time."), field="slot")
    number = found.session.position + 1
    words = say("Session %(number)s moved by the patient", number=number)
    if followers:
        words = say("Session %(number)s moved by the patient, later ones with it", number=number)
    return Decision(unit, (CourseChange(found.course, target, "moved", words),), repaired=bool(followers))


def _placed(unit: Unit, booked: Booked, slot: Slot) -> Booked:
    return replace(
        booked,
        starts_at=slot.starts_at,
        ends_at=slot.starts_at + (booked.ends_at - booked.starts_at),
        practitioner_id=slot.practitioner_id,
        room_id=slot.room_id,
        status="booked",
        confirmed_at=unit.now,
    )


def _broken(unit: Unit, moved: CourseSnapshot, session: SessionState) -> frozenset[str]:
    """The visit after this one, if the plan's distance to it does not hold any more."""
    here = moved.session(session.id or 0).current
    after = [(booked.starts_at, each) for each in ahead(unit, moved) if (booked := standing(unit, each))]
    coming = [(starts_at, each) for starts_at, each in after if here is not None and starts_at > here.starts_at]
    if here is None or not coming:
        return frozenset()
    starts_at, following = min(coming, key=lambda pair: pair[0])
    days = (to_wall(starts_at, unit.zone).date() - to_wall(here.starts_at, unit.zone).date()).days
    gap = following.gap
    return frozenset() if gap is None or gap.min <= days <= gap.max else frozenset({following.key})


def _waited(before: CourseSnapshot, session: SessionState) -> bool:
    """Whether a session had no place before either."""
    return any(each.id == session.id and bool(each.unplaced_reason) for each in before.sessions)


def _reach(unit: Unit, found: Visit) -> tuple[date, date]:
    """The days at the plan's distance from the visit before, or no further from it than now."""
    here = to_wall(found.booked.starts_at, unit.zone).date()
    earlier = [
        each.current.starts_at
        for each in found.snapshot.live
        if each.current is not None and each.current.occupies and each.current.starts_at < found.booked.starts_at
    ]
    gap = found.session.gap
    if not earlier or gap is None:
        return date.min, date.max
    before = to_wall(max(earlier), unit.zone).date()
    return min(here, before + timedelta(days=gap.min)), max(here, before + timedelta(days=gap.max))
