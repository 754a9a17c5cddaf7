"""Courses that compete: always valid, never below the proved bound, and better with more time."""

from dataclasses import replace
from itertools import count, pairwise

import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.errors import InvalidInput
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import judged, solve
from planner.scheduling.problem import Current, Gap, Placed, Problem, Resource, Session, Solution, Weights, Window
from tests.scheduling.problems import at, course, open_days, problem

ONE = (Session(30, None),)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("repair", [False, True])
def test_twenty_courses_in_a_tight_diary_get_a_valid_answer(seed, repair):
    """At nine tenths booked, planned anew or after a therapist fell ill."""
    case = make_problem(Wish(courses=20, practitioners=3, load=0.9, seed=seed, repair=repair, days=91))
    found = solve(case)
    assert broken_rules(case, found) == []
    assert found.lower_bound <= found.points
    owed = sum(len(one.sessions) for one in case.courses)
    assert len(found.appointments) + len(found.unplaced) == owed


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_fifty_courses_improve_with_time(seed):
    """A budget of steps, the same answer each time, and not worse than without."""
    case = make_problem(Wish(courses=50, practitioners=3, load=0.7, seed=seed))
    at_once, later = solve(case), solve(case, iterations=150, seed=7)
    assert later.points < at_once.points
    assert later == solve(case, iterations=150, seed=7)


def test_a_problem_without_courses_is_solved():
    """Nothing to do costs nothing."""
    assert solve(replace(problem(), courses=())) == Solution((), (), 0, 0)


def test_two_courses_that_want_one_start_share_the_morning():
    """The second begins when the first is over, in the same room."""
    found = solve(problem(course(sessions=ONE), course(id="bo", sessions=ONE)))
    assert [placed.start for placed in found.appointments] == [at(0, "09:00"), at(0, "09:30")]
    assert found.proved_optimal


def test_two_practitioners_need_two_rooms():
    """Both are free at one moment, the only room is not."""
    one_start = ((at(0, "09:00"), at(0, "09:30")),)
    people = (Resource("ben", one_start), Resource("eve", one_start))
    courses = course(sessions=ONE), course(id="bo", sessions=ONE, practitioners={"eve": 0})
    one_room, two_rooms = (tuple(Resource(f"r{number}", one_start) for number in range(rooms)) for rooms in (1, 2))
    short = solve(problem(*courses, practitioners=people, rooms=one_room))
    assert len(short.appointments) == 1
    assert "no room is free then" in short.unplaced[0].reason
    assert len(solve(problem(*courses, practitioners=people, rooms=two_rooms)).appointments) == 2


def test_a_room_is_chosen_that_leaves_nobody_out():
    """A session goes to whichever room is free, even when each is free for part of the day only."""
    morning, noon = ((at(0, "09:00"), at(0, "10:00")),), ((at(0, "10:00"), at(0, "11:00")),)
    courses = [course(id=f"c{number}", sessions=ONE) for number in range(4)]
    case = problem(*courses, rooms=(Resource("early", morning), Resource("late", noon)))
    assert [placed.room for placed in solve(case).appointments] == ["early", "early", "late", "late"]


def test_nobody_takes_the_place_of_a_locked_appointment():
    """Bo's locked session stands at Ana's best start, though Ana is planned first."""
    locked = Current(0, "ben", "room", at(0, "09:00"), True, 0)
    found = solve(problem(course(sessions=ONE), course(id="bo", sessions=ONE, current=(locked,))))
    assert [placed.start for placed in found.appointments] == [at(0, "09:30"), at(0, "09:00")]


def test_nobody_takes_the_place_that_another_course_has_now():
    """A current appointment is held for its own course while the others are planned."""
    now = Current(0, "ben", "room", at(0, "09:00"), False, 1000)
    found = solve(problem(course(sessions=ONE), course(id="bo", sessions=ONE, current=(now,), wait_points_per_day=1)))
    assert found.appointments[1].start == at(0, "09:00")


def test_two_locked_appointments_at_one_time_are_refused():
    """No valid answer exists."""
    locked = Current(0, "ben", "room", at(0, "09:00"), True, 0)
    both = (course(id=name, sessions=ONE, current=(locked,)) for name in ("ana", "bo"))
    with pytest.raises(InvalidInput, match=r"bo: session 1 .* Ben is not free"):
        solve(problem(*both))


def squeezed(days: int = 6) -> Problem:
    """Bo must be treated on the first day, before his locked session; everybody wants that one start."""
    one_start = ((at(0, "09:00"), at(0, "09:30")),)
    free = (*one_start, *tuple((at(day, "09:00"), at(day, "09:30")) for day in range(2, days)))
    locked = Current(1, "ben", "room", at(2, "09:00"), True, 0)
    now = Current(0, "ben", "room", at(0, "09:00"), False, 1000)
    sessions = (Session(30, None), Session(30, Gap(2, 2, 3)))
    return problem(
        course(sessions=ONE, current=(now,)),
        course(id="bo", sessions=sessions, current=(locked,), wait_points_per_day=0),
        practitioners=(Resource("ben", free, "Ben"),),
    )


def test_a_course_squeezed_by_its_locked_session_goes_first():
    """Ana gives up the place she has now, because there is no valid answer with her there."""
    found = solve(squeezed())
    assert [(placed.course, placed.start) for placed in found.appointments] == [
        ("ana", at(3, "09:00")),
        ("bo", at(0, "09:00")),
        ("bo", at(2, "09:00")),
    ]


def test_two_courses_squeezed_into_one_start_are_refused():
    """Whoever goes first, the other has no valid plan."""
    case = squeezed()
    cy = replace(case.courses[1], id="cy", current=(Current(1, "ben", "room", at(3, "09:00"), True, 0),))
    with pytest.raises(InvalidInput, match="No valid answer was found"):
        solve(replace(case, courses=(case.courses[1], cy)))


def test_making_room_finds_what_one_at_a_time_cannot():
    """Ana can only come at nine and is planned after Bo, who took nine but could come at any time."""
    nine = tuple(replace(window, end_minute=9 * 60 + 30) for window in course().available)
    bo = course(id="bo", sessions=ONE, wait_points_per_day=20)
    ana = course(sessions=ONE, available=nine, wait_points_per_day=10)
    case = problem(bo, ana, days=1)
    assert len(solve(case).unplaced) == 1
    assert solve(case, iterations=20).points == 0


def test_a_place_that_another_course_gives_up_is_used():
    """Ana's Monday was held for her while Bo was planned; she prefers Wednesday, so Bo gets it after all."""
    starts = tuple((at(day, "09:00"), at(day, "09:30")) for day in range(3))
    now = Current(0, "ben", "room", at(0, "09:00"), False, 0)
    dear, cheap = Window(0, 480, 720, 500), Window(2, 480, 720, 0)
    ana = course(sessions=ONE, current=(now,), available=(dear, cheap), wait_points_per_day=0)
    bo = course(id="bo", sessions=ONE, available=tuple(replace(window, points=50) for window in course().available))
    found = solve(problem(ana, bo, practitioners=(Resource("ben", starts),)))
    assert [placed.start for placed in found.appointments] == [at(2, "09:00"), at(0, "09:00")]
    assert found.points == found.lower_bound == 50


def test_progress_is_told_and_points_only_fall():
    """Points, bound, seconds and iteration, from the first answer on."""
    told = []
    ticks = count()
    case = make_problem(Wish(courses=12, practitioners=2, load=0.8, days=91))
    found = solve(case, iterations=30, progress=lambda *now: told.append(now), timer=lambda: float(next(ticks)))
    points = [now[0] for now in told]
    assert points == sorted(points, reverse=True)
    assert points[-1] == found.points
    assert [now[1] for now in told] == sorted(now[1] for now in told)
    assert told[-1][1] == found.lower_bound
    assert [now[2] for now in told] == sorted(now[2] for now in told)


def test_stopping_keeps_the_answer_so_far():
    """Stopped at once, the first answer stands, and it is valid."""
    case = make_problem(Wish(courses=12, practitioners=2, load=0.8, days=91))
    found = solve(case, seconds=60, stop=lambda: True)
    assert broken_rules(case, found) == []


@pytest.mark.parametrize("asked", [0, 7, 30, 60])
def test_stopped_without_machine_code_nobody_who_stands_is_left_out(monkeypatch, tmp_path, asked):
    """Who had no turn and stands nowhere is left out, with that for a reason; the rest is valid."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    case, questions = make_problem(Wish(courses=24, practitioners=3, days=91)), count()
    stand = {placed.course: placed for placed in solve(case).appointments if placed.session == 0}
    courses = [
        replace(each, current=(Current(0, (p := stand[each.id]).practitioner, p.room, p.start, False, 80),))
        if number % 2 and each.id in stand
        else each
        for number, each in enumerate(case.courses)
    ]
    case = replace(case, courses=tuple(courses))
    found = solve(case, stop=lambda: next(questions) >= asked)
    assert broken_rules(case, found) == []
    passed_over = {each.course for each in found.unplaced if "before this course had its turn" in each.reason}
    assert not passed_over & {each.id for each in courses if each.current}
    assert bool(passed_over) == (asked < 48)


def test_time_that_goes_by_is_told_also_while_nothing_gets_better(monkeypatch, tmp_path):
    """So that nobody thinks it hangs: by machine code and without, and before the first answer."""
    case = make_problem(Wish(courses=12, practitioners=2, load=0.8, days=91))
    for folder in (None, tmp_path):
        if folder:
            monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
        told, ticks = [], count()
        solve(case, iterations=300, progress=lambda *now: told.append(now), timer=lambda: next(ticks) / 4)  # noqa: B023
        seconds = [now[2] for now in told]
        assert max(late - early for early, late in pairwise(seconds)) <= 2
        assert bool(folder) == (told[0][3] == -1)


def test_time_is_up_when_the_timer_says_so():
    """With a clock that races, a long budget ends at once."""
    ticks = count(step=100)
    case = make_problem(Wish(courses=12, practitioners=2, load=0.8, days=91))
    told = []
    solve(case, seconds=50, progress=lambda *now: told.append(now), timer=lambda: float(next(ticks)))
    assert {now[3] for now in told if now[3] >= 0} == {0}


def test_an_answer_that_breaks_a_rule_never_leaves_the_engine():
    """A bug is said loudly."""
    wrong = Solution((Placed("ana", 0, "eve", "room", at(0, "09:00")),), (), 0, 0)
    with pytest.raises(ValueError, match="the search broke"):
        judged(problem(), wrong)


def test_a_session_without_cost_of_being_left_out_still_gets_a_place():
    """Of equal answers the one with more appointments wins."""
    found = solve(problem(weights=Weights(0, 0), rooms=(Resource("room", open_days(28)),)))
    assert not found.unplaced
