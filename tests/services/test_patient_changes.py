"""What a patient's step would do: told first, and done only as it was told."""

import pytest

from planner.errors import AppointmentLocked, NotFound, SlotTaken
from planner.services import attendance, moving, patient_changes, patient_moving
from planner.services.patient_changes import SomethingElse
from planner.services.runtime import Actor
from planner.storage.audit_rows import AuditRow
from planner.storage.outward import OutboxRow
from tests.factories import make_patient
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's booked course."""
    return book_ana(runtime, clinic)


@pytest.fixture
def ana(clinic):
    """Whoever has Ana's personal link."""
    return Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana)


def counted(runtime, clinic):
    """How much is kept of what happened and what is to be sent."""
    with runtime.reading(clinic.rosa.actor) as unit:
        return unit.session.query(AuditRow).count(), unit.session.query(OutboxRow).count()


def starts(course):
    """When each session is."""
    return {each.position + 1: each.current.starts_at for each in course.now().live}


def test_a_look_at_what_would_follow_writes_nothing(runtime, clinic, ana, course):
    """No date, no revision, no message."""
    before, kept = (course.now(), course.revisions()), counted(runtime, clinic)
    patient_changes.if_cancelled(runtime, ana, course.appointment(3).id)
    assert (course.now(), course.revisions()) == before
    assert counted(runtime, clinic) == kept


def test_a_look_waits_for_nobodys_turn_to_write(runtime, clinic, ana, course, late_third):
    """It only reads: while somebody else writes, the page with what would follow is there at once."""
    booked = course.appointment(4)
    slot = patient_moving.times_for(runtime, ana, booked.id).together[-1]
    with runtime.writing(clinic.system):
        told = patient_changes.if_cancelled(runtime, ana, booked.id)
        moved = patient_moving.if_moved(runtime, ana, booked.id, slot.start, slot.practitioner_id)
    assert told.after is not None
    assert moved.after.starts_at == slot.starts_at


@pytest.mark.parametrize("number", [1, 2, 5, 9])
def test_what_is_done_is_what_was_told(runtime, ana, course, number):
    """The new date of the visit, and every other one that moved."""
    before = starts(course)
    booked = course.appointment(number)
    told = patient_changes.if_cancelled(runtime, ana, booked.id)
    patient_changes.cancel_as_seen(runtime, ana, booked.id, version=course.version(number), seen=told.seen)
    expected = {**before, number: told.after.starts_at, **{shift.number: shift.now for shift in told.shifts}}
    assert starts(course) == expected


def test_where_something_else_would_follow_nothing_is_done(runtime, clinic, ana, course):
    """Somebody took the date meanwhile."""
    booked = course.appointment(3)
    told = patient_changes.if_cancelled(runtime, ana, booked.id)
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(4).id)
    before, version = course.now(), course.version(3)
    with pytest.raises(SomethingElse):
        patient_changes.cancel_as_seen(runtime, ana, booked.id, version=version, seen=told.seen + "x")
    assert course.now() == before


def test_nobody_looks_at_another_patients_visits(runtime, clinic, course):
    """They are not there."""
    with runtime.writing(clinic.system) as unit:
        other = make_patient(unit, "Dee Other")
    dee = Actor(clinic_id=clinic.id, name="patient", patient_id=other)
    booked, version = course.appointment(3), course.version(3)
    with pytest.raises(NotFound):
        patient_changes.if_cancelled(runtime, dee, booked.id)
    with pytest.raises(NotFound):
        patient_changes.cancel_as_seen(runtime, dee, booked.id, version=version, seen="")
    with pytest.raises(NotFound):
        patient_moving.times_for(runtime, dee, booked.id)


@pytest.fixture
def late_third(runtime, ana, course):
    """The third visit was put off as long as may be, so that the fourth is rather near to it."""
    slot = patient_moving.times_for(runtime, ana, course.appointment(3).id).alone[-1]
    moving.move(runtime, ana, course.appointment(3).id, slot.start, slot.practitioner_id)


def test_more_days_are_free_where_later_visits_move_too(runtime, ana, course, late_third):
    """The distance to the visit before holds, the 48 hours always; the next visit follows."""
    booked = course.appointment(4)
    times = patient_moving.times_for(runtime, ana, booked.id)
    assert times.together
    assert not {slot.start for slot in times.alone} & {slot.start for slot in times.together}
    before = starts(course)
    furthest = times.together[-1]
    told = patient_moving.if_moved(runtime, ana, booked.id, furthest.start, furthest.practitioner_id)
    assert starts(course) == before
    assert told.after.starts_at == furthest.starts_at
    assert [shift.number for shift in told.shifts][:1] == [5]
    assert all(shift.now is not None for shift in told.shifts)


def test_visits_move_together_as_it_was_told(runtime, ana, course, late_third):
    """One change of the course, that the patient can take back."""
    booked, before = course.appointment(4), starts(course)
    slot = patient_moving.times_for(runtime, ana, booked.id).together[-1]
    told = patient_moving.if_moved(runtime, ana, booked.id, slot.start, slot.practitioner_id)
    patient_moving.move_as_seen(
        runtime, ana, booked.id, slot.start, slot.practitioner_id, version=course.version(4), seen=told.seen
    )
    assert starts(course) == {**before, 4: slot.starts_at, **{shift.number: shift.now for shift in told.shifts}}
    assert course.revisions()[-1][1] == "moved"


def test_a_time_that_is_not_offered_is_not_taken(runtime, ana, course, late_third):
    """Not even with others moving."""
    booked = course.appointment(4)
    slot = patient_moving.times_for(runtime, ana, booked.id).together[-1]
    with pytest.raises(SlotTaken):
        patient_moving.if_moved(runtime, ana, booked.id, slot.start.replace(hour=3), slot.practitioner_id)


def test_inside_the_notice_time_nothing_is_offered(runtime, ana, clock, course):
    """The clinic decides then."""
    clock.advance(hours=2)
    with pytest.raises(AppointmentLocked):
        patient_moving.times_for(runtime, ana, course.appointment(1).id)
