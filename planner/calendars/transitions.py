"""Finds when a time zone changes its offset, and the yearly rule it follows if it follows one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

from planner.errors import InvalidInput
from planner.words import say

RULE_ANCHOR_YEAR = 1970
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_STEP = timedelta(days=1)
_SECOND = timedelta(seconds=1)

# The latest day from which seven days fit into every month but February.
_LAST_WEEK_START = 24


@dataclass(frozen=True)
class Transition:
    """One change of a zone's offset from UTC.

    Args:
        onset: naive wall time of the change, read on a clock that still shows `offset_before` (RFC 5545 §3.6.5).
        offset_before: offset from UTC until the change.
        offset_after: offset from UTC from the change on.
        name: abbreviation in use after the change, e.g. "BST".
        is_daylight: the zone is on summer time after the change.
    """

    onset: datetime
    offset_before: timedelta
    offset_after: timedelta
    name: str
    is_daylight: bool


@dataclass(frozen=True)
class YearlyRule:
    """A change which comes every year on the same kind of day at the same wall time.

    Args:
        first: the change as it would have come in the anchor year.
        text: the RRULE's value, e.g. "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU".
    """

    first: Transition
    text: str


def find_zone(key: str) -> ZoneInfo:
    """Look up an IANA zone.

    Raises:
        InvalidInput: there is no such zone (field "timezone").
    """
    try:
        return ZoneInfo(key)
    # A folder of the database ("Europe") raises an OSError, a path that climbs out of it a ValueError.
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(say("There is no time zone called %(key)s.", key=repr(key)), field="timezone") from error


def transitions(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Transition]:
    """Yield each change of offset with start < instant ≤ end, in order.

    Changes less than a day apart would be missed; the zone database has had none since 1970.

    Args:
        zone: the zone to walk through.
        start: aware, UTC.
        end: aware, UTC.
    """
    instant = start
    while instant < end:
        following = min(instant + _STEP, end)
        if instant.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            yield _transition_at(zone, _first_second_after(zone, instant, following))
        instant = following


def _first_second_after(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old_offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).utcoffset() == old_offset:
            before = middle
        else:
            after = middle
    return after


def _transition_at(zone: ZoneInfo, instant: datetime) -> Transition:
    before, after = (instant - _SECOND).astimezone(zone), instant.astimezone(zone)
    offset_before, offset_after = offset_at(zone, before), offset_at(zone, after)
    if before.dst() == after.dst():
        is_daylight = bool(after.dst()) and offset_after > offset_before
    else:
        # Dublin's winter is "negative summer time" in the database, so only the direction can be trusted.
        is_daylight = offset_after > offset_before
    return Transition(
        onset=(instant + offset_before).replace(tzinfo=None),
        offset_before=offset_before,
        offset_after=offset_after,
        name=after.tzname() or "",
        is_daylight=is_daylight,
    )


def offset_at(zone: ZoneInfo, instant: datetime) -> timedelta:
    """The zone's offset from UTC at an aware instant."""
    # A ZoneInfo always has an offset for an aware instant; the type of utcoffset() does not say so.
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def yearly_rule(changes: Sequence[Transition], first_year: int, last_year: int) -> YearlyRule | None:
    """The rule all the changes follow, one in each year of the span, or None.

    Args:
        changes: all changes in one direction within the span, in order.
        first_year: first year of the span.
        last_year: last year of the span.
    """
    if [change.onset.year for change in changes] != list(range(first_year, last_year + 1)):
        return None
    if len({replace(change, onset=_in_one_month(change.onset)) for change in changes}) != 1:
        return None
    onsets = [change.onset for change in changes]
    for text in _possible_rules(onsets):
        if _dates(text, onsets[0].replace(month=1, day=1), onsets[-1]) == onsets:
            return YearlyRule(replace(changes[0], onset=_anchor(text, onsets[0])), text)
    return None


def _in_one_month(onset: datetime) -> datetime:
    return onset.replace(year=RULE_ANCHOR_YEAR, day=1)


def _possible_rules(onsets: Sequence[datetime]) -> Iterator[str]:
    """Yield the rules that name a day near these, the usual kinds first."""
    days = [onset.day for onset in onsets]
    weekdays = {onset.weekday() for onset in onsets}
    month = f"FREQ=YEARLY;BYMONTH={onsets[0].month}"
    if len(weekdays) == 1:
        weekday = _WEEKDAYS[weekdays.pop()]
        for nth in (-1, 1, 2, 3, 4):
            yield f"{month};BYDAY={nth}{weekday}"
        # "Friday on or after the 23rd" (Jerusalem): that weekday among seven days running.
        for earliest in range(max(1, max(days) - 6), min(*days, _LAST_WEEK_START) + 1):
            seven = ",".join(str(day) for day in range(earliest, earliest + 7))
            yield f"{month};BYMONTHDAY={seven};BYDAY={weekday}"
    if len(set(days)) == 1:
        yield f"{month};BYMONTHDAY={days[0]}"


def _dates(text: str, start: datetime, end: datetime) -> list[datetime]:
    return list(rrulestr(text, dtstart=start).between(start, end, inc=True))


def _anchor(text: str, onset: datetime) -> datetime:
    """The rule's date in the anchor year, or in the year before an earlier span, which needs its offset in January."""
    start = onset.replace(year=min(RULE_ANCHOR_YEAR, onset.year - 1), month=1, day=1)
    return _dates(text, start, start.replace(month=12, day=31))[0]
