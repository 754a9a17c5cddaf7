"""How much memory the compiled search of a problem takes, known before it is taken."""

import numpy as np

from planner.scheduling.fields import MINUTES_A_DAY
from planner.scheduling.free_spans import minutes_of
from planner.scheduling.problem import Problem

MOST_TABLE_BYTES = 512 * 2**20
_NUMBER = 4  # bytes of one of the search's whole numbers
_REACHES = 3
"""Arrays over courses, sessions, practitioners and days: alone, by the prices of now, and by those before."""
_PRICES = 8
"""Arrays over lengths, practitioners and cells: the diary, prices found and in use, and three searches' scratch."""


def table_bytes(problem: Problem) -> int:
    """Return about how many bytes the arrays of a compiled search take: the large ones."""
    courses = problem.courses
    if not courses:
        return 0
    cells = _cells_a_day(problem)
    lengths = len({session.minutes for course in courses for session in course.sessions})
    sessions = max(len(course.sessions) for course in courses)
    people = max(len(course.practitioners) for course in courses)
    kinds = max(len({session.minutes for session in course.sessions}) for course in courses)
    reach = len(courses) * sessions * people * problem.days
    prices = (lengths + 1) * len(problem.practitioners) * problem.days * cells
    weeks = len(courses) * kinds * 7 * cells
    return _NUMBER * (_REACHES * reach + _PRICES * prices + weeks)


def _cells_a_day(problem: Problem) -> int:
    """Return how many starts a day has, from the first at which anybody works to the last."""
    minutes = np.concatenate([np.empty((0, 2), dtype=np.int64), *(minutes_of(p.free) for p in problem.practitioners)])
    if not len(minutes):
        return 1
    first, last = minutes[:, 0], minutes[:, 1] - 1
    if (first // MINUTES_A_DAY != last // MINUTES_A_DAY).any():  # somebody works through midnight
        return MINUTES_A_DAY // problem.grid_minutes
    used = int((last % MINUTES_A_DAY).max()) - int((first % MINUTES_A_DAY).min())
    return used // problem.grid_minutes + 1
