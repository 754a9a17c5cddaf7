"""A session that finds no place says what is in the way and what would give it one."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from planner.diary.hours import Closure, Leave
from planner.services import booking, clinic_setup, leave
from planner.services.wishes import Wishes
from tests.factories import make_person, weekly
from tests.services.course_life import ACUTE, book, request_for, snapshot, starts


def test_a_session_without_a_place_says_what_would_give_it_one(runtime, clinic):
    """The patient comes on Fridays only, when Ben does not work, but Cleo does."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True)
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, weekly(weekdays=(0, 1, 2, 3)))
        clinic_setup.set_practitioner_hours(unit, cleo.id, weekly(weekdays=(4,)))
    request = request_for(runtime, clinic, ACUTE)
    request = replace(request, wishes=Wishes(practitioners=(clinic.ben.id,), weekdays=(4,)))
    first, *others = booking.propose(runtime, clinic.rosa.actor, request).sessions
    assert "the patient could also come on a Tuesday morning (such as Tuesday 3 March 08:00 with Ben" in first.reason
    assert "Cleo Marsh could treat as well (such as Friday 6 March 08:00" in first.reason
    assert {each.reason for each in others} == {"It comes after a session that has no place."}
    booking.book_course(runtime, clinic.rosa.actor, request, {})
    assert snapshot(runtime, clinic, request.course_id).sessions[0].unplaced_reason == first.reason


def test_leave_and_closed_days_are_told_as_what_they_are(runtime, clinic):
    """The clinic is closed in the first half of March, Ben away in the other, and then the patient."""
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_closure(unit, Closure(date(2026, 3, 1), date(2026, 3, 15), "building works"))
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(date(2026, 3, 16), date(2026, 3, 31)))
    rest_of_the_year = ((date(2026, 4, 1), date(2027, 12, 31)),)
    request = request_for(runtime, clinic, ACUTE, away=rest_of_the_year)
    reason = booking.propose(runtime, clinic.rosa.actor, request).sessions[0].reason
    assert "were not on leave (such as" in reason
    assert "the clinic were not closed that day (such as" in reason
    assert "the patient could come on a day marked as away (such as" in reason


def test_what_would_give_a_session_a_place_keeps_48_hours_to_the_patients_other_course(runtime, clinic):
    """Dana has no hours yet: the times at which she would be wanted are none near Ana's visits with Ben."""
    others = starts(snapshot(runtime, clinic, book(runtime, clinic, ACUTE)))
    with runtime.writing(clinic.system) as unit:
        dana = make_person(unit, "Dana Reed", "dana@example.org", "therapist", treats=True)
    request = request_for(runtime, clinic, ACUTE)
    request = replace(request, wishes=Wishes(practitioners=(dana.id,), weekdays=(1, 2, 3, 4)))
    reason = booking.propose(runtime, clinic.rosa.actor, request).sessions[0].reason
    named = re.search(r"Dana Reed, never free at such hours, had time \(such as \w+ (.*?) with Dana Reed\)", reason)
    assert named is not None, reason
    would_be = datetime.strptime(f"2026 {named[1]}", "%Y %d %B %H:%M").replace(tzinfo=UTC)  # London's clock in March
    assert all(abs(would_be - other) >= timedelta(hours=48) for other in others)


def test_a_visit_without_a_new_place_says_what_would_give_it_one(runtime, clinic):
    """Ben leaves for good; Cleo, whom Ana did not think of, is named."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True)
        clinic_setup.set_practitioner_hours(unit, cleo.id, weekly())
    course_id = book(runtime, clinic, ACUTE)
    away = Leave.whole_days(date(2026, 3, 1), date(2027, 12, 31), "gone")
    leave.record_leave(runtime, clinic.mo.actor, clinic.ben.id, away)
    reasons = [each.unplaced_reason for each in snapshot(runtime, clinic, course_id).live]
    assert any("Cleo Marsh could treat as well" in reason for reason in reasons)
