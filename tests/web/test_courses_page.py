"""The course page: what it shows of a course in every state, and how little it asks of the database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from planner.care.assessment import Assessment
from planner.care.course import GapDays, Phase, PhaseName
from planner.diary.hours import Leave
from planner.services import assessments, attendance, frequency, leave, messages, patients
from planner.services.course_view import course_view
from tests.factories import make_patient
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def ben(browser_of, clinic, course):
    """Ben's browser."""
    return browser_of(clinic.ben)


def attend(runtime, clinic, clock, course, number):
    """Have a session treated."""
    booked = course.appointment(number)
    clock.set(booked.ends_at + timedelta(minutes=5))
    attendance.fulfil(runtime, clinic.ben.actor, booked.id)


def lines(runtime, clinic, course):
    """The sessions as the page has them, by number."""
    return {line.number: line for line in course_view(runtime, clinic.ben.actor, course.id).lines}


def test_the_page_names_patient_treatment_and_the_next_visit(ben, course):
    """Enough to speak on the telephone."""
    page = ben.get(f"/courses/{course.id}").text
    assert "<h1>Ana Silva</h1>" in page
    assert "Pain that has lasted for months or years" in page
    assert "Tuesday 3 March 2026, 08:00" in page


def test_a_patient_who_lives_elsewhere_has_both_times(ben, course, runtime, clinic):
    """So that nobody has to count hours on the telephone."""
    known = patients.get(runtime, clinic.ben.actor, clinic.ana)
    abroad = replace(known.details, timezone="America/New_York")
    patients.update(runtime, clinic.ben.actor, clinic.ana, abroad, version=known.version)
    assert "Tue 3 Mar, 03:00 (America/New_York)" in ben.get(f"/courses/{course.id}").text


def test_the_pace_says_what_the_plan_says(ben, clinic, course, clock):
    """Two weeks without anybody marking anything: the plan is two ahead, and three once the third day is over."""
    clock.advance(days=15)
    for said in ("plan says 2", "plan says 3"):
        ben.sign_in(clinic.ben)
        page = ben.get(f"/courses/{course.id}").text
        assert "<strong>0 done</strong>" in page
        assert said in page
        clock.advance(days=1)


def test_gaps_and_targets_follow_the_dates(runtime, clinic, course):
    """Each target is counted from the session before it in time."""
    shown = lines(runtime, clinic, course)
    assert shown[1].gap_days is None
    assert (shown[2].gap_days, shown[2].wanted_days) == (7, 7)
    assert shown[2].target_day == course.appointment(1).starts_at.date() + timedelta(days=7)


def test_only_what_is_possible_is_offered(runtime, clinic, course, clock):
    """Before, during and after a visit."""
    attendance.confirm(runtime, clinic.ben.actor, course.appointment(2).id)
    shown = lines(runtime, clinic, course)
    assert shown[1].may == {"move", "cancel", "confirm"}
    assert shown[2].may == {"move", "cancel"}
    assert shown[2].locked == "Confirmed"
    clock.set(course.appointment(1).starts_at - timedelta(minutes=10))
    early = lines(runtime, clinic, course)[1]
    assert early.next_step == "arrive"
    assert early.locked == "Less than 24 hours away"
    attendance.arrive(runtime, clinic.rosa.actor, course.appointment(1).id)
    assert lines(runtime, clinic, course)[1].may == {"cancel"}
    clock.set(course.appointment(1).ends_at + timedelta(minutes=10))
    late = lines(runtime, clinic, course)[1]
    assert late.may == {"fulfil"}
    clock.set(course.appointment(2).ends_at + timedelta(minutes=10))
    assert lines(runtime, clinic, course)[2].may == {"arrive", "fulfil", "miss"}
    assert late.next_step == "fulfil"


def test_what_was_missed_stays_visible(ben, runtime, clinic, course, clock):
    """In the table and as a mark in the picture, beside the date it was rebooked to."""
    clock.set(course.appointment(1).ends_at + timedelta(minutes=5))
    attendance.miss(runtime, clinic.rosa.actor, course.appointment(1).id)
    ben.sign_in(clinic.ben)
    page = ben.get(f"/courses/{course.id}").text
    assert "missed on Tue 3 Mar" in page
    assert "Session 1, Tue 3 Mar: missed" in page


def test_no_gap_is_counted_from_a_visit_nobody_came_to(runtime, clinic, course, clock):
    """After two misses nothing is rebooked: the next session is as far from treatment as it is."""
    attend(runtime, clinic, clock, course, 1)
    treated = course.appointment(1).starts_at.date()
    for _ in range(2):
        clock.set(course.appointment(2).ends_at + timedelta(minutes=5))
        attendance.miss(runtime, clinic.ben.actor, course.appointment(2).id)
    shown = lines(runtime, clinic, course)
    assert (shown[2].state, shown[3].state) == ("noshow", "booked")
    assert shown[3].gap_days == (course.appointment(3).starts_at.date() - treated).days


def test_a_session_without_a_place_says_why_and_can_be_tried_again(ben, runtime, clinic, course):
    """Ben is away to the end of the plan: everything stands under Still to place."""
    first = course.appointment(1).starts_at.date()
    long = Leave.whole_days(first, first + timedelta(days=400))
    leave.record_leave(runtime, clinic.mo.actor, clinic.ben.id, long)
    page = ben.get(f"/courses/{course.id}").text
    assert "Still to place" in page
    reasons = {line.unplaced_reason for line in lines(runtime, clinic, course).values() if line.booked is None}
    assert reasons
    assert "" not in reasons
    waiting = [line for line in lines(runtime, clinic, course).values() if line.booked is None]
    wanted = [line.target_day for line in sorted(waiting, key=lambda line: line.number)]
    assert wanted == sorted(set(wanted)), "each counts from the one before it, also where that has no date itself"
    said = ben.post(f"/courses/{course.id}/resume", follow_redirects=True).text
    assert "The planner books this course by itself again: " in said


def test_a_session_that_waits_on_is_no_news(runtime, clinic, course, clock):
    """What has no place since yesterday is not told again with today's visit."""
    last = course.appointment(12).starts_at.date()
    away = Leave.whole_days(course.appointment(3).starts_at.date(), last + timedelta(days=400))
    leave.record_leave(runtime, clinic.mo.actor, clinic.ben.id, away)
    clock.advance(minutes=30)
    messages.send_outbox(runtime)
    attend(runtime, clinic, clock, course, 1)
    newest = course_view(runtime, clinic.ben.actor, course.id).history[0]
    assert newest.kind == "fulfilled"
    assert newest.difference.told == ()
    assert newest.telling_at is None


def test_the_history_says_who_changed_what_and_whether_the_patient_knows(ben, runtime, clinic, course, clock):
    """Waiting, then told; once told there is no undo."""
    page = ben.get(f"/courses/{course.id}").text
    assert "Rosa Lind" in page
    assert "waits until 08:05" in page
    clock.advance(minutes=6)
    messages.send_outbox(runtime)
    page = ben.get(f"/courses/{course.id}").text
    assert "The patient was told" in page
    assert "/undo" not in page


def test_what_the_therapist_decided_stands_beside_the_estimate(ben, runtime, clinic, course):
    """The rhythm as it is now is shown once it is another one."""
    assert "Rhythm now" not in ben.get(f"/courses/{course.id}").text
    phases = (Phase(PhaseName.INTENSIVE, 4, GapDays(14, 10, 18)),)
    frequency.apply(runtime, clinic.ben.actor, course.id, phases, reason="settled")
    page = ben.get(f"/courses/{course.id}").text
    assert "Rhythm now" in page
    assert "Frequency changed: settled" in page


def test_a_course_taken_back_altogether_is_shown_still(ben, runtime, clinic, course, browser_of):
    """Undoing the booking leaves a course without a session, and a page that says so."""
    browser_of(clinic.rosa).post(f"/revisions/{course.revisions()[0][0]}/undo")
    answer = ben.get(f"/courses/{course.id}")
    assert answer.status_code == 200
    assert "called off" in answer.text
    assert "Nothing is booked of this course" in answer.text
    assert "Change the frequency" not in answer.text
    assert ben.get(f"/courses/{course.id}/frequency").status_code == 200


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "שרה כהן", "Ōtani 🌱", "x" * 190])
def test_any_name_is_shown_whole_and_harmless(name, browser_of, runtime, clinic):
    """Whatever people are called."""
    with runtime.writing(clinic.system) as unit:
        patient = make_patient(unit, name)
    findings = Assessment.from_json(
        {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "mild", "goal": "relief"}
    )
    recorded = assessments.record(runtime, clinic.ben.actor, patient, findings, notes=name)
    page = browser_of(clinic.ben).get(f"/assessments/{recorded}").text
    assert "<script>alert" not in page
    assert name.replace("<", "&lt;").replace(">", "&gt;") in page


def test_the_page_needs_a_bounded_number_of_queries(ben, runtime, clinic, course, clock):
    """A longer history asks no more often than a short one."""
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    ben.get(f"/courses/{course.id}")
    short = len(seen)
    for number in (1, 2, 3, 4):
        attend(runtime, clinic, clock, course, number)
    ben.sign_in(clinic.ben)
    seen.clear()
    ben.get(f"/courses/{course.id}")
    assert len(seen) <= short <= 25
