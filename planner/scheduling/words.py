"""Days, times and names in the words of a receptionist, whatever the computer's own language."""

from collections.abc import Iterable
from datetime import date, datetime

from planner.scheduling.fields import clock
from planner.scheduling.problem import Course, Problem

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def day(value: date) -> str:
    """Return such as Tuesday 24 March."""
    return f"{WEEKDAYS[value.weekday()]} {value.day} {MONTHS[value.month - 1]}"


def moment(value: datetime) -> str:
    """Return such as Tuesday 24 March 14:00."""
    return f"{day(value)} {value:%H:%M}"


def part_of_day(value: datetime) -> str:
    """Return such as Tuesday afternoon."""
    part = "morning" if value.hour < 12 else "afternoon" if value.hour < 17 else "evening"
    return f"{WEEKDAYS[value.weekday()]} {part}"


def practitioner(problem: Problem, name: str) -> str:
    """Return what people call this practitioner."""
    return next((person.name for person in problem.practitioners if person.id == name), name)


def room(problem: Problem, name: str) -> str:
    """Return what people call this room."""
    return next((place.name for place in problem.rooms if place.id == name), name)


def several(names: Iterable[str]) -> str:
    """Return such as Ben, Ann and Cy."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def days(count: float) -> str:
    """Return such as 1 day or 2.5 days."""
    return f"{count:g} day" if count == 1 else f"{count:g} days"


def shift(days_later: int, minutes_later: int) -> str:
    """Return such as 2 days later or 30 minutes earlier; whole days where the day is another one."""
    size = days(abs(days_later)) if days_later else counted(abs(minutes_later), "minute")
    return f"{size} {'later' if minutes_later > 0 else 'earlier'}"


def counted(number: int, noun: str) -> str:
    """Return such as 1 session or 2 sessions."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def points_more(extra: int) -> str:
    """Return such as 25 points more; below 0 it is cheaper."""
    return f"{counted(abs(extra), 'point')} {'fewer' if extra < 0 else 'more'}" if extra else "no points more"


def times(course: Course) -> str:
    """Return when the patient can come, such as Mon-Wed 08:00-09:00, Fri 08:00-12:00."""
    spans: dict[tuple[int, int], list[int]] = {}
    for weekday in range(7):
        for span in _joined(course, weekday):
            spans.setdefault(span, []).append(weekday)
    parts = [f"{_weekdays(on)} {clock(start)}–{clock(end)}" for (start, end), on in spans.items()]
    return ", ".join(parts) or "at no time"


def _joined(course: Course, weekday: int) -> list[tuple[int, int]]:
    """Return a weekday's windows as one span where they overlap or touch."""
    out: list[tuple[int, int]] = []
    for start, end in sorted((w.start_minute, w.end_minute) for w in course.available if w.weekday == weekday):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _weekdays(on: list[int]) -> str:
    """Return such as Mon–Wed or Mon, Thu."""
    short = [WEEKDAYS[weekday][:3] for weekday in on]
    if len(on) > 2 and on[-1] - on[0] == len(on) - 1:
        return f"{short[0]}–{short[-1]}"
    return ", ".join(short)
