"""Small moves as machine code: one session goes elsewhere, and at most one other session makes room for it."""

from typing import NamedTuple

import numpy as np

from planner.scheduling.compiled import compiled
from planner.scheduling.kernel_board import Diary, change, free_room, length_of
from planner.scheduling.kernel_dice import Dice, draw, luck
from planner.scheduling.tables import NEVER, Ints, Tables

# Measured as in kernel_search: of 100 moves so many stay on the day, go to any of the course's practitioners, and may
# put one other session out of its place; how many days a move goes at most, and one who is put out; what that may cost.
# Of the moves to another day a quarter goes far: where time is scarce, free time is weeks away.
SAME_DAY, ANY_PRACTITIONER, PUT_OUT = 30, 25, 30
FAR = 25
MOST_DAYS, MOST_DAYS_FAR, MOST_DAYS_OUT, APPEND_DAYS = 4, 28, 14, 90
PUT_OUT_POINTS = 100


class Stir(NamedTuple):
    """Which sessions may move, and where a found place is left."""

    session: Ints  # (movable,) course * most sessions + session
    found: Ints  # (2,) practitioner by position in the course, linear cell


def stir_for(t: Tables) -> Stir:
    """Return all sessions that are not locked."""
    there = (np.arange(t.kind.shape[1]) < t.sessions[:, None]) & (t.pin_at < 0)
    return Stir(np.flatnonzero(there).astype(np.int32), np.zeros(2, dtype=np.int32))


@compiled
def _day_cost(t: Tables, d: Diary, c: int, k: int, j: int, day: int) -> int:
    """Return what session k costs with practitioner j on this day at any start, the gaps to its neighbours included."""
    if t.open_day[c, day] == 0:
        return NEVER
    total = t.own[c, j]
    if k == 0:
        total += t.first_cost[c, day]
    else:
        apart = day - d.at[c, k - 1] // t.cells
        if apart < 0:
            return NEVER
        total += t.gap_cost[t.gap[c, k], apart] + (t.change if d.who[c, k - 1] != j else 0)
    if k + 1 < d.placed[c]:
        apart = d.at[c, k + 1] // t.cells - day
        if apart < 0:
            return NEVER
        total += t.gap_cost[t.gap[c, k + 1], apart] + (t.change if d.who[c, k + 1] != j else 0)
    return min(total, NEVER)


@compiled
def _range_of(t: Tables, d: Diary, c: int, k: int) -> tuple[int, int]:
    """Return the first and the last linear cell at which session k may start between its neighbours."""
    first, last = t.first_from[c], t.days * t.cells - 1
    if k:
        before = d.at[c, k - 1]
        first = max(t.soon[t.rest[c], before], before + t.need[length_of(t, c, k - 1)])
    if k + 1 < d.placed[c]:
        after = d.at[c, k + 1]
        last = min(after - t.need[length_of(t, c, k)], t.latest[t.rest[c], after])
    return first, last


@compiled
def _start_cost(t: Tables, c: int, k: int, j: int, at: int) -> int:
    """Return what this start costs beside its day: the patient's wishes, and leaving the current place."""
    day = at // t.cells
    moved = t.now_at[c, k] != at or t.now_who[c, k] != j
    return t.week[c, t.kind[c, k], t.weekday[day], at - day * t.cells] + (t.move[c, k] if moved else 0)


@compiled
def _cost(t: Tables, d: Diary, c: int, k: int, j: int, at: int) -> int:
    """Return what session k costs at a place that its course allows."""
    return _day_cost(t, d, c, k, j, at // t.cells) + _start_cost(t, c, k, j, at)


@compiled
def _set(t: Tables, d: Diary, c: int, k: int, j: int, at: int) -> None:
    """Put a lifted session into a place that is free."""
    d.who[c, k], d.at[c, k] = j, at
    d.room[c, k] = free_room(t, d, c, k, at)
    change(t, d, c, k, 1)


@compiled
def _put_back(t: Tables, d: Diary, c: int, k: int, j: int, at: int, room: int) -> None:
    """Put a lifted session back where it was."""
    d.who[c, k], d.at[c, k], d.room[c, k] = j, at, room
    change(t, d, c, k, 1)


@compiled
def _cheapest(t: Tables, d: Diary, s: Stir, c: int, k: int, centre: int, around: int, budget: int) -> int:
    """Return the least cost of a lifted session in free time near a day, NEVER if above the budget."""
    best, length, cells, kind = budget + 1, length_of(t, c, k), t.cells, t.kind[c, k]
    first, last = _range_of(t, d, c, k)
    taken, rooms_left, week = d.taken, d.rooms_left, t.week
    for day in range(max(0, centre - around, first // cells), min(t.days - 1, centre + around, last // cells) + 1):
        weekday, begin = t.weekday[day], day * cells
        for j in range(t.people[c]):
            base, p = _day_cost(t, d, c, k, j, day), t.who[c, j]
            if base >= best:
                continue
            for at in range(max(first, begin), min(last, begin + cells - 1) + 1):
                if base + week[c, kind, weekday, at - begin] >= best or taken[length, p, at]:
                    continue
                cost = base + _start_cost(t, c, k, j, at)
                if cost < best and rooms_left[length, at] > 0:
                    best, s.found[0], s.found[1] = cost, j, at
    return best if best <= budget else NEVER


@compiled
def _wish(t: Tables, d: Diary, dice: Dice, c: int, k: int, j: int, day: int, others: int) -> int:
    """Draw a start on a day at which at most `others` appointments stand; -1 if there is none."""
    length, p, begin, start = length_of(t, c, k), t.who[c, j], day * t.cells, draw(dice, t.cells)
    first, last = _range_of(t, d, c, k)
    kind, weekday = t.kind[c, k], t.weekday[day]
    for step in range(t.cells):
        cell = start + step if start + step < t.cells else start + step - t.cells
        at = begin + cell
        if d.taken[length, p, at] > others or t.week[c, kind, weekday, cell] >= NEVER:
            continue
        if at < first or at > last or (at == d.at[c, k] and j == d.who[c, k]):
            continue
        if d.taken[length, p, at] or d.rooms_left[length, at] > 0:
            return at
    return -1


@compiled
def stir(t: Tables, d: Diary, s: Stir, dice: Dice, warmth: float, moves: int) -> None:
    """Try so many small moves; one that costs `x` more is kept with a chance of exp(-x / warmth)."""
    most = t.kind.shape[1]
    for _ in range(moves if s.session.shape[0] else 0):
        pick = s.session[draw(dice, s.session.shape[0])]
        c, k = pick // most, pick % most
        if k < d.placed[c]:
            _move(t, d, s, dice, c, k, luck(dice, warmth))
        elif k == d.placed[c] and k > 0:
            _append(t, d, s, c, k)


@compiled
def _move(t: Tables, d: Diary, s: Stir, dice: Dice, c: int, k: int, allowed: int) -> None:
    """Let one session go to a place that is drawn, if that costs at most `allowed` more."""
    j0, at0, room0 = d.who[c, k], d.at[c, k], d.room[c, k]
    others = 1 if draw(dice, 100) < PUT_OUT else 0
    day, j = at0 // t.cells, j0
    if draw(dice, 100) >= SAME_DAY:
        far = 1 + draw(dice, MOST_DAYS_FAR if draw(dice, 100) < FAR else MOST_DAYS)
        day += draw(dice, 2 * far + 1) - far
    if draw(dice, 100) < ANY_PRACTITIONER:
        j = draw(dice, t.people[c])
    if day < 0 or day >= t.days:
        return
    before = _cost(t, d, c, k, j0, at0)
    # Who is put out may come to stand better than before.
    most = before + allowed + others * PUT_OUT_POINTS * t.scale
    if _day_cost(t, d, c, k, j, day) > most:
        return
    lifted = day == at0 // t.cells
    if lifted:
        change(t, d, c, k, -1)
    at = _wish(t, d, dice, c, k, j, day, others)
    cost = NEVER if at < 0 else _cost(t, d, c, k, j, at)
    if cost <= most:
        if not lifted:
            change(t, d, c, k, -1)
            lifted = True
        if _settle(t, d, s, c, k, j, at, cost - before, allowed):
            return
    if lifted:
        _put_back(t, d, c, k, j0, at0, room0)


@compiled
def _settle(t: Tables, d: Diary, s: Stir, c: int, k: int, j: int, at: int, more: int, allowed: int) -> bool:
    """Put a lifted session where it wants to be; False, and nothing done, if all in all that costs too much."""
    length, p = length_of(t, c, k), t.who[c, j]
    if d.taken[length, p, at] > 0:
        return _put_out(t, d, s, c, k, j, at, more, allowed)
    if more > allowed:
        return False
    _set(t, d, c, k, j, at)
    d.cost[c] += more
    return True


@compiled
def _owner(t: Tables, d: Diary, length: int, p: int, at: int) -> tuple[int, int]:
    """Return whose session stands in the way of a start, and which of that course's sessions it is."""
    c, end = -1, at + t.need[length]
    for cell in range(at, end):
        if d.person_owner[p, cell] >= 0:
            c = d.person_owner[p, cell]
    for k in range(d.placed[c] if c >= 0 else 0):
        begin = d.at[c, k]
        meets = begin < end and begin + t.need[length_of(t, c, k)] > at
        if meets and t.pin_at[c, k] < 0 and t.who[c, d.who[c, k]] == p:
            return c, k
    return -1, -1


@compiled
def _put_out(t: Tables, d: Diary, s: Stir, c: int, k: int, j: int, at: int, more: int, allowed: int) -> bool:
    """Put a lifted session where one other stands, which takes the best place that is free; False if that is dear."""
    length, p = length_of(t, c, k), t.who[c, j]
    other, o = _owner(t, d, length, p, at)
    if other < 0 or other == c:
        return False
    j1, at1, room1 = d.who[other, o], d.at[other, o], d.room[other, o]
    before = _cost(t, d, other, o, j1, at1)
    change(t, d, other, o, -1)
    if d.rooms_left[length, at] > 0:
        _set(t, d, c, k, j, at)
        cost = _cheapest(t, d, s, other, o, at1 // t.cells, MOST_DAYS_OUT, before + allowed - more)
        if cost < NEVER:
            _set(t, d, other, o, s.found[0], s.found[1])
            d.cost[c] += more
            d.cost[other] += cost - before
            return True
        change(t, d, c, k, -1)
    _put_back(t, d, other, o, j1, at1, room1)
    return False


@compiled
def _append(t: Tables, d: Diary, s: Stir, c: int, k: int) -> None:
    """Give the first session that was left out a place, if there is one."""
    g, gain = t.gap[c, k], t.drop[c, k] - t.drop[c, k + 1]
    centre = d.at[c, k - 1] // t.cells + (t.gap_low[g] + t.gap_high[g]) // 2
    cost = _cheapest(t, d, s, c, k, centre, APPEND_DAYS, gain)
    if cost < NEVER:
        _set(t, d, c, k, s.found[0], s.found[1])
        d.placed[c] = k + 1
        d.cost[c] += cost - gain
