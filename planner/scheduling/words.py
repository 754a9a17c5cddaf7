"""Days, times and names in the words of a receptionist, to be said in any language."""

from collections.abc import Iterable
from datetime import date, datetime

from planner.scheduling.fields import clock
from planner.scheduling.problem import Course, Problem
from planner.words import Text, day_said, decimal_said, listing, say, say_many, weekday_said


def day(value: date) -> Text:
    """Return such as Tuesday 24 March."""
    return day_said(value, "long")


def moment(value: datetime) -> Text:
    """Return such as Tuesday 24 March 14:00."""
    return say("%(day)s %(time)s", day=day(value), time=f"{value:%H:%M}")


def part_of_day(value: datetime) -> Text:
    """Return such as Tuesday afternoon."""
    weekday = weekday_said(value.weekday())
    if value.hour < 12:
        return say("%(weekday)s morning", weekday=weekday)
    if value.hour < 17:
        return say("%(weekday)s afternoon", weekday=weekday)
    return say("%(weekday)s evening", weekday=weekday)


def practitioner(problem: Problem, name: str) -> str:
    """Return what people call this practitioner."""
    return next((person.name for person in problem.practitioners if person.id == name), name)


def room(problem: Problem, name: str) -> str:
    """Return what people call this room."""
    return next((place.name for place in problem.rooms if place.id == name), name)


def several(names: Iterable[str]) -> Text:
    """Return such as Ben, Ann and Cy."""
    return listing(names)


def days(count: float) -> Text:
    """Return such as 1 day or 2.5 days."""
    return say_many("%(days)s day", "%(days)s days", 1 if count == 1 else 2, days=decimal_said(count))


def shift(days_later: int, minutes_later: int) -> Text:
    """Return such as 2 days later or 30 minutes earlier; whole days where the day is another one."""
    minutes = say_many("%(num)s minute", "%(num)s minutes", abs(minutes_later))
    size = days(abs(days_later)) if days_later else minutes
    return say("%(size)s later", size=size) if minutes_later > 0 else say("%(size)s earlier", size=size)


def points_more(extra: int) -> Text:
    """Return such as 25 points more; below 0 it is cheaper."""
    if not extra:
        return say("no points more")
    if extra > 0:
        return say_many("%(num)s point more", "%(num)s points more", extra)
    return say_many("%(num)s point fewer", "%(num)s points fewer", -extra)


def times(course: Course) -> Text:
    """Return when the patient can come, such as Mon-Wed 08:00-09:00, Fri 08:00-12:00."""
    spans: dict[tuple[int, int], list[int]] = {}
    for weekday in range(7):
        for span in _joined(course, weekday):
            spans.setdefault(span, []).append(weekday)
    parts = [
        say("%(weekdays)s %(span)s", weekdays=_weekdays(on), span=f"{clock(start)}–{clock(end)}")
        for (start, end), on in spans.items()
    ]
    return listing(parts, ", ") if parts else say("at no time")


def _joined(course: Course, weekday: int) -> list[tuple[int, int]]:
    """Return a weekday's windows as one span where they overlap or touch."""
    out: list[tuple[int, int]] = []
    for start, end in sorted((w.start_minute, w.end_minute) for w in course.available if w.weekday == weekday):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _weekdays(on: list[int]) -> Text:
    """Return such as Mon–Wed or Mon, Thu."""
    short = [weekday_said(weekday, "weekday_short") for weekday in on]
    if len(on) > 2 and on[-1] - on[0] == len(on) - 1:
        return say("%(first)s–%(last)s", first=short[0], last=short[-1])
    return listing(short, ", ")
