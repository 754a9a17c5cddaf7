"""Small moves as machine code: one session looks for another place, at most one other session makes room for it."""

import math


from planner.scheduling.compiled import compiled
from planner.scheduling.kernel_board import Diary, change, free_room, length_of
from planner.scheduling.kernel_dice import Dice, draw
from planner.scheduling.tables import NEVER, Ints, Tables


@compiled
def _day_cost(t: Tables, d: Diary, c: int, k: int, j: int, day: int) -> int:
    """Return what session k costs with practitioner j on this day, whenever it starts, the gaps to its neighbours included."""
    total = t.own[c, j]
    if t.open_day[c, day] == 0:
        return NEVER
    if k == 0:
        total += t.first_cost[c, day]
    else:
        apart = day - d.at[c, k - 1] // t.cells
        if apart < 0:
            return NEVER
        total += t.gap_cost[t.gap[c, k], apart]
        if d.who[c, k - 1] != j:
            total += t.change
    if k + 1 < d.placed[c]:
        apart = d.at[c, k + 1] // t.cells - day
        if apart < 0:
            return NEVER
        total += t.gap_cost[t.gap[c, k + 1], apart]
        if d.who[c, k + 1] != j:
            total += t.change
    return min(total, NEVER)


@compiled
def _range_of(t: Tables, d: Diary, c: int, k: int) -> tuple[int, int]:
    """Return the first and the last linear cell at which session k may start beside its neighbours."""
    first, last, rest = 0, t.days * t.cells - 1, t.rest[c]
    if k == 0:
        first = t.first_from[c]
    else:
        before = d.at[c, k - 1]
        first = max(t.soon[rest, before], before + t.need[length_of(t, c, k - 1)])
    if k + 1 < d.placed[c]:
        last = min(d.at[c, k + 1] - t.need[length_of(t, c, k)], t.latest[rest, d.at[c, k + 1]])
    return first, last


@compiled
def place_cost(t: Tables, d: Diary, c: int, k: int, j: int, at: int) -> int:
    """Return what session k costs with practitioner j at this start, the gaps to its neighbours included.

    NEVER where a rule of the course forbids it; whether practitioner and room are free is not looked at.
    """
    day = at // t.cells
    total = _day_cost(t, d, c, k, j, day) + t.week[c, t.kind[c, k], t.weekday[day], at - day * t.cells]
    first, last = _range_of(t, d, c, k)
    if total >= NEVER or at < first or at > last:
        return NEVER
    if t.now_at[c, k] != at or t.now_who[c, k] != j:
        total += t.move[c, k]
    return min(total, NEVER)


@compiled
def _set(t: Tables, d: Diary, c: int, k: int, j: int, at: int) -> None:
    """Put a lifted session into a place that is free."""
    d.who[c, k], d.at[c, k] = j, at
    d.room[c, k] = free_room(t, d, c, k, at)
    change(t, d, c, k, 1)


@compiled
def _session_at(t: Tables, d: Diary, c: int, at: int, end: int, p: int) -> int:
    """Return which session of a course stands with this practitioner between these cells."""
    for k in range(d.placed[c]):
        start = d.at[c, k]
        if t.pin_at[c, k] < 0 and start < end and start + t.need[length_of(t, c, k)] > at and t.who[c, d.who[c, k]] == p:
            return k
    return -1


@compiled
def _best_place(t: Tables, d: Diary, c: int, k: int, centre: int, around: int, budget: int, out: Ints) -> int:
    """Return the least cost of a lifted session in free time near a day, NEVER above the budget; the place in `out`."""
    best, length, cells, kind, move = budget + 1, length_of(t, c, k), t.cells, t.kind[c, k], t.move[c, k]
    first, last = _range_of(t, d, c, k)
    closed, taken, rooms_left, week = d.closed, d.taken, d.rooms_left, t.week
    for day in range(max(0, centre - around, first // cells), min(t.days - 1, centre + around, last // cells) + 1):
        weekday, begin = t.weekday[day], day * cells
        low, high = max(first, begin), min(last, begin + cells - 1)
        for j in range(t.people[c]):
            base = _day_cost(t, d, c, k, j, day)
            if base >= best:
                continue
            p = t.who[c, j]
            for at in range(low, high + 1):
                cost = base + week[c, kind, weekday, at - begin]
                if cost >= best or closed[length, p, at] or taken[length, p, at] or rooms_left[length, at] == 0:
                    continue
                if move and (t.now_at[c, k] != at or t.now_who[c, k] != j):
                    cost += move
                if cost < best:
                    best, out[0], out[1] = cost, j, at
    return best if best <= budget else NEVER


@compiled
def _wish(t: Tables, d: Diary, dice: Dice, c: int, k: int, j: int, day: int, others: int) -> int:
    """Draw a start on a day at which at most `others` appointments stand; -1 if there is none."""
    length, cells, begin = length_of(t, c, k), t.cells, day * t.cells
    p, hours, start = t.who[c, j], t.week[c, t.kind[c, k], t.weekday[day]], draw(dice, cells)
    first, last = _range_of(t, d, c, k)
    for step in range(cells):
        s = start + step
        if s >= cells:
            s -= cells
        at = begin + s
        if hours[s] < NEVER and d.closed[length, p, at] == 0 and d.taken[length, p, at] <= others and first <= at <= last and (at != d.at[c, k] or j != d.who[c, k]):
            if d.rooms_left[length, at] > 0 or (others > 0 and d.taken[length, p, at] > 0):
                return at
    return -1


@compiled
def stir(t: Tables, d: Diary, dice: Dice, flat: Ints, out: Ints, warmth: float, knobs: Ints, steps: int, count: Ints) -> None:
    """Make so many small moves; one that costs `x` more is kept with a chance of exp(-x / warmth)."""
    cells = t.cells
    for _ in range(steps):
        pick = flat[draw(dice, flat.shape[0])]
        c, k = pick // t.kind.shape[1], pick % t.kind.shape[1]
        if k >= d.placed[c]:
            if k == d.placed[c]:
                _append(t, d, c, out)
            continue
        allowed = int(-math.log((draw(dice, 1 << 30) + 1) / (1 << 30)) * warmth)
        others = 1 if draw(dice, 100) < knobs[0] else 0
        count[others] += 1
        j0, at0, room0 = d.who[c, k], d.at[c, k], d.room[c, k]
        day0 = at0 // cells
        day, j = day0, j0
        if draw(dice, 100) >= 30:
            far = 1 + draw(dice, knobs[1])
            day += draw(dice, 2 * far + 1) - far
        if draw(dice, 100) < 25:
            j = draw(dice, t.people[c])
        if day < 0 or day >= t.days:
            continue
        before = place_cost(t, d, c, k, j0, at0)
        # Another start adds the window's points at most.
        most = before + allowed + (100 * t.scale if others else 0)
        if _day_cost(t, d, c, k, j, day) > most:
            continue
        lifted = day == day0
        if lifted:
            change(t, d, c, k, -1)
        done = False
        at = _wish(t, d, dice, c, k, j, day, others)
        if at >= 0:
            cost, length, p = place_cost(t, d, c, k, j, at), length_of(t, c, k), t.who[c, j]
            free = d.taken[length, p, at] == 0
            if cost - before <= allowed + (0 if free else 100 * t.scale):
                if not lifted:
                    change(t, d, c, k, -1)
                    lifted = True
                if free:
                    _set(t, d, c, k, j, at)
                    d.cost[c] += cost - before
                    done = True
                else:
                    done = _eject(t, d, c, k, j, at, cost - before, allowed, knobs, out)
                count[2 + others] += done
        if lifted and not done:
            d.who[c, k], d.at[c, k], d.room[c, k] = j0, at0, room0
            change(t, d, c, k, 1)


@compiled
def _eject(t: Tables, d: Diary, c: int, k: int, j: int, at: int, more: int, allowed: int, knobs: Ints, out: Ints) -> bool:
    """Put a lifted session where one other stands, which goes to its best free place; False, and nothing done, if dear."""
    length, p = length_of(t, c, k), t.who[c, j]
    end, other = at + t.need[length], -1
    for cell in range(at, end):
        if d.person_owner[p, cell] >= 0:
            other = d.person_owner[p, cell]
    if other < 0 or other == c:
        return False
    o = _session_at(t, d, other, at, end, p)
    if o < 0:
        return False
    j1, at1, room1 = d.who[other, o], d.at[other, o], d.room[other, o]
    before = place_cost(t, d, other, o, j1, at1)
    change(t, d, other, o, -1)
    if d.taken[length, p, at] == 0 and d.rooms_left[length, at] > 0:
        _set(t, d, c, k, j, at)
        cost = _best_place(t, d, other, o, at1 // t.cells, knobs[2], before + allowed - more, out)
        if cost < NEVER:
            _set(t, d, other, o, out[0], out[1])
            d.cost[c] += more
            d.cost[other] += cost - before
            return True
        change(t, d, c, k, -1)
    d.who[other, o], d.at[other, o], d.room[other, o] = j1, at1, room1
    change(t, d, other, o, 1)
    return False


@compiled
def _append(t: Tables, d: Diary, c: int, out: Ints) -> None:
    """Give the first session that was left out a place, if there is one."""
    k = d.placed[c]
    if k == 0 or t.pin_at[c, k] >= 0:
        return
    gain = t.drop[c, k] - t.drop[c, k + 1]
    centre = d.at[c, k - 1] // t.cells + (t.gap_low[t.gap[c, k]] + t.gap_high[t.gap[c, k]]) // 2
    cost = _best_place(t, d, c, k, centre, 10, gain, out)
    if cost < NEVER:
        _set(t, d, c, k, out[0], out[1])
        d.placed[c] = k + 1
        d.cost[c] += cost - gain
