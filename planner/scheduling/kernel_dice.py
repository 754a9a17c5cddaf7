"""Random whole numbers for the compiled search, the same for the same seed."""

import math

import numpy as np
import numpy.typing as npt

from planner.scheduling.compiled import compiled

Dice = npt.NDArray[np.uint64]


@compiled
def draw(dice: Dice, below: int) -> int:
    """Return a random whole number in 0 .. below - 1 (xorshift64*)."""
    x = dice[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    dice[0] = x
    return int(np.int64(((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % np.uint64(below)))


@compiled
def luck(dice: Dice, warmth: float) -> int:
    """Return how much dearer a step may be: `x` or more with a chance of exp(-x / warmth)."""
    return int(-math.log((draw(dice, 1 << 30) + 1) / (1 << 30)) * warmth)
