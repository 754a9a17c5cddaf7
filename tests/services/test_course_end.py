"""How a course ends or goes on: maintenance, the last session, an early end, more sessions, a long break."""

from dataclasses import replace
from datetime import timedelta

import pytest

from planner.diary.hours import Leave
from planner.errors import InvalidInput
from planner.services import assessments, attendance, frequency, leave, maintenance, undoing, worklists
from tests.services.course_life import ACUTE, assert_48_hours_apart, assessment_of, attend, book, snapshot, starts


def test_maintenance_stays_a_rolling_few_ahead(runtime, clinic, clock):
    """When the first maintenance visit is over another is booked at the end."""
    course_id = book(runtime, clinic)
    course = snapshot(runtime, clinic, course_id)
    first = next(index for index, each in enumerate(course.live) if each.phase == "maintenance")
    for position in range(first + 1):
        attend(runtime, clinic, clock, course_id, position)
    assert maintenance.extend_all(runtime).done == 1
    assert maintenance.extend_all(runtime).done == 0
    after = snapshot(runtime, clinic, course_id)
    assert len(after.live) == len(course.live) + 1
    assert max(starts(after)) - max(starts(course)) > timedelta(days=20)


def test_looking_for_lacking_maintenance_asks_as_little_for_many_courses_as_for_one(runtime, clinic, clock, queries):
    """A course that has its visits booked costs the hourly look no question of its own, however many there are."""
    course_id = book(runtime, clinic)
    with queries() as for_one:
        assert maintenance.extend_all(runtime).done == 0
    others = [book(runtime, clinic), book(runtime, clinic)]
    with queries() as for_all:
        assert maintenance.extend_all(runtime).done == 0
    assert snapshot(runtime, clinic, course_id).status == snapshot(runtime, clinic, others[-1]).status == "active"
    assert len(for_all) == len(for_one)


def test_a_long_interruption_of_a_chronic_course_proposes_a_catch_up_session(runtime, clinic, clock):
    """Ben is away for seven weeks and the patient then misses: an extra session is proposed, and added on request."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    course = snapshot(runtime, clinic, course_id)
    day = course.sessions[1].current.starts_at.date()
    leave.record_leave(
        runtime, clinic.mo.actor, clinic.ben.id, Leave.whole_days(day + timedelta(days=1), day + timedelta(days=49))
    )
    missed = snapshot(runtime, clinic, course_id).sessions[1].current
    clock.set(missed.ends_at + timedelta(minutes=5))
    attendance.miss(runtime, clinic.rosa.actor, missed.id)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert worklists.CATCH_UP in [item.kind for item in worklists.open_items(unit)]
    count = len(snapshot(runtime, clinic, course_id).live)
    frequency.add_session(runtime, clinic.ben.actor, course_id, reason="catch up")
    after = snapshot(runtime, clinic, course_id)
    assert len(after.live) == count + 1
    assert_48_hours_apart(after)


def test_a_course_is_finished_when_its_last_session_is_done(runtime, clinic, clock):
    """An acute course without maintenance ends by itself."""
    course_id = book(runtime, clinic, ACUTE)
    for position in range(len(snapshot(runtime, clinic, course_id).live)):
        attend(runtime, clinic, clock, course_id, position)
    assert snapshot(runtime, clinic, course_id).status == "finished"


def test_ending_a_course_early_calls_off_what_is_ahead_and_can_be_undone(runtime, clinic, clock):
    """What was given stays; one undo brings the rest back."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    before = snapshot(runtime, clinic, course_id)
    with pytest.raises(InvalidInput):
        attendance.end_course(runtime, clinic.ben.actor, course_id, reason=" ")
    outcome = attendance.end_course(runtime, clinic.ben.actor, course_id, reason="free of pain")
    after = snapshot(runtime, clinic, course_id)
    assert (after.status, len(after.live)) == ("finished", 1)
    undoing.undo(runtime, clinic.ben.actor, outcome.revision_id)
    assert [each.current for each in snapshot(runtime, clinic, course_id).sessions] == [
        each.current for each in before.sessions
    ]


def test_what_is_ahead_is_numbered_on_however_the_frequency_changes(runtime, clinic, clock):
    """No two live sessions share a number, and a catch-up session comes next, as soon as possible."""
    course_id = book(runtime, clinic)
    attend(runtime, clinic, clock, course_id, 0)
    frequency.add_session(runtime, clinic.ben.actor, course_id, reason="catch up")
    live = snapshot(runtime, clinic, course_id).live
    assert [each.position for each in live] == list(range(len(live)))
    kinds = [each.phase for each in live]
    assert kinds == sorted(kinds, key=("intensive", "taper", "maintenance").index) or kinds.index("maintenance") == len(
        kinds
    ) - kinds.count("maintenance")
    phases = assessments.get(runtime, clinic.ben.actor, assessment_of(runtime, clinic, course_id)).phases[:1]
    for count in (2, 6):
        frequency.apply(runtime, clinic.ben.actor, course_id, (replace(phases[0], sessions=count),), reason="tried")
        live = snapshot(runtime, clinic, course_id).live
        assert [each.position for each in live] == list(range(count))


def test_a_finished_course_goes_on_when_more_is_planned(runtime, clinic, clock):
    """More sessions after the last one was given make the course active again."""
    course_id = book(runtime, clinic, ACUTE)
    for position in range(len(snapshot(runtime, clinic, course_id).live)):
        attend(runtime, clinic, clock, course_id, position)
    phases = assessments.get(runtime, clinic.ben.actor, assessment_of(runtime, clinic, course_id)).phases[:1]
    frequency.apply(runtime, clinic.ben.actor, course_id, (replace(phases[0], sessions=8),), reason="not well yet")
    course = snapshot(runtime, clinic, course_id)
    assert course.status == "active"
    assert_48_hours_apart(course)
