"""An independent check of an answer: every rule it breaks, in words. Knows nothing of the search."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from planner.scheduling.fields import stamp
from planner.scheduling.points import points
from planner.scheduling.problem import Course, Current, Placed, Problem, Resource, Solution
from planner.scheduling.wall import instant_seconds


@dataclass(frozen=True, slots=True)
class _Visit:
    """An appointment with its course and its end by the clock."""

    placed: Placed
    course: Course
    end: datetime

    @property
    def says(self) -> str:
        return f"course {self.placed.course} session {self.placed.session} at {stamp(self.placed.start)}"


def broken_rules(problem: Problem, solution: Solution) -> list[str]:
    """Return every rule the answer breaks, and wrong points; an empty list means it may be used."""
    courses = {course.id: course for course in problem.courses}
    broken: list[str] = []
    visits: dict[tuple[str, int], _Visit] = {}
    for placed in solution.appointments:
        course = courses.get(placed.course)
        if course is None or placed.session >= len(course.sessions):
            broken.append(f"course {placed.course} session {placed.session}: there is no such session")
        elif (placed.course, placed.session) in visits:
            broken.append(f"course {placed.course} session {placed.session}: it is placed twice")
        else:
            end = placed.start + timedelta(minutes=course.sessions[placed.session].minutes)
            visits[placed.course, placed.session] = _Visit(placed, course, end)
    broken += _places(problem, visits.values())
    broken += _clashes(visits.values())
    by_course: dict[str, dict[int, _Visit]] = {}
    for (name, number), visit in visits.items():
        by_course.setdefault(name, {})[number] = visit
    for course in problem.courses:
        broken += _course(problem, course, by_course.get(course.id, {}), solution)
    return broken or _points(problem, solution)


def _points(problem: Problem, solution: Solution) -> list[str]:
    total = points(problem, solution.appointments, solution.unplaced).total
    if total != solution.points:
        return [f"the answer states {solution.points} points; they are {total}"]
    return []


def _places(problem: Problem, visits: Iterable[_Visit]) -> Iterator[str]:
    """Check each appointment by itself: grid, horizon, clock, practitioner, room, patient."""
    zone = ZoneInfo(problem.timezone)
    free_people, free_rooms = _lookup(problem.practitioners), _lookup(problem.rooms)
    for visit in visits:
        placed, start, end = visit.placed, visit.placed.start, visit.end
        if (start.hour * 60 + start.minute) % problem.grid_minutes:
            yield f"{visit.says}: not on the grid"
        if not problem.first_day <= start.date() <= problem.last_day:
            yield f"{visit.says}: outside the horizon"
        if instant_seconds(start, zone) is None:
            yield f"{visit.says}: the clock skips this time"
        if placed.practitioner not in visit.course.practitioners:
            yield f"{visit.says}: {placed.practitioner} is not one of the course's practitioners"
        if not free_people(placed.practitioner, start, end):
            yield f"{visit.says}: practitioner {placed.practitioner} is not free"
        if not free_rooms(placed.room, start, end):
            yield f"{visit.says}: room {placed.room} is not free"
        if not _can_come(visit.course, start, end):
            yield f"{visit.says}: the patient is not available"


def _lookup(resources: Iterable[Resource]) -> Callable[[str, datetime, datetime], bool]:
    """Return a question: is this resource there and free from start to end, in one interval?"""
    known = {resource.id: resource for resource in resources}

    @cache
    def spans(name: str) -> tuple[list[datetime], list[datetime]]:
        """Return the starts in order, and the latest end of all intervals that start no later than each."""
        free = sorted(known[name].free) if name in known else []
        return [start for start, _ in free], list(accumulate((end for _, end in free), max))

    def free(name: str, start: datetime, end: datetime) -> bool:
        starts, ends = spans(name)
        before = bisect_right(starts, start)
        return before > 0 and ends[before - 1] >= end

    return free


def _can_come(course: Course, start: datetime, end: datetime) -> bool:
    if any(first <= start.date() < back for first, back in course.away) or end.date() != start.date():
        return False
    begins, ends = (moment.hour * 60 + moment.minute for moment in (start, end))
    return any(
        window.weekday == start.weekday() and window.start_minute <= begins and ends <= window.end_minute
        for window in course.available
    )


def _clashes(visits: Iterable[_Visit]) -> Iterator[str]:
    """Check that nobody and no room is booked twice at one moment."""
    diaries: dict[str, list[_Visit]] = {}
    for visit in visits:
        diaries.setdefault(f"practitioner {visit.placed.practitioner}", []).append(visit)
        diaries.setdefault(f"room {visit.placed.room}", []).append(visit)
    for who, diary in diaries.items():
        diary.sort(key=lambda visit: (visit.placed.start, visit.end))
        latest: _Visit | None = None
        for visit in diary:
            if latest is not None and visit.placed.start < latest.end:
                yield f"{who} is booked twice: {latest.says} and {visit.says}"
            if latest is None or visit.end > latest.end:
                latest = visit


def _course(problem: Problem, course: Course, mine: Mapping[int, _Visit], solution: Solution) -> Iterator[str]:
    """Check a course as a whole: prefix, reasons, order, gaps, locks."""
    if set(mine) != set(range(len(mine))):
        yield f"course {course.id}: the placed sessions are not the first ones"
    named = sorted(unplaced.session for unplaced in solution.unplaced if unplaced.course == course.id)
    if named != sorted(set(range(len(course.sessions))) - set(mine)):
        yield f"course {course.id}: the sessions named as unplaced are not exactly those without an appointment"
    first = mine.get(0)
    if first is not None and first.placed.start.date() < course.earliest_day:
        yield f"{first.says}: before the earliest day"
    yield from _order(problem, course, mine)
    for current in course.current:
        if current.locked and not _stays(current, mine.get(current.session)):
            yield f"course {course.id} session {current.session}: locked, yet changed"


def _order(problem: Problem, course: Course, mine: Mapping[int, _Visit]) -> Iterator[str]:
    zone = ZoneInfo(problem.timezone)
    before, over = course.previous_start, course.previous_start
    for number in sorted(mine):
        visit, gap = mine[number], course.sessions[number].gap
        start = visit.placed.start
        if before is not None and over is not None:
            elapsed = _elapsed(before, start, zone)
            if elapsed is not None and elapsed < timedelta(hours=course.min_gap_hours):
                yield f"{visit.says}: less than {course.min_gap_hours:g} hours after the session before"
            days = (start.date() - before.date()).days
            if gap is not None and days < gap.min:
                yield f"{visit.says}: {days} days after the session before, fewer than {gap.min}"
            if start < over:
                yield f"{visit.says}: the session before is not over"
        before, over = start, visit.end


def _elapsed(before: datetime, after: datetime, zone: ZoneInfo) -> timedelta | None:
    """Return the time between two wall-clock times, or None when one of them never was (said elsewhere)."""
    then, now = instant_seconds(before, zone), instant_seconds(after, zone)
    return None if then is None or now is None else timedelta(seconds=now - then)


def _stays(current: Current, visit: _Visit | None) -> bool:
    if visit is None:
        return False
    placed = visit.placed
    return (placed.practitioner, placed.room, placed.start) == (current.practitioner, current.room, current.start)
