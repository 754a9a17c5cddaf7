"""The search for one course: its optimum is proved, whatever the clock does."""

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.make_clinic import Wish, make_problem
from planner.errors import InvalidInput
from planner.scheduling.judge import broken_rules
from planner.scheduling.one_course import CourseSolution, solve_course
from planner.scheduling.problem import Current, Gap, Placed, Problem, Resource, Session, Solution, Weights, Window
from tests.scheduling.problems import ALL_WEEK, MONDAY, at, course, least_points, odd_problem, open_days, problem


def answer(case: Problem) -> CourseSolution:
    """Solve the one course and let the judge look at it."""
    found = solve_course(case, case.courses[0].id)
    whole = Solution(found.appointments, found.unplaced, found.points, found.lower_bound)
    assert broken_rules(case, whole) == []
    assert found.points == found.lower_bound
    return found


def starts(found: CourseSolution) -> list[datetime]:
    return [placed.start for placed in found.appointments]


def test_two_weekly_sessions_take_the_first_morning_and_the_same_morning_a_week_later():
    """Nothing is better than no waiting and the target gap; the earliest start breaks the tie."""
    found = answer(problem())
    assert starts(found) == [at(0, "09:00"), at(7, "09:00")]
    assert found.points == 0


@pytest.mark.parametrize("seed", range(150))
def test_no_valid_answer_has_fewer_points(seed):
    """A brute force over every answer to small, odd problems agrees."""
    case = odd_problem(seed)
    least = least_points(case)
    if least is None:
        with pytest.raises(InvalidInput):
            solve_course(case, "ana")
    else:
        assert answer(case).points == least


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_no_valid_answer_has_fewer_points_in_many_more_problems(block):
    """The same over a thousand further problems."""
    for seed in range(1000 + 100 * block, 1100 + 100 * block):
        test_no_valid_answer_has_fewer_points(seed)


WHOLE_SIZE = [
    Wish(seed=seed, load=load, repair=repair, timezone=zone, first_day=first, practitioners=3 + seed % 3)
    for seed in range(1, 7)
    for load in (0.5, 0.6, 0.7, 0.8, 0.9)
    for repair in (False, True)
    for zone, first in (("Europe/London", MONDAY), ("America/New_York", date(2026, 8, 31)))
]


@pytest.mark.sweep
@pytest.mark.parametrize("wish", WHOLE_SIZE[::6])
def test_half_a_year_is_valid_and_proved(wish):
    """Courses of real size in filled diaries, from quiet to tight, planned anew and repaired."""
    answer(make_problem(wish))


@pytest.mark.slow
def test_half_a_year_is_valid_and_proved_in_many_more_diaries():
    """The rest of the list, and more seeds."""
    for wish in WHOLE_SIZE:
        answer(make_problem(wish))
        answer(make_problem(replace(wish, seed=wish.seed + 100)))


@pytest.mark.parametrize(
    ("first", "earliest_legal"),
    [(date(2026, 3, 28), "03:00"), (date(2026, 10, 24), "00:30")],
    ids=["spring", "autumn"],
)
def test_48_hours_are_elapsed_hours_across_a_clock_change(first, earliest_legal):
    """Clocks go forward: 48 hours after Saturday 02:00 it is Monday 03:00; back: after 01:30 it is 00:30."""
    begin = {"03:00": "02:00", "00:30": "01:30"}[earliest_legal]
    night = tuple(Window(weekday, 0, 6 * 60, 0) for weekday in range(7))
    people = (
        Resource("ben", ((at(0, begin, first), at(0, "02:30", first)), (at(2, "00:00", first), at(2, "05:00", first)))),
    )
    sessions = (Session(30, None), Session(30, Gap(2, 2, 3)))
    ana = course(earliest_day=first, sessions=sessions, available=night)
    case = problem(ana, first_day=first, days=5, practitioners=people, rooms=(replace(people[0], id="room"),))
    assert starts(answer(case)) == [at(0, begin, first), at(2, earliest_legal, first)]


def test_a_time_that_the_clock_skips_is_never_used():
    """On 29 March 2026 there is no 01:30 in London."""
    sunday = date(2026, 3, 29)
    free = ((at(0, "01:00", sunday), at(0, "03:00", sunday)),)
    ana = course(earliest_day=sunday, sessions=(Session(30, None),), available=(Window(6, 0, 180, 0),))
    case = problem(
        ana, first_day=sunday, days=1, practitioners=(Resource("ben", free),), rooms=(Resource("room", free),)
    )
    assert starts(answer(case)) == [at(0, "02:00", sunday)]


def test_touching_free_intervals_are_not_joined():
    """A session lies in one interval, as the format has it."""
    halves = ((at(0, "09:00"), at(0, "09:30")), (at(0, "09:30"), at(0, "10:00")))
    ana = course(sessions=(Session(60, None),))
    case = problem(ana, practitioners=(Resource("ben", halves),), days=1)
    assert "no 60 free minutes in a row on Monday 2 March" in answer(case).unplaced[0].reason


def test_a_session_is_over_before_midnight():
    """Ben and the room are free through the night; 23:30 to midnight ends on the next day."""
    night = ((at(0, "22:30"), at(1, "02:00")),)
    ana = course(sessions=(Session(30, None),), available=(Window(0, 1350, 1440, 50), Window(0, 1410, 1440, 0)))
    case = problem(ana, practitioners=(Resource("ben", night),), rooms=(Resource("room", night),))
    assert starts(answer(case)) == [at(0, "22:30")]


def test_leaving_out_the_last_session_can_be_the_optimum():
    """A gap far beyond its range costs more than a cheap unplaced session."""
    late = (*open_days(1), (at(27, "09:00"), at(27, "12:00")))
    case = problem(practitioners=(Resource("ben", late, "Ben"),), weights=Weights(60, 500))
    found = answer(case)
    assert (len(found.appointments), found.points) == (1, 500)
    assert "Sunday 29 March 09:00 with Ben" in found.unplaced[0].reason


def test_a_course_keeps_to_one_practitioner_when_a_change_costs_more():
    """Eve is free a week later, but 60 points for changing are more than Ben's day of delay."""
    ben = (*open_days(1), (at(8, "09:00"), at(8, "12:00")))
    ana = course(practitioners={"ben": 0, "eve": 0})
    people = (Resource("ben", ben), Resource("eve", ((at(7, "09:00"), at(7, "12:00")),)))
    found = answer(problem(ana, practitioners=people))
    assert [placed.practitioner for placed in found.appointments] == ["ben", "ben"]
    assert found.points == 25


def test_an_unlocked_appointment_stays_when_moving_costs_more():
    """80 points for moving hold a session three days late, which costs 60 points of waiting."""
    now = Current(0, "ben", "room", at(3, "10:00"), locked=False, move_points=80)
    found = answer(problem(course(sessions=(Session(30, None),), current=(now,))))
    assert starts(found) == [at(3, "10:00")]
    assert found.points == 60


def test_an_unlocked_appointment_keeps_its_room():
    """Another room is no move, but the same one is kindest."""
    rooms = tuple(Resource(name, open_days(28)) for name in ("first", "second"))
    now = Current(0, "ben", "second", at(0, "10:00"), locked=False, move_points=80)
    found = answer(problem(course(current=(now,)), rooms=rooms))
    assert (found.appointments[0].room, found.appointments[1].room) == ("second", "first")


def test_a_locked_appointment_stays_whatever_it_costs():
    """And its room with it; the other session follows."""
    rooms = tuple(Resource(name, open_days(28)) for name in ("first", "second"))
    now = Current(0, "ben", "second", at(9, "10:00"), locked=True, move_points=0)
    found = answer(problem(course(current=(now,)), rooms=rooms))
    assert (found.appointments[0].room, starts(found)) == ("second", [at(9, "10:00"), at(16, "09:00")])
    assert found.points == 180


@pytest.mark.parametrize(
    ("current", "says"),
    [
        (Current(0, "ben", "room", at(0, "13:00"), True, 0), "Ben is not free then"),
        (Current(0, "eve", "room", at(0, "09:00"), True, 0), "Eve is not one of the course's practitioners"),
        (Current(0, "ben", "closed", at(0, "09:00"), True, 0), "room closed is not free then"),
        (Current(0, "ben", "room", at(40, "09:00"), True, 0), "outside the horizon"),
        (Current(0, "ben", "room", at(-1, "09:00"), True, 0), "outside the horizon"),
        (Current(1, "ben", "room", at(2, "09:00"), True, 0), "no legal place"),
    ],
)
def test_a_locked_appointment_that_breaks_a_rule_is_refused_by_name(current, says):
    """There is no valid answer, and the reader learns why."""
    rooms = (Resource("room", open_days(28)), Resource("closed", ()))
    with pytest.raises(InvalidInput, match=says):
        solve_course(problem(course(current=(current,)), rooms=rooms), "ana")


def test_a_locked_appointment_outside_the_patients_times_is_refused():
    """Ana can't come on Mondays."""
    now = Current(0, "ben", "room", at(0, "09:00"), True, 0)
    with pytest.raises(InvalidInput, match="the patient can't come then"):
        solve_course(problem(course(current=(now,), available=ALL_WEEK[1:])), "ana")


def test_a_locked_first_session_too_soon_after_the_missed_one_is_refused():
    """48 hours hold for locked ones as well."""
    now = Current(0, "ben", "room", at(1, "09:00"), True, 0)
    with pytest.raises(InvalidInput, match="too soon after the session before"):
        solve_course(problem(course(current=(now,), previous_start=at(0, "09:00"))), "ana")


def test_other_courses_appointments_are_respected():
    """What is taken is not free, and the rest of the day is."""
    bo = course(id="bo", sessions=(Session(60, None),))
    taken = (Placed("bo", 0, "eve", "room", at(0, "09:00")),)
    found = solve_course(problem(course(), bo), "ana", taken)
    assert found.appointments[0].start == at(0, "10:00")


def test_taken_places_of_unknown_courses_are_refused():
    """Their length would be unknown."""
    with pytest.raises(InvalidInput, match="no course 'zoe'"):
        solve_course(problem(), "ana", [Placed("zoe", 0, "ben", "room", at(0, "09:00"))])


def test_the_missed_session_is_made_up_after_48_hours():
    """previous_start with a first session without gap: as soon as possible, but 48 hours on."""
    found = answer(problem(course(previous_start=at(0, "10:30"))))
    assert starts(found)[0] == at(2, "10:30")
    assert found.points == 40


def test_sessions_of_one_patient_never_overlap():
    """With no hours and no days between them, the second still starts when the first is over."""
    ana = course(
        sessions=(Session(60, None), Session(30, Gap(0, 0, 1))), min_gap_hours=0, practitioners={"ben": 0, "eve": 0}
    )
    rooms = tuple(Resource(name, open_days(28)) for name in ("first", "second"))
    assert starts(answer(problem(ana, rooms=rooms))) == [at(0, "09:00"), at(0, "10:00")]


def test_points_beyond_32_bits_do_not_overflow():
    """Waiting 20 days costs exactly as much as leaving both sessions out; of equals, the placed ones win."""
    late = tuple((at(day, "09:00"), at(day, "12:00")) for day in range(20, 28))
    case = problem(course(wait_points_per_day=10**8), practitioners=(Resource("ben", late),), weights=Weights(0, 10**9))
    assert answer(case).points == 2 * 10**9
    assert len(answer(case).appointments) == 2


@settings(max_examples=60, deadline=None)
@given(
    rooms=st.integers(0, 2),
    minutes=st.integers(1, 700),
    window=st.integers(1, 20),
    target=st.floats(0, 30, allow_nan=False),
    days=st.integers(1, 40),
    hours=st.floats(0, 400, allow_nan=False),
    zone=st.sampled_from(["Asia/Tokyo", "UTC", "Europe/London", "Pacific/Apia"]),
)
def test_odd_shapes_get_a_valid_answer(rooms, minutes, window, target, days, hours, zone):
    """Zero rooms, windows shorter than the session, fractional targets, zones without clock changes."""
    ana = course(
        sessions=(Session(minutes, None), Session(minutes, Gap(target, int(target), int(target) + 3))),
        available=tuple(Window(weekday, 540, 540 + 30 * window, 5) for weekday in range(5)),
        min_gap_hours=hours,
    )
    case = problem(ana, days=days, timezone=zone, rooms=tuple(Resource(f"r{n}", open_days(days)) for n in range(rooms)))
    found = answer(case)
    assert len(found.appointments) + len(found.unplaced) == 2
    assert rooms or not found.appointments


def test_the_same_problem_gets_the_same_answer():
    """Ties are broken by day, practitioner and start, never by chance."""
    case = make_problem(Wish(seed=3))
    assert answer(case) == answer(case)
