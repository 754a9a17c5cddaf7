"""What a change is: decided once, for places of the engine and of the diary."""

from dataclasses import replace

import pytest

from planner.scheduling.difference import Became, became, difference
from planner.scheduling.problem import Current, Placed, Solution, Unplaced
from tests.scheduling.problems import at, course, problem


@pytest.mark.parametrize(
    ("was", "now", "what"),
    [
        (None, None, None),
        (None, 1, Became.ADDED),
        (1, None, Became.DROPPED),
        (1, 1, Became.KEPT),
        (1, 2, Became.MOVED),
    ],
)
def test_what_becomes_of_a_place(was, now, what):
    """In whatever form the places are told apart."""
    assert became(was, now) is what


def test_another_room_is_no_move_and_another_therapist_is_one():
    """Ana's first session changes its room, her second its therapist, half an hour later."""
    stood = (Current(0, "ben", "room", at(0, "09:00"), False, 80), Current(1, "ben", "room", at(7, "09:00"), False, 80))
    placed = (Placed("ana", 0, "ben", "other", at(0, "09:00")), Placed("ana", 1, "eve", "room", at(7, "09:30")))
    change = difference(problem(replace(course(), current=stood)), Solution(placed, (), 0, 0))
    assert change.kept == placed[:1]
    assert [(each.days, each.minutes, each.other_practitioner) for each in change.moved] == [(0, 30, True)]


def test_what_is_gone_is_dropped_with_its_reason():
    """The second session has no place any more, the first never had one."""
    stood = (Current(1, "ben", "room", at(7, "09:00"), False, 80),)
    waits = Unplaced("ana", 1, "Nobody is free.")
    found = Solution((Placed("ana", 0, "ben", "room", at(0, "09:00")),), (waits,), 0, 0)
    change = difference(problem(replace(course(), current=stood)), found)
    assert change.added == found.appointments
    assert change.dropped == (("ana", stood[0]),)
    assert change.unplaced == (waits,)
    assert change.losing_courses == {"ana"}
