"""The compiled search: the same optimum as numpy's for one course, valid answers and proved bounds for many."""

import subprocess
import sys
import threading
from dataclasses import replace
from itertools import chain, count, repeat

import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.errors import InvalidInput
from planner.scheduling import fast, joint, pricing
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve
from planner.scheduling.one_course import solve_course
from planner.scheduling.problem import Current, Resource, Session, Weights
from planner.scheduling.searcher import Searcher
from planner.scheduling.sizes import table_bytes
from planner.scheduling.warm import warm
from planner.scheduling.words import moment
from tests.scheduling.problems import WEEKLY, at, course, odd_problem, open_days, problem
from tests.scheduling.test_many_courses import squeezed

ONE = (Session(30, None),)


@pytest.fixture(scope="module", autouse=True)
def machine_code():
    """Compiled once; set-up has usually done it."""
    assert warm()


def alone(case):
    """The machine code's optimum for the one course of a problem."""
    return joint.Joint(case, seed=0).run(iterations=1)


def where(solution):
    """Sessions with practitioner and start: of several free rooms either may be taken."""
    return [(placed.session, placed.practitioner, placed.start) for placed in solution.appointments]


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(200))
def test_machine_code_gives_the_same_places_as_numpy(seed):
    """Points, places and ties are equal, and so are refusals."""
    case = odd_problem(seed)
    try:
        slow = solve_course(case, "ana")
    except InvalidInput:
        with pytest.raises(InvalidInput):
            alone(case)
        return
    quick = alone(case)
    assert broken_rules(case, quick) == []
    assert (quick.points, where(quick)) == (slow.points, where(slow))


@pytest.mark.parametrize("seed", range(1, 7))
def test_whole_courses_are_placed_as_numpy_places_them(seed):
    """Half a year, a dozen sessions, four practitioners."""
    case = make_problem(Wish(seed=seed, load=0.8, practitioners=4))
    slow, quick = solve_course(case, "c1"), alone(case)
    assert (quick.points, where(quick)) == (slow.points, where(slow))


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_repaired_course_costs_what_numpy_says(seed):
    """Of equally cheap plans the one that leaves the course where it stands is kept, so places may differ."""
    case = make_problem(Wish(seed=seed, load=0.8, practitioners=4, repair=True))
    assert alone(case).points == solve_course(case, "c1").points


@pytest.mark.sweep
@pytest.mark.parametrize("repair", [False, True])
@pytest.mark.parametrize("wish", [Wish(courses=30, practitioners=3, load=0.7, days=91), Wish(courses=25, load=0.95)])
def test_every_answer_is_valid_and_not_below_its_bound(wish, repair):
    """Quiet and overloaded, planned anew and repaired."""
    case = make_problem(replace(wish, repair=repair))
    found = solve(case, iterations=400)
    assert broken_rules(case, found) == []
    assert 0 < found.lower_bound <= found.points


def test_the_same_budget_and_seed_give_the_same_answer():
    """Steps, not seconds, decide."""
    case = make_problem(Wish(courses=20, practitioners=3, days=91))
    assert solve(case, iterations=300, seed=5) == solve(case, iterations=300, seed=5)


def test_time_does_not_make_an_answer_worse():
    """What is told only falls, the bound only rises, and the last is what is returned."""
    case, told, ticks = make_problem(Wish(courses=20, practitioners=3, days=91)), [], count()
    found = solve(
        case, iterations=2000, progress=lambda *now: told.append(now), timer=lambda: float(next(ticks)) / 1000
    )
    points, bounds, seconds, steps = zip(*told, strict=True)
    assert list(points) == sorted(points, reverse=True)
    assert list(bounds) == sorted(bounds)
    assert list(seconds) == sorted(seconds)
    assert list(steps) == sorted(steps)
    assert (points[-1], bounds[-1]) == (found.points, found.lower_bound)


def test_what_each_course_has_alone_is_proved_before_any_price_stands():
    """Stopped at once, or with the time used up before the search began (machine code that loads from a slow disk)."""
    case = make_problem(Wish(courses=20, practitioners=3, days=91))
    apart = sum(solve(replace(case, courses=(one,))).points for one in case.courses)
    assert apart > 0
    for words in ({"stop": lambda: True}, {"timer": chain([0.0], repeat(10.0)).__next__}):
        told = []
        found = solve(case, seconds=9, progress=lambda *now, told=told: told.append(now), **words)
        assert found.lower_bound == apart
        assert told[-1][:2] == (found.points, found.lower_bound)


def test_the_last_that_is_told_is_what_is_returned(monkeypatch):
    """Also where the last price proves something only while the search comes to its end."""
    case, told = make_problem(Wish(courses=20, practitioners=3, days=91)), []
    rounds, ticks, ending = count(), count(), threading.Event()
    plan_all, end = pricing.plan_all, pricing.Pricing.end

    def late(*words):
        assert next(rounds) == 0 or ending.wait(60)
        return plan_all(*words)

    def ended(self):
        ending.set()
        end(self)

    monkeypatch.setattr(pricing, "plan_all", late)
    monkeypatch.setattr(pricing.Pricing, "end", ended)
    found = solve(case, seconds=9, progress=lambda *now: told.append(now), timer=lambda: float(next(ticks)) / 100)
    assert told[-1][:2] == (found.points, found.lower_bound)


@pytest.mark.parametrize("asked", [0, 1, 5, 20, 60, 200])
def test_stopping_at_any_moment_leaves_a_valid_answer(asked):
    """During the first answer, during pricing, during the search."""
    case, questions = make_problem(Wish(courses=20, practitioners=3, days=91, repair=True)), count()
    found = solve(case, iterations=300, stop=lambda: next(questions) >= asked)
    assert broken_rules(case, found) == []


def test_an_overloaded_intake_is_valid_and_serves_the_urgent_first():
    """Everybody comes in one week: whoever waits at 20 points a day is seen before who waits at 8."""
    case = make_problem(Wish(courses=40, practitioners=3, load=0.95, intake_weeks=1, days=91))
    found = solve(case, iterations=400, seed=1)
    assert broken_rules(case, found) == []
    first = {placed.course: placed.start.date() for placed in found.appointments if placed.session == 0}
    waits = {
        points: [
            (first.get(each.id, case.last_day) - each.earliest_day).days
            for each in case.courses
            if each.wait_points_per_day == points
        ]
        for points in (8, 20)
    }
    assert sum(waits[20]) / len(waits[20]) < sum(waits[8]) / len(waits[8])


def test_no_thread_goes_on_when_the_answer_is_there():
    """Prices and the second search end with the first, whether time is over or somebody says stop."""
    case = make_problem(Wish(courses=20, practitioners=2, days=91))
    asked = count()
    for words in ({"seconds": 0.5}, {"seconds": 60, "stop": lambda: next(asked) > 40}):
        found = solve(case, **words)
        assert broken_rules(case, found) == []
        assert found.lower_bound <= found.points
        assert [each.name for each in threading.enumerate() if each.name == "pricing"] == []


def test_what_goes_wrong_beside_the_search_is_not_lost(monkeypatch):
    """A bug in the other thread is raised where the answer is waited for."""

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(pricing, "move_prices", broken)
    with pytest.raises(ZeroDivisionError):
        solve(make_problem(Wish(courses=20, practitioners=2, days=91)), seconds=0.5)


def test_the_second_search_can_have_the_better_answer():
    """The best of both is returned, and the other goes on from it."""
    case = make_problem(Wish(courses=20, practitioners=2, days=91))
    both = joint.Joint(case, seed=1)
    both.run(iterations=1)
    worse = both.best
    both.rival = Searcher(both.tables, seed=2)
    both.rival.put(worse)
    for _ in range(20):
        both.rival.go(both.guide, 0.0, 100)
    assert both.rival.best.cost < worse.cost
    assert both.points == both.rival.best.cost // both.tables.scale
    assert both.solution().points == both.points
    both.searcher.put(both.best)
    assert both.searcher.best.cost == both.rival.best.cost
    assert broken_rules(case, both.solution()) == []


@pytest.mark.parametrize("room", [True, False])
def test_stopped_at_once_there_is_a_whole_first_answer(room):
    """Every session has a place, or a reason why it has none."""
    case = make_problem(Wish(courses=3, practitioners=2, days=60))
    case = case if room else replace(case, rooms=(replace(case.rooms[0], free=()),))
    found = solve(case, seconds=9, stop=lambda: True)
    sessions = sum(len(one.sessions) for one in case.courses)
    assert (len(found.appointments), len(found.unplaced)) == ((sessions, 0) if room else (0, sessions))
    assert all(one.reason for one in found.unplaced)


def test_a_course_squeezed_by_its_locked_session_goes_first():
    """Whatever the others lose by it: without its place there is no valid answer."""
    found = solve(squeezed(), seconds=9, stop=lambda: True)
    assert [placed.start for placed in found.appointments if placed.course == "bo"] == [at(0, "09:00"), at(2, "09:00")]


def test_two_courses_squeezed_into_one_start_are_refused():
    """Whoever goes first, the other has no valid plan."""
    case = squeezed()
    cy = replace(case.courses[1], id="cy", current=(Current(1, "ben", "room", at(3, "09:00"), True, 0),))
    with pytest.raises(InvalidInput, match="No valid answer was found"):
        solve(replace(case, courses=(case.courses[1], cy)), iterations=10)


def refusal(case, **budget) -> str:
    """What is said to a problem that has no valid answer."""
    with pytest.raises(InvalidInput) as refused:
        solve(case, **budget)
    assert refused.value.field == "courses.bo.current"
    return refused.value.message


@pytest.mark.parametrize("session", [1, 2])
def test_locked_sessions_too_near_one_another_are_named_alike_with_and_without_a_budget(session):
    """Also where a session that may move belongs between them: 5 days for each gap are needed."""
    locked = [Current(n, "ben", "room", at(day, "10:00"), True, 0) for n, day in ((0, 3), (session, 3 + 4 * session))]
    bo = course(id="bo", sessions=(Session(30, None), *[Session(30, WEEKLY)] * 2), current=tuple(locked))
    case = problem(course(), bo, course(id="cy"))
    said = refusal(case)
    assert said == (
        f"Course bo: session {session + 1} is fixed on {moment(at(3 + 4 * session, '10:00'))}, but that is too near to"
        f" session 1, fixed on Thursday 5 March 10:00: at least {48 * session} hours and {5 * session} days must lie"
        " between them."
    )
    assert refusal(case, iterations=5) == refusal(case, seconds=5) == said


def test_a_course_without_any_plan_is_refused_at_once_and_alike():
    """There is no time for the session before the locked one, whoever goes first: no order need be tried."""
    bo = course(id="bo", current=(Current(1, "ben", "room", at(2, "10:00"), True, 0),))
    case = problem(course(), bo, course(id="cy"))
    said = refusal(case)
    assert "the fixed appointments (session 2)" in said
    assert refusal(case, iterations=5) == said
    with pytest.raises(InvalidInput, match="session 2"):
        joint.Joint(case, seed=0)


def test_who_can_stay_stays_until_moving_pays():
    """Nobody is pushed aside by the first answer; in the end points decide."""
    now = Current(0, "ben", "room", at(0, "10:00"), False, 80)
    bo = course(id="bo", sessions=ONE, current=(now,), wait_points_per_day=1)
    first = solve(problem(course(sessions=ONE), bo), seconds=9, stop=lambda: True)
    assert [placed.start for placed in first.appointments if placed.course == "bo"] == [at(0, "10:00")]
    last = solve(problem(course(sessions=ONE), bo), iterations=50)
    assert (last.points, last.lower_bound) == (0, 0)


def test_prices_prove_what_the_single_optima_can_not():
    """Three want the one start of each day: alone each pays nothing, together 20 and 40."""
    nine = tuple((at(day, "09:00"), at(day, "09:30")) for day in range(5))
    three = [course(id=name, sessions=ONE) for name in ("ana", "bo", "cy")]
    found = solve(problem(*three, practitioners=(Resource("ben", nine),)), iterations=300)
    assert found.points == 60
    assert 55 <= found.lower_bound <= 60


def test_points_too_large_for_32_bits_are_left_to_numpy():
    """The answer is as right."""
    late = tuple((at(day, "09:00"), at(day, "12:00")) for day in range(20, 28))
    ana = course(wait_points_per_day=10**8)
    case = problem(
        ana, replace(ana, id="bo"), practitioners=(Resource("ben", late),), weights=Weights(0, 10**9),
    )  # fmt: skip
    with pytest.raises(joint.TooLarge):
        joint.Joint(case, seed=0)
    assert solve(case, iterations=5).points == 4 * 10**9


def test_a_problem_whose_tables_would_be_too_large_is_left_to_numpy():
    """Before they are built: forty courses of five hundred sessions over three years."""
    people = tuple(Resource(f"t{number}", open_days(1100)) for number in range(12))
    long = course(sessions=(Session(30, None), *[Session(30, WEEKLY)] * 499), practitioners={p.id: 0 for p in people})
    courses = tuple(replace(long, id=str(number)) for number in range(40))
    case = problem(*courses, days=1100, practitioners=people)
    assert table_bytes(case) > 3 * 40 * 500 * 12 * 1100 * 4
    with pytest.raises(joint.TooLarge, match=r"\d+ MB of tables would be needed, and 512 are allowed"):
        joint.Joint(case, seed=0)


def test_the_size_of_tables_is_told_about_right():
    """Five hundred courses over half a year take some hundred megabytes."""
    case = make_problem(Wish(courses=50, practitioners=3))
    made = joint.Joint(case, seed=0)
    largest = made.alone.nbytes + made.tables.closed.nbytes + made.tables.week.nbytes
    assert largest < table_bytes(case) < 10 * largest
    assert table_bytes(problem(course(practitioners={}), practitioners=())) > 0
    assert table_bytes(replace(case, courses=())) == 0


def test_no_room_no_practitioner_no_session():
    """There is nothing to compile for; numpy says why."""
    found = solve(problem(course(), course(id="bo"), rooms=()), iterations=5)
    assert "no room is free" in found.unplaced[0].reason


def test_a_day_without_end_and_a_grid_of_minutes():
    """Practitioners who work through midnight, cells of five minutes: more than 64 starts a day."""
    night = ((at(0, "20:00"), at(3, "09:00")),)
    rooms = (Resource("room", night),)
    case = problem(
        course(sessions=ONE), course(id="bo", sessions=ONE), grid_minutes=5, rooms=rooms,
        practitioners=(Resource("ben", night),),
    )  # fmt: skip
    found = solve(case, iterations=50)
    assert broken_rules(case, found) == []
    assert [placed.start for placed in found.appointments] == [at(1, "08:00"), at(1, "08:30")]


def test_without_the_mark_of_set_up_numpy_serves(monkeypatch, tmp_path):
    """Nobody waits a minute for a compiler in the middle of a request."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not fast.ready()
    assert solve(problem(course(), course(id="bo"), rooms=(Resource("r", open_days(28)),)), iterations=5).points == 0


def test_warming_a_second_time_is_quick_and_silent():
    """Set-up calls it each time."""
    done = subprocess.run([sys.executable, "-m", "planner.scheduling.warm"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_plans_cost_at_least_does_not_depend_on_how_many_courses_there_are():
    """Many are shared out among threads, few are not."""
    many = make_problem(Wish(courses=80, practitioners=3, load=0.7, days=91))
    few = replace(many, courses=many.courses[30:45])
    together, alone_too = joint.Joint(many, seed=0).alone[30:45], joint.Joint(few, seed=0).alone
    sessions, people = (min(sizes) for sizes in zip(together.shape[1:3], alone_too.shape[1:3], strict=True))
    assert (together[:, :sessions, :people] == alone_too[:, :sessions, :people]).all()
