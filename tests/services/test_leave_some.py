"""A leave that changes only the courses somebody chose: the others stay where they are, and are told of."""

from datetime import date

import pytest
from sqlalchemy import select

from planner.diary.hours import Leave
from planner.errors import StaleForm
from planner.services import leave, worklists
from planner.storage.courses import AppointmentRow
from planner.storage.ids import new_id
from planner.storage.opening import LeaveRow
from tests.services.many_patients import book_crowd, finished, make_crowd

AWAY = Leave.whole_days(date(2026, 3, 3), date(2026, 3, 6))


@pytest.fixture
def three(runtime, clinic):
    """Three courses with a visit of Ben's in these days."""
    crowd = make_crowd(runtime, clinic, 6)
    book_crowd(runtime, clinic, crowd)
    touched = [course.course_id for course in preview(runtime, clinic).courses]
    assert len(touched) >= 3
    return touched


def preview(runtime, clinic):
    return leave.preview_leave(runtime, clinic.rosa.actor, clinic.ben.id, AWAY)


def in_leave(runtime, clinic):
    """The courses with a visit in it."""
    with runtime.reading(clinic.mo.actor) as unit:
        return set(unit.session.scalars(leave.Absence(clinic.ben.id, AWAY).met(unit, AppointmentRow.course_id)))


def listed(runtime, clinic):
    """The courses on the worklist of visits in a leave."""
    with runtime.reading(clinic.mo.actor) as unit:
        return {item.course_id for item in worklists.open_items(unit) if item.kind == worklists.LEAVE_CLASH}


def test_all_but_one_are_applied_and_that_one_is_on_the_list(runtime, clinic, three):
    """The chosen courses become exactly what was shown of them."""
    shown = {course.course_id: course.digest for course in preview(runtime, clinic).courses}
    left = three[0]
    chosen = {course: digest for course, digest in shown.items() if course != left}
    done = leave.record_some(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, chosen)
    assert {course.course_id: course.digest for course in done.courses} == chosen
    assert in_leave(runtime, clinic) == listed(runtime, clinic) == {left}
    assert done.left >= 1


def test_what_is_not_as_it_was_shown_is_not_recorded(runtime, clinic, three):
    """Another digest for one of them: nothing is kept, not even the leave."""
    shown = {course.course_id: course.digest for course in preview(runtime, clinic).courses}
    with pytest.raises(StaleForm):
        leave.record_some(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, {**shown, three[1]: "other"})
    with runtime.reading(clinic.mo.actor) as unit:
        assert unit.session.scalar(select(LeaveRow)) is None
    assert listed(runtime, clinic) == set()


def test_a_choice_can_be_looked_at_before_it_is_recorded(runtime, clinic, three):
    """The page shows the choice with the others unticked beside it, and that is what is recorded."""
    chosen = three[1:]
    seen = leave.preview_some(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, chosen)
    assert {course.course_id for course in seen.courses if course.chosen} == set(chosen)
    assert {course.course_id for course in seen.courses if not course.chosen} == {three[0]}
    digests = {course.course_id: course.digest for course in seen.courses if course.chosen}
    leave.record_some(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, digests)
    assert in_leave(runtime, clinic) == {three[0]}


def test_a_plan_made_beside_the_page_is_applied_to_some_as_well(runtime, clinic, three):
    """Nobody who was left out is told of as changed."""
    job_id = new_id()
    leave.plan_leave(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, job_id=job_id, seconds=0.1)
    assert finished(runtime, clinic, job_id).status == "done"
    done = leave.apply_leave(runtime, clinic.rosa.actor, job_id, only=three[:2])
    assert {course.course_id for course in done.courses} == set(three[:2])
    assert done.others == ()
    assert in_leave(runtime, clinic) == listed(runtime, clinic) == set(three[2:])
