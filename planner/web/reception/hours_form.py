"""Weekly hours as people write them: `09:00-12:00, 13:00-17:30` for each weekday, and a week in a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from itertools import groupby, pairwise
from typing import Final

from planner.diary.hours import WeeklyHours
from planner.errors import InvalidInput
from planner.services.new_hours import NewWeek
from planner.web.days import read_day
from planner.web.numbers import row_id
from planner.web.reception.routes import Errors
from planner.words import Text, listing, say, weekday_said

WEEKDAYS: Final = tuple(map(weekday_said, range(7)))
_STRETCH: Final = re.compile(r"(?P<start>[\d:.]+) *(?:-|–|—|to) *(?P<end>[\d:.]+)")
_CLOCK: Final = re.compile(r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?")


def day_field(weekday: int) -> str:
    """The form's name for a weekday, 0 is Monday."""
    return f"day_{weekday}"


def fields_of(lines: Iterable[WeeklyHours]) -> dict[str, str]:
    """What the form shows of weekly hours."""
    week = list(lines)
    return {day_field(weekday): _day_words(week, weekday) for weekday in range(7)}


def read_week(form: Mapping[str, str]) -> tuple[NewWeek | None, Errors]:
    """The hours that a form asks for, or what is wrong with it by field."""
    errors: Errors = {}
    chosen = row_id(form.get("staff_id", ""))
    if chosen is None:
        errors["staff_id"] = "Choose whose hours change."
    first_day = None
    try:
        first_day = read_day(form.get("first_day", ""), "first_day")
    except InvalidInput as refusal:
        errors["first_day"] = refusal.message
    lines: list[WeeklyHours] = []
    for weekday in range(7):
        try:
            lines += read_hours(weekday, form.get(day_field(weekday), ""))
        except InvalidInput as refusal:
            errors[day_field(weekday)] = refusal.message
    if errors or first_day is None or chosen is None:
        return None, errors
    return NewWeek(chosen, first_day, tuple(lines), form.get("seen")), {}


def read_hours(weekday: int, text: str) -> list[WeeklyHours]:
    """The hours of one weekday as somebody wrote them; none where nothing is written.

    Raises:
        InvalidInput: they can't be read, end before they begin, or overlap.
    """
    lines = [_stretch(weekday, part.strip()) for part in re.split("[,;]|\\band\\b", text) if part.strip()]
    lines.sort(key=lambda line: line.start)
    if any(later.start < earlier.end for earlier, later in pairwise(lines)):
        raise InvalidInput(say("The times of %(weekday)s overlap.", weekday=weekday_said(weekday)))
    return lines


def week_words(lines: Sequence[WeeklyHours]) -> Text:
    """`Mon–Thu 08:00–18:00, Fri 08:00–12:00 and 13:00–15:00`; days with the same hours that follow become one span."""
    days = [(weekday, listing(_spans(lines, weekday))) for weekday in range(7)]
    said = []
    for words, group in groupby(days, key=lambda day: day[1]):
        names = [weekday_said(weekday, "weekday_short") for weekday, _ in group]
        if words:
            first, last = names[0], names[-1]
            weekdays = first if len(names) == 1 else say("%(first)s–%(last)s", first=first, last=last)
            said.append(say("%(weekdays)s %(span)s", weekdays=weekdays, span=words))
    return listing(said, ", ") if said else say("no hours")


def _day_words(lines: Iterable[WeeklyHours], weekday: int) -> str:
    return ", ".join(_spans(lines, weekday))


def _spans(lines: Iterable[WeeklyHours], weekday: int) -> list[str]:
    mine = sorted((line for line in lines if line.weekday == weekday), key=lambda line: line.start)
    return [f"{line.start:%H:%M}–{line.end:%H:%M}" for line in mine]


def _stretch(weekday: int, text: str) -> WeeklyHours:
    found = _STRETCH.fullmatch(text)
    if found is None:
        raise InvalidInput(say("“%(text)s” can't be read; write it like 09:00–12:00, 13:00–17:30.", text=text))
    return WeeklyHours(weekday, _clock(found["start"]), _clock(found["end"]))


def _clock(text: str) -> time:
    found = _CLOCK.fullmatch(text)
    try:
        if found is not None:
            return time(int(found["hour"]), int(found["minute"] or 0))
    except ValueError:
        pass  # An hour or a minute that no clock has; said like everything else that is no time.
    raise InvalidInput(say("“%(text)s” is no time of day; write it like 14:30.", text=text))
