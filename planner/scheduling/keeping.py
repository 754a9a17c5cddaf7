"""Nobody loses an appointment so that somebody else gains one, though by points alone both are worth the same."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from planner.scheduling.problem import Problem
from planner.scheduling.tables import NEVER, Tables

TIMES: Final = 2
"""A standing appointment weighs so many times as much as one that was never agreed, if 32 bits allow it.

With more, an overloaded clinic left out up to ten sessions of others to keep two.
"""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the search counts beside the points.

    Attributes:
        tables: those to search with, in which leaving out what stands costs more than it does in points.
        more: (courses, sessions + 1) how much more, in parts of a point, where all from this session on are left out.
    """

    tables: Tables
    more: npt.NDArray[np.int64]

    def beyond_points(self, placed: npt.NDArray[np.int32]) -> int:
        """Return what the cost of an answer holds beside its points; `placed` (courses,) sessions have a place."""
        return int(self.more[np.arange(len(placed)), placed].sum())


def keeping(problem: Problem, tables: Tables) -> Keeping:
    """Return what makes a search keep the appointments that stand and are not locked: locked ones never go.

    A course by itself takes nobody's place, so its points alone count.
    """
    standing = np.zeros((len(problem.courses), tables.drop.shape[1]), dtype=np.int64)
    for index, course in enumerate(problem.courses):
        for current in course.current:
            standing[index, current.session] = not current.locked
    from_here_on = standing[:, ::-1].cumsum(axis=1)[:, ::-1]
    most = int(from_here_on.max(initial=0)) if len(problem.courses) > 1 else 0
    if not most:
        return Keeping(tables, np.zeros_like(standing))
    # Whole answers of one course stay far below NEVER, so that none is taken for forbidden.
    each = min((TIMES - 1) * problem.weights.unplaced_session * tables.scale, NEVER // 4 // most)
    more = np.where(tables.drop < NEVER, from_here_on * each, 0)
    return Keeping(tables._replace(drop=(tables.drop + more).astype(np.int32)), more)
