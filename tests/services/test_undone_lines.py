"""Undoing a change puts back the lines of the worklists that it had taken off, and no others."""

import pytest

from planner.services import attendance, undoing, worklists
from tests.web.ana_course import book_ana


@pytest.fixture
def stopped(runtime, clinic, clock):
    """Ana's course after two misses in a row: a person talks to her first."""
    course = book_ana(runtime, clinic)
    for _ in range(2):
        upcoming = [each.current for each in course.now().live if each.upcoming]
        booked = min(upcoming, key=lambda each: each.starts_at)
        clock.set(booked.ends_at)
        attendance.miss(runtime, clinic.rosa.actor, booked.id)
    clock.advance(hours=1)
    assert course.now().automation == "stopped"
    return course


def kinds(course):
    """What stands on the worklists."""
    return [item.kind for item in course.notices()]


def test_undoing_the_end_of_a_course_brings_the_two_misses_back(runtime, clinic, clock, stopped):
    """As old as the line was: the patient still has to be talked to."""
    (before,) = stopped.notices()
    assert before.kind == worklists.TWO_MISSES
    done = attendance.end_course(runtime, clinic.rosa.actor, stopped.id, reason="Moved away")
    assert kinds(stopped) == []
    clock.advance(minutes=1)
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert stopped.notices() == [before]
    assert stopped.now().automation == "stopped"


def test_undoing_that_the_planner_goes_on_brings_them_back_too(runtime, clinic, clock, stopped):
    """It is stopped again."""
    done = attendance.resume(runtime, clinic.rosa.actor, stopped.id)
    assert worklists.TWO_MISSES not in kinds(stopped)
    clock.advance(minutes=1)
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert kinds(stopped) == [worklists.TWO_MISSES]


def test_undoing_the_second_miss_leaves_no_line(runtime, clinic, stopped):
    """The automation goes on by itself."""
    revision, kind = stopped.revisions()[-1]
    assert kind == "missed"
    undoing.undo(runtime, clinic.rosa.actor, revision)
    assert worklists.TWO_MISSES not in kinds(stopped)
    assert stopped.now().automation == "apply"


def test_a_line_that_a_person_took_off_before_stays_off(runtime, clinic, clock, stopped):
    """The end of the course did not take it off."""
    worklists.dismiss(runtime, clinic.rosa.actor, stopped.notices()[0].id)
    clock.advance(minutes=1)
    done = attendance.end_course(runtime, clinic.rosa.actor, stopped.id, reason="Moved away")
    clock.advance(minutes=1)
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert kinds(stopped) == []
