"""Writes the VTIMEZONE of any IANA zone, derived from zoneinfo for the years that are published."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

from planner.calendars.transitions import Transition, YearlyRule, find_zone, offset_at, transitions, yearly_rule

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200
# Eleven years show a weekday rule on each of its seven dates, so "last" is told from "fourth".
_YEARS_TO_KNOW_A_RULE: Final = 11
_UTC_KEYS: Final = frozenset({"UTC", "UCT", "Universal", "Zulu", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu"})

Observance = tuple[Transition, str | None]


class _YearlyRecur(vRecur):
    """An RRULE in the order every published VTIMEZONE has: month, then day."""

    # The library's annotation fixes the tuple's length.
    canonical_order = ("FREQ", "BYMONTH", "BYMONTHDAY", "BYDAY")  # type: ignore[assignment]


def is_utc(key: str) -> bool:
    """Whether the zone is UTC itself, whose events are written in UTC without a VTIMEZONE."""
    return key in _UTC_KEYS


def vtimezone(key: str, first: date, last: date) -> Timezone:
    """Build the VTIMEZONE that agrees with zoneinfo in all years from `first` to `last`.

    One STANDARD and one DAYLIGHT with a yearly RRULE where the zone keeps to such a rule in those years (and in
    the years after them which it takes to know the rule); one STANDARD where the offset never changes; else one
    observance for each change. The result is shared: add it to a calendar, do not alter it.

    Args:
        key: IANA name, e.g. "Europe/London"; it becomes the TZID.
        first: date of the earliest published event.
        last: date of the latest published event.
    Raises:
        InvalidInput: there is no such zone.
        ValueError: `last` is before `first`, or a year is outside 1900–2200.
    Source: RFC 5545 §3.6.5.
    """
    if last < first:
        raise ValueError(f"The span ends on {last}, before it starts on {first}.")
    if first.year < FIRST_YEAR or last.year > LAST_YEAR:
        raise ValueError(f"The span {first} to {last} is not within {FIRST_YEAR}–{LAST_YEAR}.")
    return _vtimezone(key, first.year, last.year)


@lru_cache(maxsize=256)
def _vtimezone(key: str, first_year: int, last_year: int) -> Timezone:
    zone = find_zone(key)
    timezone = Timezone()
    timezone.add("tzid", key)
    for change, rule in _observances(zone, first_year, last_year):
        timezone.add_component(_component(change, rule))
    return timezone


def _observances(zone: ZoneInfo, first_year: int, last_year: int) -> Sequence[Observance]:
    # Two days wider than the years, because an instant's local date can lie in the next or the last year.
    start = datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(days=2)
    changes = list(transitions(zone, start, datetime(last_year, 12, 31, tzinfo=UTC) + timedelta(days=2)))
    if not changes:
        return [(_initial(zone, start), None)]
    rules = _rules(zone, first_year, max(last_year, first_year + _YEARS_TO_KNOW_A_RULE - 1))
    if rules:
        return [(rule.first, rule.text) for rule in rules]
    return [(_initial(zone, start), None), *((change, None) for change in changes)]


def _rules(zone: ZoneInfo, first_year: int, last_year: int) -> tuple[YearlyRule, YearlyRule] | None:
    """The rules into and out of summer time that every year keeps, or None."""
    start = datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(days=2)
    changes = list(transitions(zone, start, datetime(last_year, 12, 31, tzinfo=UTC) + timedelta(days=2)))
    spring = yearly_rule([change for change in changes if change.is_daylight], first_year, last_year)
    autumn = yearly_rule([change for change in changes if not change.is_daylight], first_year, last_year)
    # Each must undo the other, or the offset would drift from year to year.
    if spring and autumn and spring.first.offset_before == autumn.first.offset_after:
        return autumn, spring
    return None


def _initial(zone: ZoneInfo, start: datetime) -> Transition:
    """What held before the first change, as an observance in force since 1970 or since the span's start."""
    offset = offset_at(zone, start)
    onset = min(datetime(1970, 1, 1), start.replace(tzinfo=None))  # noqa: DTZ001 - wall time, as RFC 5545 wants it
    local = start.astimezone(zone)
    is_daylight = (local.dst() or timedelta(0)) > timedelta(0)
    return Transition(onset, offset, offset, local.tzname() or "", is_daylight)


def _component(change: Transition, rule: str | None) -> TimezoneStandard | TimezoneDaylight:
    component = TimezoneDaylight() if change.is_daylight else TimezoneStandard()
    component.add("dtstart", change.onset)
    component.add("tzoffsetfrom", change.offset_before)
    component.add("tzoffsetto", change.offset_after)
    component.add("tzname", change.name)
    if rule:
        component.add("rrule", _YearlyRecur.from_ical(rule))
    return component
