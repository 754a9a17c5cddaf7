"""Other working hours: who is booked outside of them is planned anew together, and nobody loses a session."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from planner.diary.free import to_wall
from planner.diary.hours import WeeklyHours
from planner.errors import InvalidInput, NotAllowed, StaleForm, UndoRefused
from planner.services import attendance, clinic_setup, replan_jobs, undoing
from planner.services.hours_changes import hours_of
from planner.services.hours_view import hours_desk, take_back
from planner.services.new_hours import (
    NewWeek,
    apply_hours,
    plan_hours,
    planned_at_once,
    preview_hours,
    record_hours,
)
from planner.services.snapshot import take
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.ids import new_id
from tests.factories import weekly
from tests.services.many_patients import TOMORROW, book_crowd, finished, make_crowd

LATE = weekly("11:00", "15:00")
MORNINGS = weekly("09:00", "12:00")


@pytest.fixture
def crowd(runtime, clinic):
    """Six courses in Ben's and Clara's mornings."""
    crowd = make_crowd(runtime, clinic, 6)
    with runtime.writing(clinic.system) as unit:
        for person in (clinic.ben.id, crowd.clara):
            clinic_setup.set_practitioner_hours(unit, person, MORNINGS)
    book_crowd(runtime, clinic, crowd)
    return crowd


def late(clinic, first_day=TOMORROW, lines=LATE):
    """Ben comes later from a day on."""
    return NewWeek(clinic.ben.id, first_day, tuple(lines))


def bens_hours(runtime, clinic):
    """All of Ben's weekly hours."""
    with runtime.reading(clinic.mo.actor) as unit:
        return hours_of(unit, clinic.ben.id)


def diary(runtime, clinic):
    """Every visit that occupies time: id → (wall-clock start, practitioner)."""
    with runtime.reading(clinic.mo.actor) as unit:
        rows = unit.session.scalars(select(AppointmentRow).where(AppointmentRow.status == "booked"))
        return {row.id: (to_wall(row.starts_at, unit.zone), row.practitioner_id) for row in rows}


def owed(runtime, clinic):
    """How many sessions have a date ahead, in all courses."""
    with runtime.reading(clinic.mo.actor) as unit:
        rows = unit.session.scalars(select(CourseRow)).all()
        return sum(1 for row in rows for session in take(unit, row).live if session.upcoming)


def early(visits, staff_id):
    """Those of somebody's before eleven."""
    return {each for each, (start, who) in visits.items() if who == staff_id and start.time() < time(11)}


def test_new_hours_move_who_is_booked_outside_of_them_and_lose_nobody(runtime, clinic, crowd):
    """Shown first, then done as shown; who is with somebody else, or late enough, stays."""
    before, sessions = diary(runtime, clinic), owed(runtime, clinic)
    driven = early(before, clinic.ben.id)
    assert driven
    seen = preview_hours(runtime, clinic.rosa.actor, late(clinic))
    assert diary(runtime, clinic) == before
    done = record_hours(runtime, clinic.rosa.actor, late(clinic), digest=seen.digest)
    after = diary(runtime, clinic)
    assert owed(runtime, clinic) == sessions
    assert not early(after, clinic.ben.id)
    touched = {each.course_id for each in done.courses}
    with runtime.reading(clinic.mo.actor) as unit:
        others = [each for each in before if unit.get(AppointmentRow, each).course_id not in touched]
    assert all(after[each] == before[each] for each in others)
    hours = bens_hours(runtime, clinic)
    assert {line.start for line in hours if line.hold_on(TOMORROW + timedelta(days=7))} == {time(11)}


def test_undoing_new_hours_puts_all_courses_and_the_hours_back(runtime, clinic, crowd):
    """One batch, from the page of any course in it; a second time there is nothing to take back."""
    before, hours = sorted(diary(runtime, clinic).values()), bens_hours(runtime, clinic)
    done = record_hours(runtime, clinic.rosa.actor, late(clinic))
    assert bens_hours(runtime, clinic) != hours
    undoing.undo(runtime, clinic.rosa.actor, done.revision_ids[-1])
    assert sorted(diary(runtime, clinic).values()) == before
    assert bens_hours(runtime, clinic) == hours == tuple(MORNINGS)
    assert hours_desk(runtime, clinic.rosa.actor).changes == ()


def test_a_therapist_undoes_no_hours(runtime, clinic, crowd):
    """Who may not set them may not set them back."""
    done = record_hours(runtime, clinic.rosa.actor, late(clinic))
    after = diary(runtime, clinic)
    with pytest.raises(NotAllowed):
        undoing.undo(runtime, clinic.ben.actor, done.revision_ids[0])
    assert diary(runtime, clinic) == after


def test_hours_that_were_changed_again_are_taken_back_in_turn(runtime, clinic, crowd):
    """The last first; each then restores what held before it."""
    first = record_hours(runtime, clinic.rosa.actor, late(clinic))
    between = bens_hours(runtime, clinic)
    (change,) = hours_desk(runtime, clinic.rosa.actor).changes
    record_hours(runtime, clinic.rosa.actor, late(clinic, lines=weekly("08:00", "18:00")))
    with pytest.raises(UndoRefused, match="changed again since"):
        undoing.undo(runtime, clinic.rosa.actor, first.revision_ids[0])
    with pytest.raises(UndoRefused, match="changed again since"):
        take_back(runtime, clinic.rosa.actor, change.id)
    (wider,) = hours_desk(runtime, clinic.rosa.actor).changes
    assert take_back(runtime, clinic.rosa.actor, wider.id).restored == 0
    assert bens_hours(runtime, clinic) == between
    assert take_back(runtime, clinic.rosa.actor, change.id).restored == len(first.revision_ids)
    with pytest.raises(UndoRefused, match="already taken back"):
        take_back(runtime, clinic.rosa.actor, change.id)


def test_hours_taken_back_too_late_leave_the_new_dates(runtime, clinic, crowd):
    """Something happened to a course since: the hours are as before, the visits stay, and it is said why."""
    hours = bens_hours(runtime, clinic)
    done = record_hours(runtime, clinic.rosa.actor, late(clinic))
    after = diary(runtime, clinic)
    with runtime.reading(clinic.mo.actor) as unit:
        theirs = [each for each in after if unit.get(AppointmentRow, each).course_id == done.courses[0].course_id]
    attendance.confirm(runtime, clinic.rosa.actor, max(theirs, key=lambda each: after[each]))
    (change,) = hours_desk(runtime, clinic.rosa.actor).changes
    taken_back = take_back(runtime, clinic.rosa.actor, change.id)
    assert (taken_back.restored, taken_back.kept) == (0, "Something else happened to this course since.")
    assert bens_hours(runtime, clinic) == hours
    assert diary(runtime, clinic) == after


def test_hours_from_a_later_day_leave_what_is_booked_before_it(runtime, clinic, crowd):
    """Ben still comes at nine until then."""
    first_day = TOMORROW + timedelta(days=9)
    before = diary(runtime, clinic)
    until_then = {each for each in early(before, clinic.ben.id) if before[each][0].date() < first_day}
    assert until_then
    assert until_then < early(before, clinic.ben.id)
    record_hours(runtime, clinic.rosa.actor, late(clinic, first_day))
    after = diary(runtime, clinic)
    assert all(after[each][0].date() < first_day for each in early(after, clinic.ben.id))
    assert {line.to_day for line in bens_hours(runtime, clinic) if line.start == time(9)} == {
        first_day - timedelta(days=1)
    }


def test_many_courses_are_planned_by_a_job_and_done_as_it_showed(runtime, clinic):
    """As leave is: nothing is kept before it is applied; then hours and courses change in one batch."""
    crowd = make_crowd(runtime, clinic, 14)
    with runtime.writing(clinic.system) as unit:
        for person in (clinic.ben.id, crowd.clara):
            clinic_setup.set_practitioner_hours(unit, person, MORNINGS)
    book_crowd(runtime, clinic, crowd)
    before, sessions = diary(runtime, clinic), owed(runtime, clinic)
    week = late(clinic)
    assert not planned_at_once(runtime, clinic.rosa.actor, week)
    job_id = new_id()
    plan_hours(runtime, clinic.rosa.actor, week, job_id=job_id, seconds=0.1)
    job = finished(runtime, clinic, job_id)
    assert job.status == "done", job.error
    shown = replan_jobs.planned_by(runtime, clinic.rosa.actor, job)
    assert diary(runtime, clinic) == before
    assert bens_hours(runtime, clinic) == tuple(MORNINGS)
    done = apply_hours(runtime, clinic.rosa.actor, job_id)
    assert (done.changed, done.digest) == ((), shown.digest)
    assert owed(runtime, clinic) == sessions
    assert not early(diary(runtime, clinic), clinic.ben.id)
    with pytest.raises(StaleForm):
        apply_hours(runtime, clinic.rosa.actor, job_id)
    undoing.undo(runtime, clinic.rosa.actor, done.revision_ids[0])
    assert {each: diary(runtime, clinic)[each] for each in before} == before
    assert bens_hours(runtime, clinic) == tuple(MORNINGS)


def test_a_confirmed_visit_outside_of_new_hours_moves_as_well(runtime, clinic, crowd):
    """Nobody can be treated by somebody who does not work then."""
    visit = min(early(diary(runtime, clinic), clinic.ben.id))
    attendance.confirm(runtime, clinic.rosa.actor, visit)
    record_hours(runtime, clinic.rosa.actor, late(clinic))
    assert visit not in early(diary(runtime, clinic), clinic.ben.id)


def test_what_was_agreed_outside_of_the_old_hours_stays(runtime, clinic, crowd):
    """Ben sees somebody at half past seven, which never was within his hours."""
    visits = diary(runtime, clinic)
    visit = max(early(visits, clinic.ben.id), key=lambda each: visits[each])
    with runtime.writing(clinic.system) as unit:
        row = unit.get(AppointmentRow, visit)
        length, start = row.ends_at - row.starts_at, visits[visit][0]
        row.starts_at -= timedelta(hours=start.hour - 7, minutes=start.minute)
        row.ends_at = row.starts_at + length
    agreed = diary(runtime, clinic)[visit]
    assert agreed[0].time() == time(7)
    record_hours(runtime, clinic.rosa.actor, late(clinic))
    assert diary(runtime, clinic)[visit] == agreed


def test_wider_hours_move_nobody(runtime, clinic, crowd):
    """There is nothing outside of them."""
    before = diary(runtime, clinic)
    done = record_hours(runtime, clinic.rosa.actor, late(clinic, lines=weekly("08:00", "18:00")))
    assert done.courses == ()
    assert diary(runtime, clinic) == before


def test_a_stale_preview_of_new_hours_changes_nothing(runtime, clinic, crowd):
    """Somebody called off a visit since."""
    seen = preview_hours(runtime, clinic.rosa.actor, late(clinic))
    visit = min(early(diary(runtime, clinic), clinic.ben.id))
    attendance.cancel(runtime, clinic.rosa.actor, visit, rebook=False)
    before = diary(runtime, clinic)
    with pytest.raises(StaleForm):
        record_hours(runtime, clinic.rosa.actor, late(clinic), digest=seen.digest)
    assert diary(runtime, clinic) == before


def test_a_therapist_sets_no_hours_and_only_who_treats_has_some(runtime, clinic, crowd):
    """Reception or a manager does, as for leave."""
    with pytest.raises(NotAllowed):
        preview_hours(runtime, clinic.ben.actor, late(clinic))
    with pytest.raises(InvalidInput):
        record_hours(runtime, clinic.mo.actor, NewWeek(clinic.rosa.id, TOMORROW, tuple(LATE)))


def test_hours_begin_today_at_the_soonest(runtime, clinic, crowd):
    """What was worked was worked."""
    with pytest.raises(InvalidInput) as refusal:
        preview_hours(runtime, clinic.rosa.actor, late(clinic, TOMORROW - timedelta(days=2)))
    assert refusal.value.field == "first_day"


def test_hours_survive_being_kept_by_a_job(clinic):
    """With days of their own or without."""
    lines = (*LATE, WeeklyHours(5, time(9), time(12), date(2026, 4, 1), date(2026, 5, 1)))
    week = NewWeek(clinic.ben.id, TOMORROW, lines)
    assert NewWeek.from_json(week.to_json()) == week
