"""Other working hours: who is booked outside of them is planned anew together, and nobody loses a session."""

from datetime import time, timedelta

import pytest
from sqlalchemy import select

from planner.diary.free import to_wall
from planner.errors import InvalidInput, NotAllowed, StaleForm
from planner.services import attendance, clinic_setup, undoing
from planner.services.new_hours import preview_hours, record_hours
from planner.services.snapshot import take
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.opening import HoursRow
from tests.factories import weekly
from tests.services.many_patients import book_crowd, make_crowd

LATE = weekly("11:00", "15:00")


@pytest.fixture
def crowd(runtime, clinic):
    """Six courses in Ben's and Clara's mornings."""
    crowd = make_crowd(runtime, clinic, 6)
    with runtime.writing(clinic.system) as unit:
        for person in (clinic.ben.id, crowd.clara):
            clinic_setup.set_practitioner_hours(unit, person, weekly("09:00", "12:00"))
    book_crowd(runtime, clinic, crowd)
    return crowd


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
    seen = preview_hours(runtime, clinic.mo.actor, clinic.ben.id, LATE)
    assert diary(runtime, clinic) == before
    done = record_hours(runtime, clinic.mo.actor, clinic.ben.id, LATE, digest=seen.digest)
    after = diary(runtime, clinic)
    assert owed(runtime, clinic) == sessions
    assert not early(after, clinic.ben.id)
    touched = {each.course_id for each in done.courses}
    with runtime.reading(clinic.mo.actor) as unit:
        others = [each for each in before if unit.get(AppointmentRow, each).course_id not in touched]
        hours = unit.session.scalars(select(HoursRow.start).where(HoursRow.practitioner_id == clinic.ben.id)).all()
    assert all(after[each] == before[each] for each in others)
    assert set(hours) == {time(11)}


def test_undoing_new_hours_puts_all_courses_back(runtime, clinic, crowd):
    """One batch; the hours themselves are set anew by hand."""
    before = sorted(diary(runtime, clinic).values())
    done = record_hours(runtime, clinic.mo.actor, clinic.ben.id, LATE)
    undoing.undo(runtime, clinic.mo.actor, done.revision_ids[0])
    assert sorted(diary(runtime, clinic).values()) == before


def test_a_confirmed_visit_outside_of_new_hours_moves_as_well(runtime, clinic, crowd):
    """Nobody can be treated by somebody who does not work then."""
    visit = min(early(diary(runtime, clinic), clinic.ben.id))
    attendance.confirm(runtime, clinic.rosa.actor, visit)
    record_hours(runtime, clinic.mo.actor, clinic.ben.id, LATE)
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
    record_hours(runtime, clinic.mo.actor, clinic.ben.id, LATE)
    assert diary(runtime, clinic)[visit] == agreed


def test_wider_hours_move_nobody(runtime, clinic, crowd):
    """There is nothing outside of them."""
    before = diary(runtime, clinic)
    done = record_hours(runtime, clinic.mo.actor, clinic.ben.id, weekly("08:00", "18:00"))
    assert done.courses == ()
    assert diary(runtime, clinic) == before


def test_a_stale_preview_of_new_hours_changes_nothing(runtime, clinic, crowd):
    """Somebody called off a visit since."""
    seen = preview_hours(runtime, clinic.mo.actor, clinic.ben.id, LATE)
    visit = min(early(diary(runtime, clinic), clinic.ben.id))
    attendance.cancel(runtime, clinic.rosa.actor, visit, rebook=False)
    before = diary(runtime, clinic)
    with pytest.raises(StaleForm):
        record_hours(runtime, clinic.mo.actor, clinic.ben.id, LATE, digest=seen.digest)
    assert diary(runtime, clinic) == before


def test_only_a_manager_sets_hours_and_only_of_who_treats(runtime, clinic, crowd):
    """As for hours that move nobody."""
    with pytest.raises(NotAllowed):
        preview_hours(runtime, clinic.rosa.actor, clinic.ben.id, LATE)
    with pytest.raises(InvalidInput):
        record_hours(runtime, clinic.mo.actor, clinic.rosa.id, LATE)
