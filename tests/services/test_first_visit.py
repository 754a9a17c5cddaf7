"""A free place offered to who waits for a course: a message, the first to accept begins the course there."""

import threading
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from planner.errors import InvalidInput, NotFound, PlannerError, SlotTaken, StaleForm
from planner.services import backfill, booking, clinic_setup, undoing, worklists
from planner.services.attention import note_attention
from planner.services.backfill import Waits
from planner.services.backfill_places import Place
from planner.services.messages import send_outbox
from planner.services.offer_lines import offers_of_late
from planner.services.offers import offers_for
from planner.services.planning import MIN_GAP_HOURS
from planner.services.runtime import Actor
from planner.services.snapshot import take
from planner.services.waiting import waiting_list
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.storage.people import PatientRow
from tests.factories import weekly
from tests.services.test_newcomers import assess, full, newcomers

__all__ = ["full"]  # The fixture: a full diary, the slot in it that became free, and Dora who waits.


def patient(clinic, who):
    """Whoever has this patient's personal link."""
    return Actor(clinic.id, "patient", patient_id=who)


def courses(runtime, clinic, who):
    """The courses of a patient that were not called off."""
    with runtime.reading(clinic.system) as unit:
        return unit.session.scalars(
            select(CourseRow.id).where(CourseRow.patient_id == who, CourseRow.status != "cancelled")
        ).all()


def offered(runtime, clinic, full):
    """The slot offered to Dora; the offer's id."""
    return backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(full.assessment))


def test_accepting_begins_the_course_in_the_slot(runtime, clinic, full):
    """All of it is booked: the first visit there, the others after it, 48 hours apart; nobody waits any more."""
    offer = offered(runtime, clinic, full)
    assert courses(runtime, clinic, full.dora) == []
    done = backfill.accept(runtime, patient(clinic, full.dora), offer)
    assert courses(runtime, clinic, full.dora) == [done.course_id]
    with runtime.reading(clinic.system) as unit:
        course = take(unit, unit.get(CourseRow, done.course_id))
        row = unit.get(SlotOfferRow, offer)
        assert (row.status, row.course_id, row.session_id) == ("accepted", done.course_id, course.sessions[0].id)
        assert waiting_list(unit).waiting == ()
    first, *others = course.sessions
    assert (first.current.starts_at, first.current.practitioner_id) == (full.slot.starts_at, clinic.ben.id)
    assert all(each.current or each.unplaced_reason for each in others)
    starts = sorted(each.current.starts_at for each in course.sessions if each.current)
    assert all((b - a).total_seconds() >= MIN_GAP_HOURS * 3600 for a, b in pairwise(starts))


def test_the_course_that_was_begun_can_be_undone_while_nobody_was_told(runtime, clinic, full):
    """Dora waits again, and the slot is free again."""
    done = backfill.accept(runtime, patient(clinic, full.dora), offered(runtime, clinic, full))
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert courses(runtime, clinic, full.dora) == []
    assert [each.patient_id for each in newcomers(runtime, clinic, full.slot)] == [full.dora]


def test_of_two_who_accept_at_one_moment_one_begins_there(runtime, clinic, full):
    """The other is told that somebody was faster, and nothing is booked for them."""
    assessment = assess(runtime, clinic, clinic.ana)
    offers = {
        full.dora: offered(runtime, clinic, full),
        clinic.ana: backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(assessment)),
    }
    together, outcomes = threading.Barrier(2), {}

    def press(who, offer_id):
        together.wait(60)
        try:
            outcomes[who] = backfill.accept(runtime, patient(clinic, who), offer_id).course_id
        except PlannerError as refusal:
            outcomes[who] = type(refusal)

    threads = [threading.Thread(target=press, args=each) for each in offers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (loser,) = [who for who, outcome in outcomes.items() if outcome is SlotTaken]
    (winner,) = set(offers) - {loser}
    assert courses(runtime, clinic, loser) == []
    assert courses(runtime, clinic, winner) == [outcomes[winner]]
    with runtime.reading(clinic.system) as unit:
        row = AppointmentRow
        there = row.starts_at == full.slot.starts_at, row.practitioner_id == clinic.ben.id, row.status == "booked"
        assert unit.session.scalars(select(row.patient_id).where(*there)).all() == [winner]


def test_pressing_twice_begins_one_course(runtime, clinic, full):
    """The second time the offer has ended."""
    offer = offered(runtime, clinic, full)
    backfill.accept(runtime, patient(clinic, full.dora), offer)
    with pytest.raises(StaleForm):
        backfill.accept(runtime, patient(clinic, full.dora), offer)
    assert len(courses(runtime, clinic, full.dora)) == 1


def test_whoever_was_booked_meanwhile_is_not_booked_again(runtime, clinic, full):
    """Reception did it on the telephone; the page shows no offer any more."""
    offer = offered(runtime, clinic, full)
    with runtime.reading(clinic.system) as unit:
        (dora,) = waiting_list(unit).waiting
        assert [each.first for each in offers_for(unit, full.dora)] == [True]
    wanted = booking.BookingRequest(
        course_id=1, patient_id=full.dora, assessment_id=full.assessment, phases=dora.recorded.phases,
        first_visit_minutes=60, visit_minutes=45, wishes=dora.wishes, earliest_day=full.slot.start.date(),
    )  # fmt: skip
    booking.book_course(runtime, clinic.rosa.actor, wanted, {})
    with runtime.reading(clinic.system) as unit:
        assert offers_for(unit, full.dora) == ()
    with pytest.raises(StaleForm, match="booked already"):
        backfill.accept(runtime, patient(clinic, full.dora), offer)


def test_a_slot_that_somebody_has_by_now_begins_nothing(runtime, clinic, full):
    """Ben has no hours then any more."""
    offer = offered(runtime, clinic, full)
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, [])
    with pytest.raises(SlotTaken):
        backfill.accept(runtime, patient(clinic, full.dora), offer)
    assert courses(runtime, clinic, full.dora) == []


def test_nobody_accepts_for_somebody_else(runtime, clinic, full):
    """Another patient's link does not open it."""
    with pytest.raises(NotFound):
        backfill.accept(runtime, patient(clinic, clinic.ana), offered(runtime, clinic, full))


def test_whoever_gains_nothing_is_not_offered_it(runtime, clinic, full):
    """Nobody waits with this assessment, or they want nothing earlier."""
    with pytest.raises(InvalidInput):
        backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(12345))
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, full.dora).wants_earlier = False
    with pytest.raises(InvalidInput):
        offered(runtime, clinic, full)


def test_any_free_place_can_be_offered_to_who_waits(runtime, clinic, full):
    """It gets a row with the offer, and no course that gave it up."""
    place = Place(full.slot.practitioner_id, full.slot.start, 90)
    with runtime.writing(clinic.system) as unit:
        # Nobody gave up so long a place, and it is as free as the one that Dora was found for.
        before = unit.session.scalar(select(func.count()).select_from(FreedSlotRow))
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, weekly("09:00", "11:00"))
    slot_id = backfill.offer_place(runtime, clinic.rosa.actor, place, Waits(full.assessment))
    with runtime.reading(clinic.system) as unit:
        assert unit.session.scalar(select(func.count()).select_from(FreedSlotRow)) == before + 1
        assert unit.get(FreedSlotRow, slot_id).course_id is None
        (offer,) = offers_for(unit, full.dora)
    backfill.accept(runtime, patient(clinic, full.dora), offer.id)
    assert len(courses(runtime, clinic, full.dora)) == 1


def test_the_offers_of_other_places_to_begin_end_with_the_first_that_is_accepted(runtime, clinic, full):
    """One first visit is enough."""
    offer = offered(runtime, clinic, full)
    with runtime.writing(clinic.system) as unit:
        other = FreedSlotRow(
            practitioner_id=clinic.ben.id, room_id=clinic.rooms[0], starts_at=full.slot.starts_at,
            ends_at=full.slot.ends_at.replace(minute=59), freed_at=unit.now,
        )  # fmt: skip
        unit.session.add(other)
        unit.session.flush()
        second = SlotOfferRow(
            slot_id=other.id, patient_id=full.dora, assessment_id=full.assessment, saved_points=100,
            offered_at=unit.now, expires_at=full.slot.starts_at, offered_by="Rosa Lind",
        )  # fmt: skip
        unit.session.add(second)
    backfill.accept(runtime, patient(clinic, full.dora), offer)
    with runtime.reading(clinic.system) as unit:
        assert unit.get(SlotOfferRow, second.id).status == "expired"


def test_the_message_says_that_it_is_the_first_visit_and_until_when(runtime, clinic, mailer, full):
    """With the link; neutral, and as long as that visit is."""
    offered(runtime, clinic, full)
    send_outbox(runtime)
    (mail,) = [each for each in mailer.sent if each.to == "dora@example.org"]
    assert "It would be your first appointment." in mail.text
    assert "You can take it until" in mail.text
    assert "/p/" in mail.text


def test_whoever_has_no_address_is_on_the_list_with_their_name(runtime, clinic, mailer, full):
    """The line is about no course, and still says who it is."""
    with runtime.writing(clinic.system) as unit:
        row = unit.get(PatientRow, full.dora)
        row.email, row.phone = "", "0131 496 0001"
    (dora,) = newcomers(runtime, clinic, full.slot)
    assert not dora.has_email
    offered(runtime, clinic, full)
    send_outbox(runtime)
    with runtime.reading(clinic.system) as unit:
        (line,) = [each for each in worklists.open_items(unit) if each.kind == worklists.TELL_PATIENT]
    assert (line.patient_id, line.patient, line.course_id) == (full.dora, "Dora Ek", None)


def test_reception_sees_what_became_of_each_offer(runtime, clinic, clock, full):
    """Accepted, with the course; declined; ended without an answer."""
    assessment = assess(runtime, clinic, clinic.ana)
    first = offered(runtime, clinic, full)
    desk = backfill.who_fits(runtime, clinic.rosa.actor, full.slot.id)
    assert next(each for each in desk.newcomers if each.patient_id == full.dora).offer_id == first
    backfill.decline(runtime, patient(clinic, full.dora), first)
    backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(assessment), hours=1)
    clock.advance(hours=1)
    again = offered(runtime, clinic, full)
    done = backfill.accept(runtime, patient(clinic, full.dora), again)
    lines = backfill.who_fits(runtime, clinic.rosa.actor, full.slot.id).offers
    assert [(each.patient_id, each.status) for each in lines] == [
        (full.dora, "declined"), (clinic.ana, "expired"), (full.dora, "accepted"),
    ]  # fmt: skip
    assert lines[-1].course_id == done.course_id
    assert {each.line for each in offers_of_late(runtime, clinic.rosa.actor)} == set(lines)


def test_the_line_of_who_waits_is_gone_with_the_course(runtime, clinic, full):
    """As with any booking."""
    note_attention(runtime)
    backfill.accept(runtime, patient(clinic, full.dora), offered(runtime, clinic, full))
    with runtime.reading(clinic.system) as unit:
        assert worklists.WAITING_FOR_COURSE not in {each.kind for each in worklists.open_items(unit)}
