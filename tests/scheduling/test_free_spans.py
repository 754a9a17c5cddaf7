"""Free time in an array reads like the tuple of pairs that it stands for."""

from dataclasses import replace

import numpy as np
import pytest

from planner.errors import InvalidInput
from planner.scheduling.board import Board
from planner.scheduling.free_spans import FreeSpans, minutes_of
from planner.scheduling.problem import Problem, Resource
from tests.scheduling.problems import at, open_days, problem

PAIRS = open_days(3)


def test_it_equals_the_pairs_and_reads_like_them() -> None:
    """One by one, by position, as a slice and as a key."""
    spans = FreeSpans(minutes_of(PAIRS))
    assert spans == PAIRS
    assert spans == FreeSpans(minutes_of(PAIRS))
    assert list(spans) == list(PAIRS)
    assert (spans[1], spans[-1], spans[1:], len(spans)) == (PAIRS[1], PAIRS[-1], PAIRS[1:], 3)
    assert hash(spans) == hash(PAIRS)
    assert spans != PAIRS[:2]


@pytest.mark.parametrize("wrong", [[[1, 1]], [[2, 1]], [[1, 2, 3]], [1, 2]])
def test_what_is_no_pairs_is_refused(wrong: list[object]) -> None:
    """Empty stretches and other shapes are bugs."""
    with pytest.raises(ValueError, match="pairs of minutes"):
        FreeSpans(np.array(wrong))


def test_a_problem_with_it_is_the_same_problem() -> None:
    """Its file, its board and its checks do not care."""
    plain = problem()
    resources = {
        kind: tuple(replace(each, free=FreeSpans(minutes_of(each.free))) for each in getattr(plain, kind))
        for kind in ("practitioners", "rooms")
    }
    made = replace(plain, **resources)
    assert made == plain
    assert Problem.from_json(made.to_json()) == plain
    one, two = (Board(each).starts([0], 1) for each in (made, plain))
    assert np.array_equal(one, two)


def test_free_time_off_the_grid_is_refused_by_name() -> None:
    """As it is in pairs."""
    odd = Resource("ben", FreeSpans(minutes_of(((at(0, "09:10"), at(0, "10:00")),))))
    with pytest.raises(InvalidInput, match="09:10 is not on the grid") as refusal:
        problem(practitioners=(odd,))
    assert refusal.value.field == "practitioners[0].free[0][0]"


def test_nobody_is_free() -> None:
    """No pair at all is free time too."""
    assert minutes_of(()).shape == (0, 2)
    assert FreeSpans(minutes_of(())) == ()


def test_what_is_asked_for_later_is_worked_out_once() -> None:
    """And is the same free time, checked in the same way."""
    asked = []

    def make():
        asked.append(1)
        return np.array([[0, 30]], dtype=np.int64)

    spans = FreeSpans.when_asked(make)
    assert asked == []
    assert spans == FreeSpans(np.array([[0, 30]], dtype=np.int64))
    assert len(spans) == len(list(spans)) == len(asked) == 1
    with pytest.raises(ValueError, match="pairs of minutes"):
        len(FreeSpans.when_asked(lambda: np.array([[30, 0]], dtype=np.int64)))
