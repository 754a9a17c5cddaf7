"""Courses of Ana for tests: to book one, to look at it, to let visits happen."""

from datetime import date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.services import assessments, attendance, booking
from planner.services.booking import BookingRequest
from planner.services.snapshot import CourseSnapshot, take
from planner.services.wishes import Wishes
from planner.storage.courses import CourseRow, SessionRow
from planner.storage.ids import new_id

CHRONIC = {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"}
ACUTE = {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "moderate", "goal": "relief"}


def request_for(runtime, clinic, findings=CHRONIC, **wishes):
    """A booking request for Ana with Ben, from tomorrow on."""
    recorded = assessments.record(runtime, clinic.ben.actor, clinic.ana, Assessment.from_json(findings))
    made = assessments.get(runtime, clinic.ben.actor, recorded)
    return BookingRequest(
        course_id=new_id(),
        patient_id=clinic.ana,
        assessment_id=recorded,
        phases=made.phases,
        first_visit_minutes=made.estimate.first_visit_minutes,
        visit_minutes=made.estimate.visit_minutes,
        wishes=Wishes(practitioners=(clinic.ben.id,), weekdays=(0, 1, 2, 3, 4), **wishes),
        earliest_day=date(2026, 3, 3),
    )


def book(runtime, clinic, findings=CHRONIC, **wishes):
    """Ana's course, booked at the best dates there are; its id."""
    request = request_for(runtime, clinic, findings, **wishes)
    proposal = booking.propose(runtime, clinic.rosa.actor, request)
    return booking.book_course(runtime, clinic.rosa.actor, request, proposal.places)


def snapshot(runtime, clinic, course_id) -> CourseSnapshot:
    """The course as it stands."""
    with runtime.reading(clinic.rosa.actor) as unit:
        return take(unit, unit.get(CourseRow, course_id))


def calendar(runtime, clinic, course_id):
    """Calendar identity of each session: uid and sequence by session id."""
    with runtime.reading(clinic.rosa.actor) as unit:
        rows = unit.session.scalars(select(SessionRow).where(SessionRow.course_id == course_id))
        return {row.id: (row.uid, row.sequence) for row in rows}


def starts(course: CourseSnapshot) -> list[datetime]:
    """All appointments to come or done, in order of time."""
    return sorted(each.current.starts_at for each in course.live if each.current and each.current.occupies)


def assert_48_hours_apart(course: CourseSnapshot) -> None:
    """No two needlings closer than E25 allows."""
    times = starts(course)
    assert all(after - before >= timedelta(hours=48) for before, after in pairwise(times))


def attend(runtime, clinic, clock, course_id, position):
    """Let time pass to a session and have it treated."""
    booked = snapshot(runtime, clinic, course_id).sessions[position].current
    clock.set(booked.starts_at + timedelta(minutes=1))
    attendance.arrive(runtime, clinic.rosa.actor, booked.id)
    attendance.fulfil(runtime, clinic.rosa.actor, booked.id)


def assessment_of(runtime, clinic, course_id):
    with runtime.reading(clinic.rosa.actor) as unit:
        return unit.get(CourseRow, course_id).assessment_id
