"""Freed places offered by the planner itself: a few at a time, by day, until somebody has it or a person decides."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from planner.services import backfill, clinic_setup, worklists
from planner.services.backfill_rounds import AT_ONCE, MOST_ROUNDS, ask
from planner.services.backfill_sweep import look_for_takers
from planner.services.messages import send_outbox
from planner.services.offer_lines import offers_of_late
from planner.services.runtime import Actor
from planner.storage.courses import CourseRow
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from tests.factories import make_patient
from tests.services.test_backfill import two
from tests.services.test_newcomers import assess, full

__all__ = ["full", "two"]  # Fixtures: who waits beside a full diary; two courses which a freed slot would help.


@pytest.fixture
def by_itself(runtime, clinic):
    """The clinic lets the planner offer freed places."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"backfill": "apply"})


def sweep(runtime, clock, **later):
    """Let time pass, then look; by default long enough that nothing is taken back any more."""
    clock.advance(**(later or {"minutes": 6}))
    report = look_for_takers(runtime)
    assert report.failed == 0
    return report


def offers(runtime, clinic, slot, *statuses):
    """The offers of a slot, the oldest first."""
    with runtime.reading(clinic.system) as unit:
        row = SlotOfferRow
        found = unit.session.scalars(select(row).where(row.slot_id == slot.id).order_by(row.offered_at, row.id))
        return [each for each in found if not statuses or each.status in statuses]


def lines(runtime, clinic):
    """The slots on the worklist."""
    with runtime.reading(clinic.system) as unit:
        return [each.details["slot_id"] for each in worklists.open_items(unit) if each.kind == worklists.FREED_SLOT]


def test_unless_the_owner_says_so_nobody_is_asked(runtime, clinic, clock, two):
    """A line says whom it would help, as before."""
    *_, slot = two
    sweep(runtime, clock)
    assert offers(runtime, clinic, slot) == []
    assert slot.id in lines(runtime, clinic)


def test_those_who_gain_most_are_asked_by_message_for_the_clinics_time(runtime, clinic, clock, mailer, two, by_itself):
    """Courses and patients who wait alike; no line while the offers stand, and the desk sees who was asked."""
    first, second, slot = two
    sweep(runtime, clock)
    made = offers(runtime, clinic, slot)
    assert {each.course_id for each in made} == {first, second}
    assert all(each.expires_at == clock.now() + timedelta(hours=4) for each in made)
    assert slot.id not in lines(runtime, clinic)
    send_outbox(runtime)
    assert len([each for each in mailer.sent if "earlier time" in each.subject]) == 2
    assert not any(each.line.by_hand for each in offers_of_late(runtime, clinic.rosa.actor))


def test_whoever_waits_for_a_course_is_asked_too(runtime, clinic, clock, full, by_itself):
    """And begins it there by accepting."""
    sweep(runtime, clock)
    (made,) = [each for each in offers(runtime, clinic, full.slot) if each.assessment_id is not None]
    assert made.patient_id == full.dora
    done = backfill.accept(runtime, Actor(clinic.id, "patient", patient_id=full.dora), made.id)
    with runtime.reading(clinic.system) as unit:
        assert unit.get(CourseRow, done.course_id).patient_id == full.dora
    sweep(runtime, clock)
    assert offers(runtime, clinic, full.slot, "offered") == []


def test_looking_again_asks_nobody_twice(runtime, clinic, clock, two, by_itself):
    """However often the timer comes."""
    *_, slot = two
    sweep(runtime, clock)
    before = [each.id for each in offers(runtime, clinic, slot)]
    for _ in range(3):
        assert not sweep(runtime, clock, minutes=2).did_something
    assert [each.id for each in offers(runtime, clinic, slot)] == before


def test_a_mistake_that_is_undone_asks_nobody(runtime, clinic, clock, two, by_itself):
    """What was given up a moment ago waits as long as messages do."""
    *_, slot = two
    assert not sweep(runtime, clock, minutes=4).did_something
    assert offers(runtime, clinic, slot) == []
    sweep(runtime, clock, minutes=1)
    assert offers(runtime, clinic, slot)


@pytest.mark.parametrize(("hour", "minute"), [(5, 0), (19, 45), (21, 0)])
def test_nobody_is_asked_at_night(runtime, clinic, clock, two, by_itself, hour, minute):
    """In the morning they are; nor shortly before the evening, when the message might go out too late."""
    *_, slot = two
    day = slot.start.date() - timedelta(days=2)
    clock.set(clock.now().replace(year=day.year, month=day.month, day=day.day, hour=hour, minute=minute))
    assert not look_for_takers(runtime).did_something
    assert offers(runtime, clinic, slot) == []
    assert lines(runtime, clinic) == []
    sweep(runtime, clock, hours=(8 - hour) % 24)
    assert offers(runtime, clinic, slot)


def test_a_message_that_could_not_go_out_by_day_does_not_go_out_at_night(runtime, clinic, clock, two, by_itself):
    """Its time is over in the evening, though the offer stands on the patient's page."""
    *_, slot = two
    clock.set(clock.now().replace(hour=19))
    sweep(runtime, clock)
    with runtime.reading(clinic.system) as unit:
        rows = unit.session.scalars(select(OutboxRow).where(OutboxRow.kind == "slot_offered")).all()
    assert rows
    assert all((row.expires_at.hour, row.expires_at.minute) == (20, 0) for row in rows)
    assert all(each.expires_at > clock.now() + timedelta(hours=3) for each in offers(runtime, clinic, slot))


def test_a_place_that_begins_soon_is_left_to_a_person(runtime, clinic, clock, two, by_itself):
    """Nobody is asked to come at once; the line says whom it would help."""
    *_, slot = two
    clock.set(slot.starts_at - timedelta(minutes=90))
    sweep(runtime, clock)
    assert offers(runtime, clinic, slot) == []


def test_whoever_wants_nothing_earlier_or_has_no_address_is_not_asked(runtime, clinic, clock, two, by_itself):
    """The one can't be told, and the other did not want to be."""
    first, second, slot = two
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, unit.get(CourseRow, first).patient_id).wants_earlier = False
        unit.get(PatientRow, unit.get(CourseRow, second).patient_id).email = ""
    sweep(runtime, clock)
    assert offers(runtime, clinic, slot) == []
    assert slot.id in lines(runtime, clinic)


def test_nobody_hears_of_two_places_on_one_day(runtime, clinic, clock, two, by_itself):
    """The planner asks each patient once in 24 hours, though the place was given up anew; a person may ask at once."""
    first, _, slot = two
    sweep(runtime, clock)
    assert len(offers(runtime, clinic, slot)) == 2
    clock.advance(hours=4)
    given_up_anew(runtime, clinic, slot)
    sweep(runtime, clock)
    assert offers(runtime, clinic, slot, "offered") == []
    assert slot.id in lines(runtime, clinic)
    backfill.decline(runtime, clinic.rosa.actor, backfill.offer(runtime, clinic.rosa.actor, slot.id, first))
    clock.advance(hours=20)
    given_up_anew(runtime, clinic, slot)
    sweep(runtime, clock)
    assert len(offers(runtime, clinic, slot, "offered")) == 1


def given_up_anew(runtime, clinic, slot):
    """Somebody had it in between."""
    with runtime.writing(clinic.system) as unit:
        row = unit.get(FreedSlotRow, slot.id)
        row.examined_at, row.freed_at = None, unit.now


@pytest.fixture
def queue(runtime, clinic, full):
    """Eleven more who wait for a course, and would begin it in the slot; offers stand for an hour."""
    with runtime.writing(clinic.system) as unit:
        unit.clinic.offer_hours = 1
        people = [make_patient(unit, f"Waiting {n:02}", f"w{n}@example.org") for n in range(11)]
    return [assess(runtime, clinic, who) for who in people]


def test_the_next_are_asked_when_all_let_it_pass_and_in_the_end_a_person_decides(
    runtime, clinic, clock, full, queue, by_itself
):
    """One round at a time, so many rounds; nobody twice."""
    sweep(runtime, clock)
    for number in range(1, MOST_ROUNDS + 1):
        made = offers(runtime, clinic, full.slot)
        assert len(made) == AT_ONCE * number
        assert len({each.patient_id for each in made}) == len(made)
        assert not sweep(runtime, clock, minutes=2).did_something
        assert lines(runtime, clinic) == []
        clock.set(max(each.expires_at for each in made))
        sweep(runtime, clock)
    assert len(offers(runtime, clinic, full.slot)) == AT_ONCE * MOST_ROUNDS
    assert offers(runtime, clinic, full.slot, "offered") == []
    assert full.slot.id in lines(runtime, clinic)


def test_as_soon_as_all_have_declined_the_next_are_asked(runtime, clinic, clock, full, queue, by_itself):
    """Nobody waits for the hours to pass."""
    sweep(runtime, clock)
    for each in offers(runtime, clinic, full.slot):
        backfill.decline(runtime, Actor(clinic.id, "patient", patient_id=each.patient_id), each.id)
    sweep(runtime, clock)
    assert len(offers(runtime, clinic, full.slot, "offered")) == AT_ONCE


def test_where_a_person_has_offered_it_the_planner_asks_nobody(runtime, clinic, clock, two, by_itself):
    """The line stays, as with any offer by hand."""
    first, _, slot = two
    backfill.offer(runtime, clinic.rosa.actor, slot.id, first)
    sweep(runtime, clock)
    assert len(offers(runtime, clinic, slot)) == 1


def test_a_place_that_helps_nobody_asks_nobody(runtime, clinic, clock, two, by_itself):
    """All courses are stopped."""
    first, second, slot = two
    with runtime.writing(clinic.system) as unit:
        for course in (first, second):
            unit.get(CourseRow, course).automation = "stopped"
    sweep(runtime, clock)
    assert offers(runtime, clinic, slot) == []
    assert lines(runtime, clinic) == []


def test_a_place_taken_before_the_sweep_comes_is_offered_to_nobody(runtime, clinic, clock, two, by_itself):
    """It is gone."""
    _, second, slot = two
    by_hand = backfill.offer(runtime, clinic.rosa.actor, slot.id, second)
    backfill.accept(runtime, clinic.rosa.actor, by_hand)
    sweep(runtime, clock)
    assert [each.id for each in offers(runtime, clinic, slot)] == [by_hand]


def test_a_place_taken_between_the_look_and_the_offer_is_offered_to_nobody(runtime, clinic, two):
    """Somebody was put there by hand in that moment."""
    first, second, slot = two
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_practitioner_hours(unit, slot.practitioner_id, [])
        assert ask(unit, slot, [first, second]) == 0
    assert offers(runtime, clinic, slot) == []


def test_whoever_it_does_not_help_any_more_is_left_out(runtime, clinic, two):
    """The other is asked."""
    first, second, slot = two
    with runtime.writing(clinic.system) as unit:
        unit.get(CourseRow, first).automation = "stopped"
        unit.session.flush()
        assert ask(unit, slot, [first, second]) == 1
    assert [each.course_id for each in offers(runtime, clinic, slot)] == [second]
