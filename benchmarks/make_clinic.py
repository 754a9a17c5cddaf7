"""Random clinics whose courses compete, as problem files: the instances of the benchmark, the same for the same words.

usage: python -m benchmarks.make_clinic --courses 200 --practitioners 10 [--load 0.7] [--intake-weeks 8] [--seed 1]
                                        [--repair] [--timezone Europe/London] [--first-day 2026-03-02] > problem.json

--load is the share of the working time that is booked once every course is placed (0.7 quiet, 0.9 tight);
--intake-weeks spreads the courses' first days over so many weeks (1: all at once, hardest);
--repair gives every course current appointments, placed greedily, then makes practitioner t1 ill for the
third week: the answer must move as little as it can.
"""

import argparse
import json
import random
from datetime import date, datetime, time, timedelta
from typing import Any

GRID, OPEN, CLOSE = 15, 8 * 60, 20 * 60
TWICE_A_WEEK = {"target": 3.5, "min": 2, "max": 5}
WEEKLY = {"target": 7, "min": 5, "max": 9}
FORTNIGHTLY = {"target": 14, "min": 11, "max": 17}
MONTHLY = {"target": 28, "min": 23, "max": 35}


def course_gaps(rng: random.Random) -> tuple[list[dict[str, Any]], int]:
    """An acute course that tapers, a weekly or a fortnightly chronic one; and its waiting points a day."""
    kind = rng.random()
    if kind < 0.5:
        return [TWICE_A_WEEK] * 3 + [WEEKLY] * 2 + [FORTNIGHTLY] * 2 + [MONTHLY] * rng.randint(1, 3), 20
    if kind < 0.8:
        return [WEEKLY] * rng.randint(7, 11) + [FORTNIGHTLY] * 2 + [MONTHLY] * rng.randint(0, 2), 8
    return [FORTNIGHTLY] * rng.randint(4, 8), 8


class Diary:
    """Free grid cells of one practitioner or room, by day number."""

    def __init__(self) -> None:
        self.free: dict[int, set[int]] = {}

    def open(self, day: int, start: int, end: int) -> None:
        self.free.setdefault(day, set()).update(range(start, end, GRID))

    def fits(self, day: int, start: int, minutes: int) -> bool:
        cells = self.free.get(day, ())
        return all(cell in cells for cell in range(start, start + minutes, GRID))

    def take(self, day: int, start: int, minutes: int) -> None:
        self.free[day] -= set(range(start, start + minutes, GRID))

    def intervals(self, first: date) -> list[list[str]]:
        out = []
        for day in sorted(self.free):
            cells = sorted(self.free[day])
            while cells:
                start = end = cells[0]
                while cells and cells[0] == end:
                    end = cells.pop(0) + GRID
                out.append([stamp(first, day, start), stamp(first, day, end)])
        return out


def meeting_minutes(people: list[Diary], mine: list[int], begin: int, end: int, days: int) -> int:
    """Minutes over the horizon in which one of these practitioners works while the patient can come."""
    return GRID * sum(
        sum(begin <= cell < end for cell in people[p].free.get(day, ())) for p in mine for day in range(days)
    )


def stamp(first: date, day: int, minute: int) -> str:
    return (datetime.combine(first, time()) + timedelta(days=day, minutes=minute)).isoformat(timespec="minutes")


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def make(courses: int, practitioners: int, seed: int, **others: object) -> dict[str, Any]:
    """Return the problem of these arguments, the others as on the command line."""
    usual = {"load": 0.7, "intake_weeks": 8, "days": 182, "repair": False, "timezone": "Europe/London"}
    given = {"courses": courses, "practitioners": practitioners, "seed": seed, "first_day": "2026-03-02"}
    return problem_of(argparse.Namespace(**{**usual, **given, **others}))


def problem_of(args: argparse.Namespace) -> dict[str, Any]:
    """Return the problem as the file has it."""
    rng = random.Random(
        f"{args.seed}/{args.courses}/{args.practitioners}/{args.load}/{args.intake_weeks}/{args.repair}"
    )
    first, days = date.fromisoformat(args.first_day), args.days
    closed = set(rng.sample([d for d in range(days) if (first + timedelta(d)).weekday() < 5], max(1, days // 30)))
    people = [Diary() for _ in range(args.practitioners)]
    for number, diary in enumerate(people):
        start = OPEN + 120 * (number % 3)  # early, middle and late shifts
        weekdays = set(rng.sample(range(5), rng.choices([5, 4, 3], [60, 25, 15])[0])) | (
            {5} if rng.random() < 0.2 else set()
        )
        lunch, pause = start + 210 + GRID * rng.randint(0, 4), rng.choice([30, 60])
        leave = {week for week in (rng.randrange(days // 7) for _ in range(2)) if rng.random() < 0.75}
        for day in range(days):
            if (first + timedelta(day)).weekday() in weekdays and day not in closed and day // 7 not in leave:
                diary.open(day, start, lunch)
                diary.open(day, lunch + pause, start + 480)
    rooms = [Diary() for _ in range(max(1, -(-args.practitioners * 4 // 5)))]
    for diary in rooms:
        for day in range(days):
            diary.open(day, OPEN, CLOSE)

    courses, demand = [], [0.0] * (days // 7 + 1)
    for number in range(args.courses):
        gaps, waiting = course_gaps(rng)
        earliest = rng.randrange(max(1, args.intake_weeks * 7))
        while earliest + 14 + sum(g["target"] for g in gaps) > days - 10 and len(gaps) > 2:
            gaps.pop()
        minutes, when = rng.choices([30, 45, 60], [30, 40, 30])[0], float(earliest + 2)
        sessions = [{"minutes": 60 if minutes < 60 else 75, "gap": None}] + [
            {"minutes": minutes, "gap": g} for g in gaps
        ]
        for session in sessions:
            when += session["gap"]["target"] if session["gap"] else 0
            demand[int(when) // 7] += session["minutes"]
        mine = rng.sample(range(args.practitioners), min(args.practitioners, rng.randint(2, 4)))
        liked = set(rng.sample(range(5), 2))
        begin, end = OPEN, CLOSE
        for _ in range(20):  # a patient who can never meet these practitioners goes elsewhere
            begin, end = rng.choices(
                [(OPEN, CLOSE), (OPEN, 13 * 60), (12 * 60, 18 * 60), (16 * 60, CLOSE)], [40, 20, 20, 20]
            )[0]
            if meeting_minutes(people, mine, begin, end, days) >= 10 * 60 * days // 7:
                break
        middle, early = (begin + end) // 2 // GRID * GRID, rng.random() < 0.5
        available = []
        for weekday in range(6):
            if weekday in liked or rng.random() < 0.8:
                day_points = 0 if weekday in liked else 15
                available.append(
                    {"weekday": weekday, "from": clock(begin), "to": clock(end), "points": day_points + 20}
                )
                half = (begin, middle) if early else (middle, end)
                available.append(
                    {"weekday": weekday, "from": clock(half[0]), "to": clock(half[1]), "points": day_points}
                )
        away = []
        if rng.random() < 0.3:
            week = rng.randrange(days // 7)
            away = [[(first + timedelta(7 * week)).isoformat(), (first + timedelta(7 * week + 7)).isoformat()]]
        courses.append(
            {
                "id": f"c{number + 1}",
                "earliest_day": (first + timedelta(earliest)).isoformat(),
                "previous_start": None,
                "min_gap_hours": 48,
                "wait_points_per_day": waiting,
                "practitioners": {f"t{p + 1}": 0 if n == 0 else 40 for n, p in enumerate(mine)},
                "available": available,
                "away": away,
                "sessions": sessions,
                "current": [],
            }
        )

    capacity = [0] * (days // 7 + 1)
    for diary in people:
        for day, cells in diary.free.items():
            capacity[day // 7] += GRID * len(cells)
    for diary in people:
        for day in sorted(diary.free):
            week, whole = day // 7, len(diary.free[day])
            share = min(0.85, max(0.05, args.load - demand[week] / max(1, capacity[week])))
            for _ in range(60):
                if whole - len(diary.free[day]) >= share * whole:
                    break
                minutes, start = rng.choice([30, 45, 60]), rng.randrange(OPEN, CLOSE, GRID)
                room = next((r for r in rooms if r.fits(day, start, minutes)), None)
                if room and diary.fits(day, start, minutes):
                    diary.take(day, start, minutes)
                    room.take(day, start, minutes)

    problem = {
        "format": "course-scheduling-problem/1",
        "timezone": args.timezone,
        "grid_minutes": GRID,
        "first_day": args.first_day,
        "days": days,
        "practitioners": [],
        "rooms": [],
        "courses": courses,
        "weights": {"practitioner_change": 60, "unplaced_session": 5000},
    }
    if args.repair:
        make_current(problem, people, rooms, first)
    problem["practitioners"] = [{"id": f"t{n + 1}", "free": d.intervals(first)} for n, d in enumerate(people)]
    problem["rooms"] = [{"id": f"r{n + 1}", "free": d.intervals(first)} for n, d in enumerate(rooms)]
    return problem


def make_current(problem: dict[str, Any], people: list[Diary], rooms: list[Diary], first: date) -> None:
    """Book every course greedily near its targets; the first fortnight is locked; then t1 is ill in week 3."""
    taken: list[tuple[Diary, int, int, int]] = []

    def take(diary: Diary, day: int, start: int, minutes: int) -> None:
        diary.take(day, start, minutes)
        taken.append((diary, day, start, minutes))

    for course in problem["courses"]:
        day = (date.fromisoformat(course["earliest_day"]) - first).days
        before = None
        for number, session in enumerate(course["sessions"]):
            gap = session["gap"]
            want = day if gap is None else before + round(gap["target"])
            low = day if gap is None else before + max(3, gap["min"])
            found = None
            for offset in sorted(range(-30, 60), key=lambda o: (abs(o), o)):
                here = want + offset
                if here < low or here >= problem["days"]:
                    continue
                found = greedy_slot(course, session["minutes"], here, people, rooms, first)
                if found:
                    break
            if not found:
                break
            person, room, start = found
            before = here
            take(people[person], here, start, session["minutes"])
            take(rooms[room], here, start, session["minutes"])
            course["current"].append(
                {
                    "session": number,
                    "practitioner": f"t{person + 1}",
                    "room": f"r{room + 1}",
                    "start": stamp(first, here, start),
                    "locked": here < 14,
                    "move_points": 160 if here < 28 else 80,
                }
            )
    for diary, day, start, minutes in taken:
        diary.open(day, start, start + minutes)
    for day in range(14, 21):
        people[0].free.pop(day, None)


def greedy_slot(
    course: dict[str, Any], minutes: int, day: int, people: list[Diary], rooms: list[Diary], first: date
) -> tuple[int, int, int] | None:
    today = first + timedelta(day)
    if any(date.fromisoformat(a) <= today < date.fromisoformat(b) for a, b in course["away"]):
        return None
    for name in course["practitioners"]:
        person = int(name[1:]) - 1
        for start in range(OPEN, CLOSE - minutes + 1, GRID):
            inside = any(
                w["weekday"] == today.weekday() and w["from"] <= clock(start) and clock(start + minutes) <= w["to"]
                for w in course["available"]
            )
            if inside and people[person].fits(day, start, minutes):
                room = next((n for n, r in enumerate(rooms) if r.fits(day, start, minutes)), None)
                if room is not None:
                    return person, room, start
    return None


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--courses", type=int, required=True)
    ask.add_argument("--practitioners", type=int, required=True)
    ask.add_argument("--load", type=float, default=0.7)
    ask.add_argument("--intake-weeks", type=int, default=8)
    ask.add_argument("--days", type=int, default=182)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--repair", action="store_true")
    ask.add_argument("--timezone", default="Europe/London")
    ask.add_argument("--first-day", default="2026-03-02")
    print(json.dumps(problem_of(ask.parse_args())))


if __name__ == "__main__":
    main()
