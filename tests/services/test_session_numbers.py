"""A session has one number for everybody: on the lists of the clinic, in the plan of the patient, in calendars."""

from dataclasses import replace

from planner.services import attendance
from planner.services.calendar_events import practitioner_events
from planner.services.course_view import course_view
from planner.services.patient_plan import plan_of
from planner.services.patient_view import patient_view
from planner.services.session_numbers import last_numbers
from tests.web.ana_course import book_ana


def test_maintenance_is_not_counted_toward_the_end(runtime, clinic):
    """Nine sessions and then now and then: the tenth visit is out of nothing."""
    course = book_ana(runtime, clinic)
    with runtime.reading(clinic.ben.actor) as unit:
        assert last_numbers(unit, [course.id]) == {course.id: 9}
        titles = [event.summary for event in practitioner_events(unit, clinic.ben.id)]
    assert [title.rpartition(" ")[2] for title in titles[-4:]] == ["9/9", "10", "11", "12"]
    patient = replace(clinic.system, name="patient", patient_id=clinic.ana)
    seen = {visit.number: visit.total for visit in plan_of(runtime, patient).upcoming}
    assert (seen[9], seen[10]) == (9, None)


def test_no_number_is_higher_than_the_last_when_one_is_cancelled_for_good(runtime, clinic):
    """Numbers stay as they were told; the last one keeps its own."""
    course = book_ana(runtime, clinic)
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(4).id, rebook=False)
    with runtime.reading(clinic.ben.actor) as unit:
        assert last_numbers(unit, [course.id]) == {course.id: 9}


def test_a_visit_of_maintenance_does_not_make_a_course_more_than_done(runtime, clinic, clock):
    """The pace counts the sessions that have an end."""
    course = book_ana(runtime, clinic)
    for number in range(1, 11):
        clock.set(course.appointment(number).starts_at)
        attendance.fulfil(runtime, clinic.rosa.actor, course.appointment(number).id)
    view = course_view(runtime, clinic.rosa.actor, course.id)
    assert (view.done, view.planned, view.paced) == (9, 9, 9)
    (line,) = patient_view(runtime, clinic.rosa.actor, clinic.ana).courses
    assert (line.done, line.total) == (9, 9)
