"""Estimates against what was given, in courses that are over."""

import pytest

from planner.services import attendance
from planner.services.calibration import Spread, calibration
from tests.web.ana_course import book_ana

ACUTE = {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "mild", "goal": "relief"}


def give(course, clock, *numbers):
    """These sessions are given."""
    for number in numbers:
        clock.set(course.appointment(number).ends_at)
        attendance.fulfil(course.runtime, course.clinic.ben.actor, course.appointment(number).id)


def test_a_course_counts_once_it_is_over(runtime, clinic, clock):
    """With as many sessions as were given, beside those that were estimated."""
    course = book_ana(runtime, clinic, ACUTE)
    sessions = len(course.now().sessions)
    give(course, clock, *range(1, sessions))
    assert calibration(runtime, clinic.ben.actor) == ()
    give(course, clock, sessions)
    (found,) = calibration(runtime, clinic.ben.actor)
    assert (found.protocol, found.courses, found.early, found.within) == ("acute_injury", 1, 0, 1)
    assert found.given.middle == found.expected.middle == sessions
    assert found.difference == Spread(0, 0, 0)


def test_a_course_that_was_ended_early_shows_how_few_it_took(runtime, clinic, clock):
    """That it was ended by somebody is said too."""
    course = book_ana(runtime, clinic, ACUTE)
    expected = len(course.now().sessions)
    give(course, clock, 1)
    attendance.end_course(runtime, clinic.ben.actor, course.id, reason="all is well")
    (found,) = calibration(runtime, clinic.ben.actor)
    assert (found.early, found.given.middle, found.difference.middle) == (1, 1, 1 - expected)


def test_a_course_in_which_nothing_was_given_tells_nothing(runtime, clinic, clock):
    """It is cancelled, not finished."""
    course = book_ana(runtime, clinic, ACUTE)
    attendance.end_course(runtime, clinic.ben.actor, course.id, reason="changed her mind")
    assert calibration(runtime, clinic.ben.actor) == ()


def test_another_clinics_courses_are_not_counted(runtime, clinic, other_clinic, clock):
    """Cy's clinic has none of its own."""
    course = book_ana(runtime, clinic, ACUTE)
    give(course, clock, 1)
    attendance.end_course(runtime, clinic.ben.actor, course.id, reason="all is well")
    assert calibration(runtime, other_clinic.ben.actor) == ()


def test_of_many_courses_the_newest_count(runtime, clinic, clock):
    """What was estimated years ago says little about how a clinic estimates now."""
    for protocol in ("acute_injury", "chronic_pain"):
        course = book_ana(runtime, clinic, {**ACUTE, "protocol": protocol})
        give(course, clock, 1)
        attendance.end_course(runtime, clinic.ben.actor, course.id, reason="all is well")
    assert len(calibration(runtime, clinic.ben.actor)) == 2
    (found,) = calibration(runtime, clinic.ben.actor, most=1)
    assert found.protocol == "chronic_pain"


def test_the_middle_half_lies_between_the_quartiles():
    """One number is its own middle half; none has none."""
    assert Spread.of([1, 2, 3, 4, 5]) == Spread(2, 3, 4)
    assert Spread.of([7]) == Spread(7, 7, 7)
    with pytest.raises(ValueError, match="data point"):
        Spread.of([])
