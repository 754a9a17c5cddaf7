"""The exact optimum for one course beside prices and taken places, as machine code; answers as one_course.py does."""

import numpy as np

from planner.scheduling.compiled import compiled
from planner.scheduling.kernel_board import Shorts
from planner.scheduling.kernel_work import Work, set_ranges, set_slots
from planner.scheduling.tables import NEVER, Ints, Small, Tables

MOST_IN_THE_WAY = 8
"""Beyond so many appointments in the way one more makes no difference."""


@compiled
def plan_one(
    t: Tables, w: Work, c: int, reach: Ints, price: Ints, taken: Small, left: Shorts, each: int, room: int, budget: int
) -> int:
    """Return the least cost of a course's plan, NEVER if there is none; the plan itself is left in `w`.

    Args:
        reach: (courses, sessions, people, days) what a plan with that session there costs at least.
        price: (lengths, people, days * cells) what each start costs beside the course's own points.
        taken: the same shape; how many appointments stand in the way, each of which costs `each`.
        left: (lengths, days * cells) how many rooms are left; none costs `room`.
        budget: the answer is exact if it costs no more; plans that cost more need not be found.
    Ties are broken by day, practitioner, start.
    """
    set_ranges(t, w, c, reach, budget)
    set_slots(t, w, c)
    _fill(t, w, c, price, taken, left, each, room)
    count = t.sessions[c]
    _last(t, w, c, count - 1)
    for k in range(count - 2, -1, -1):
        _mix(t, w, c, k + 1)
        if t.gap_low[t.gap[c, k + 1]] >= t.soon_days[t.rest[c]]:
            _by_days(t, w, c, k)
        else:
            _by_starts(t, w, c, k)
    return _forward(t, w, c)


@compiled
def _fill(t: Tables, w: Work, c: int, price: Ints, taken: Small, left: Shorts, each: int, room: int) -> None:
    """Work out what every start costs by itself, for each session length and for the first session."""
    for kind in range(t.kinds[c]):
        low, high = t.days, -1
        for k in range(1, t.sessions[c]):
            if t.kind[c, k] == kind:
                low, high = min(low, w.low[k]), max(high, w.high[k])
        _fill_kind(t, w, c, kind, kind, low, high, price, taken, left, each, room)
    own_node, high = w.node.shape[0] - 2, min(w.high[0], t.days - 1)
    _fill_kind(t, w, c, t.kind[c, 0], own_node, w.low[0], high, price, taken, left, each, room)
    node, least, cells, start = w.node, w.least, t.cells, t.first_from[c]
    for day in range(w.low[0], high + 1):
        first = t.first_cost[c, day]
        for j in range(t.people[c]):
            if least[own_node, j, day] >= NEVER:
                continue
            least[own_node, j, day] = NEVER
            for at in range(day * cells, (day + 1) * cells):
                cost = min(node[own_node, j, at] + first, NEVER) if at >= start else NEVER
                node[own_node, j, at] = cost
                least[own_node, j, day] = min(least[own_node, j, day], cost)


@compiled
def _fill_kind(
    t: Tables,
    w: Work,
    c: int,
    kind: int,
    into: int,
    low: int,
    high: int,
    price: Ints,
    taken: Small,
    left: Shorts,
    each: int,
    room: int,
) -> None:
    """Add up costs start by start for one session length from day `low` to day `high`."""
    wish = kind if into == kind else w.wanted.shape[0] - 1
    never, most, per, full = np.int32(NEVER), np.int32(MOST_IN_THE_WAY), np.int32(each), np.int32(room)
    length, cells, node, week = t.kind_length[c, kind], t.cells, w.node, t.week
    for j in range(t.people[c]):
        p, own = t.who[c, j], t.own[c, j]
        for day in range(low, high + 1):
            if w.wanted[wish, j, day] == 0:
                w.least[into, j, day] = never
                continue
            least, start, end = never, day * cells, (day + 1) * cells
            plus = own if t.open_day[c, day] else never
            out, hours, prices = node[into, j, start:end], week[c, kind, t.weekday[day]], price[length, p, start:end]
            rooms, others = left[length, start:end], taken[length, p, start:end]
            for s in range(cells):
                cost = np.int32(
                    np.int32(hours[s] + prices[s]) + np.int32((full if rooms[s] == 0 else np.int32(0)) + plus)
                )
                cost = min(np.int32(cost + np.int32(min(np.int32(others[s]), most) * per)), never)
                out[s] = cost
                least = min(least, cost)
            w.least[into, j, day] = least


@compiled
def _plain(t: Tables, c: int, k: int) -> bool:
    """Say whether a session neither stands anywhere now nor is locked."""
    return t.move[c, k] == 0 and t.pin_at[c, k] < 0


@compiled
def _pin_cost(t: Tables, c: int, k: int) -> int:
    """Return what a locked session costs where it is: its time is not priced, for nobody else can have it."""
    pin = t.pin_at[c, k]
    day = pin // t.cells
    if k == 0 and pin < t.first_from[c]:
        return NEVER
    first = t.first_cost[c, day] if k == 0 else 0
    return min(NEVER, t.week[c, t.kind[c, k], t.weekday[day], pin - day * t.cells] + t.own[c, t.pin_who[c, k]] + first)


@compiled
def _node_of(t: Tables, w: Work, c: int, k: int) -> int:
    """Return which of w.node holds session k's costs, having added what moving and locks mean for it."""
    plain = t.kind[c, k] if k else w.node.shape[0] - 2
    if _plain(t, c, k):
        return plain
    node, cells, special = w.node, t.cells, w.node.shape[0] - 1
    move, now, pin = np.int32(t.move[c, k]), t.now_at[c, k], t.pin_at[c, k]
    low, high = w.low[k], w.high[k]
    for j in range(t.people[c]):
        for day in range(low, high + 1):
            shut = pin >= 0 or w.least[plain, j, day] >= NEVER
            for at in range(day * cells, (day + 1) * cells):
                node[special, j, at] = (
                    np.int32(NEVER) if shut else min(np.int32(node[plain, j, at] + move), np.int32(NEVER))
                )
        here = pin < 0 and t.now_who[c, k] == j and low <= now // cells <= high
        if here and w.least[plain, j, now // cells] < NEVER:
            node[special, j, now] = node[plain, j, now]
        if pin >= 0 and t.pin_who[c, k] == j and low <= pin // cells <= high:
            node[special, j, pin] = _pin_cost(t, c, k)
        for day in range(low, high + 1):
            least = np.int32(NEVER)
            for at in range(day * cells, (day + 1) * cells):
                least = min(least, node[special, j, at])
            w.least[special, j, day] = least
    return special


@compiled
def _last(t: Tables, w: Work, c: int, k: int) -> None:
    """Fill the values of the last session: nothing comes after it."""
    for j in range(t.people[c]):
        for day in range(w.low[k], w.high[k] + 1):
            w.rest[j, day] = 0
    _values(t, w, c, k, _node_of(t, w, c, k))


@compiled
def _values(t: Tables, w: Work, c: int, k: int, node: int) -> None:
    """Fill the values of session k where the rest costs the same whatever the start of the day."""
    slot, never, cells = w.slot[k], np.int32(NEVER), t.cells
    source, value, rests, least, day_value = w.node, w.value, w.rest, w.least, w.day_value
    low, high = w.low[k], w.high[k]
    for j in range(t.people[c]):
        for day in range(low, high + 1):
            day_value[k, j, day] = min(never, np.int32(least[node, j, day] + rests[j, day]))
        if slot >= 0:
            for day in range(low, high + 1):
                rest, start, end = rests[j, day], day * cells, (day + 1) * cells
                into, costs = value[slot, j, start:end], source[node, j, start:end]
                if least[node, j, day] >= never:
                    into[:] = never
                    continue
                for s in range(cells):
                    into[s] = min(np.int32(costs[s] + rest), never)


@compiled
def _mix(t: Tables, w: Work, c: int, k: int) -> None:
    """Work out for each practitioner and day the least of session k, as seen by who treated before."""
    mixed, value, change, people = w.mixed, w.day_value, np.int32(t.change), t.people[c]
    for day in range(w.low[k], w.high[k] + 1):
        anyone = np.int32(NEVER)
        for j in range(people):
            anyone = min(anyone, value[k, j, day])
        for j in range(people):
            mixed[j, day] = min(value[k, j, day], np.int32(anyone + change))


@compiled
def _tail(mixed: Ints, tail: Ints, j: int, low: int, high: int, each: int) -> None:
    """Fill the tail: the least of this day and all later ones, each day of waiting charged."""
    least = np.int32(NEVER)
    for day in range(high, low - 1, -1):
        least = min(least + np.int32(each), mixed[j, day])
        tail[day] = least


@compiled
def _beyond(tail: Ints, day: int, low: int, high: int, first: int, each: int) -> int:
    """Return the least from this day on, which is the first beyond the gap's most."""
    if day > high or low > high:
        return NEVER
    if day < low:
        return min(NEVER, tail[low] + (low - day) * each + first)
    return min(NEVER, tail[day] + first)


@compiled
def _by_days(t: Tables, w: Work, c: int, k: int) -> None:
    """Fill the values of session k where the next one may have any start of its days."""
    g, rest, mixed, drop = t.gap[c, k + 1], w.rest, w.mixed, t.drop[c, k + 1]
    low, high, mine_low, mine_high = w.low[k + 1], w.high[k + 1], w.low[k], w.high[k]
    first, last, gap_cost, node = t.gap_low[g], t.gap_high[g], t.gap_cost, _node_of(t, w, c, k)
    for j in range(t.people[c]):
        _tail(mixed, w.tail, j, low, high, t.beyond_day)
        for day in range(mine_low, mine_high + 1):
            rest[j, day] = min(drop, _beyond(w.tail, day + last + 1, low, high, t.beyond, t.beyond_day))
        for day in range(mine_low, mine_high + 1):
            if w.least[node, j, day] >= NEVER:
                continue
            least = rest[j, day]
            for there in range(max(low, day + first), min(high, day + last) + 1):
                least = min(least, np.int32(mixed[j, there] + gap_cost[g, there - day]))
            rest[j, day] = least
    _values(t, w, c, k, node)


@compiled
def _by_starts(t: Tables, w: Work, c: int, k: int) -> None:
    """Fill the values of session k where its start decides which starts the next one may have."""
    _fill_suffix(w.suffix, w.value, w.slot[k + 1], t.people[c], t.cells, t.change, w.low[k + 1], w.high[k + 1])
    low, high, cells, slot = w.low[k + 1], w.high[k + 1], t.cells, w.slot[k]
    need, drop, g = t.need[t.kind_length[c, t.kind[c, k]]], t.drop[c, k + 1], t.gap[c, k + 1]
    first, last, soon, h = t.gap_low[g], t.gap_high[g], t.soon, t.rest[c]
    node, value, suffix, cost_of, tail = _node_of(t, w, c, k), w.value, w.suffix, t.gap_cost, w.tail
    costs, mixed, beyond, each = w.node, w.mixed, t.beyond, t.beyond_day
    for j in range(t.people[c]):
        _tail(mixed, tail, j, low, high, each)
        for day in range(w.low[k], w.high[k] + 1):
            seen, whole, least = -1, NEVER, NEVER
            end = (day + 1) * cells
            if w.least[node, j, day] >= NEVER:
                value[slot, j, day * cells : end] = NEVER
                w.day_value[k, j, day] = NEVER
                continue
            for at in range(day * cells, end):
                cost = costs[node, j, at]
                if cost >= NEVER:
                    value[slot, j, at] = NEVER
                    continue
                soonest = max(soon[h, at], min(at + need, end))
                part = soonest // cells
                full = part + (soonest > part * cells)
                if full != seen:
                    # From the day `full` on every start is allowed.
                    seen, whole = full, _beyond(tail, max(day + last + 1, full), low, high, beyond, each)
                    whole = min(NEVER, whole + max(0, full - day - last - 1) * each)
                    for there in range(max(full, day + first, low), min(day + last, high) + 1):
                        whole = min(whole, mixed[j, there] + cost_of[g, there - day])
                    whole = min(whole, drop)
                rest = whole
                if part < full and low <= part <= high:
                    rest = min(rest, suffix[j, soonest] + cost_of[g, part - day])
                cost = min(NEVER, cost + rest)
                value[slot, j, at] = cost
                least = min(least, cost)
            w.day_value[k, j, day] = least


@compiled
def _fill_suffix(
    suffix: Ints, value: Ints, slot: int, people: int, cells: int, change: int, low: int, high: int
) -> None:
    """Fill the suffix with the least of a session from each start to the end of its day, seen by who treated before."""
    for day in range(low, high + 1):
        for j in range(people):
            least = np.int32(NEVER)
            for at in range((day + 1) * cells - 1, day * cells - 1, -1):
                least = min(least, value[slot, j, at])
                suffix[j, at] = least
        for at in range(day * cells, (day + 1) * cells):
            anyone = np.int32(NEVER)
            for j in range(people):
                anyone = min(anyone, suffix[j, at])
            for j in range(people):
                suffix[j, at] = min(suffix[j, at], np.int32(anyone + np.int32(change)))


@compiled
def _forward(t: Tables, w: Work, c: int) -> int:
    """Follow the least costs from the first session on, and return their sum."""
    w.placed[0] = 0
    total = t.drop[c, 0]
    who, at = -1, -1
    for k in range(t.sessions[c]):
        cost, day, j, begin = _next_day(t, w, c, k, who, at)
        if cost > t.drop[c, k] or cost >= NEVER:
            break
        if k == 0:
            total = cost
        who, at = j, _start_of(t, w, c, k, j, day, begin)
        w.out_who[k], w.out_at[k] = who, at
        w.placed[0] = k + 1
    return min(total, NEVER)


@compiled
def _next_day(t: Tables, w: Work, c: int, k: int, who: int, at: int) -> tuple[int, int, int, int]:
    """Return the least cost of session k after a chosen place, its day, practitioner and first allowed start."""
    begin, before, first, cells = 0, at // t.cells, w.low[k], t.cells
    if k:
        need = t.need[t.kind_length[c, t.kind[c, k - 1]]]
        begin = max(t.soon[t.rest[c], at], min(at + need, (before + 1) * cells))
        first = max(first, begin // cells, before + t.gap_low[t.gap[c, k]])
    best, best_day, best_who, g = NEVER, -1, -1, t.gap[c, k]
    value, day_value, cost_of, people, change = w.value, w.day_value, t.gap_cost, t.people[c], t.change
    for day in range(first, w.high[k] + 1):
        gap = cost_of[g, day - before] if k else 0
        for j in range(people):
            cost = day_value[k, j, day]
            if begin > day * cells:
                cost = NEVER
                for there in range(begin, (day + 1) * cells):
                    cost = min(cost, value[w.slot[k], j, there])
            cost += gap + (change if k and j != who else 0)
            if cost < best:
                best, best_day, best_who = cost, day, j
    return best, best_day, best_who, max(begin, best_day * cells)


@compiled
def _start_of(t: Tables, w: Work, c: int, k: int, j: int, day: int, begin: int) -> int:
    """Return the first of the cheapest starts of a day from `begin` on."""
    slot, end = w.slot[k], (day + 1) * t.cells
    best = begin
    if slot >= 0:
        for at in range(begin + 1, end):
            if w.value[slot, j, at] < w.value[slot, j, best]:
                best = at
        return best
    if t.pin_at[c, k] >= 0:
        return t.pin_at[c, k]
    node, now = t.kind[c, k] if k else w.node.shape[0] - 2, t.now_at[c, k]
    for at in range(begin + 1, end):
        if w.node[node, j, at] < w.node[node, j, best]:
            best = at
    if t.move[c, k] and t.now_who[c, k] == j and begin <= now < end:
        cost, moved = w.node[node, j, now], w.node[node, j, best] + t.move[c, k]
        if cost < moved or (cost == moved and now < best):
            return now
    return best


@compiled
def set_reach(t: Tables, w: Work, c: int, reach: Ints) -> None:
    """Fill `reach` for one course: what a plan with a session with somebody on some day costs at least.

    Only the day of every earlier session is looked at, not its start, so the true cost may be more, but never less.
    Call it after `plan_one` with an unlimited budget beside the same prices and nobody else: it goes on from there.
    """
    people, n, before = t.people[c], t.sessions[c], w.before
    for j in range(people):
        for day in range(t.days):
            before[j, day] = 0
    for k in range(n):
        reach[c, k] = NEVER
        for j in range(people):
            for day in range(w.low[k], w.high[k] + 1):
                reach[c, k, j, day] = min(NEVER, before[j, day] + w.day_value[k, j, day])
        if k + 1 < n:
            _go_on(t, w, c, k, before)


@compiled
def _go_on(t: Tables, w: Work, c: int, k: int, before: Ints) -> None:
    """Replace the least costs before session k by those before session k + 1."""
    node, people, g = _node_of(t, w, c, k), t.people[c], t.gap[c, k + 1]
    low, high, never = w.low[k], w.high[k], np.int32(NEVER)
    for day in range(low, high + 1):
        anyone = never
        for j in range(people):
            before[j, day] = min(never, before[j, day] + w.least[node, j, day])
            anyone = min(anyone, before[j, day])
        for j in range(people):
            w.mixed[j, day] = min(before[j, day], anyone + np.int32(t.change))
    for j in range(people):
        for day in range(w.low[k + 1], w.high[k + 1] + 1):
            least = never
            for earlier in range(low, min(high, day - t.gap_low[g]) + 1):
                least = min(least, w.mixed[j, earlier] + t.gap_cost[g, day - earlier])
            before[j, day] = min(never, least)
