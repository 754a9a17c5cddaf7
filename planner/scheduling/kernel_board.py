"""The diary of the compiled search: who stands where, put and lifted course by course."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from planner.scheduling.compiled import compiled
from planner.scheduling.tables import NEVER, Ints, Small, Tables

ROOM_LOOK = 6
"""So many cells on each side decide how snugly a session fits a room's free time."""


Shorts = npt.NDArray[np.int16]
# The search waits for memory more than for anything else, so its largest arrays have small elements.
BLOCKED = 64


class Diary(NamedTuple):
    """Where every course stands. Locked sessions are not in here: the tables have closed their time to all."""

    closed: Ints  # (lengths, people, cells) 0 where a start is possible with some room, else NEVER
    taken: Small  # (lengths, people, cells) how many appointments a start there would meet, BLOCKED more where closed
    rooms_left: Shorts  # (lengths, cells) in how many rooms a start is possible now
    room_taken: Small  # (lengths, rooms, cells) as `taken`
    person_owner: Ints  # (people, cells) course, -1 for nobody
    room_owner: Ints  # (rooms, cells)
    placed: Ints  # (courses,) how many sessions have a place
    who: Ints  # (courses, sessions) position in the course's practitioners
    at: Ints  # (courses, sessions) linear cell
    room: Ints  # (courses, sessions)
    cost: npt.NDArray[np.int64]  # (courses,)


def empty_diary(t: Tables) -> Diary:
    """Return a diary in which nothing stands but what is locked."""
    _, people, size = t.closed.shape
    rooms, (courses, sessions) = t.room_open.shape[1], t.kind.shape
    left = t.room_open.sum(axis=1, dtype=np.int16)
    closed = np.where(left[:, None, :] > 0, t.closed, np.int32(NEVER))

    def whole(*shape: int, fill: int = 0) -> Ints:
        return np.full(shape, fill, dtype=np.int32)

    taken = np.where(closed > 0, BLOCKED, 0).astype(np.int8)
    room_taken = np.where(t.room_open > 0, 0, BLOCKED).astype(np.int8)
    return Diary(
        closed, taken, left, room_taken, whole(people, size, fill=-1), whole(rooms, size, fill=-1), whole(courses),
        whole(courses, sessions), whole(courses, sessions), whole(courses, sessions), np.zeros(courses, dtype=np.int64),
    )  # fmt: skip


@compiled
def length_of(t: Tables, c: int, k: int) -> int:
    """Return which of the problem's session lengths this one has."""
    return t.kind_length[c, t.kind[c, k]]


@compiled
def change(t: Tables, d: Diary, c: int, k: int, sign: int) -> None:
    """Occupy (sign 1) or free (sign -1) the place of one session."""
    if t.pin_at[c, k] >= 0:
        return
    p, at, room = t.who[c, d.who[c, k]], d.at[c, k], d.room[c, k]
    end, owner = at + t.need[length_of(t, c, k)], c if sign > 0 else -1
    for cell in range(at, end):
        d.person_owner[p, cell] = owner
        d.room_owner[room, cell] = owner
    for length in range(t.need.shape[0]):
        for start in range(max(0, at - t.need[length] + 1), end):
            d.taken[length, p, start] += sign
            before = d.room_taken[length, room, start]
            d.room_taken[length, room, start] = before + sign
            if before == (0 if sign > 0 else 1):
                d.rooms_left[length, start] -= sign


@compiled
def lift(t: Tables, d: Diary, c: int) -> None:
    """Take a course off the diary; its plan stays noted."""
    for k in range(d.placed[c]):
        change(t, d, c, k, -1)


@compiled
def put(t: Tables, d: Diary, c: int) -> None:
    """Put a lifted course where its noted plan says."""
    for k in range(d.placed[c]):
        change(t, d, c, k, 1)


@compiled
def stay(t: Tables, d: Diary, c: int) -> bool:
    """Leave a lifted course where it stands now, if all of its sessions do and that is still allowed and free."""
    legal, k = True, 0
    while legal and k < t.sessions[c]:
        pinned = t.pin_at[c, k] >= 0
        at = t.pin_at[c, k] if pinned else t.now_at[c, k]
        if at < 0:
            return False
        j, room = (t.pin_who[c, k], t.pin_room[c, k]) if pinned else (t.now_who[c, k], t.now_room[c, k])
        length, day = length_of(t, c, k), at // t.cells
        d.who[c, k], d.at[c, k], d.room[c, k] = j, at, room
        legal = t.open_day[c, day] > 0 and t.week[c, t.kind[c, k], t.weekday[day], at - day * t.cells] < NEVER
        if not pinned:
            legal = legal and d.taken[length, t.who[c, j], at] == 0 and d.room_taken[length, room, at] == 0
        if k == 0:
            legal = legal and t.first_cost[c, day] < NEVER and at >= t.first_from[c]
        else:
            before, length = d.at[c, k - 1], length_of(t, c, k - 1)
            legal = legal and at >= max(t.soon[t.rest[c], before], before + t.need[length])
            legal = legal and day >= before // t.cells + t.gap_low[t.gap[c, k]]
        k += 1
    if legal:
        d.placed[c] = t.sessions[c]
        put(t, d, c)
        d.cost[c] = points_of(t, d, c)
    return legal


@compiled
def points_of(t: Tables, d: Diary, c: int) -> int:
    """Return what a course's noted plan costs, in parts of a point."""
    n = d.placed[c]
    total = t.drop[c, n]
    for k in range(n):
        at, j = d.at[c, k], d.who[c, k]
        day = at // t.cells
        total += t.week[c, t.kind[c, k], t.weekday[day], at - day * t.cells] + t.own[c, j]
        if k == 0:
            total += t.first_cost[c, day]
        else:
            total += t.gap_cost[t.gap[c, k], day - d.at[c, k - 1] // t.cells]
            total += t.change if d.who[c, k - 1] != j else 0
        if t.now_at[c, k] != at or t.now_who[c, k] != j:
            total += t.move[c, k]
    return total


@compiled
def free_room(t: Tables, d: Diary, c: int, k: int, at: int) -> int:
    """Return the free room whose free time a session fits most snugly, the present one first; -1 if none is free."""
    length = length_of(t, c, k)
    now = t.now_room[c, k]
    if now >= 0 and t.now_at[c, k] == at and d.room_taken[length, now, at] == 0:
        return now
    best, tightest, end = -1, 1 << 20, at + t.need[length]
    day_start, day_end = at // t.cells * t.cells, (at // t.cells + 1) * t.cells
    for room in range(t.room_open.shape[1]):
        if d.room_taken[length, room, at]:
            continue
        slack = 0
        cell = at - 1
        while cell >= max(day_start, at - ROOM_LOOK) and t.room_open[0, room, cell] and d.room_owner[room, cell] < 0:
            slack += 1
            cell -= 1
        cell = end
        while cell < min(day_end, end + ROOM_LOOK) and t.room_open[0, room, cell] and d.room_owner[room, cell] < 0:
            slack += 1
            cell += 1
        if slack < tightest:
            best, tightest = room, slack
    return best
