"""Moving one appointment by hand: the places that break no rule, and the move itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from planner.diary.free import to_wall
from planner.errors import AppointmentLocked, InvalidInput, SlotTaken
from planner.services.attendance import Outcome, Visit, visit
from planner.services.diary_writer import CourseChange, write_change
from planner.services.place_rules import PlaceRules, Reasons, length_of
from planner.services.planning import Span, instant, standing, therapists
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked
from planner.services.wishes import Wishes
from planner.words import say, say_many

SHORTEST_MINUTES: Final = 5
LONGEST_MINUTES: Final = 480
_LOOK_DAYS: Final = 28
_MOST_A_DAY: Final = 12


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one session, in the clinic's wall-clock time."""

    start: datetime
    starts_at: datetime
    practitioner_id: int
    practitioner: str
    room_id: int


def legal_slots(
    runtime: Runtime,
    actor: Actor,
    appointment_id: int,
    *,
    from_day: date | None = None,
    all_therapists: bool = False,
    days: int = _LOOK_DAYS,
    most_a_day: int = _MOST_A_DAY,
) -> list[Slot]:
    """Where an appointment could go: free, between its neighbours, 48 hours from each, not too soon.

    A patient is offered the days that keep the plan's gaps; the clinic may decide on any.

    Args:
        from_day: first day looked at; None: about a fortnight around where it is.
        all_therapists: also those outside the patient's wishes (for staff).
        days: how many days are looked at.
        most_a_day: only the first so many of each day.
    """
    with runtime.reading(actor) as unit:
        found = movable(unit, visit(unit, appointment_id))
        here = to_wall(found.booked.starts_at, unit.zone).date()
        first = max(unit.today, from_day or here - timedelta(days=_LOOK_DAYS // 2))
        people = {found.booked.practitioner_id, *Wishes.from_json(found.course.wishes).practitioners}
        if all_therapists:
            people |= {row.id for row in therapists(unit)}
        rules = PlaceRules.load(unit, found, Span(first, days), people)
        counted: dict[date, int] = {}
        slots = []
        for slot in _slots(rules):
            day = slot.start.date()
            counted[day] = counted.get(day, 0) + 1
            if counted[day] <= most_a_day:
                slots.append(slot)
        return slots


def move(
    runtime: Runtime,
    actor: Actor,
    appointment_id: int,
    start: datetime,
    practitioner_id: int,
    *,
    version: int | None = None,
    minutes: int | None = None,
    room_id: int | None = None,
) -> Outcome:
    """Move an appointment to another start, therapist or room, or make it shorter or longer; the others stay.

    Args:
        start: wall-clock, naive.
        minutes: how long it shall be; None for as long as it is.
        room_id: a certain room; None for the one it has where that is free, else any.
    Raises:
        InvalidInput: the place breaks a rule; the message says which.
        SlotTaken: somebody has it.
        AppointmentLocked: it has begun, or a patient moves it inside the notice time.
    """
    with runtime.writing(actor) as unit:
        found = movable(unit, visit(unit, appointment_id, version=version))
        _check_length(unit, found, minutes)
        room = _room_for(unit, found, start, practitioner_id, minutes, room_id)
        begins = instant(start, unit.zone)
        length = minutes or length_of(found.booked)
        # What the patient agreed to is the time and the therapist, not the room or the length.
        agreed = (begins, practitioner_id) == (found.booked.starts_at, found.booked.practitioner_id)
        kept = found.booked.confirmed_at if agreed else None
        moved = replace(
            found.booked,
            starts_at=begins,
            ends_at=begins + timedelta(minutes=length),
            practitioner_id=practitioner_id,
            room_id=room,
            status="booked",
            confirmed_at=unit.now if actor.patient_id is not None else kept,
        )
        session = found.session.with_current(moved)
        if minutes is not None:
            session = replace(session, minutes=minutes)
        words = _words(unit, found, moved)
        revision = write_change(unit, CourseChange(found.course, found.snapshot.replacing(session), "moved", words))
        return Outcome(found.course.id, revision.id, repaired=False, says=words)


def _words(unit: Unit, found: Visit, moved: Booked) -> str:
    """What the course's history says of it, a new length included."""
    number, minutes = found.session.position + 1, length_of(moved)
    if unit.actor.patient_id is not None:
        return say("Session %(number)s moved by the patient", number=number)
    if minutes == length_of(found.booked):
        return say("Session %(number)s moved by the clinic", number=number)
    if moved.starts_at == found.booked.starts_at:
        return say("Session %(number)s now takes %(minutes)s minutes", number=number, minutes=minutes)
    return say("Session %(number)s moved by the clinic, now %(minutes)s minutes", number=number, minutes=minutes)


def movable(unit: Unit, found: Visit) -> Visit:
    """The same visit. Raises AppointmentLocked if it is not ahead any more, or too near for the patient who asks."""
    if standing(unit, found.session) is None:
        raise AppointmentLocked(say("This visit is not ahead any more, so it can't be moved."))
    notice = timedelta(hours=unit.clinic.notice_hours)
    if unit.actor.patient_id is not None and found.booked.starts_at - unit.now < notice:
        raise AppointmentLocked(
            say_many(
                "This visit is less than %(num)s hour away. Please call the clinic to move it.",
                "This visit is less than %(num)s hours away. Please call the clinic to move it.",
                unit.clinic.notice_hours,
            )
        )
    return found


def _check_length(unit: Unit, found: Visit, minutes: int | None) -> None:
    if minutes is None or minutes == length_of(found.booked):
        return
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise InvalidInput(no_such_length(), field="minutes")
    if minutes % unit.clinic.grid_minutes:
        steps = say("Lengths go in steps of %(minutes)s minutes.", minutes=unit.clinic.grid_minutes)
        raise InvalidInput(steps, field="minutes")


def no_such_length() -> str:
    """How long a visit may be, in words."""
    return say("A visit takes %(least)s to %(most)s minutes.", least=SHORTEST_MINUTES, most=LONGEST_MINUTES)


def _room_for(
    unit: Unit, found: Visit, start: datetime, practitioner_id: int, minutes: int | None, room_id: int | None
) -> int:
    """The room of a place that breaks no rule.

    Raises:
        InvalidInput, SlotTaken: as `move`. A patient is told no more than that it is not free.
    """
    if start.tzinfo is not None:
        raise InvalidInput(say("There is no such time on that day."), field="start")
    people = {practitioner_id}
    rules = PlaceRules.load(unit, found, Span(start.date(), 1), people, minutes)
    if why := rules.why_no_time(start):
        raise InvalidInput(why, field="start")
    by_patient = unit.actor.patient_id is not None
    if by_patient and not rules.in_rhythm(start.date()):
        raise InvalidInput(say("This is too near to the visits beside it, or too far from them."), field="start")
    number = rules.number_of(start)
    refusal: str = say("Times go in steps of %(minutes)s minutes.", minutes=rules.problem.grid_minutes)
    if number is not None:
        refusal = Reasons.of_column(rules, practitioner_id, room_id).at(number)
        room = rules.room_at(number, room_id)
        if not refusal and room is not None:
            return room
    raise SlotTaken(say("This time is not free, or outside opening hours.") if by_patient else refusal, field="start")


def _slots(rules: PlaceRules) -> Iterator[Slot]:
    """Every place that breaks no rule, by time, in a room that is free."""
    by_patient = rules.unit.actor.patient_id is not None
    free = [(person, Reasons.of_column(rules, int(person.id)).free) for person in rules.problem.practitioners]
    any_free = np.logical_or.reduce([fits for _, fits in free]) if free else np.zeros(0, np.bool_)
    for number in np.flatnonzero(any_free).tolist():
        start = rules.starts[number]
        if rules.why_no_time(start) or (by_patient and not rules.in_rhythm(start.date())):
            continue
        for person, fits in free:
            room = rules.room_at(number)
            if fits[number] and room is not None:
                yield Slot(start, instant(start, rules.unit.zone), int(person.id), person.name, room)
