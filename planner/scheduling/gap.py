"""How far an answer can be from the best there is: the one definition for pages, terminal and messages."""

from __future__ import annotations


def gap_percent(points: int, lower_bound: int) -> float | None:
    """How many per cent more than the best answer this one may have at most: what it is above the bound, by the bound.

    None where nothing is known: a bound of nought says nothing of an answer that costs something.
    """
    if points <= lower_bound:
        return 0.0
    return 100 * (points - lower_bound) / lower_bound if lower_bound > 0 else None
