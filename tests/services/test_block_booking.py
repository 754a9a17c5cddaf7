"""Several patients' courses are planned together, and booked in one transaction at dates that are kept."""

from datetime import date

import pytest
from sqlalchemy import select

from planner.errors import InvalidInput, NotFound, StaleForm
from planner.services import booking, clinic_setup, undoing
from planner.services.block_booking import BLOCK_JOB, book_block, plan_block, planned_block, think
from planner.services.block_view import block_desk
from planner.services.solve_jobs import look, start_again
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.ids import new_id
from tests.services.course_life import request_for
from tests.services.many_patients import TOMORROW, book_crowd, finished, make_crowd


def plan(runtime, clinic, crowd):
    """A finished job for everybody."""
    job_id = new_id()
    plan_block(runtime, clinic.rosa.actor, crowd.assessments, TOMORROW, job_id=job_id, seconds=0.1)
    return finished(runtime, clinic, job_id)


def starts(runtime, clinic):
    """Every visit that is booked: (course, start, practitioner)."""
    with runtime.reading(clinic.rosa.actor) as unit:
        rows = unit.session.scalars(select(AppointmentRow).where(AppointmentRow.status == "booked"))
        return {(row.course_id, row.starts_at, row.practitioner_id) for row in rows}


def test_a_block_is_booked_at_the_dates_that_were_shown(runtime, clinic):
    """Five patients, one job, one transaction, every date as planned."""
    crowd = make_crowd(runtime, clinic, 5)
    job = plan(runtime, clinic, crowd)
    assert job.kind == BLOCK_JOB
    shown = planned_block(runtime, clinic.rosa.actor, job)
    done = book_block(runtime, clinic.rosa.actor, job.id)
    assert [line.starts for line in done.lines] == [line.starts for line in shown]
    assert len(starts(runtime, clinic)) == sum(len(line.starts) for line in shown)
    assert (done.changed, done.skipped, done.to_place) == ((), (), 0)


def test_steps_instead_of_seconds_find_the_same_dates_again(runtime, clinic):
    """However busy the computer is; no second is asked for then."""
    crowd = make_crowd(runtime, clinic, 5)

    def dates():
        job_id = new_id()
        plan_block(runtime, clinic.rosa.actor, crowd.assessments, TOMORROW, job_id=job_id, iterations=40)
        job = finished(runtime, clinic, job_id)
        assert (job.status, job.request.get("seconds")) == ("done", None), job.error
        return [line.starts for line in planned_block(runtime, clinic.rosa.actor, job)]

    assert dates() == dates()


def test_whoever_was_booked_does_not_wait_any_more(runtime, clinic):
    """The page lists patients whose newest assessment has no course."""
    crowd = make_crowd(runtime, clinic, 3)
    assert {each.patient_id for each in block_desk(runtime, clinic.rosa.actor).waiting} == set(crowd.patients)
    book_crowd(runtime, clinic, crowd)
    assert block_desk(runtime, clinic.rosa.actor).waiting == ()


def test_a_date_taken_meanwhile_is_found_anew_and_said(runtime, clinic):
    """Ana takes Ben's first hour while the block waits: one course moves, the others keep their dates."""
    crowd = make_crowd(runtime, clinic, 4)
    job = plan(runtime, clinic, crowd)
    shown = {line.course.course_id: line for line in planned_block(runtime, clinic.rosa.actor, job)}
    ana = request_for(runtime, clinic)
    places = booking.propose(runtime, clinic.rosa.actor, ana, with_alternatives=False).places
    booking.book_course(runtime, clinic.rosa.actor, ana, places)
    done = book_block(runtime, clinic.rosa.actor, job.id)
    moved = {line.patient for line in done.lines if line.starts != shown[line.course.course_id].starts}
    assert set(done.changed) >= moved
    assert moved
    now = planned_block(runtime, clinic.rosa.actor, look(runtime, clinic.rosa.actor, job.id))
    assert now == done.lines
    assert {(line.course.course_id, len(line.starts)) for line in done.lines} == {
        (line.course.course_id, len(line.starts)) for line in shown.values()
    }


def test_a_patient_booked_by_somebody_else_meanwhile_is_left_out(runtime, clinic):
    """Their assessment has its course; it is not booked twice."""
    crowd = make_crowd(runtime, clinic, 2)
    job = plan(runtime, clinic, crowd)
    book_crowd(runtime, clinic, type(crowd)(crowd.patients[:1], crowd.assessments[:1], crowd.clara))
    done = book_block(runtime, clinic.rosa.actor, job.id)
    assert done.skipped == ("Patient 000",)
    assert [line.patient for line in done.lines] == ["Patient 001"]


def test_a_block_is_booked_once(runtime, clinic):
    """The second press of the button changes nothing."""
    job = plan(runtime, clinic, make_crowd(runtime, clinic, 2))
    book_block(runtime, clinic.rosa.actor, job.id)
    with pytest.raises(StaleForm):
        book_block(runtime, clinic.rosa.actor, job.id)


def test_one_undo_takes_the_whole_block_back(runtime, clinic):
    """Nobody was told yet."""
    job = plan(runtime, clinic, make_crowd(runtime, clinic, 3))
    done = book_block(runtime, clinic.rosa.actor, job.id)
    assert len(undoing.undo(runtime, clinic.rosa.actor, done.revision_id)) == 3
    assert starts(runtime, clinic) == set()


def test_sessions_without_a_place_are_seen_before_and_after(runtime, clinic):
    """Nobody works: every session says why, and the courses go to the worklist."""
    crowd = make_crowd(runtime, clinic, 2)
    with runtime.writing(clinic.system) as unit:
        for person in (clinic.ben.id, crowd.clara):
            clinic_setup.set_practitioner_hours(unit, person, [])
    job = plan(runtime, clinic, crowd)
    lines = planned_block(runtime, clinic.rosa.actor, job)
    assert all(not line.starts and all(line.course.unplaced.values()) for line in lines)
    assert book_block(runtime, clinic.rosa.actor, job.id).to_place == sum(len(line.course.unplaced) for line in lines)


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2028, 1, 1)])
def test_a_day_that_makes_no_sense_is_refused_before_anything_is_planned(runtime, clinic, day):
    """At its field."""
    crowd = make_crowd(runtime, clinic, 1)
    with pytest.raises(InvalidInput) as refusal:
        plan_block(runtime, clinic.rosa.actor, crowd.assessments, day, job_id=new_id())
    assert refusal.value.field == "earliest_day"


def test_a_block_planned_again_after_its_first_day_begins_today(runtime, clinic, clock):
    """The patients still wait; what was found for days that are over helps nobody."""
    crowd = make_crowd(runtime, clinic, 2)
    job = plan(runtime, clinic, crowd)
    clock.advance(days=3)
    start_again(runtime, clinic.rosa.actor, job.id, think)
    job = finished(runtime, clinic, job.id)
    assert job.error == ""
    book_block(runtime, clinic.rosa.actor, job.id)
    assert starts(runtime, clinic)
    assert min(begins for _, begins, _ in starts(runtime, clinic)) >= clock.now()


def test_nobody_books_for_another_clinic(runtime, clinic, other_clinic):
    """Its assessments and jobs are not found."""
    crowd = make_crowd(runtime, clinic, 1)
    job = plan(runtime, clinic, crowd)
    with pytest.raises(NotFound):
        plan_block(runtime, other_clinic.rosa.actor, crowd.assessments, TOMORROW, job_id=new_id())
    for step in (book_block, look):
        with pytest.raises(NotFound):
            step(runtime, other_clinic.rosa.actor, job.id)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert unit.session.scalar(select(CourseRow)) is None


def test_nobody_chosen_is_refused(runtime, clinic):
    """There is nothing to plan."""
    with pytest.raises(InvalidInput):
        plan_block(runtime, clinic.rosa.actor, [], TOMORROW, job_id=new_id())
