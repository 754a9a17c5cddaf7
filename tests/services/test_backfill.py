"""A freed slot finds those whom it would help; it is offered for some hours, and the first to accept has it."""

import threading
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.errors import InvalidInput, NotFound, PlannerError, SlotTaken, StaleForm
from planner.scheduling.problem import Placed
from planner.services import (
    assessments,
    attendance,
    backfill,
    booking,
    clinic_setup,
    freed_slots,
    leave,
    moving,
    undoing,
    worklists,
)
from planner.services.backfill_sweep import look_for_takers
from planner.services.planning import therapists
from planner.services.runtime import Actor
from planner.services.snapshot import take
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.jobs import SlotOfferRow
from tests.services.course_life import request_for
from tests.services.many_patients import ACUTE, book_crowd, make_crowd
from tests.services.test_leave_together import ONE_DAY


def session(runtime, clinic, course_id, number):
    """The appointment of a session, from 1."""
    with runtime.reading(clinic.rosa.actor) as unit:
        return take(unit, unit.get(CourseRow, course_id)).sessions[number - 1].current


def push_late(runtime, clinic, course_id, number=3):
    """Move a session as late as it may go; where it was."""
    before = session(runtime, clinic, course_id, number)
    slot = moving.legal_slots(runtime, clinic.rosa.actor, before.id)[-1]
    assert slot.starts_at - before.starts_at > timedelta(hours=20)
    moving.move(runtime, clinic.rosa.actor, before.id, slot.start, slot.practitioner_id)
    return before


def slot_at(runtime, clinic, place):
    """The freed slot that was this appointment's."""
    return next(
        each
        for each in freed_slots.freed_slots(runtime, clinic.rosa.actor)
        if (each.starts_at, each.practitioner_id) == (place.starts_at, place.practitioner_id)
    )


@pytest.fixture
def two(runtime, clinic):
    """Two courses side by side, the third session of each pushed late, and the first one's old place."""
    crowd = make_crowd(runtime, clinic, 2)
    first, second = book_crowd(runtime, clinic, crowd)
    place = push_late(runtime, clinic, first)
    push_late(runtime, clinic, second)
    return first, second, slot_at(runtime, clinic, place)


def test_a_cancelled_and_a_moved_visit_leave_a_freed_slot(runtime, clinic):
    """Until somebody has it again."""
    (course,) = book_crowd(runtime, clinic, make_crowd(runtime, clinic, 1))
    assert freed_slots.freed_slots(runtime, clinic.rosa.actor) == ()
    place = push_late(runtime, clinic, course)
    last = session(runtime, clinic, course, 4)
    done = attendance.cancel(runtime, clinic.rosa.actor, last.id, rebook=False)
    assert {each.starts_at for each in freed_slots.freed_slots(runtime, clinic.rosa.actor)} == {
        place.starts_at,
        last.starts_at,
    }
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert [each.starts_at for each in freed_slots.freed_slots(runtime, clinic.rosa.actor)] == [place.starts_at]


def test_the_slots_of_a_therapist_who_is_away_are_not_offered(runtime, clinic):
    """Nobody works there."""
    book_crowd(runtime, clinic, make_crowd(runtime, clinic, 6))
    leave.record_leave(runtime, clinic.rosa.actor, clinic.ben.id, ONE_DAY)
    away = [
        each for each in freed_slots.freed_slots(runtime, clinic.rosa.actor) if each.practitioner_id == clinic.ben.id
    ]
    assert not [each for each in away if each.start.date() == ONE_DAY.starts.date()]


def test_those_whom_it_helps_are_ranked_with_what_they_save(runtime, clinic, two):
    """Both courses would gain; points and days say how much."""
    first, second, slot = two
    desk = backfill.who_fits(runtime, clinic.rosa.actor, slot.id)
    assert {taker.course_id for taker in desk.takers} == {first, second}
    savings = [taker.saved_points for taker in desk.takers]
    assert savings == sorted(savings, reverse=True)
    assert all(taker.saved_days >= 1 and taker.number == 3 for taker in desk.takers)


def test_whoever_is_away_on_that_day_is_not_asked(runtime, clinic, two):
    """However much it would save."""
    first, second, slot = two
    with runtime.writing(clinic.system) as unit:
        row = unit.get(CourseRow, second)
        row.wishes = {**row.wishes, "away": [[slot.start.date().isoformat()] * 2]}
    assert [taker.course_id for taker in backfill.who_fits(runtime, clinic.rosa.actor, slot.id).takers] == [first]


def test_a_session_without_a_date_finds_one_in_a_freed_slot(runtime, clinic):
    """It gains most, so it comes first."""
    (first,) = book_crowd(runtime, clinic, make_crowd(runtime, clinic, 1))
    request = request_for(runtime, clinic)
    places = booking.propose(runtime, clinic.rosa.actor, request, with_alternatives=False).places
    left_open = max(places)
    course = booking.book_course(
        runtime, clinic.rosa.actor, request, {n: place for n, place in places.items() if n < left_open}
    )
    free = next(
        slot
        for slot in _freed_about(runtime, clinic, first, places[left_open])
        if slot.start == places[left_open].start
    )
    best = backfill.who_fits(runtime, clinic.rosa.actor, free.id).takers[0]
    assert (best.course_id, best.now, best.saved_days) == (course, None, None)
    offer = backfill.offer(runtime, clinic.rosa.actor, free.id, course)
    backfill.accept(runtime, clinic.rosa.actor, offer)
    assert session(runtime, clinic, course, left_open + 1).starts_at == free.starts_at
    with runtime.reading(clinic.rosa.actor) as unit:
        assert worklists.TO_PLACE not in {item.kind for item in worklists.open_items(unit)}


def _freed_about(runtime, clinic, course_id, place):
    """A slot where that place is, freed by the course's last session which went there and left again."""
    last = session(runtime, clinic, course_id, 4)
    moving.move(runtime, clinic.rosa.actor, last.id, place.start, int(place.practitioner))
    attendance.cancel(runtime, clinic.rosa.actor, last.id, rebook=False)
    return freed_slots.freed_slots(runtime, clinic.rosa.actor)


def test_the_first_to_accept_has_the_slot_and_the_other_offers_end(runtime, clinic, two):
    """The session moves there, with its neighbours 48 hours away; the place it leaves is a freed slot itself."""
    first, second, slot = two
    offers = [backfill.offer(runtime, clinic.rosa.actor, slot.id, course) for course in (first, second)]
    late = session(runtime, clinic, second, 3)
    done = backfill.accept(runtime, clinic.rosa.actor, offers[1])
    assert session(runtime, clinic, second, 3).starts_at == slot.starts_at
    starts = sorted(session(runtime, clinic, second, n).starts_at for n in range(1, 5))
    assert all(b - a >= timedelta(hours=48) for a, b in pairwise(starts))
    with pytest.raises(SlotTaken):
        backfill.accept(runtime, clinic.rosa.actor, offers[0])
    assert not backfill.who_fits(runtime, clinic.rosa.actor, slot.id).free
    assert slot_at(runtime, clinic, late)
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert session(runtime, clinic, second, 3).starts_at == late.starts_at


def test_two_who_accept_at_one_moment_do_not_both_get_it(runtime, clinic, two):
    """One has it, the other is told; the diary has one visit there."""
    first, second, slot = two
    offers = [backfill.offer(runtime, clinic.rosa.actor, slot.id, course) for course in (first, second)]
    together, outcomes = threading.Barrier(2), []

    def press(offer_id):
        together.wait(60)
        try:
            outcomes.append(backfill.accept(runtime, clinic.rosa.actor, offer_id).course_id)
        except PlannerError as refusal:
            outcomes.append(type(refusal))

    threads = [threading.Thread(target=press, args=(each,)) for each in offers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes.count(SlotTaken) == 1
    with runtime.reading(clinic.rosa.actor) as unit:
        there = select(AppointmentRow).where(
            AppointmentRow.starts_at == slot.starts_at,
            AppointmentRow.practitioner_id == slot.practitioner_id,
            AppointmentRow.status == "booked",
        )
        assert [row.course_id for row in unit.session.scalars(there)] == [
            each for each in outcomes if each in (first, second)
        ]


def test_an_offer_ends_with_its_time(runtime, clinic, clock, two):
    """By the clock at once, in its row by the sweep."""
    first, _, slot = two
    offer = backfill.offer(runtime, clinic.rosa.actor, slot.id, first, hours=2)
    clock.advance(hours=2)
    with pytest.raises(StaleForm):
        backfill.accept(runtime, clinic.rosa.actor, offer)
    assert look_for_takers(runtime).failed == 0
    with runtime.reading(clinic.rosa.actor) as unit:
        assert unit.get(SlotOfferRow, offer).status == "expired"


def test_a_declined_offer_can_not_be_accepted(runtime, clinic, two):
    """It can be made anew; made twice it is prolonged."""
    first, _, slot = two
    offer = backfill.offer(runtime, clinic.rosa.actor, slot.id, first)
    assert backfill.offer(runtime, clinic.rosa.actor, slot.id, first, hours=8) == offer
    backfill.decline(runtime, clinic.rosa.actor, offer)
    with pytest.raises(StaleForm):
        backfill.accept(runtime, clinic.rosa.actor, offer)
    assert backfill.offer(runtime, clinic.rosa.actor, slot.id, first) != offer


def test_a_slot_taken_by_a_booking_is_not_given_to_the_offer(runtime, clinic, two):
    """Ana is put there by hand meanwhile."""
    first, second, slot = two
    offer = backfill.offer(runtime, clinic.rosa.actor, slot.id, first)
    moving.move(runtime, clinic.rosa.actor, session(runtime, clinic, second, 3).id, slot.start, slot.practitioner_id)
    with pytest.raises(SlotTaken):
        backfill.accept(runtime, clinic.rosa.actor, offer)


def test_offers_that_make_no_sense_are_refused(runtime, clinic, two):
    """Too long, or to a course that gains nothing."""
    first, _, slot = two
    for hours in (0, 1000):
        with pytest.raises(InvalidInput):
            backfill.offer(runtime, clinic.rosa.actor, slot.id, first, hours=hours)
    with pytest.raises(InvalidInput):
        backfill.offer(runtime, clinic.rosa.actor, slot.id, 12345)


def test_a_patient_accepts_only_what_was_offered_to_them(runtime, clinic, other_clinic, two):
    """By their personal link; nobody else's, and nobody of another clinic."""
    first, second, slot = two
    offers = {course: backfill.offer(runtime, clinic.rosa.actor, slot.id, course) for course in (first, second)}
    with runtime.reading(clinic.rosa.actor) as unit:
        me = Actor(clinic.id, "patient", patient_id=unit.get(CourseRow, first).patient_id)
    with pytest.raises(NotFound):
        backfill.accept(runtime, me, offers[second])
    with pytest.raises(NotFound):
        backfill.accept(runtime, other_clinic.rosa.actor, offers[first])
    assert backfill.accept(runtime, me, offers[first]).course_id == first


def test_a_useful_slot_comes_onto_the_worklist_and_goes_when_it_is_taken(runtime, clinic, two):
    """The sweep says whom to ask, once; what nobody gains from makes no line."""
    first, _, slot = two

    def lines():
        with runtime.reading(clinic.rosa.actor) as unit:
            return [item.details["slot_id"] for item in worklists.open_items(unit) if item.kind == worklists.FREED_SLOT]

    assert look_for_takers(runtime).done
    assert slot.id in lines()
    assert not look_for_takers(runtime).did_something
    backfill.accept(runtime, clinic.rosa.actor, backfill.offer(runtime, clinic.rosa.actor, slot.id, first))
    assert slot.id not in lines()
    with runtime.writing(clinic.system) as unit:
        for person in therapists(unit):
            clinic_setup.set_practitioner_hours(unit, person.id, [])
    look_for_takers(runtime)
    assert lines() == []


def test_a_slot_within_48_hours_of_the_patients_other_course_can_not_be_accepted(runtime, clinic, two):
    """It was offered before that course was booked; the others still fit."""
    first, second, slot = two
    offer = backfill.offer(runtime, clinic.rosa.actor, slot.id, first)
    with runtime.reading(clinic.rosa.actor) as unit:
        patient = unit.get(CourseRow, first).patient_id
    found = Assessment.from_json(ACUTE)
    assessment = assessments.record(runtime, clinic.ben.actor, patient, found)
    request = replace(request_for(runtime, clinic), patient_id=patient, assessment_id=assessment)
    start = slot.start.replace(hour=16, minute=0) + timedelta(days=1)
    place = Placed(str(request.course_id), 0, str(clinic.ben.id), str(clinic.rooms[0]), start)
    booking.book_course(runtime, clinic.rosa.actor, request, {0: place})
    takers = {each.course_id for each in backfill.who_fits(runtime, clinic.rosa.actor, slot.id).takers}
    assert (first in takers, second in takers) == (False, True)
    with pytest.raises(StaleForm):
        backfill.accept(runtime, clinic.rosa.actor, offer)
