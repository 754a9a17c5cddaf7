"""A patient with two courses: 48 hours lie between all visits, however many courses are planned at once."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, permutations

import pytest
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.diary.hours import Leave
from planner.errors import TooNear
from planner.scheduling.together import Budget
from planner.services import assessments, attendance, clinic_setup, leave, moving, undoing
from planner.services.block_booking import book_block, plan_block
from planner.services.joint import settled, solved
from planner.services.planning import Span, free_problem
from planner.services.snapshot import Booked, take
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, CourseRow
from planner.storage.ids import new_id
from tests.factories import weekly
from tests.services.many_patients import TOMORROW, Crowd, finished, make_crowd

CHRONIC = {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"}
REST = timedelta(hours=48)
AWAY = Leave.whole_days(date(2026, 3, 16), date(2026, 3, 20))


@dataclass(frozen=True)
class Pairs:
    """Patients with two assessments each, and their courses once they are booked."""

    crowd: Crowd
    courses: tuple[int, ...] = ()


@pytest.fixture
def unbooked(runtime, clinic):
    """Five patients with two assessments each, all rather with Ben; Clara has Wednesdays."""
    crowd = make_crowd(runtime, clinic, 5, CHRONIC)
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, weekly("09:00", "16:00"))
        clinic_setup.set_practitioner_hours(unit, crowd.clara, [each for each in weekly() if each.weekday == 2])
    again = [
        assessments.record(runtime, clinic.ben.actor, who, Assessment.from_json(CHRONIC)) for who in crowd.patients
    ]
    return Pairs(replace(crowd, assessments=(*crowd.assessments, *again)))


@pytest.fixture
def pairs(runtime, clinic, unbooked):
    """The same with all ten courses booked as one block."""
    job_id = planned_block(runtime, clinic, unbooked)
    done = book_block(runtime, clinic.rosa.actor, job_id)
    return replace(unbooked, courses=tuple(line.course.course_id for line in done.lines))


def planned_block(runtime, clinic, pairs):
    """A finished job for all ten courses."""
    job_id = new_id()
    plan_block(runtime, clinic.rosa.actor, pairs.crowd.assessments, TOMORROW, job_id=job_id, seconds=0.1)
    job = finished(runtime, clinic, job_id)
    assert job.status == "done", job.error
    return job_id


def least_apart(runtime, clinic):
    """The least time between two visits of one patient."""
    with runtime.reading(clinic.rosa.actor) as unit:
        row = AppointmentRow
        found = unit.session.execute(
            select(row.patient_id, row.starts_at).where(row.status.in_(OCCUPYING_STATUSES))
        ).all()
    starts = {}
    for patient, start in found:
        starts.setdefault(patient, []).append(start)
    return min(two - one for mine in starts.values() for one, two in pairwise(sorted(mine)))


def sessions_of(runtime, clinic, course_id):
    """The appointments ahead of a course, by time."""
    with runtime.reading(clinic.rosa.actor) as unit:
        live = take(unit, unit.get(CourseRow, course_id)).live
    return sorted((each.upcoming for each in live if each.upcoming), key=lambda booked: booked.starts_at)


def test_a_block_with_two_courses_of_one_patient_keeps_48_hours(runtime, clinic, pairs):
    """The second course of each is planned beside the first one's dates."""
    assert [len(sessions_of(runtime, clinic, course)) for course in pairs.courses] == [12] * 10
    assert least_apart(runtime, clinic) >= REST


def test_a_block_keeps_48_hours_though_half_of_it_is_planned_anew_when_it_is_booked(runtime, clinic, unbooked):
    """Ben is away on the Thursday on which all second courses would begin; the first ones keep their dates."""
    job_id = planned_block(runtime, clinic, unbooked)
    thursday = date(2026, 3, 5)
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(thursday, thursday))
    done = book_block(runtime, clinic.rosa.actor, job_id)
    assert len(done.changed) == 5
    assert done.to_place == 0
    assert least_apart(runtime, clinic) >= REST


def test_a_leave_keeps_48_hours_between_all_courses_of_a_patient(runtime, clinic, pairs):
    """Shown and recorded at once."""
    done = leave.record_leave(runtime, clinic.rosa.actor, clinic.ben.id, AWAY)
    assert len(done.courses) == 10
    assert sum(each.unplaced for each in done.courses) == 0
    assert least_apart(runtime, clinic) >= REST


@pytest.mark.parametrize("changed", [0, 1])
def test_a_course_planned_anew_at_the_end_knows_the_new_dates_of_its_patients_other_course(
    runtime, clinic, pairs, changed
):
    """Every second course changes while the plan waits; the diary does not hold the others' new dates yet."""
    with runtime.reading(clinic.rosa.actor) as unit:
        plan, _ = solved(leave.Absence(clinic.ben.id, AWAY).scene(unit), Budget(iterations=20))
    for course in pairs.courses[changed::2]:
        last = sessions_of(runtime, clinic, course)[-1]
        attendance.confirm(runtime, clinic.rosa.actor, last.id)
    with runtime.reading(clinic.rosa.actor) as unit:
        done = settled(leave.Absence(clinic.ben.id, AWAY).scene(unit), plan)
    starts, patients = {}, _patients(runtime, clinic)
    for each in done:
        starts.setdefault(patients[each.course_id], []).extend(
            session.upcoming.starts_at for session in each.after.live if session.upcoming
        )
    assert len(done) == 10
    assert min(two - one for mine in starts.values() for one, two in pairwise(sorted(mine))) >= REST


def _patients(runtime, clinic):
    with runtime.reading(clinic.rosa.actor) as unit:
        return dict(unit.session.execute(select(CourseRow.id, CourseRow.patient_id)).all())


def test_an_undo_that_would_bring_two_visits_within_48_hours_is_refused(runtime, clinic, pairs):
    """The other course was moved next to the old time meanwhile."""
    patients = _patients(runtime, clinic)
    for one, two in permutations(pairs.courses, 2):
        if patients[one] != patients[two]:
            continue
        old, near = (sessions_of(runtime, clinic, course)[-1] for course in (one, two))
        away = _slots(runtime, clinic, old, old.starts_at + 3 * REST)
        if not away:
            continue
        moved = moving.move(runtime, clinic.rosa.actor, old.id, away[0].start, away[0].practitioner_id)
        close = [
            each
            for each in _slots(runtime, clinic, near, old.starts_at - REST)
            if abs(each.starts_at - old.starts_at) < REST
        ]
        if close:
            moving.move(runtime, clinic.rosa.actor, near.id, close[0].start, close[0].practitioner_id)
            with pytest.raises(TooNear):
                undoing.undo(runtime, clinic.rosa.actor, moved.revision_id)
            return
    raise AssertionError("no two courses could be brought near each other")


def _slots(runtime, clinic, booked, start):
    return moving.legal_slots(runtime, clinic.rosa.actor, booked.id, from_day=start.date())


def test_a_visit_that_stands_48_hours_before_another_course_does_not_open_the_hours_after_it(runtime, clinic, pairs):
    """What stands may stay in its very time; nothing else is free within the 48 hours on either side."""
    with runtime.reading(clinic.rosa.actor) as unit:
        other = datetime(2026, 3, 11, 9, tzinfo=UTC)
        stands = Booked(1, clinic.ben.id, clinic.rooms[0], other - REST, other - REST + timedelta(minutes=45))
        span = Span(unit.today, 21)
        problem = free_problem(unit, span, [clinic.ben.id], standing=[stands], apart_from=[other], not_before=unit.now)
    near = [
        (start, end)
        for start, end in problem.practitioners[0].free
        if start < datetime(2026, 3, 13, 9) and end > datetime(2026, 3, 9, 9)
    ]
    assert near == [(datetime(2026, 3, 9, 9), datetime(2026, 3, 9, 9, 45))]
