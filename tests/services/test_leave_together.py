"""A leave is planned for the whole clinic at once: no session is lost, little is moved, all of it or nothing."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from planner.diary.hours import Closure, Leave
from planner.errors import NotAllowed, StaleForm
from planner.scheduling.points import points
from planner.scheduling.problem import Placed, Unplaced
from planner.scheduling.together import Budget
from planner.services import attendance, clinic_setup, leave, replan_jobs, solve_jobs, undoing
from planner.services.difference import ChangeKind
from planner.services.joint import settled, solved
from planner.services.outcomes import outcome_of
from planner.services.snapshot import take
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.ids import new_id
from planner.storage.opening import LeaveRow
from tests.factories import weekly
from tests.services.course_life import book
from tests.services.many_patients import book_crowd, finished, make_crowd

CHRONIC = {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"}
# Ben's third week with these patients.
AWAY = Leave.whole_days(date(2026, 3, 16), date(2026, 3, 20))
ONE_DAY = Leave.whole_days(date(2026, 3, 17), date(2026, 3, 17))


@pytest.fixture
def crowd(runtime, clinic):
    """Fourteen chronic courses in a diary of two half-days."""
    crowd = make_crowd(runtime, clinic, 14, CHRONIC)
    with runtime.writing(clinic.system) as unit:
        for person in (clinic.ben.id, crowd.clara):
            clinic_setup.set_practitioner_hours(unit, person, weekly("09:00", "12:00"))
    book_crowd(runtime, clinic, crowd)
    return crowd


def scene(runtime, clinic, away=AWAY):
    """The courses which the leave touches, as one problem."""
    with runtime.reading(clinic.mo.actor) as unit:
        return leave.Absence(clinic.ben.id, away).scene(unit)


def diary(runtime, clinic):
    """Every visit that occupies time: id → (start, practitioner)."""
    with runtime.reading(clinic.mo.actor) as unit:
        rows = unit.session.scalars(select(AppointmentRow).where(AppointmentRow.status == "booked"))
        return {row.id: (row.starts_at, row.practitioner_id) for row in rows}


def owed(runtime, clinic):
    """How many sessions have a date ahead, in all courses."""
    with runtime.reading(clinic.mo.actor) as unit:
        rows = unit.session.scalars(select(CourseRow)).all()
        return sum(1 for row in rows for session in take(unit, row).live if session.upcoming)


def planned(runtime, clinic, away=AWAY):
    """A finished job for the leave."""
    job_id = new_id()
    leave.plan_leave(runtime, clinic.rosa.actor, clinic.ben.id, away, job_id=job_id, seconds=0.1)
    job = finished(runtime, clinic, job_id)
    assert job.status == "done", job.error
    return job


def cost(problem, places):
    """Points and moved appointments of an answer: {(course, session): place}."""
    missing = [
        Unplaced(course.id, number, "-")
        for course in problem.courses
        for number in range(len(course.sessions))
        if (course.id, number) not in places
    ]
    now = {(course.id, each.session): each for course in problem.courses for each in course.current}
    moved = sum(1 for key, each in now.items() if key not in places or places[key].start != each.start)
    return points(problem, places.values(), missing).total, moved, len(missing)


def next_free(problem):
    """What a person does by hand: every session that can't stay goes to the next free slot, the later ones follow."""
    taken: list[tuple[str, datetime, datetime]] = []
    for course in problem.courses:
        for each in course.current:
            end = each.start + timedelta(minutes=course.sessions[each.session].minutes)
            taken += [(each.practitioner, each.start, end), (each.room, each.start, end)]
    places = {}
    for course in problem.courses:
        stands = {each.session: each for each in course.current}
        before = course.previous_start
        for number, session in enumerate(course.sessions):
            least = max(2, session.gap.min if session.gap else 0)
            here = stands.get(number)
            if here and (before is None or (here.start.date() - before.date()).days >= least):
                place = Placed(course.id, number, here.practitioner, here.room, here.start)
            else:
                if here:  # It gives its place up.
                    taken = [
                        each for each in taken if each[1] != here.start or each[0] not in (here.practitioner, here.room)
                    ]
                first = course.earliest_day if before is None else before.date() + timedelta(days=least)
                place = _first_free(problem, course, number, first, taken)
                end = place.start + timedelta(minutes=session.minutes)
                taken += [(place.practitioner, place.start, end), (place.room, place.start, end)]
            places[course.id, number] = place
            before = place.start
    return places


def _first_free(problem, course, number, first, taken):
    length = timedelta(minutes=course.sessions[number].minutes)

    def holds(resource, start):
        inside = any(a <= start and start + length <= b for a, b in resource.free)
        return inside and not any(who == resource.id and a < start + length and start < b for who, a, b in taken)

    for offset in range(400):
        for step in range(24 * 4):
            start = datetime.combine(first + timedelta(days=offset), time()) + timedelta(minutes=15 * step)
            for person in problem.practitioners:
                if person.id in course.practitioners and holds(person, start):
                    for room in problem.rooms:
                        if holds(room, start):
                            return Placed(course.id, number, person.id, room.id, start)
    raise AssertionError("no slot in a year")


def test_the_joint_plan_beats_the_next_free_slot_and_planning_from_scratch(runtime, clinic, crowd):
    """Fewer points than both, fewer moved visits than planning from scratch, no session lost."""
    found = scene(runtime, clinic)
    problem = found.problem
    assert len(problem.courses) > replan_jobs.MOST_AT_ONCE
    _, ours = solved(found, Budget(iterations=40, seed=1))
    _, fresh = solved(
        replace(
            found,
            problem=replace(
                problem,
                courses=tuple(
                    replace(c, current=tuple(replace(each, move_points=0) for each in c.current))
                    for c in problem.courses
                ),
            ),
        ),
        Budget(iterations=40, seed=1),
    )

    def flat(answer):
        return {(name, number): place for name, mine in answer.placed.items() for number, place in mine.items()}

    mine, by_hand, anew = cost(problem, flat(ours)), cost(problem, next_free(problem)), cost(problem, flat(fresh))
    assert mine[2] == 0
    assert mine[0] == ours.points >= ours.lower_bound
    assert mine[0] < by_hand[0]
    assert mine[0] < anew[0]
    assert mine[1] < anew[1]


def test_a_planned_leave_is_shown_and_then_recorded_as_shown(runtime, clinic, crowd):
    """Nothing is kept before it is applied; then every course stands as the page said, in one batch."""
    before, sessions = diary(runtime, clinic), owed(runtime, clinic)
    job = planned(runtime, clinic)
    shown = replan_jobs.planned_by(runtime, clinic.rosa.actor, job)
    assert diary(runtime, clinic) == before
    done = leave.apply_leave(runtime, clinic.rosa.actor, job.id)
    assert [each.patient for each in done.courses] == [each.patient for each in shown.courses]

    def dates(plan):
        return [
            (c.after.starts_at, c.after.practitioner_id)
            for each in plan.courses
            for c in each.difference.changes
            if c.after
        ]

    assert dates(done) == dates(shown)
    assert owed(runtime, clinic) == sessions
    ben = [start for start, person in diary(runtime, clinic).values() if person == clinic.ben.id]
    assert not [start for start in ben if date(2026, 3, 16) <= start.date() <= date(2026, 3, 20)]
    with pytest.raises(StaleForm):
        leave.apply_leave(runtime, clinic.rosa.actor, job.id)
    undoing.undo(runtime, clinic.mo.actor, done.revision_ids[0])
    assert {key: diary(runtime, clinic)[key] for key in before} == before


def test_what_changed_while_the_plan_waited_is_planned_anew_inside(runtime, clinic, crowd):
    """A patient cancels and another confirms: both are taken as they are now, and nobody is lost."""
    job = planned(runtime, clinic)
    sessions = owed(runtime, clinic)
    shown = replan_jobs.planned_by(runtime, clinic.rosa.actor, job)
    moved = [(each, c) for each in shown.courses for c in each.difference.of(ChangeKind.MOVED, ChangeKind.ADDED)]
    first, change = moved[0]
    with runtime.reading(clinic.rosa.actor) as unit:
        course = take(unit, unit.get(CourseRow, first.course_id))
    later = next(each.current.id for each in reversed(course.sessions) if each.current)
    attendance.confirm(runtime, clinic.rosa.actor, later)
    done = leave.apply_leave(runtime, clinic.rosa.actor, job.id)
    names = {each.patient for each in shown.courses}
    assert set(done.changed) <= names
    again = next(each for each in done.courses if each.course_id == first.course_id)
    assert again.unplaced == 0
    assert owed(runtime, clinic) == sessions
    with runtime.reading(clinic.rosa.actor) as unit:
        assert unit.get(AppointmentRow, later).confirmed_at is not None
    assert change.after is not None


def test_whose_dates_are_others_than_were_shown_is_kept_with_the_job(runtime, clinic, crowd):
    """The clinic shuts on a day that was promised: patient, session, the date that was shown and the one that is."""
    job = planned(runtime, clinic)
    shown = replan_jobs.planned_by(runtime, clinic.rosa.actor, job)
    moved = [(each, c) for each in shown.courses for c in each.difference.of(ChangeKind.MOVED, ChangeKind.ADDED)]
    course, change = moved[0]
    day = change.after.starts_at.date()
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.add_closure(unit, Closure(day, day, "Water pipe"))
    done = leave.apply_leave(runtime, clinic.rosa.actor, job.id)
    kept = outcome_of(runtime, clinic.rosa.actor, solve_jobs.look(runtime, clinic.rosa.actor, job.id))
    assert kept.others == done.others
    assert course.patient in done.changed
    mine = next(each for each in kept.others if each.course_id == course.course_id)
    date_of = next(each for each in mine.dates if each.number == change.number)
    assert date_of.shown == (change.after.starts_at, change.after.practitioner_id)
    for each in kept.others:
        now = next(one for one in done.courses if one.course_id == each.course_id)
        stands = {c.number: c.after and (c.after.starts_at, c.after.practitioner_id) for c in now.difference.changes}
        assert all(other.done == stands[other.number] != other.shown for other in each.dates)
    assert not kept.undone
    undoing.undo(runtime, clinic.mo.actor, done.revision_ids[0])
    assert outcome_of(runtime, clinic.rosa.actor, solve_jobs.look(runtime, clinic.rosa.actor, job.id)).undone


def test_a_place_taken_while_the_plan_waited_is_not_given_twice(runtime, clinic, crowd):
    """The plan is laid over the diary of then; a course booked since keeps its dates."""
    found = scene(runtime, clinic)
    plan, _ = solved(found, Budget(iterations=0))
    late = book(runtime, clinic)
    done = settled(scene(runtime, clinic), plan)
    after = [
        (booked.starts_at, booked.practitioner_id)
        for each in done
        for session in each.after.live
        if (booked := session.upcoming)
    ]
    assert len(after) == len(set(after))
    # The late course has a visit in the leave as well, so it is planned with the others.
    assert {each.course_id for each in done} == {each.course_id for each in plan} | {late}
    untouched = set(diary(runtime, clinic).values()) - {
        (booked.starts_at, booked.practitioner_id)
        for each in done
        for session in each.before.live
        if (booked := session.upcoming)
    }
    assert not untouched & set(after)


def test_whoever_a_plan_leaves_alone_stays_when_the_rest_is_planned_anew(runtime, clinic, crowd):
    """Others may make room; but nobody was told so, and each course in the leave finds another place."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_displacing(unit, "any")
    found = scene(runtime, clinic, ONE_DAY)
    concerned = {each.course.id for each in found.asked.values() if not each.bystander}
    assert concerned < {each.course.id for each in found.asked.values()}
    for budget in (None, Budget(iterations=20)):
        done = settled(scene(runtime, clinic, ONE_DAY), [], budget)
        assert {each.course_id for each in done} == concerned
        assert all(session.upcoming for each in done for session in each.after.live)


@pytest.mark.parametrize(("policy", "others"), [("never", False), ("unconfirmed", True), ("any", True)])
def test_other_patients_make_room_only_by_the_clinics_policy(runtime, clinic, crowd, policy, others):
    """By default only the courses in the leave take part."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_displacing(unit, policy)
    found = scene(runtime, clinic, ONE_DAY)
    bystanders = [each for each in found.asked.values() if each.bystander]
    assert bool(bystanders) == others
    sessions = owed(runtime, clinic)
    done = leave.apply_leave(runtime, clinic.rosa.actor, planned(runtime, clinic, ONE_DAY).id)
    assert owed(runtime, clinic) == sessions
    assert sum(each.unplaced for each in done.courses) == 0
    assert others or not done.bystanders


def test_a_confirmed_visit_of_another_patient_moves_only_under_any(runtime, clinic, crowd):
    """Under “unconfirmed” it is as locked as in every other repair."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_displacing(unit, "unconfirmed")
    name, bystander = next((n, e) for n, e in scene(runtime, clinic, ONE_DAY).asked.items() if e.bystander)
    visit = next(
        each.upcoming.id
        for each in bystander.before.sessions
        if each.upcoming and each.upcoming.starts_at > runtime.clock.now() + timedelta(days=3)
    )
    attendance.confirm(runtime, clinic.rosa.actor, visit)
    locked = [each.locked for each in scene(runtime, clinic, ONE_DAY).orders[name]]
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_displacing(unit, "any")
    free = [each.locked for each in scene(runtime, clinic, ONE_DAY).orders[name]]
    assert sum(locked) == sum(free) + 1


def test_a_small_leave_is_planned_at_once(runtime, clinic, crowd):
    """Below the limit there is no job; the preview keeps nothing and says what the recording does."""
    hour = Leave(datetime(2026, 3, 17, 9), datetime(2026, 3, 17, 10))
    with runtime.reading(clinic.rosa.actor) as unit:
        assert 0 < leave.Absence(clinic.ben.id, hour).touches(unit) <= replan_jobs.MOST_AT_ONCE
    assert leave.planned_at_once(runtime, clinic.rosa.actor, clinic.ben.id, hour)
    seen = leave.preview_leave(runtime, clinic.rosa.actor, clinic.ben.id, hour)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert unit.session.scalar(select(LeaveRow)) is None
    done = leave.record_leave(runtime, clinic.rosa.actor, clinic.ben.id, hour)
    assert [each.difference.summary() for each in seen.courses] == [each.difference.summary() for each in done.courses]


def test_a_therapist_does_not_record_leave(runtime, clinic, crowd):
    """Reception or a manager does."""
    with pytest.raises(NotAllowed):
        leave.plan_leave(runtime, clinic.ben.actor, clinic.ben.id, AWAY, job_id=new_id())
