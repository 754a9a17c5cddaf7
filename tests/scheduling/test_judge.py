"""The judge: every rule broken is said, and a valid answer passes."""

from dataclasses import replace
from datetime import date

import pytest

from planner.scheduling.judge import broken_rules
from planner.scheduling.problem import Current, Gap, Placed, Resource, Session, Solution, Unplaced, Window
from tests.scheduling.problems import MONDAY, at, course, open_days, problem

FIRST = Placed("ana", 0, "ben", "room", at(0, "09:00"))
SECOND = Placed("ana", 1, "ben", "room", at(7, "09:00"))


def judged(case, *appointments, unplaced=(), points=0):
    return broken_rules(case, Solution(tuple(appointments), tuple(unplaced), points, 0))


def test_a_valid_answer_breaks_nothing():
    """Two sessions, a week apart, no points."""
    assert judged(problem(), FIRST, SECOND) == []


def test_wrong_points_are_said():
    """With the right ones."""
    assert judged(problem(), FIRST, SECOND, points=7) == ["the answer states 7 points; they are 0"]


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (replace(SECOND, start=at(7, "09:10")), "not on the grid"),
        (replace(SECOND, start=at(28, "09:00")), "outside the horizon"),
        (replace(SECOND, practitioner="eve"), "eve is not one of the course's practitioners"),
        (replace(SECOND, practitioner="zoe"), "practitioner zoe is not free"),
        (replace(SECOND, start=at(7, "12:00")), "practitioner ben is not free"),
        (replace(SECOND, room="attic"), "room attic is not free"),
        (replace(SECOND, start=at(7, "11:45")), "room room is not free"),
        (replace(SECOND, start=at(4, "09:00")), "4 days after the session before, fewer than 5"),
        (replace(SECOND, start=at(1, "09:00")), "less than 48 hours after the session before"),
        (replace(SECOND, session=2), "there is no such session"),
        (replace(SECOND, course="zoe"), "there is no such session"),
        (replace(SECOND, session=0), "placed twice"),
    ],
)
def test_a_broken_rule_of_one_appointment_is_said(second, says):
    """Rules 1, 2 and 5."""
    assert any(says in line for line in judged(problem(), FIRST, second))


def test_a_session_outside_the_patients_times_is_said():
    """Rule 3: windows, days away, and the earliest day."""
    for changes in (
        {"available": (Window(0, 480, 540, 0),)},
        {"away": ((MONDAY, date(2026, 3, 3)),)},
    ):
        assert any("the patient is not available" in line for line in judged(problem(course(**changes)), FIRST, SECOND))
    early = problem(course(earliest_day=date(2026, 3, 3)))
    assert any("before the earliest day" in line for line in judged(early, FIRST, SECOND))


def test_an_appointment_wholly_in_one_interval_only():
    """Two intervals that touch are two."""
    halves = ((at(0, "09:00"), at(0, "09:30")), (at(0, "09:30"), at(0, "10:00")))
    case = problem(course(sessions=(Session(60, None),)), practitioners=(Resource("ben", halves),))
    assert any("practitioner ben is not free" in line for line in judged(case, FIRST))


def test_a_skipped_time_is_said():
    """There is no 01:30 in London on 29 March 2026."""
    sunday = date(2026, 3, 29)
    free = ((at(0, "01:00", sunday), at(0, "03:00", sunday)),)
    ana = course(earliest_day=sunday, sessions=(Session(30, None),), available=(Window(6, 0, 240, 0),))
    people, rooms = (Resource("ben", free),), (Resource("room", free),)
    case = problem(ana, first_day=sunday, days=1, practitioners=people, rooms=rooms)
    assert any("skips this time" in line for line in judged(case, replace(FIRST, start=at(0, "01:30", sunday))))


def test_47_elapsed_hours_over_the_spring_change_are_too_few():
    """Saturday 09:00 to Monday 09:00 is 47 hours when the clock goes forward."""
    saturday = date(2026, 3, 28)
    ana = course(earliest_day=saturday, sessions=(Session(30, None), Session(30, Gap(2, 2, 3))))
    case = problem(ana, first_day=saturday, days=3)
    soon = (replace(FIRST, start=at(0, "09:00", saturday)), replace(SECOND, start=at(2, "09:00", saturday)))
    assert any("less than 48 hours" in line for line in judged(case, *soon))
    assert judged(case, soon[0], replace(SECOND, start=at(2, "10:00", saturday))) == []


@pytest.mark.parametrize("start", ["09:00", "09:30"])
def test_two_at_one_time_are_said(start):
    """Practitioner and room, also when one begins inside the other and a third lies between."""
    long = course(id="bo", sessions=(Session(90, None),))
    short = course(id="cy", sessions=(Session(30, None),), practitioners={"eve": 0})
    case = problem(course(sessions=(Session(30, None),)), long, short)
    bo = Placed("bo", 0, "ben", "room", at(0, "09:00"))
    lines = judged(case, replace(FIRST, start=at(0, "10:00")), bo, Placed("cy", 0, "eve", "room", at(0, start)))
    assert sum("practitioner ben is booked twice" in line for line in lines) == 1
    assert sum("room room is booked twice" in line for line in lines) == 2


def test_back_to_back_is_no_clash():
    """Intervals are half-open."""
    case = problem(course(sessions=(Session(30, None),)), course(id="bo", sessions=(Session(30, None),)))
    assert judged(case, FIRST, Placed("bo", 0, "ben", "room", at(0, "09:30"))) == []


def test_only_the_last_sessions_may_be_missing_and_each_is_named():
    """Rule 4."""
    reason = Unplaced("ana", 0, "No start is left.")
    assert any("not the first ones" in line for line in judged(problem(), SECOND, unplaced=[reason]))
    assert any("not exactly those" in line for line in judged(problem(), FIRST))
    named = replace(reason, session=1)
    assert any("not exactly those" in line for line in judged(problem(), FIRST, unplaced=[named, named]))
    assert judged(problem(), FIRST, unplaced=[named], points=5000) == []


def test_overlapping_sessions_of_one_patient_are_said():
    """A patient is one person, even with two practitioners and two rooms."""
    ana = course(
        sessions=(Session(60, None), Session(30, Gap(0, 0, 1))), min_gap_hours=0, practitioners={"ben": 0, "eve": 0}
    )
    case = problem(ana, rooms=tuple(Resource(name, open_days(28)) for name in ("room", "other")))
    lines = judged(case, FIRST, Placed("ana", 1, "eve", "other", at(0, "09:30")))
    assert lines == ["course ana session 1 at 2026-03-02T09:30: the session before is not over"]


@pytest.mark.parametrize(
    "change", [{"start": at(0, "09:30")}, {"room": "other"}, {"practitioner": "eve"}], ids=["start", "room", "person"]
)
def test_a_locked_appointment_that_changed_is_said(change):
    """Rule 6: practitioner, room and start."""
    now = Current(0, "ben", "room", at(0, "09:00"), locked=True, move_points=0)
    case = problem(
        course(current=(now,), practitioners={"ben": 0, "eve": 0}),
        rooms=tuple(Resource(name, open_days(28)) for name in ("room", "other")),
    )
    assert judged(case, FIRST, SECOND) == []
    assert any("locked, yet changed" in line for line in judged(case, replace(FIRST, **change), SECOND))


def test_the_session_before_the_course_binds_the_first():
    """previous_start: hours, and days when the first session has a gap."""
    soon = problem(course(previous_start=at(-1, "09:00")))
    assert any("less than 48 hours" in line for line in judged(soon, FIRST, SECOND))
    sessions = (Session(30, Gap(7, 5, 9)), Session(30, Gap(7, 5, 9)))
    early = problem(course(previous_start=at(-4, "09:00"), sessions=sessions))
    assert any("4 days after" in line for line in judged(early, FIRST, SECOND))
