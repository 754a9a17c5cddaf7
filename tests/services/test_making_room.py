"""After a miss other patients make room only where the clinic says so, only where it pays, and nobody loses a visit."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from planner.errors import InvalidInput, NotAllowed
from planner.services import attendance, clinic_setup, undoing
from planner.services.snapshot import take
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow
from tests.factories import weekly
from tests.services.many_patients import book_crowd, make_crowd


@pytest.fixture
def full(runtime, clinic):
    """Eight courses in a diary of one hour a day: who misses a visit waits for weeks."""
    crowd = make_crowd(runtime, clinic, 8)
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, weekly("09:00", "10:00"))
        clinic_setup.set_practitioner_hours(unit, crowd.clara, [])
    return book_crowd(runtime, clinic, crowd)


def policy(runtime, clinic, word):
    """Say who may be moved."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_displacing(unit, word)


def courses(runtime, clinic):
    """Every course as it stands."""
    with runtime.reading(clinic.mo.actor) as unit:
        return {row.id: take(unit, row) for row in unit.session.scalars(select(CourseRow))}


def first_visit(runtime, clinic):
    """The appointment that comes first in the diary."""
    with runtime.reading(clinic.mo.actor) as unit:
        rows = unit.session.scalars(select(AppointmentRow).order_by(AppointmentRow.starts_at))
        return next(row for row in rows if row.status == "booked")


def miss(runtime, clinic, clock):
    """The patient of the first visit does not come, and can't come after their last one; what follows."""
    visit = first_visit(runtime, clinic)
    with runtime.writing(clinic.system) as unit:
        row = unit.get(CourseRow, visit.course_id)
        last = max(each.upcoming.starts_at for each in take(unit, row).live if each.upcoming).date()
        row.wishes = {**row.wishes, "away": [[(last + timedelta(days=1)).isoformat(), "2027-06-01"]]}
    clock.set(visit.ends_at + timedelta(minutes=5))
    return attendance.miss(runtime, clinic.rosa.actor, visit.id), visit


def placed(snapshots):
    """How many sessions have a date, by course."""
    return {course: sum(1 for each in snapshot.live if each.upcoming) for course, snapshot in snapshots.items()}


def batch_of(runtime, clinic, revision_id):
    """The revisions made together with this one."""
    with runtime.reading(clinic.mo.actor) as unit:
        batch = unit.get(RevisionRow, revision_id).batch
        rows = unit.session.scalars(select(RevisionRow).where(RevisionRow.batch == batch)) if batch else ()
        return [row.course_id for row in rows]


def test_nobody_else_is_moved_unless_the_clinic_says_so(runtime, clinic, clock, full):
    """The default: only the course that missed changes, and its visit finds no date."""
    before = courses(runtime, clinic)
    outcome, visit = miss(runtime, clinic, clock)
    after = courses(runtime, clinic)
    assert {course for course in before if before[course] != after[course]} == {visit.course_id}
    assert batch_of(runtime, clinic, outcome.revision_id) == []
    assert placed(after)[visit.course_id] == placed(before)[visit.course_id] - 1


def test_others_make_room_for_a_missed_visit_where_that_is_allowed(runtime, clinic, clock, full):
    """It finds a date that it has not without them, whoever moves keeps all visits, and one undo takes all back."""
    policy(runtime, clinic, "unconfirmed")
    before = courses(runtime, clinic)
    outcome, visit = miss(runtime, clinic, clock)
    assert "made room" in outcome.says
    moved = set(batch_of(runtime, clinic, outcome.revision_id))
    assert moved > {visit.course_id}
    after = courses(runtime, clinic)
    assert {course for course in before if before[course] != after[course]} == moved
    assert placed(after) == placed(before)
    assert len(undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)) == len(moved)
    assert placed(courses(runtime, clinic)) == placed(before)


@pytest.mark.parametrize(("word", "moves"), [("unconfirmed", False), ("any", True)])
def test_a_confirmed_visit_makes_room_only_under_any(runtime, clinic, clock, full, word, moves):
    """Everybody ahead has confirmed."""
    with runtime.reading(clinic.mo.actor) as unit:
        ids = unit.session.scalars(select(AppointmentRow.id).where(AppointmentRow.status == "booked")).all()
    first = first_visit(runtime, clinic)
    for appointment in ids:
        with runtime.reading(clinic.mo.actor) as unit:
            own = unit.get(AppointmentRow, appointment).course_id == first.course_id
        if not own:
            attendance.confirm(runtime, clinic.rosa.actor, appointment)
    policy(runtime, clinic, word)
    outcome, visit = miss(runtime, clinic, clock)
    others = set(batch_of(runtime, clinic, outcome.revision_id)) - {visit.course_id}
    assert bool(others) == moves


def test_only_a_manager_changes_the_policy(runtime, clinic):
    """And only to a word it knows."""
    for person, word, refusal in ((clinic.rosa, "any", NotAllowed), (clinic.mo, "sometimes", InvalidInput)):
        with pytest.raises(refusal), runtime.writing(person.actor) as unit:
            clinic_setup.set_displacing(unit, word)
