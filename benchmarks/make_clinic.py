"""Random clinics whose courses compete, as problem files: the instances of tests and benchmarks, the same each time.

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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from planner.scheduling.problem import Problem

GRID, OPEN, CLOSE = 15, 8 * 60, 20 * 60
TWICE_A_WEEK = {"target": 3.5, "min": 2, "max": 5}
WEEKLY = {"target": 7, "min": 5, "max": 9}
FORTNIGHTLY = {"target": 14, "min": 11, "max": 17}
MONTHLY = {"target": 28, "min": 23, "max": 35}
ILL = range(14, 21)
LOCKED_DAYS, NEAR_DAYS = 14, 28


@dataclass(frozen=True)
class Wish:
    """Which instance to make; see the usage above."""

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
    """Return the instance as the planner has it."""
    return Problem.from_json(make(wish))


def make(wish: Wish) -> dict[str, Any]:
    """Return the instance as its file has it."""
    # These words are the instance's name: any change of them changes every instance.
    name = (wish.seed, wish.courses, wish.practitioners, wish.load, wish.intake_weeks, wish.repair)
    rng = random.Random("/".join(map(str, name)))
    people = _people(rng, wish)
    rooms = [
        Diary({day: bits(OPEN, CLOSE) for day in range(wish.days)}) for _ in range(-(-wish.practitioners * 4 // 5))
    ]
    demand: Counter[int] = Counter()
    patients = _Patients(rng, wish, people, demand)
    courses = [patients.course(number) for number in range(wish.courses)]
    _book_others(rng, wish.load, people, rooms, demand)
    if wish.repair:
        _make_current(courses, people, rooms, wish)
    return {
        "format": "course-scheduling-problem/1",
        "timezone": wish.timezone,
        "grid_minutes": GRID,
        "first_day": wish.first_day.isoformat(),
        "days": wish.days,
        "practitioners": [{"id": f"t{n + 1}", "free": d.intervals(wish.first_day)} for n, d in enumerate(people)],
        "rooms": [{"id": f"r{n + 1}", "free": d.intervals(wish.first_day)} for n, d in enumerate(rooms)],
        "courses": courses,
        "weights": {"practitioner_change": 60, "unplaced_session": 5000},
    }


def bits(start: int, end: int) -> int:
    """Return the grid cells from one minute of the day to another as bits."""
    return (1 << end // GRID) - (1 << start // GRID)


@dataclass
class Diary:
    """Free grid cells of one practitioner or room as bits, by day number."""

    free: dict[int, int] = field(default_factory=dict)

    def open(self, day: int, start: int, end: int) -> None:
        """Free this time."""
        self.free[day] = self.free.get(day, 0) | bits(start, end)

    def fits(self, day: int, start: int, minutes: int) -> bool:
        """Say whether all of this time is free."""
        wanted = bits(start, start + minutes)
        return self.free.get(day, 0) & wanted == wanted

    def take(self, day: int, start: int, minutes: int) -> None:
        """Occupy this time."""
        self.free[day] &= ~bits(start, start + minutes)

    def minutes(self, day: int, begin: int = 0, end: int = 24 * 60) -> int:
        """Return how many minutes between these two are free."""
        return GRID * (self.free.get(day, 0) & bits(begin, end)).bit_count()

    def intervals(self, first: date) -> list[list[str]]:
        """Return the free time as the file has it, neighbours joined."""
        return [
            [stamp(first, day, start), stamp(first, day, end)]
            for day in sorted(self.free)
            for start, end in self._spans(day)
        ]

    def _spans(self, day: int) -> Iterator[tuple[int, int]]:
        cells, cell = self.free[day], 0
        while cells >> cell:
            start = cell + (cells >> cell & -(cells >> cell)).bit_length() - 1
            cell = start + (~(cells >> start) & (cells >> start) + 1).bit_length() - 1
            yield start * GRID, cell * GRID


def stamp(first: date, day: int, minute: int) -> str:
    """Return a wall-clock time so many days after the first as the file has it."""
    return (datetime.combine(first, time()) + timedelta(days=day, minutes=minute)).isoformat(timespec="minutes")


def clock(minute: int) -> str:
    """Return a minute of the day as the file has it."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _people(rng: random.Random, wish: Wish) -> list[Diary]:
    """Return the working hours: early, middle and late shifts, lunch, days off, closed days and leave."""
    weekday = [(wish.first_day + timedelta(day)).weekday() for day in range(wish.days)]
    closed = set(rng.sample([day for day in range(wish.days) if weekday[day] < 5], max(1, wish.days // 30)))
    people = []
    for number in range(wish.practitioners):
        start, diary = OPEN + 120 * (number % 3), Diary()
        works = set(rng.sample(range(5), rng.choices([5, 4, 3], [60, 25, 15])[0]))
        works |= {5} if rng.random() < 0.2 else set()
        lunch, pause = start + 210 + GRID * rng.randint(0, 4), rng.choice([30, 60])
        leave = {week for week in (rng.randrange(wish.days // 7) for _ in range(2)) if rng.random() < 0.75}
        for day in range(wish.days):
            if weekday[day] in works and day not in closed and day // 7 not in leave:
                diary.open(day, start, lunch)
                diary.open(day, lunch + pause, start + 480)
        people.append(diary)
    return people


@dataclass
class _Patients:
    """Makes courses, and counts the minutes that they will ask for in each week."""

    rng: random.Random
    wish: Wish
    people: list[Diary]
    demand: Counter[int]
    _meeting: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def course(self, number: int) -> dict[str, Any]:
        """Return one course as the file has it."""
        rng, wish = self.rng, self.wish
        gaps, waiting = self._gaps()
        earliest = rng.randrange(max(1, wish.intake_weeks * 7))
        while earliest + 14 + sum(gap["target"] for gap in gaps) > wish.days - 10 and len(gaps) > 2:
            gaps.pop()
        minutes = rng.choices([30, 45, 60], [30, 40, 30])[0]
        sessions = [
            {"minutes": 60 if minutes < 60 else 75, "gap": None},
            *({"minutes": minutes, "gap": gap} for gap in gaps),
        ]
        self._count(sessions, earliest)
        mine = rng.sample(range(wish.practitioners), min(wish.practitioners, rng.randint(2, 4)))
        return {
            "id": f"c{number + 1}",
            "earliest_day": (wish.first_day + timedelta(earliest)).isoformat(),
            "previous_start": None,
            "min_gap_hours": 48,
            "wait_points_per_day": waiting,
            "practitioners": {f"t{who + 1}": 0 if place == 0 else 40 for place, who in enumerate(mine)},
            "available": self._available(mine),
            "away": self._away(),
            "sessions": sessions,
            "current": [],
        }

    def _gaps(self) -> tuple[list[dict[str, Any]], int]:
        """Return an acute course that tapers, a weekly or a fortnightly chronic one; and its waiting points a day."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.5:
            return [TWICE_A_WEEK] * 3 + [WEEKLY] * 2 + [FORTNIGHTLY] * 2 + [MONTHLY] * rng.randint(1, 3), 20
        if kind < 0.8:
            return [WEEKLY] * rng.randint(7, 11) + [FORTNIGHTLY] * 2 + [MONTHLY] * rng.randint(0, 2), 8
        return [FORTNIGHTLY] * rng.randint(4, 8), 8

    def _count(self, sessions: list[dict[str, Any]], earliest: int) -> None:
        when = float(earliest + 2)
        for session in sessions:
            when += session["gap"]["target"] if session["gap"] else 0
            self.demand[int(when) // 7] += session["minutes"]

    def _available(self, mine: list[int]) -> list[dict[str, Any]]:
        """Return when a patient can come: part of the day, two weekdays liked best, one half of the day better."""
        rng = self.rng
        liked = set(rng.sample(range(5), 2))
        begin, end = self._part_of_day(mine)
        middle, early = (begin + end) // 2 // GRID * GRID, rng.random() < 0.5
        half = (begin, middle) if early else (middle, end)
        out = []
        for weekday in range(6):
            if weekday in liked or rng.random() < 0.8:
                points = 0 if weekday in liked else 15
                for (start, stop), more in (((begin, end), 20), (half, 0)):
                    out.append({"weekday": weekday, "from": clock(start), "to": clock(stop), "points": points + more})
        return out

    def _part_of_day(self, mine: list[int]) -> tuple[int, int]:
        """Return when the patient can come; one who can never meet these practitioners goes elsewhere."""
        parts = [(OPEN, CLOSE), (OPEN, 13 * 60), (12 * 60, 18 * 60), (16 * 60, CLOSE)]
        part = OPEN, CLOSE
        for _ in range(20):
            part = self.rng.choices(parts, [40, 20, 20, 20])[0]
            if sum(self._minutes(who, *part) for who in mine) >= 10 * 60 * self.wish.days // 7:
                break
        return part

    def _minutes(self, who: int, begin: int, end: int) -> int:
        """Return how long a practitioner works in that part of the day over the horizon."""
        if (who, begin, end) not in self._meeting:
            diary = self.people[who]
            self._meeting[who, begin, end] = sum(diary.minutes(day, begin, end) for day in diary.free)
        return self._meeting[who, begin, end]

    def _away(self) -> list[list[str]]:
        if self.rng.random() >= 0.3:
            return []
        monday = self.wish.first_day + timedelta(7 * self.rng.randrange(self.wish.days // 7))
        return [[monday.isoformat(), (monday + timedelta(7)).isoformat()]]


def _book_others(
    rng: random.Random, load: float, people: list[Diary], rooms: list[Diary], demand: Counter[int]
) -> None:
    """Fill the diaries with other people's bookings, so that the load is reached once the courses are placed."""
    capacity: Counter[int] = Counter()
    for diary in people:
        for day in diary.free:
            capacity[day // 7] += diary.minutes(day)
    for diary in people:
        for day in sorted(diary.free):
            whole = diary.minutes(day)
            share = min(0.85, max(0.05, load - demand[day // 7] / max(1, capacity[day // 7])))
            for _ in range(60):
                if whole - diary.minutes(day) >= share * whole:
                    break
                minutes, start = rng.choice([30, 45, 60]), rng.randrange(OPEN, CLOSE, GRID)
                room = next((room for room in rooms if room.fits(day, start, minutes)), None)
                if room and diary.fits(day, start, minutes):
                    diary.take(day, start, minutes)
                    room.take(day, start, minutes)


def _make_current(courses: list[dict[str, Any]], people: list[Diary], rooms: list[Diary], wish: Wish) -> None:
    """Book every course greedily near its targets; the first fortnight is locked; then t1 is ill in week 3."""
    taken: list[tuple[Diary, int, int, int]] = []
    for course in courses:
        earliest = (date.fromisoformat(course["earliest_day"]) - wish.first_day).days
        before = None
        for number, session in enumerate(course["sessions"]):
            gap = session["gap"]
            want = earliest if before is None else before + round(gap["target"])
            low = earliest if before is None else before + max(3, gap["min"])
            found = _near(course, session["minutes"], want, low, people, rooms, wish)
            if found is None:
                break
            before, who, room, start = found
            for diary in (people[who], rooms[room]):
                diary.take(before, start, session["minutes"])
                taken.append((diary, before, start, session["minutes"]))
            course["current"].append(
                {
                    "session": number,
                    "practitioner": f"t{who + 1}",
                    "room": f"r{room + 1}",
                    "start": stamp(wish.first_day, before, start),
                    "locked": before < LOCKED_DAYS,
                    "move_points": 160 if before < NEAR_DAYS else 80,
                }
            )
    for diary, day, start, minutes in taken:
        diary.open(day, start, start + minutes)
    for day in ILL:
        people[0].free.pop(day, None)


def _near(
    course: dict[str, Any], minutes: int, want: int, low: int, people: list[Diary], rooms: list[Diary], wish: Wish
) -> tuple[int, int, int, int] | None:
    """Return day, practitioner, room and start of the free slot nearest to the day that is wanted."""
    for away in sorted(range(-30, 60), key=lambda away: (abs(away), away)):
        if low <= want + away < wish.days:
            found = _on_day(course, minutes, want + away, people, rooms, wish.first_day)
            if found:
                return want + away, *found
    return None


def _on_day(
    course: dict[str, Any], minutes: int, day: int, people: list[Diary], rooms: list[Diary], first: date
) -> tuple[int, int, int] | None:
    today = first + timedelta(day)
    if any(date.fromisoformat(start) <= today < date.fromisoformat(back) for start, back in course["away"]):
        return None
    windows = [(each["from"], each["to"]) for each in course["available"] if each["weekday"] == today.weekday()]
    starts = [
        start
        for start in range(OPEN, CLOSE - minutes + 1, GRID)
        if any(begin <= clock(start) and clock(start + minutes) <= end for begin, end in windows)
    ]
    for name in course["practitioners"]:
        who = int(name[1:]) - 1
        for start in starts:
            if people[who].fits(day, start, minutes):
                room = next((number for number, each in enumerate(rooms) if each.fits(day, start, minutes)), None)
                if room is not None:
                    return who, room, start
    return None


def wish_of(words: list[str] | None = None) -> Wish:
    """Read the command line."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--courses", type=int, required=True)
    ask.add_argument("--practitioners", type=int, required=True)
    ask.add_argument("--load", type=float, default=Wish.load)
    ask.add_argument("--intake-weeks", type=int, default=Wish.intake_weeks)
    ask.add_argument("--days", type=int, default=Wish.days)
    ask.add_argument("--seed", type=int, default=Wish.seed)
    ask.add_argument("--repair", action="store_true")
    ask.add_argument("--timezone", default=Wish.timezone)
    ask.add_argument("--first-day", type=date.fromisoformat, default=Wish.first_day)
    return Wish(**vars(ask.parse_args(words)))


if __name__ == "__main__":
    print(json.dumps(make(wish_of())))
