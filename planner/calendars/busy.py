"""When somebody else's calendar is busy: its shape is checked, its events expanded, and only times are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component

from planner.errors import InvalidInput
from planner.words import say

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_COMPONENTS: Final = 20_000
DEEPEST: Final = 4
MOST_INTERVALS: Final = 20_000
OUR_UIDS: Final = "@course-planner"
"""How our own events end: a therapist who keeps our feed in that calendar must not be blocked by it."""

# A busy time that comes more often than every hour is a fault or an attack; expanding it takes for ever.
_TOO_OFTEN: Final = re.compile(rb"^(?:RRULE|EXRULE)[^\r\n]*FREQ=(?:SECONDLY|MINUTELY)", re.IGNORECASE | re.MULTILINE)
_NO_STEP: Final = re.compile(rb"^(?:RRULE|EXRULE)[^\r\n]*INTERVAL=[-+]?0*(?:[;\s]|$)", re.IGNORECASE | re.MULTILINE)
_EDGE: Final = re.compile(rb"^(BEGIN|END):([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class BusyInterval:
    """A stretch of time that is taken, [start, end), in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None or self.start >= self.end:
            raise ValueError(f"no stretch of time: {self.start!r} to {self.end!r}")


@dataclass(frozen=True, slots=True)
class BusyQuestion:
    """What to look for in a calendar.

    Args:
        start: aware; earlier time is not wanted.
        end: aware; nor is later.
        timezone: IANA name of the zone in which times without one, and whole days, are meant.
        all_day_busy: whether an event of whole days takes them.
    """

    start: datetime
    end: datetime
    timezone: str
    all_day_busy: bool = True


def check_shape(data: bytes) -> None:
    """Refuse, before anything is parsed, what no honest calendar is.

    Raises:
        InvalidInput: no calendar, too large, too deep, or with a rule that would never end.
    """
    if len(data) > MOST_BYTES:
        raise InvalidInput(
            say("This calendar is larger than %(megabytes)s MB.", megabytes=MOST_BYTES // 1024 // 1024),
            field="calendar",
        )
    if not data.lstrip(b"\xef\xbb\xbf\r\n\t ").upper().startswith(b"BEGIN:VCALENDAR"):
        raise InvalidInput(say("This is no calendar file: it does not begin with BEGIN:VCALENDAR."), field="calendar")
    _check_nesting(data)
    # Unfolded, because a line break may stand anywhere in a rule.
    unfolded = re.sub(rb"\r?\n[ \t]", b"", data)
    if _TOO_OFTEN.search(unfolded):
        raise InvalidInput(say("An event in this calendar repeats every minute or second."), field="calendar")
    if _NO_STEP.search(unfolded):
        raise InvalidInput(say("An event in this calendar repeats without ever going on."), field="calendar")


def _check_nesting(data: bytes) -> None:
    depth = components = 0
    for edge in _EDGE.finditer(data):
        if edge[1].upper() == b"END":
            depth -= 1
            continue
        depth, components = depth + 1, components + 1
        if depth > DEEPEST or components > MOST_COMPONENTS:
            raise InvalidInput(say("This calendar has too many parts, or parts inside of parts."), field="calendar")
    if depth != 0:
        raise InvalidInput(say("This calendar breaks off in the middle."), field="calendar")


def busy_intervals(data: bytes, question: BusyQuestion) -> tuple[BusyInterval, ...]:
    """The times that a calendar takes, merged and in order; nothing else of it is kept.

    What is marked as free (TRANSP:TRANSPARENT), cancelled or our own does not count. This may take long for a hostile
    calendar: see `expansion.expand`.

    Raises:
        InvalidInput: it can't be understood, or has more than `MOST_INTERVALS` events in that time.
    """
    check_shape(data)
    try:
        found = list(islice(_intervals(Calendar.from_ical(data), question), MOST_INTERVALS + 1))
    # What these libraries raise on broken files is not written down anywhere.
    except Exception as error:
        raise InvalidInput(
            say("This calendar can't be understood (%(error)s).", error=type(error).__name__), field="calendar"
        ) from error
    if len(found) > MOST_INTERVALS:
        raise InvalidInput(say("This calendar has too many events."), field="calendar")
    return merged(found)


def merged(intervals: Iterable[BusyInterval]) -> tuple[BusyInterval, ...]:
    """The same time in as few intervals as there can be."""
    result: list[BusyInterval] = []
    for interval in sorted(intervals):
        if result and interval.start <= result[-1].end:
            result[-1] = BusyInterval(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return tuple(result)


def _intervals(calendar: Component, question: BusyQuestion) -> Iterator[BusyInterval]:
    zone = ZoneInfo(question.timezone)
    local = (question.start.astimezone(zone), question.end.astimezone(zone))
    occurrences = recurring_ical_events.of(calendar, components=["VEVENT"]).between(*local)
    for event in occurrences:
        if _takes_time(event):
            yield from _cut(*_ends(event), question, zone)
    for part in calendar.walk("VFREEBUSY"):
        for start, end in _free_busy(part):
            yield from _cut(start, end, question, zone)


def _takes_time(event: Component) -> bool:
    """Whether its owner is not to be had meanwhile."""
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT" or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return False
    if str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() == "FREE":
        return False
    return not str(event.get("UID", "")).endswith(OUR_UIDS)


def _ends(event: Component) -> tuple[date, date]:
    start = event.decoded("DTSTART")
    if "DTEND" in event:
        return start, event.decoded("DTEND")
    length = event.decoded("DURATION") if "DURATION" in event else None
    return start, start + (length or (timedelta(0) if isinstance(start, datetime) else timedelta(days=1)))


def _free_busy(part: Component) -> Iterator[tuple[datetime, datetime]]:
    lists: Any = part.get("FREEBUSY", [])
    for periods in lists if isinstance(lists, list) else [lists]:
        if str(periods.params.get("FBTYPE", "BUSY")).upper() != "FREE":
            start, end = periods.dt
            yield start, start + end if isinstance(end, timedelta) else end


def _cut(start: date, end: date, question: BusyQuestion, zone: ZoneInfo) -> Iterator[BusyInterval]:
    """The part of it within the time in question, if there is any."""
    if not isinstance(start, datetime) and not question.all_day_busy:
        return
    first, last = max(_instant(start, zone), question.start), min(_instant(end, zone), question.end)
    if first < last:
        yield BusyInterval(first.astimezone(UTC), last.astimezone(UTC))


def _instant(moment: date, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=zone)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
