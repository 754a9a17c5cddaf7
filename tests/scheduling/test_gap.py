"""How far an answer can be from the best: one definition, that of the terminal."""

import pytest

from planner.scheduling.gap import gap_percent


@pytest.mark.parametrize(
    ("points", "bound", "percent"),
    [(120, 100, 20.0), (100, 100, 0.0), (0, 0, 0.0), (200, 100, 100.0), (300, 100, 200.0), (5, 0, None)],
)
def test_the_gap_is_what_an_answer_has_more_than_the_bound_by_the_bound(points, bound, percent):
    """Twice the bound may be twice as dear as the best; a bound of nought says nothing."""
    assert gap_percent(points, bound) == percent
