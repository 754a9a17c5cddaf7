"""Small problems for the tests, and a brute force that tries every answer to one course."""

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from planner.scheduling.problem import Course, Current, Gap, Placed, Problem, Resource, Session, Weights, Window

MONDAY = date(2026, 3, 2)
WEEKLY = Gap(7, 5, 9)
ALL_WEEK = tuple(Window(weekday, 8 * 60, 18 * 60, 0) for weekday in range(7))


def at(day: int, clock: str, first: date = MONDAY) -> datetime:
    """The wall-clock time on the day-th day after the first."""
    return datetime.fromisoformat(f"{first + timedelta(days=day)}T{clock}")


def open_days(days: int, start: str = "09:00", end: str = "12:00", first: date = MONDAY) -> tuple:
    """Free from start to end on every day."""
    return tuple((at(day, start, first), at(day, end, first)) for day in range(days))


def course(**changes: object) -> Course:
    """Two weekly sessions of half an hour for Ana, whenever she likes."""
    usual = {
        "id": "ana",
        "earliest_day": MONDAY,
        "sessions": (Session(30, None), Session(30, WEEKLY)),
        "practitioners": {"ben": 0},
        "available": ALL_WEEK,
        "wait_points_per_day": 20,
    }
    return Course(**{**usual, **changes})


def problem(*courses: Course, **changes: object) -> Problem:
    """Four weeks of mornings with Ben and Eve in one room."""
    days = changes.get("days", 28)
    first = changes.get("first_day", MONDAY)
    usual = {
        "timezone": "Europe/London",
        "grid_minutes": 30,
        "first_day": first,
        "days": days,
        "practitioners": (
            Resource("ben", open_days(days, first=first), "Ben"),
            Resource("eve", open_days(days, first=first), "Eve"),
        ),
        "rooms": (Resource("room", open_days(days, first=first)),),
        "courses": courses or (course(),),
        "weights": Weights(practitioner_change=60, unplaced_session=5000),
    }
    return Problem(**{**usual, **changes})


# Both clocks' changes, a place whose clocks never change, and one whose clocks change by half an hour.
ZONES = (
    ("Europe/London", date(2026, 3, 27)),
    ("Europe/London", date(2026, 10, 23)),
    ("America/New_York", date(2026, 3, 6)),
    ("Asia/Tokyo", date(2026, 5, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 3)),
)


def odd_problem(seed: int) -> Problem:
    """A tiny problem with everything the format knows, mostly at night across a clock change."""
    rng = random.Random(seed)
    timezone, first = rng.choice(ZONES)
    days, grid = rng.randint(4, 8), rng.choice([30, 60, 60])
    people = tuple(Resource(name, _random_free(rng, days, first, grid)) for name in ("ben", "eve"))
    rooms = tuple(Resource(f"r{n}", _random_free(rng, days, first, grid)) for n in range(rng.choice([1, 2, 2])))
    count = rng.randint(1, 3)
    previous = at(-rng.randint(0, 3), rng.choice(["00:30", "03:00"]), first) if rng.random() < 0.4 else None
    first_gap = _random_gap(rng) if previous and rng.random() < 0.6 else None
    sessions = [Session(rng.choice([30, 60, 50]), first_gap)]
    sessions += [Session(rng.choice([30, 60]), _random_gap(rng)) for _ in range(count - 1)]
    mine = Course(
        id="ana",
        earliest_day=first + timedelta(days=rng.randint(-1, 1)),
        sessions=tuple(sessions),
        practitioners={"ben": 0, "eve": rng.choice([0, 40])} if rng.random() < 0.8 else {"eve": 10},
        available=_random_windows(rng, grid),
        min_gap_hours=rng.choice([0, 1, 24, 47.5, 48, 48, 48, 60, 72]),
        wait_points_per_day=rng.choice([0, 20]),
        previous_start=previous,
        away=((first + timedelta(days=1), first + timedelta(days=2)),) if rng.random() < 0.3 else (),
        current=_random_current(rng, count, days, first, grid, len(rooms)),
    )
    weights = Weights(rng.choice([0, 60]), rng.choice([0, 90, 400, 5000, 5000]))
    case = Problem(timezone, grid, first, days, people, rooms, (mine,), weights)
    return _with_locked(rng, case) if rng.random() < 0.4 else case


def _with_locked(rng: random.Random, case: Problem) -> Problem:
    """Lock one session where it may be by itself; the others may or may not find places around it."""
    mine = case.courses[0]
    number = rng.randrange(len(mine.sessions))
    places = _places(case, mine, number)
    if not places:
        return case
    here = rng.choice(places)
    locked = Current(number, here.practitioner, here.room, here.start, True, 0)
    others = tuple(now for now in mine.current if now.session != number)
    return replace(case, courses=(replace(mine, current=(*others, locked)),))


def _random_free(rng: random.Random, days: int, first: date, grid: int) -> tuple:
    """Free from midnight to four on most days, cut in two on some."""
    out = []
    for day in range(days):
        begin, end = at(day, "00:00", first), at(day, "04:00", first)
        cut = begin + timedelta(minutes=rng.randrange(grid, 240, grid))
        shapes = [[(begin, end)], [(begin, cut), (cut, end)], [(begin, cut)], [(cut, end)], []]
        out += rng.choices(shapes, [3, 2, 1, 1, 1])[0]
    return tuple(out)


def _random_gap(rng: random.Random) -> Gap:
    least = rng.randint(0, 2)
    most = least + rng.randint(0, 2)
    return Gap(rng.choice([least, most, (least + most) / 2]), least, most)


def _random_windows(rng: random.Random, grid: int) -> tuple[Window, ...]:
    out = []
    for weekday in range(7):
        for _ in range(rng.choice([0, 1, 1, 2])):
            start = rng.randrange(0, 180, grid)
            out.append(Window(weekday, start, start + rng.choice([60, 120, 180]), rng.choice([0, 15])))
    return tuple(out)


def _random_current(
    rng: random.Random, count: int, days: int, first: date, grid: int, rooms: int
) -> tuple[Current, ...]:
    out = []
    for number in range(count):
        if rng.random() < 0.3:
            minute = rng.randrange(0, 240, grid)
            day = min(days - 1, 2 * number + rng.randint(0, 2))
            start = at(day, f"{minute // 60:02d}:{minute % 60:02d}", first)
            locked = rng.random() < 0.1
            room = f"r{rng.randrange(rooms)}"
            out.append(Current(number, rng.choice(["ben", "eve"]), room, start, locked, rng.choice([0, 80, 160])))
    return tuple(out)


def least_points(problem: Problem) -> int | None:
    """The fewest points of any valid answer to the problem's one course, by trying them all; None if there is none."""
    course = problem.courses[0]
    places = [_places(problem, course, number) for number in range(len(course.sessions))]
    return min(_totals(problem, course, places, []), default=None)


def _places(problem: Problem, course: Course, number: int) -> list[Placed]:
    """Every place that is legal by itself; of several rooms one, since another changes nothing unless one is locked."""
    midnight, out = datetime.combine(problem.first_day, datetime.min.time()), []
    for person in course.practitioners:
        for minute in range(0, problem.days * 1440, problem.grid_minutes):
            start = midnight + timedelta(minutes=minute)
            rooms = (Placed(course.id, number, person, room.id, start) for room in problem.rooms)
            out += [here for here in rooms if _valid(problem, course, here)][:1]
    return out


def _totals(problem: Problem, course: Course, places: list[list[Placed]], placed: list[Placed]) -> Iterator[int]:
    """The points of every valid answer that begins with these placed sessions."""
    number = len(placed)
    if not any(now.locked and now.session >= number for now in course.current):
        yield _points(problem, course, placed)
    if number < len(places):
        for here in places[number]:
            if _far_enough(problem, course, placed, here):
                yield from _totals(problem, course, places, [*placed, here])


def _valid(problem: Problem, course: Course, here: Placed) -> bool:
    session, start = course.sessions[here.session], here.start
    end = start + timedelta(minutes=session.minutes)
    for resource in (*problem.practitioners, *problem.rooms):
        if resource.id in (here.practitioner, here.room) and not any(a <= start and end <= b for a, b in resource.free):
            return False
    for now in course.current:
        as_locked = (now.practitioner, now.room, now.start) == (here.practitioner, here.room, start)
        if now.session == here.session and now.locked and not as_locked:
            return False
    if _window(course, start, end) is None or _moment(problem, start) is None:
        return False
    return here.session > 0 or start.date() >= course.earliest_day


def _far_enough(problem: Problem, course: Course, placed: list[Placed], here: Placed) -> bool:
    before = placed[-1].start if placed else course.previous_start
    if before is None:
        return True
    gap = course.sessions[here.session].gap
    if gap is not None and (here.start.date() - before.date()).days < gap.min:
        return False
    over = before + timedelta(minutes=course.sessions[here.session - 1].minutes if placed else 0)
    elapsed = _moment(problem, here.start) - _moment(problem, before)
    return here.start >= over and elapsed >= timedelta(hours=course.min_gap_hours)


def _moment(problem: Problem, wall: datetime) -> datetime | None:
    there = wall.replace(tzinfo=ZoneInfo(problem.timezone)).astimezone(UTC)
    back = there.astimezone(ZoneInfo(problem.timezone)).replace(tzinfo=None, fold=0)
    return there if back == wall else None


def _window(course: Course, start: datetime, end: datetime) -> int | None:
    if any(a <= start.date() < b for a, b in course.away) or end.date() > start.date():
        return None
    holds = [
        window.points
        for window in course.available
        if window.weekday == start.weekday()
        and window.start_minute <= start.hour * 60 + start.minute
        and end.hour * 60 + end.minute <= window.end_minute
    ]
    return min(holds, default=None)


def _points(problem: Problem, course: Course, placed: list[Placed]) -> int:
    total = problem.weights.unplaced_session * (len(course.sessions) - len(placed))
    before, with_whom = course.previous_start, None
    for here in placed:
        session, start = course.sessions[here.session], here.start
        total += course.practitioners[here.practitioner]
        total += _window(course, start, start + timedelta(minutes=session.minutes))
        if session.gap is None:
            total += course.wait_points_per_day * (start.date() - course.earliest_day).days
        else:
            total += _gap(session.gap, (start.date() - before.date()).days)
        if with_whom not in (None, here.practitioner):
            total += problem.weights.practitioner_change
        before, with_whom = start, here.practitioner
    for now in course.current:
        stays = now.session < len(placed) and (placed[now.session].practitioner, placed[now.session].start) == (
            now.practitioner,
            now.start,
        )
        total += 0 if now.locked or stays else now.move_points
    return total


def _gap(gap: Gap, days: int) -> int:
    if days > gap.max:
        return 300 + 50 * (days - gap.max)
    if days == gap.target:
        return 0
    tolerance = gap.target - gap.min if days < gap.target else gap.max - gap.target
    return math.floor(0.5 + 100 * ((days - gap.target) / tolerance) ** 2)
