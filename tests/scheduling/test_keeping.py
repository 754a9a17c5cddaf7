"""An appointment that stands is not given up for another one."""

from dataclasses import replace

import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.scheduling.difference import difference
from planner.scheduling.joint import Joint
from planner.scheduling.judge import broken_rules
from planner.scheduling.keeping import keeping
from planner.scheduling.many_courses import solve
from planner.scheduling.points import points
from planner.scheduling.problem import Current, Resource, Session, Window
from planner.scheduling.tables import tables_of
from planner.scheduling.warm import warm
from tests.scheduling.problems import at, course, problem


@pytest.fixture(scope="module", autouse=True)
def machine_code():
    """Compiled once; set-up has usually done it."""
    assert warm()


def one_slot(standing: bool):
    """One half hour: Ana may have it but likes it little, Cy likes it well."""
    free = ((at(1, "09:00"), at(1, "09:30")),)
    now = (Current(0, "ben", "room", at(1, "09:00"), False, 50),) if standing else ()
    ana = course(
        sessions=(Session(30, None),), current=now, available=(Window(1, 8 * 60, 18 * 60, 400),), wait_points_per_day=8
    )
    cy = course(id="cy", sessions=(Session(30, None),), wait_points_per_day=8)
    return problem(ana, cy, practitioners=(Resource("ben", free),), rooms=(Resource("room", free),), days=7)


@pytest.mark.parametrize("standing", [False, True])
def test_who_stands_stays_though_another_would_cost_fewer_points(standing):
    """Only then: of two who wait the cheaper one has the slot."""
    found = solve(one_slot(standing), iterations=300)
    assert [placed.course for placed in found.appointments] == ["ana" if standing else "cy"]


def test_points_are_told_as_the_format_counts_them():
    """What the search adds for itself is in no number that is told."""
    case = one_slot(standing=True)
    found = solve(case, iterations=300)
    assert found.points == points(case, found.appointments, found.unplaced).total == 5000 + 400 + 8
    assert found.lower_bound <= 5000 + 50 + 8, "giving it up would be cheaper, and the bound holds for that too"


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(3))
def test_a_repaired_clinic_loses_no_appointment(seed):
    """Though sessions of others wait for a place."""
    case = make_problem(Wish(courses=30, practitioners=3, repair=True, seed=seed))
    found = solve(case, iterations=4000)
    assert broken_rules(case, found) == []
    assert difference(case, found).losing_courses == frozenset()


def test_locked_appointments_count_as_before():
    """They never go, whatever that costs."""
    case = one_slot(standing=True)
    ana = replace(case.courses[0], current=(replace(case.courses[0].current[0], locked=True),))
    case = replace(case, courses=(ana, case.courses[1]))
    tables = tables_of(case)
    assert keeping(case, tables).tables is tables
    assert [placed.course for placed in Joint(case, 0).run(iterations=50).appointments] == ["ana"]
