"""Lines of the worklists which the diary itself opens and closes, by a clock that goes only when told."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from planner.care.assessment import Assessment
from planner.diary.hours import Leave
from planner.services import assessments, attendance, clinic_setup, frequency, leave_view, undoing, worklists
from planner.services.attention import note_attention
from planner.storage.courses import AppointmentRow, CourseRow, SessionRow, WorklistRow
from planner.storage.progress import AdviceDecisionRow, OutcomeRow
from tests.web.ana_course import CHRONIC, assess_ana, book_ana

# A few sessions and no maintenance.
ACUTE = {"protocol": "chronic_pain", "symptom_weeks": 3, "severity": "mild", "goal": "relief"}


@pytest.fixture
def course(runtime, clinic):
    """Ana's course, from tomorrow on."""
    return book_ana(runtime, clinic)


@pytest.fixture
def lines(runtime, clinic):
    """Looks again, then gives what the open lines of a kind say."""

    def look(kind):
        note_attention(runtime)
        with runtime.reading(clinic.rosa.actor) as unit:
            return [item.says for item in worklists.open_items(unit) if item.kind == kind]

    return look


def dismissed(runtime, clinic, kind):
    """Rosa takes the one line of a kind off the list."""
    with runtime.reading(clinic.rosa.actor) as unit:
        (item,) = (item for item in worklists.open_items(unit) if item.kind == kind)
    worklists.dismiss(runtime, clinic.rosa.actor, item.id)


def done(runtime, clinic, clock, course, *numbers):
    """These sessions were given."""
    for number in numbers:
        booked = course.appointment(number)
        clock.set(booked.ends_at)
        attendance.fulfil(runtime, clinic.rosa.actor, booked.id)


def test_a_visit_left_open_is_unresolved_on_the_next_day(runtime, clinic, clock, course, lines):
    """Ana came and nobody said more: the line stands from midnight on, and goes when the visit is closed."""
    booked = course.appointment(1)
    clock.set(booked.starts_at)
    attendance.arrive(runtime, clinic.rosa.actor, booked.id)
    clock.set(booked.starts_at.replace(hour=23, minute=59))
    assert lines(worklists.UNRESOLVED) == []
    clock.advance(minutes=2)
    assert lines(worklists.UNRESOLVED) == [
        "Came to session 1 on Tue 3 Mar with Ben Okafor; nobody said that it was done."
    ]
    attendance.fulfil(runtime, clinic.rosa.actor, booked.id)
    assert course.notices() == []


def test_a_visit_nobody_spoke_of_is_unresolved_too(runtime, clinic, clock, course, lines):
    """Until somebody says that she did not come."""
    booked = course.appointment(1)
    clock.set(booked.starts_at + timedelta(days=1))
    assert lines(worklists.UNRESOLVED) == ["Session 1 was on Tue 3 Mar with Ben Okafor; nobody said whether they came."]
    outcome = attendance.miss(runtime, clinic.rosa.actor, booked.id)
    assert worklists.UNRESOLVED not in {item.kind for item in course.notices()}
    undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)
    assert len(lines(worklists.UNRESOLVED)) == 1


def test_an_assessment_without_a_course_waits_until_it_is_booked(runtime, clinic, clock, lines):
    """The line names the patient though there is no course yet."""
    assess_ana(runtime, clinic)
    assert lines(worklists.WAITING_FOR_COURSE) == ["Assessed on Mon 2 Mar; no course is booked."]
    with runtime.reading(clinic.rosa.actor) as unit:
        assert [item.patient for item in worklists.open_items(unit)] == ["Ana Silva"]
    course = book_ana(runtime, clinic)
    assert course.notices() == []
    assert lines(worklists.WAITING_FOR_COURSE) == []


def test_what_a_person_took_off_the_list_stays_off(runtime, clinic, clock, lines):
    """However often the sweep looks; a new assessment is a new thing."""
    assess_ana(runtime, clinic)
    assert lines(worklists.WAITING_FOR_COURSE)
    dismissed(runtime, clinic, worklists.WAITING_FOR_COURSE)
    assert lines(worklists.WAITING_FOR_COURSE) == []
    clock.advance(days=1)
    assess_ana(runtime, clinic)
    assert lines(worklists.WAITING_FOR_COURSE) == ["Assessed on Tue 3 Mar; no course is booked."]


def postpone(runtime, clinic, course, first, days):
    """Push these sessions and those after them later, as a person might by hand."""
    with runtime.writing(clinic.system) as unit:
        rows = unit.session.scalars(select(AppointmentRow).where(AppointmentRow.course_id == course.id)).all()
        later = [row for row in rows if unit.get(SessionRow, row.session_id).position >= first - 1]
        # The patient has one visit at a time, so whoever makes room goes first.
        for row in sorted(later, key=lambda row: row.starts_at, reverse=days > 0):
            row.starts_at += timedelta(days=days)
            row.ends_at += timedelta(days=days)
            unit.session.flush()


def test_a_week_with_fewer_visits_than_the_rhythm_wants_is_told(runtime, clinic, clock, course, lines):
    """Not the week in which the course begins; and no more once the visit is back in its week."""
    gap = course.now().sessions[1].gap.target
    assert gap == 7
    assert lines(worklists.UNDER_BOOKED) == []
    second = course.appointment(2)
    done(runtime, clinic, clock, course, 1)
    clock.set(second.starts_at - timedelta(days=1))
    assert lines(worklists.UNDER_BOOKED) == []
    postpone(runtime, clinic, course, 2, 7)
    (says,) = lines(worklists.UNDER_BOOKED)
    assert says == "Booked this week: 0; planned: 1. Session 2 is on Tue 17 Mar."
    postpone(runtime, clinic, course, 2, -7)
    assert lines(worklists.UNDER_BOOKED) == []


def test_nobody_who_is_away_or_stopped_is_under_booked(runtime, clinic, clock, course, lines):
    """The patient's own days away, and two misses that have a line of their own, are no surprise."""
    done(runtime, clinic, clock, course, 1)
    clock.set(course.appointment(2).starts_at - timedelta(days=1))
    postpone(runtime, clinic, course, 2, 7)
    change(runtime, clinic, course, wishes={"away": [["2026-03-15", "2026-03-20"]]})
    assert lines(worklists.UNDER_BOOKED) == []
    change(runtime, clinic, course, wishes={"away": []})
    assert len(lines(worklists.UNDER_BOOKED)) == 1
    change(runtime, clinic, course, automation="stopped")
    assert lines(worklists.UNDER_BOOKED) == []


def change(runtime, clinic, course, wishes=None, **values):
    """Set columns of the course."""
    with runtime.writing(clinic.system) as unit:
        row = unit.get(CourseRow, course.id)
        row.wishes = {**row.wishes, **(wishes or {})}
        for name, value in values.items():
            setattr(row, name, value)


def test_a_long_gap_is_told_only_when_its_longest_ends_in_the_week(runtime, clinic, clock, course, lines):
    """Every second week means nothing for a week without a visit."""
    with runtime.writing(clinic.system) as unit:
        unit.session.execute(
            update(SessionRow)
            .where(SessionRow.course_id == course.id, SessionRow.position > 0)
            .values(gap_target=14, gap_min=10, gap_max=17)
        )
    first = course.appointment(1).starts_at.date()
    done(runtime, clinic, clock, course, 1)
    postpone(runtime, clinic, course, 2, 21)
    clock.advance(days=7)
    assert lines(worklists.UNDER_BOOKED) == []
    clock.advance(days=7)
    latest = first + timedelta(days=17)
    (says,) = lines(worklists.UNDER_BOOKED)
    assert f"{latest.day} Mar" in says
    assert says.startswith("Session 2 should come by")


def test_a_course_that_comes_to_its_end_is_told_until_it_is_prolonged(runtime, clinic, clock, lines):
    """Two left, then one; Rosa lets it end, and the line stays away."""
    course = book_ana(runtime, clinic, ACUTE)
    total = len(course.now().sessions)
    done(runtime, clinic, clock, course, *range(1, total - 2))
    assert lines(worklists.ENDS_SOON) == []
    done(runtime, clinic, clock, course, total - 2)
    (says,) = lines(worklists.ENDS_SOON)
    assert says.startswith("2 sessions left; the last is on ")
    done(runtime, clinic, clock, course, total - 1)
    (says,) = lines(worklists.ENDS_SOON)
    assert says.startswith("1 session left; it is on ")
    dismissed(runtime, clinic, worklists.ENDS_SOON)
    assert lines(worklists.ENDS_SOON) == []
    frequency.add_session(runtime, clinic.rosa.actor, course.id, reason="Not there yet")
    assert len(lines(worklists.ENDS_SOON)) == 1


def review_number(runtime, clinic, course):
    """The first session after which the course is reviewed."""
    return assessments.get(runtime, clinic.ben.actor, course.assessment_id).estimate.review_at_sessions[0]


def measure(unit, course, clinic, by):
    unit.session.add(
        OutcomeRow(
            patient_id=clinic.ana, course_id=course.id, kind="pain", value=3, measured_at=unit.now, measured_by=by
        )
    )


def decide(unit, course, clinic, by):
    unit.session.add(
        AdviceDecisionRow(
            course_id=course.id, advice="carry_on", sessions_done=99, decision="dismissed", reason="Going well",
            actor="Ben", decided_at=unit.now,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("look", "by", "seen"), [(measure, "staff", True), (measure, "patient", False), (decide, "", True)]
)
def test_a_review_is_due_until_somebody_of_staff_looked(runtime, clinic, clock, course, lines, look, by, seen):
    """A measure of staff or a decision about the advice; what the patient logs at home is no review."""
    review = review_number(runtime, clinic, course)
    if review > 1:
        done(runtime, clinic, clock, course, *range(1, review))
        assert lines(worklists.REVIEW_DUE) == []
    done(runtime, clinic, clock, course, review)
    assert lines(worklists.REVIEW_DUE) == [f"{review} sessions done: a review was due after session {review}."]
    with runtime.writing(clinic.ben.actor) as unit:
        look(unit, course, clinic, by)
    assert (lines(worklists.REVIEW_DUE) == []) is seen


def test_a_new_assessment_is_a_review(runtime, clinic, clock, course, lines):
    """Ben looked anew."""
    done(runtime, clinic, clock, course, *range(1, review_number(runtime, clinic, course) + 1))
    assert len(lines(worklists.REVIEW_DUE)) == 1
    assessments.record(runtime, clinic.ben.actor, clinic.ana, Assessment.from_json(CHRONIC))
    assert lines(worklists.REVIEW_DUE) == []


def test_a_visit_left_in_a_leave_clashes_until_it_is_moved(runtime, clinic, clock, course, lines):
    """Also one that the leave was recorded around without a plan; taking the leave back ends it."""
    booked = course.appointment(1)
    day = booked.starts_at.date()
    with runtime.writing(clinic.system) as unit:
        leave_id = clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(day, day)).id
    assert lines(worklists.LEAVE_CLASH) == ["Session 1 is on Tue 3 Mar at 08:00, when Ben Okafor is away."]
    leave_view.withdraw(runtime, clinic.rosa.actor, leave_id)
    assert course.notices() == []
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(day, day))
    assert len(lines(worklists.LEAVE_CLASH)) == 1
    attendance.cancel(runtime, clinic.rosa.actor, booked.id)
    assert course.notices() == []


def test_a_second_look_writes_nothing(runtime, clinic, course, lines):
    """Where nothing is new nobody waits for a turn to write."""
    assess_ana(runtime, clinic)
    note_attention(runtime)
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    note_attention(runtime)
    assert not [words for words in seen if words.startswith(("INSERT", "UPDATE"))]
    assert len(seen) < 20


def test_another_clinics_lines_are_its_own(runtime, clinic, other_clinic, lines):
    """Cy's people see nothing of it."""
    assess_ana(runtime, clinic)
    assert lines(worklists.WAITING_FOR_COURSE)
    with runtime.reading(other_clinic.rosa.actor) as unit:
        assert worklists.open_items(unit) == []
        assert unit.session.scalar(select(func.count()).select_from(WorklistRow)) == 0
