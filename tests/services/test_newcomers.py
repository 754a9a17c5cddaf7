"""Patients who wait for a course are ranked for a freed slot by what beginning there saves."""

from dataclasses import dataclass, replace
from datetime import date

import pytest

from planner.care.assessment import Assessment
from planner.services import assessments, attendance, backfill, clinic_setup, freed_slots, worklists
from planner.services.backfill_sweep import look_for_takers
from planner.services.newcomers import beginning, newcomers_of
from planner.services.planning import therapists
from planner.services.snapshot import take
from planner.services.takers import LEAST_SAVING
from planner.storage.courses import CourseRow
from tests.factories import make_patient, weekly
from tests.services.many_patients import ACUTE, book_crowd, make_crowd


@dataclass(frozen=True)
class Full:
    """A full diary, the slot in it that became free, and somebody who waits."""

    slot: freed_slots.FreedSlot
    dora: int
    assessment: int


@pytest.fixture
def full(runtime, clinic):
    """Ben has little time, taken for weeks by four courses; the first session of one is called off. Dora waits."""
    crowd = make_crowd(runtime, clinic, 4)
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, weekly("09:00", "10:30"))
        clinic_setup.set_practitioner_hours(unit, crowd.clara, [])
        dora = make_patient(unit, "Dora Ek", "dora@example.org")
    courses = book_crowd(runtime, clinic, crowd)
    with runtime.reading(clinic.rosa.actor) as unit:
        firsts = [take(unit, unit.get(CourseRow, course)).sessions[0].current for course in courses]
    visit = min((each for each in firsts if each), key=lambda booked: booked.starts_at)
    attendance.cancel(runtime, clinic.rosa.actor, visit.id, rebook=False)
    (slot,) = freed_slots.freed_slots(runtime, clinic.rosa.actor)
    return Full(slot, dora, assess(runtime, clinic, dora))


def assess(runtime, clinic, patient):
    """An assessment; its id."""
    return assessments.record(runtime, clinic.ben.actor, patient, Assessment.from_json(ACUTE))


def newcomers(runtime, clinic, slot):
    """Who would begin there."""
    return backfill.who_fits(runtime, clinic.rosa.actor, slot.id).newcomers


def test_whoever_waits_is_ranked_with_what_beginning_there_saves(runtime, clinic, full):
    """Days and points; the worklist counts them too."""
    (dora,) = newcomers(runtime, clinic, full.slot)
    assert (dora.patient_id, dora.patient, dora.assessment_id) == (full.dora, "Dora Ek", full.assessment)
    assert dora.saved_days >= 1
    assert dora.saved_points >= LEAST_SAVING
    desk = backfill.who_fits(runtime, clinic.rosa.actor, full.slot.id)
    assert dora in desk.ranked
    savings = [each.saved_points for each in desk.ranked]
    assert savings == sorted(savings, reverse=True)
    look_for_takers(runtime)
    with runtime.reading(clinic.rosa.actor) as unit:
        (line,) = [item.says for item in worklists.open_items(unit) if item.kind == worklists.FREED_SLOT]
    assert f"it would help {len(desk.ranked)} patient" in line


def test_whoever_would_begin_as_soon_elsewhere_is_not_asked(runtime, clinic, full):
    """Clara has the same hour free, and others."""
    with runtime.writing(clinic.system) as unit:
        clara = next(row.id for row in therapists(unit) if row.id != clinic.ben.id)
        clinic_setup.set_practitioner_hours(unit, clara, weekly())
    assert newcomers(runtime, clinic, full.slot) == ()


def test_whoever_can_not_come_then_is_not_asked(runtime, clinic, full, clock):
    """By what an earlier course says of weekdays; nor is anybody on days away, or in a course."""
    wishes = beginning(runtime, clinic.rosa.actor, full.slot.id, full.assessment).wishes
    day = full.slot.start.date()
    for other in (
        replace(wishes, weekdays=tuple(each for each in range(7) if each != day.weekday())),
        replace(wishes, away=((day, day),)),
    ):
        with runtime.writing(clinic.system) as unit:
            earlier = CourseRow(
                patient_id=full.dora, assessment_id=full.assessment, protocol="acute_injury", status="cancelled",
                phases=[], wishes=other.to_json(), earliest_day=date(2026, 1, 5), first_visit_minutes=60,
                visit_minutes=45, started_at=unit.now,
            )  # fmt: skip
            unit.session.add(earlier)
        assert newcomers(runtime, clinic, full.slot) == ()
        with runtime.writing(clinic.system) as unit:
            unit.session.delete(unit.get(CourseRow, earlier.id))
    assert newcomers(runtime, clinic, full.slot)


def test_where_not_all_can_be_looked_at_the_longest_waiting_are(runtime, clinic, full, clock):
    """The others are counted."""
    clock.advance(minutes=5)
    assess(runtime, clinic, clinic.ana)
    with runtime.reading(clinic.rosa.actor) as unit:
        found = newcomers_of(unit, full.slot, most=1)
        everybody = newcomers_of(unit, full.slot)
    assert [each.patient_id for each in found.newcomers] == [full.dora]
    assert found.unseen == 1
    assert {each.patient_id for each in everybody.newcomers} == {full.dora, clinic.ana}
    assert everybody.unseen == 0


def test_the_course_begins_in_the_slot_as_long_as_it_is_free(runtime, clinic, full):
    """Then there is no place for it, and nobody is ranked."""
    begins = beginning(runtime, clinic.rosa.actor, full.slot.id, full.assessment)
    assert begins.first.start == full.slot.start
    assert begins.wishes.practitioners[0] == clinic.ben.id
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, [])
    assert beginning(runtime, clinic.rosa.actor, full.slot.id, full.assessment).first is None
    assert newcomers(runtime, clinic, full.slot) == ()
