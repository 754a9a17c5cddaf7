"""The ways that ours is measured against are valid, and as good as they can honestly be."""

import pytest

from benchmarks.baselines import Outcome, greedy_nearest, one_by_one
from benchmarks.cp_sat import solve_model
from benchmarks.instances import instance
from benchmarks.make_clinic import Wish, make_problem
from benchmarks.repair import plan_anew, push, repair_touched, run_one, still_possible
from planner.scheduling.difference import difference
from planner.scheduling.judge import broken_rules
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Placed, Session, Solution, Unplaced
from tests.scheduling.problems import at, course, problem

ILL = instance("12/3", 104, repair=True)


def test_simple_ways_are_never_better_than_what_is_proved():
    """Greedy, one by one, and the bound in between."""
    case = make_problem(Wish(courses=8, practitioners=2, days=91))
    ours = solve(case, iterations=300)
    greedy, sequential = greedy_nearest(case), one_by_one(case)
    assert ours.lower_bound <= ours.points <= sequential.points
    assert ours.lower_bound <= greedy.points


def test_a_way_that_breaks_a_rule_is_no_measure():
    """Greedy and one by one are checked as ours is."""
    wrong = Solution((Placed("ana", 0, "ben", "room", at(0, "03:00")),), (Unplaced("ana", 1, "late"),), 5000, 0)
    with pytest.raises(ValueError, match="breaks a rule"):
        Outcome.of(problem(), wrong)


def test_greedy_takes_the_nearest_start():
    """Two weekly sessions in an empty diary stand where the optimum has them; the next patient half an hour later."""
    assert greedy_nearest(problem()).points == 0
    one = (Session(30, None),)
    both = problem(course(sessions=one), course(id="bo", sessions=one))
    assert (greedy_nearest(both).points, greedy_nearest(both).unplaced) == (0, 0)


@pytest.mark.wide
def test_the_cp_sat_model_has_our_optimum():
    """Its rules and points are those of the format, a clock change and competing courses included."""
    case = make_problem(Wish(courses=2, practitioners=2, seed=3, days=42, load=0.6, intake_weeks=1))
    ours, model = solve(case, iterations=2000, seed=1), solve_model(case, 60)
    assert ours.lower_bound <= model.bound == model.points <= ours.points
    assert model.status == "OPTIMAL"
    assert broken_rules(case, model.solution) == []


def test_pushing_leaves_whoever_can_stay_and_breaks_no_rule():
    """Displaced sessions go later, and only what they run into moves with them."""
    pushed, able = push(ILL), still_possible(ILL)
    assert broken_rules(ILL, pushed) == []
    change = difference(ILL, pushed)
    assert len(able) < sum(len(course.current) for course in ILL.courses)
    assert all(moved.minutes > 0 for moved in change.moved if (moved.course, moved.before.session) not in able)


def test_planning_anew_keeps_only_what_is_locked():
    """It is a valid answer of the true problem, priced there."""
    anew = plan_anew(ILL, 0.3)
    assert broken_rules(ILL, anew) == []


def test_with_a_policy_of_never_other_courses_stay():
    """Courses without a session in the illness are left alone."""
    able = still_possible(ILL)
    change = difference(ILL, repair_touched(ILL, able, 0.3))
    touched = {
        course.id for course in ILL.courses if any((course.id, now.session) not in able for now in course.current)
    }
    assert {moved.course for moved in change.moved} <= touched


@pytest.mark.wide
def test_a_repair_is_measured_in_every_way():
    """One run of the benchmark, a hundredth of its time."""
    run = run_one("12/3", 104, 0.02)
    assert run.bound <= min(run.best.added, run.pushed.added, run.anew.added)
    assert type(run).from_json(run.to_json()) == run
