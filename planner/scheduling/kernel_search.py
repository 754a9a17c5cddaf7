"""Ejection search as machine code: one course takes what it wants, those in its way look for new places."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.scheduling.compiled import compiled
from planner.scheduling.kernel_board import BLOCKED, Diary, change, free_room, length_of, lift, points_of, put
from planner.scheduling.kernel_course import MOST_IN_THE_WAY, plan_one
from planner.scheduling.kernel_dice import Dice, draw, luck
from planner.scheduling.kernel_work import Work
from planner.scheduling.tables import NEVER, Ints, Tables

Longs = npt.NDArray[np.int64]

MOST_MEMBERS = 12
"""So many courses at most change their plans in one step."""
# Measured on made-up clinics of 50 to 500 courses: what standing in somebody's way costs (in points, drawn anew each
# time), how often a second and a third course may push others away too, how far a plan may be above the present one,
# against how many rivals a course is drawn, and how often the one that is worse off is preferred.
LEAST_PENALTY, PENALTIES = 5, 60
SECOND_PUSHES, THIRD_PUSHES = 60, 30
ROOM_TO_ROAM = 30
RIVALS, PREFER_WORSE = 3, 80


class Guide(NamedTuple):
    """What is known of the courses before the search begins."""

    price: Ints  # (lengths, people, cells) what a start costs, NEVER where none may be
    least: Longs  # (courses,) no plan of this course costs less
    alone: Ints  # (courses, sessions, people, days) nor does one with this session with that person on that day
    priced: Ints  # the same with the prices
    dearest: Longs  # (courses,) no plan of this course costs less with the prices


class Chain(NamedTuple):
    """The courses of one step, in the order in which they choose, with the plans they had."""

    course: Ints  # (MOST_MEMBERS,)
    place_in: Ints  # (courses,) position in the chain, -1 for none
    placed: Ints
    who: Ints  # (MOST_MEMBERS, sessions)
    at: Ints
    room: Ints
    cost: Longs
    size: Ints  # (1,) how many courses


def chain_for(t: Tables) -> Chain:
    """Return an empty chain."""
    courses, sessions = t.kind.shape

    def whole(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int32)

    return Chain(
        whole(MOST_MEMBERS), np.full(courses, -1, dtype=np.int32), whole(MOST_MEMBERS), whole(MOST_MEMBERS, sessions),
        whole(MOST_MEMBERS, sessions), whole(MOST_MEMBERS, sessions), np.zeros(MOST_MEMBERS, dtype=np.int64), whole(1),
    )  # fmt: skip


@compiled
def _join(t: Tables, d: Diary, h: Chain, c: int) -> bool:
    """Lift a course and note the plan it had; False if the chain is too long."""
    i = h.size[0]
    if i >= MOST_MEMBERS:
        return False
    h.course[i], h.place_in[c] = c, i
    h.placed[i], h.cost[i] = d.placed[c], d.cost[c]
    for k in range(d.placed[c]):
        h.who[i, k], h.at[i, k], h.room[i, k] = d.who[c, k], d.at[c, k], d.room[c, k]
    h.size[0] = i + 1
    lift(t, d, c)
    return True


@compiled
def _undo(t: Tables, d: Diary, h: Chain, done: int) -> None:
    """Give every course of the chain the plan back that it had; the first `done` stand in the diary now."""
    for i in range(done):
        lift(t, d, h.course[i])
    for i in range(h.size[0]):
        c = h.course[i]
        d.placed[c], d.cost[c] = h.placed[i], h.cost[i]
        for k in range(h.placed[i]):
            d.who[c, k], d.at[c, k], d.room[c, k] = h.who[i, k], h.at[i, k], h.room[i, k]
        put(t, d, c)


@compiled
def _clear(t: Tables, d: Diary, h: Chain, i: int, owner: int) -> bool:
    """Make a course in the way join the chain; False if it has chosen already or the chain is too long."""
    if owner < 0 or h.place_in[owner] > i:
        return True
    if h.place_in[owner] >= 0:
        return False
    return _join(t, d, h, owner)


@compiled
def _room_to_clear(t: Tables, d: Diary, h: Chain, i: int, length: int, at: int) -> int:
    """Return the room in which the fewest appointments stand in the way, none of them of a course that has chosen."""
    best, fewest = -1, BLOCKED
    for room in range(t.room_open.shape[1]):
        if d.room_taken[length, room, at] >= fewest:
            continue
        possible = True
        for cell in range(at, at + t.need[length]):
            owner = d.room_owner[room, cell]
            if owner >= 0 and 0 <= h.place_in[owner] <= i:
                possible = False
        if possible:
            best, fewest = room, d.room_taken[length, room, at]
    return best


@compiled
def _settle(t: Tables, d: Diary, w: Work, h: Chain, i: int) -> bool:
    """Put the i-th course where the search has found; whoever is in the way joins the chain. False: undo all."""
    c = h.course[i]
    d.placed[c] = 0
    for k in range(w.placed[0]):
        j, at = w.out_who[k], w.out_at[k]
        d.who[c, k], d.at[c, k], d.room[c, k] = j, at, t.pin_room[c, k]
        if t.pin_at[c, k] < 0:
            length = length_of(t, c, k)
            for cell in range(at, at + t.need[length]):
                if not _clear(t, d, h, i, d.person_owner[t.who[c, j], cell]):
                    return False
            room = free_room(t, d, c, k, at)
            if room < 0:
                room = _room_to_clear(t, d, h, i, length, at)
                if room < 0:
                    return False
                for cell in range(at, at + t.need[length]):
                    if not _clear(t, d, h, i, d.room_owner[room, cell]):
                        return False
            d.room[c, k] = room
            change(t, d, c, k, 1)
        d.placed[c] = k + 1
    return True


@compiled
def plan_beside(t: Tables, d: Diary, w: Work, c: int, reach: Ints, budget: int) -> int:
    """Return a lifted course's least cost beside all that stands; the plan is left in `w`."""
    return plan_one(t, w, c, reach, d.closed, d.taken, d.rooms_left, NEVER, NEVER, budget)


@compiled
def place_beside(t: Tables, d: Diary, w: Work, c: int, reach: Ints, price: Ints) -> bool:
    """Plan a lifted course beside all that stands and put it there; False if it has no valid plan."""
    cost = plan_one(t, w, c, reach, price, d.taken, d.rooms_left, NEVER, NEVER, NEVER)
    if cost >= NEVER:
        return False
    note(t, d, w, c)
    return True


@compiled
def note(t: Tables, d: Diary, w: Work, c: int) -> None:
    """Put a lifted course where the search has found, in places that are free."""
    for k in range(w.placed[0]):
        d.who[c, k], d.at[c, k] = w.out_who[k], w.out_at[k]
        d.room[c, k] = t.pin_room[c, k] if t.pin_at[c, k] >= 0 else free_room(t, d, c, k, w.out_at[k])
        d.placed[c] = k + 1
        change(t, d, c, k, 1)
    d.placed[c] = w.placed[0]
    d.cost[c] = points_of(t, d, c)


@compiled
def _priced(t: Tables, d: Diary, price: Ints, c: int) -> int:
    """Return what a course's noted plan costs with the prices of its places."""
    total = d.cost[c]
    for k in range(d.placed[c]):
        if t.pin_at[c, k] < 0:
            total += price[length_of(t, c, k), t.who[c, d.who[c, k]], d.at[c, k]]
    return total


@compiled
def _choose_and_push(t: Tables, d: Diary, w: Work, h: Chain, g: Guide, dice: Dice, i: int) -> None:
    """Plan the i-th course where others may stand, each of whom costs something; the plan is left in `w`."""
    c = h.course[i]
    each = (LEAST_PENALTY + draw(dice, PENALTIES)) * t.scale
    budget = min(NEVER, _priced(t, d, g.price, c) + ROOM_TO_ROAM * t.scale)
    leave = draw(dice, max(1, d.placed[c])) if i == 0 else -1
    if leave < 0 or d.placed[c] == 0 or t.pin_at[c, leave] >= 0:
        plan_one(t, w, c, g.priced, g.price, d.taken, d.rooms_left, each, each, budget)
        return
    length, p, at = length_of(t, c, leave), t.who[c, d.who[c, leave]], d.at[c, leave]
    d.taken[length, p, at] += MOST_IN_THE_WAY
    plan_one(t, w, c, g.priced, g.price, d.taken, d.rooms_left, each, each, budget)
    d.taken[length, p, at] -= MOST_IN_THE_WAY


@compiled
def _least_of_rest(h: Chain, least: Longs, i: int) -> int:
    """Return what the courses from the i-th on will pay at least."""
    total = 0
    for m in range(i, h.size[0]):
        total += least[h.course[m]]
    return total


@compiled
def _run(t: Tables, d: Diary, w: Work, h: Chain, g: Guide, dice: Dice, depth: int, allowed: int) -> tuple[int, int]:
    """Let the chain's courses choose in turn; return how many stand, and the difference or NEVER if it went too far."""
    before, after, i = h.cost[0], 0, 0
    while i < h.size[0]:
        c = h.course[i]
        if i < depth:
            _choose_and_push(t, d, w, h, g, dice, i)
        else:
            budget = before + allowed - after - _least_of_rest(h, g.least, i + 1)
            if budget < g.least[c] or plan_beside(t, d, w, c, g.alone, min(budget, NEVER)) > budget:
                return i, NEVER
        known = h.size[0]
        if not _settle(t, d, w, h, i):
            return i + 1, NEVER
        for m in range(known, h.size[0]):
            before += h.cost[m]
        d.cost[c] = points_of(t, d, c)
        after += d.cost[c]
        i += 1
        if after + _least_of_rest(h, g.least, i) > before + allowed:
            return i, NEVER
    return i, after - before


@compiled
def _step(t: Tables, d: Diary, w: Work, h: Chain, g: Guide, dice: Dice, c: int, allowed: int) -> None:
    """Let one course choose, then those in its way; keep it if together they pay at most `allowed` more."""
    h.size[0] = 0
    _join(t, d, h, c)
    depth = 1 + (draw(dice, 100) < SECOND_PUSHES) + (draw(dice, 100) < THIRD_PUSHES)
    stand, difference = _run(t, d, w, h, g, dice, depth, allowed)
    if difference >= NEVER:
        _undo(t, d, h, stand)
    for m in range(h.size[0]):
        h.place_in[h.course[m]] = -1


@compiled
def _regret(t: Tables, d: Diary, g: Guide, c: int) -> int:
    """Return how much more a course pays, prices included, than the least that it could."""
    return _priced(t, d, g.price, c) - g.dearest[c]


@compiled
def search(t: Tables, d: Diary, w: Work, h: Chain, g: Guide, dice: Dice, warmth: float, steps: int) -> None:
    """Make so many steps; one that makes the whole dearer by `x` is kept with a chance of exp(-x / warmth)."""
    courses = d.cost.shape[0]
    for _ in range(steps):
        c = draw(dice, courses)
        mine = _regret(t, d, g, c)
        for _ in range(RIVALS):
            other = draw(dice, courses)
            its = _regret(t, d, g, other)
            if its > mine and draw(dice, 100) < PREFER_WORSE:
                c, mine = other, its
        _step(t, d, w, h, g, dice, c, luck(dice, warmth))
