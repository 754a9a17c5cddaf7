"""Random scheduling problems of any size, the same for the same arguments, for tests and benchmarks.

usage: python -m benchmarks.make_problem --courses 50 --practitioners 3 [--repair] > problem.json
"""

import argparse
import json
import random
import sys
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from planner.scheduling.problem import Course, Current, Gap, Problem, Resource, Session, Weights, Window

GRID = 15
OPENS, CLOSES = 8 * 60, 20 * 60
TWICE_A_WEEK, WEEKLY, FORTNIGHTLY, MONTHLY = Gap(3.5, 2, 5), Gap(7, 5, 9), Gap(14, 11, 17), Gap(28, 23, 35)
ILL_FROM, ILL_TO = 14, 21
LOCKED_UNTIL = 14

Cells = dict[int, set[int]]


@dataclass(frozen=True)
class Wish:
    """What problem to make. `load` is about the share of working time that is booked before any course is placed.

    `repair` books every course greedily, locks the first fortnight and makes the first practitioner ill in the third.
    """

    courses: int = 1
    practitioners: int = 4
    load: float = 0.7
    seed: int = 1
    repair: bool = False
    timezone: str = "Europe/London"
    first_day: date = date(2026, 3, 2)
    days: int = 182
    intake_weeks: int = 8


def make_problem(wish: Wish) -> Problem:
    """Return the problem: hours with lunch and leave, bookings up to the load, patients with habits."""
    rng = random.Random(repr(replace(wish, timezone="")))
    people = [_shifts(rng, wish, number) for number in range(wish.practitioners)]
    rooms = [_always_open(wish) for _ in range(max(1, wish.practitioners - wish.practitioners // 4))]
    for cells in people:
        _book(rng, cells, rooms, wish.load)
    courses = [_course(rng, wish, number) for number in range(wish.courses)]
    if wish.repair:
        courses = _with_current(wish, courses, people, rooms)
        for day in range(ILL_FROM, ILL_TO):
            people[0].pop(day, None)
    return Problem(
        timezone=wish.timezone,
        grid_minutes=GRID,
        first_day=wish.first_day,
        days=wish.days,
        practitioners=tuple(Resource(f"t{n + 1}", _intervals(wish, cells)) for n, cells in enumerate(people)),
        rooms=tuple(Resource(f"r{n + 1}", _intervals(wish, cells)) for n, cells in enumerate(rooms)),
        courses=tuple(courses),
        weights=Weights(practitioner_change=60, unplaced_session=5000),
    )


def _shifts(rng: random.Random, wish: Wish, number: int) -> Cells:
    """Return the working cells of one practitioner: a shift, a break, days off and perhaps a week of leave."""
    start = OPENS + 120 * (number % 3)
    pause = start + 210 + GRID * rng.randint(0, 4)
    weekdays = set(rng.sample(range(5), rng.choice([3, 4, 5, 5])))
    leave = rng.randrange(max(1, wish.days // 7)) if rng.random() < 0.7 else -1
    hours = set(range(start, start + 480, GRID)) - set(range(pause, pause + 45, GRID))
    return {
        day: set(hours)
        for day in range(wish.days)
        if (wish.first_day.weekday() + day) % 7 in weekdays and day // 7 != leave
    }


def _always_open(wish: Wish) -> Cells:
    return {day: set(range(OPENS, CLOSES, GRID)) for day in range(wish.days)}


def _book(rng: random.Random, cells: Cells, rooms: list[Cells], load: float) -> None:
    """Fill a practitioner's days with other people's bookings up to the load."""
    for day, free in cells.items():
        whole = len(free)
        for _ in range(40):
            if len(free) <= (1 - load) * whole:
                break
            start, minutes = rng.randrange(OPENS, CLOSES, GRID), rng.choice([30, 45, 60])
            wanted = set(range(start, start + minutes, GRID))
            room = next((room for room in rooms if wanted <= room[day]), None)
            if room is not None and wanted <= free:
                free -= wanted
                room[day] -= wanted


def _course(rng: random.Random, wish: Wish, number: int) -> Course:
    """Return an acute course that thins out, or a chronic one, of a patient with habits."""
    gaps = rng.choice(
        [
            [TWICE_A_WEEK] * 3 + [WEEKLY] * 2 + [FORTNIGHTLY] * 2 + [MONTHLY] * rng.randint(1, 3),
            [WEEKLY] * rng.randint(5, 9) + [FORTNIGHTLY] * 2,
            [FORTNIGHTLY] * rng.randint(4, 7),
        ]
    )
    earliest = rng.randrange(max(1, min(wish.days, wish.intake_weeks * 7)))
    while len(gaps) > 2 and earliest + 14 + sum(gap.target for gap in gaps) > wish.days - 10:
        gaps = gaps[:-1]
    minutes = rng.choice([30, 45, 60])
    mine = rng.sample(range(wish.practitioners), min(wish.practitioners, rng.randint(2, 4)))
    away_from = wish.first_day + timedelta(days=rng.randrange(wish.days))
    return Course(
        id=f"c{number + 1}",
        earliest_day=wish.first_day + timedelta(days=earliest),
        sessions=(Session(minutes + 30, None), *(Session(minutes, gap) for gap in gaps)),
        practitioners={f"t{n + 1}": 40 * (place > 0) for place, n in enumerate(mine)},
        available=_habits(rng),
        wait_points_per_day=rng.choice([8, 20]),
        away=((away_from, away_from + timedelta(days=7)),) if rng.random() < 0.3 else (),
    )


def _habits(rng: random.Random) -> tuple[Window, ...]:
    begin, end = rng.choice([(OPENS, CLOSES), (OPENS, CLOSES), (OPENS, 13 * 60), (12 * 60, 18 * 60), (16 * 60, CLOSES)])
    liked = set(rng.sample(range(5), 2))
    windows = []
    for weekday in range(6):
        if weekday in liked or rng.random() < 0.8:
            points = 0 if weekday in liked else 15
            windows.append(Window(weekday, begin, end, points + 20))
            windows.append(Window(weekday, begin, begin + 180, points))
    return tuple(windows)


def _with_current(wish: Wish, courses: list[Course], people: list[Cells], rooms: list[Cells]) -> list[Course]:
    """Book each session at the first free start from its target on, without giving the time away for good."""
    people = [{day: set(free) for day, free in cells.items()} for cells in people]
    rooms = [{day: set(free) for day, free in cells.items()} for cells in rooms]
    out = []
    for course in courses:
        day, current = (course.earliest_day - wish.first_day).days, []
        for number, session in enumerate(course.sessions):
            day += max(3, round(session.gap.target)) if session.gap else 0
            found = _greedy(wish, course, session.minutes, day, people, rooms)
            if found is None:
                break
            day, start, who, room = found
            current.append(
                Current(number, f"t{who + 1}", f"r{room + 1}", _wall(wish, day, start), day < LOCKED_UNTIL, 80)
            )
        out.append(replace(course, current=tuple(current)))
    return out


def _greedy(
    wish: Wish, course: Course, minutes: int, first: int, people: list[Cells], rooms: list[Cells]
) -> tuple[int, int, int, int] | None:
    for day in range(first, wish.days):
        today = wish.first_day + timedelta(days=day)
        if any(start <= today < back for start, back in course.away):
            continue
        for window in course.available:
            if window.weekday != today.weekday():
                continue
            for start in range(window.start_minute, window.end_minute - minutes + 1, GRID):
                found = _take(day, start, minutes, course, people, rooms)
                if found:
                    return day, start, *found
    return None


def _take(
    day: int, start: int, minutes: int, course: Course, people: list[Cells], rooms: list[Cells]
) -> tuple[int, int] | None:
    wanted = set(range(start, start + minutes, GRID))
    for name in course.practitioners:
        who = int(name[1:]) - 1
        if wanted <= people[who].get(day, set()):
            for number, room in enumerate(rooms):
                if wanted <= room[day]:
                    people[who][day] -= wanted
                    room[day] -= wanted
                    return who, number
    return None


def _wall(wish: Wish, day: int, minute: int) -> datetime:
    return datetime.combine(wish.first_day + timedelta(days=day), time()) + timedelta(minutes=minute)


def _intervals(wish: Wish, cells: Cells) -> tuple[tuple[datetime, datetime], ...]:
    """Return free cells as intervals, neighbours joined."""
    out: list[tuple[datetime, datetime]] = []
    for day in sorted(cells):
        for start in sorted(cells[day]):
            begin, end = _wall(wish, day, start), _wall(wish, day, start + GRID)
            if out and out[-1][1] == begin:
                out[-1] = (out[-1][0], end)
            else:
                out.append((begin, end))
    return tuple(out)


def main() -> None:
    """Print a problem as JSON."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--courses", type=int, default=1)
    ask.add_argument("--practitioners", type=int, default=4)
    ask.add_argument("--load", type=float, default=0.7)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--repair", action="store_true")
    ask.add_argument("--timezone", default="Europe/London")
    ask.add_argument("--first-day", type=date.fromisoformat, default=date(2026, 3, 2))
    ask.add_argument("--days", type=int, default=182)
    ask.add_argument("--intake-weeks", type=int, default=8)
    json.dump(make_problem(Wish(**vars(ask.parse_args()))).to_json(), sys.stdout)


if __name__ == "__main__":
    main()
