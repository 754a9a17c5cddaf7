"""The objective, number by number."""

from dataclasses import replace

import pytest

from planner.scheduling.points import PointsByKind, gap_points, points, window_points
from planner.scheduling.problem import Current, Gap, Placed, Session, Unplaced, Window
from tests.scheduling.problems import WEEKLY, at, course, problem

LATER = Unplaced("ana", 1, "No start is left.")


@pytest.mark.parametrize(
    ("gap", "days", "expected"),
    [
        (WEEKLY, 7, 0),
        (WEEKLY, 6, 25),
        (WEEKLY, 9, 100),
        (WEEKLY, 10, 350),
        (WEEKLY, 19, 800),
        (Gap(3.5, 2, 5), 3, 11),
        (Gap(3.5, 2, 5), 2, 100),
        (Gap(5, 5, 5), 5, 0),
        (Gap(5, 5, 9), 6, 6),
    ],
)
def test_a_gap_costs_a_parabola_inside_its_range_and_climbs_beyond(gap, days, expected):
    """100 at the edge, 300 and 50 a day beyond the greatest; halves are rounded up."""
    assert gap_points(gap, days) == expected


def test_the_cheapest_window_that_holds_the_session_counts():
    """And a window that holds it only in part does not."""
    ana = course(available=(Window(0, 480, 720, 20), Window(0, 540, 600, 0)))
    assert window_points(ana, 0, 540, 60) == 0
    assert window_points(ana, 0, 540, 61) == 20
    assert window_points(ana, 0, 690, 60) is None
    assert window_points(ana, 1, 540, 60) is None


def test_a_session_ends_before_midnight():
    """24:00 is the next day."""
    ana = course(available=(Window(0, 0, 1440, 0),))
    assert window_points(ana, 0, 1380, 59) == 0
    assert window_points(ana, 0, 1380, 60) is None


def test_points_are_told_by_kind():
    """Two days' waiting, a gap two days too long, Eve and the change to her."""
    ana = course(practitioners={"ben": 0, "eve": 40}, available=(Window(2, 480, 720, 15), Window(4, 480, 720, 0)))
    appointments = (Placed("ana", 0, "ben", "room", at(2, "09:00")), Placed("ana", 1, "eve", "room", at(11, "09:00")))
    told = points(problem(ana), appointments)
    assert told == PointsByKind(waiting=40, gap=100, practitioner=40, practitioner_change=60, window=15)
    assert told.total == 255


def test_moving_or_dropping_an_unlocked_appointment_costs_its_points():
    """Another room is no move; another start, practitioner or no place is."""
    now = Current(0, "ben", "room", at(0, "09:00"), locked=False, move_points=80)
    case = problem(course(practitioners={"ben": 0, "eve": 0}, current=(now,)))
    stays = Placed("ana", 0, "ben", "other", at(0, "09:00"))
    assert points(case, [stays], [LATER]).moving == 0
    assert points(case, [replace(stays, start=at(0, "09:30"))], [LATER]).moving == 80
    assert points(case, [replace(stays, practitioner="eve")], [LATER]).moving == 80
    assert points(case, [], [replace(LATER, session=0), LATER]).moving == 80


def test_the_gap_from_the_session_before_the_course_counts():
    """previous_start and a gap at the first session: no waiting, but a gap."""
    ana = course(sessions=(Session(30, WEEKLY),), previous_start=at(-6, "09:00"))
    assert points(problem(ana), [Placed("ana", 0, "ben", "room", at(2, "09:00"))]) == PointsByKind(gap=25)


def test_an_unplaced_session_that_nobody_names_is_a_bug():
    """Never a silent drop."""
    with pytest.raises(ValueError, match="no appointment"):
        points(problem(), [])
