"""Any free place of the diary can be asked who fits it; it becomes a slot with the first offer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from planner.errors import InvalidInput, NotFound, SlotTaken
from planner.services import backfill
from planner.services.backfill import Waits
from planner.services.backfill_places import Place
from planner.services.takers import Candidates
from planner.storage.courses import CourseRow
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from planner.storage.people import ClinicRow, PatientRow
from tests.services.test_backfill import session, two
from tests.services.test_newcomers import assess, full

__all__ = ["full", "two"]  # Fixtures: two courses which an earlier place would help; who waits beside a full diary.


def place_of(slot):
    """The same time, as a click into the diary names it: nobody gave it up with this length."""
    return Place(slot.practitioner_id, slot.start)


def rows(runtime, clinic):
    """How many places have a row."""
    with runtime.reading(clinic.rosa.actor) as unit:
        return unit.session.scalar(select(func.count()).select_from(FreedSlotRow))


def test_any_free_place_is_ranked_like_one_that_became_free(runtime, clinic, two):
    """Who fits it, with what each saves; looking keeps nothing."""
    *_, slot = two
    before = rows(runtime, clinic)
    desk = backfill.who_fits_place(runtime, clinic.rosa.actor, place_of(slot))
    assert desk.free
    assert desk.takers == backfill.who_fits(runtime, clinic.rosa.actor, slot.id).takers
    assert rows(runtime, clinic) == before


def test_the_first_offer_makes_it_a_slot_and_the_first_to_accept_has_it(runtime, clinic, two):
    """Both are asked about one place."""
    first, second, slot = two
    before = rows(runtime, clinic)
    offered = {backfill.offer_place(runtime, clinic.rosa.actor, place_of(slot), course) for course in (first, second)}
    assert len(offered) == 1
    assert rows(runtime, clinic) == before + 1
    with runtime.reading(clinic.rosa.actor) as unit:
        offers = list(unit.session.scalars(select(SlotOfferRow.id).order_by(SlotOfferRow.id)))
    backfill.accept(runtime, clinic.rosa.actor, offers[1])
    assert session(runtime, clinic, second, 3).starts_at == slot.starts_at
    with pytest.raises(SlotTaken):
        backfill.accept(runtime, clinic.rosa.actor, offers[0])
    with pytest.raises(SlotTaken):
        backfill.offer_place(runtime, clinic.rosa.actor, place_of(slot), first)


def test_an_offer_stands_as_long_as_the_clinics_do(runtime, clinic, clock, two):
    """Unless somebody says otherwise."""
    first, second, slot = two
    with runtime.writing(clinic.mo.actor) as unit:
        unit.session.get(ClinicRow, clinic.id).offer_hours = 10
    backfill.offer(runtime, clinic.rosa.actor, slot.id, first)
    backfill.offer(runtime, clinic.rosa.actor, slot.id, second, hours=2)
    with runtime.reading(clinic.rosa.actor) as unit:
        ends = dict(unit.session.execute(select(SlotOfferRow.course_id, SlotOfferRow.expires_at)).all())
    assert ends == {first: clock.now() + timedelta(hours=10), second: clock.now() + timedelta(hours=2)}
    assert backfill.who_fits(runtime, clinic.rosa.actor, slot.id).offer_hours == 10


def unwilling(runtime, clinic, patient):
    """This patient wants nothing earlier."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, patient).wants_earlier = False


def test_who_wants_nothing_earlier_is_not_asked(runtime, clinic, two):
    """Neither shown nor offered to."""
    first, second, slot = two
    with runtime.reading(clinic.rosa.actor) as unit:
        patient = unit.get(CourseRow, first).patient_id
    unwilling(runtime, clinic, patient)
    desk = backfill.who_fits_place(runtime, clinic.rosa.actor, place_of(slot))
    assert [taker.course_id for taker in desk.takers] == [second]
    with pytest.raises(InvalidInput):
        backfill.offer(runtime, clinic.rosa.actor, slot.id, first)


def test_who_waits_for_a_course_fits_a_free_place_too(runtime, clinic, full):
    """Their first session; not where they want nothing earlier."""
    place = place_of(full.slot)
    (newcomer,) = backfill.who_fits_place(runtime, clinic.rosa.actor, place).newcomers
    assert newcomer.patient == "Dora Ek"
    unwilling(runtime, clinic, full.dora)
    assert backfill.who_fits_place(runtime, clinic.rosa.actor, place).newcomers == ()


def test_a_place_that_is_taken_or_over_is_free_for_nobody(runtime, clinic, clock, two):
    """Said, not refused: the page shows why."""
    first, _, slot = two
    booked = session(runtime, clinic, first, 2)
    assert not backfill.who_fits_place(runtime, clinic.rosa.actor, Place(booked.practitioner_id, booked.starts_at)).free
    over = replace(place_of(slot), start=datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert not backfill.who_fits_place(runtime, clinic.rosa.actor, over).free
    with pytest.raises(SlotTaken):
        backfill.offer_place(runtime, clinic.rosa.actor, over, first)


def test_what_is_no_place_is_refused(runtime, clinic, other_clinic, two):
    """Nobody who treats nobody, nobody of another clinic, no time that the clock skips, no length."""
    *_, slot = two
    place = place_of(slot)
    for wrong, refusal in [
        (replace(place, practitioner_id=clinic.rosa.id), InvalidInput),
        (replace(place, practitioner_id=other_clinic.ben.id), NotFound),
        (replace(place, start=datetime(2026, 3, 29, 1, 30)), InvalidInput),
    ]:
        with pytest.raises(refusal):
            backfill.who_fits_place(runtime, clinic.rosa.actor, wrong)
    with pytest.raises(InvalidInput):
        replace(place, minutes=4)


def test_who_fits_needs_a_bounded_number_of_queries(runtime, clinic, queries, two):
    """As many for two who fit as for one; what the diary is asked about the place is asked once."""
    first, _, slot = two
    with queries() as asked:
        assert len(backfill.who_fits_place(runtime, clinic.rosa.actor, place_of(slot)).takers) == 2
    assert len(asked) <= 12
    with runtime.writing(clinic.system) as unit:
        unit.get(CourseRow, first).automation = "stopped"
    with queries() as for_one:
        assert len(backfill.who_fits_place(runtime, clinic.rosa.actor, place_of(slot)).takers) == 1
    assert len(for_one) == len(asked)


def test_those_who_wait_and_the_offers_cost_no_more_queries(runtime, clinic, queries, full):
    """One waits or several, offered or not, by the slot's number or by its place."""
    assess(runtime, clinic, clinic.ana)
    backfill.offer(runtime, clinic.rosa.actor, full.slot.id, Waits(full.assessment))
    with queries() as asked:
        desk = backfill.who_fits(runtime, clinic.rosa.actor, full.slot.id)
    assert len(desk.newcomers) == 2
    assert len(desk.offers) == 1
    assert len(asked) <= 12
    with queries() as by_place:
        backfill.who_fits_place(runtime, clinic.rosa.actor, place_of(full.slot))
    assert len(by_place) <= 12


def test_a_clinic_with_more_courses_than_can_be_looked_at_costs_one_query_more(runtime, clinic, queries, two):
    """Who is furthest behind is found in the database."""
    with runtime.reading(clinic.rosa.actor) as unit:
        with queries() as asked:
            assert len(Candidates.of(unit, two[2]).rows) == 2
        with queries() as few:
            found = Candidates.of(unit, two[2], most=1)
    assert (len(asked), len(few)) == (1, 2)
    assert (len(found.rows), found.unseen) == (1, 1)
