"""Scratch space of the compiled search for one course, and which days of it matter."""

from typing import NamedTuple

import numpy as np

from planner.scheduling.compiled import compiled
from planner.scheduling.tables import NEVER, Ints, Small, Tables


class Work(NamedTuple):
    """Scratch space for one search at a time, and where it leaves its answer."""

    node: Ints  # (kinds + 2, people, days * cells) what a start costs by itself; one more for the first, one for any
    least: Ints  # (kinds + 2, people, days) the least of each day
    wanted: Small  # (kinds + 1, people, days) 1 where a session of this length, or in the last row the first, may be
    value: Ints  # (slots, people, days * cells) a start and all after it, for sessions coupled start by start
    slot: Ints  # (sessions,) index into value, -1 for none
    day_value: Ints  # (sessions, people, days) the least of each day, with all after it
    rest: Ints  # (people, days)
    mixed: Ints  # (people, days) the day's least with the cost of changing practitioner
    suffix: Ints  # (people, days * cells) the least from this start to the day's end, likewise
    tail: Ints  # (days,)
    before: Ints  # (people, days) the least cost of the sessions before one
    low: Ints  # (sessions,) first and last day that matter
    high: Ints
    placed: Ints  # (1,) how many sessions have a place
    out_who: Ints  # (sessions,) practitioner by position in the course
    out_at: Ints  # (sessions,) linear cell


def work_for(t: Tables) -> Work:
    """Return scratch space that is large enough for every course of the problem."""
    kinds, people, sessions = t.kind_length.shape[1], t.who.shape[1], t.kind.shape[1]
    size = t.days * t.cells
    coupled = (t.gap >= 0) & (t.gap_low[t.gap] < t.soon_days[t.rest][:, None])
    slots = int(coupled.sum(axis=1).max()) * 2

    def whole(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int32)

    return Work(
        whole(kinds + 2, people, size), whole(kinds + 2, people, t.days),
        np.zeros((kinds + 1, people, t.days), dtype=np.int8), whole(min(slots, sessions), people, size),
        whole(sessions), whole(sessions, people, t.days), whole(people, t.days), whole(people, t.days),
        whole(people, size), whole(t.days), whole(people, t.days), whole(sessions), whole(sessions), whole(1),
        whole(sessions), whole(sessions),
    )  # fmt: skip


@compiled
def set_ranges(t: Tables, w: Work, c: int, reach: Ints, budget: int) -> None:
    """Set the first and last day of each session: what the least gaps and the budget leave.

    `reach` (courses, sessions, people, days) holds what a plan with that session there costs at least. Where the budget
    reaches is marked in `w.wanted`.
    """
    w.wanted[:] = 0
    extra, people = w.wanted.shape[0] - 1, t.people[c]
    first = 0
    while first < t.days and t.first_cost[c, first] >= NEVER:
        first += 1
    late = t.days
    if t.wait[c] > 0:
        late = min(t.days, t.first_late[c] + budget // t.wait[c])
    for k in range(t.sessions[c]):
        if k:
            first = min(t.days, first + t.gap_low[t.gap[c, k]])
            late = min(t.days, late + t.gap_high[t.gap[c, k]])
        low, high, kind = t.days, -1, t.kind[c, k] if k else extra
        for day in range(first, min(t.days - 1, late) + 1):
            for j in range(people):
                if reach[c, k, j, day] <= budget:
                    w.wanted[kind, j, day] = 1
                    low, high = min(low, day), day
        w.low[k], w.high[k] = low, high


@compiled
def set_slots(t: Tables, w: Work, c: int) -> None:
    """Give each session that is coupled start by start with a neighbour a place for its values."""
    used = 0
    before = False
    for k in range(t.sessions[c]):
        after = False
        if k + 1 < t.sessions[c]:
            after = t.gap_low[t.gap[c, k + 1]] < t.soon_days[t.rest[c]]
        w.slot[k] = -1
        if before or after:
            w.slot[k] = used
            used += 1
        before = after
