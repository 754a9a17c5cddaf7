"""When somebody works: weekly hours, less closures, leave and public holidays, in wall-clock time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from planner.diary.interval import Interval, merged, without
from planner.errors import InvalidInput
from planner.words import say

if TYPE_CHECKING:
    from holidays import HolidayBase

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """One stretch of work on one weekday, every week; several on a day leave breaks between them.

    Args:
        weekday: 0 is Monday.
        start: wall-clock time at which work begins.
        end: wall-clock time at which it ends, later on the same day.
        from_day: first day on which these hours hold; None means always so far.
        to_day: last day on which they hold, inclusive; None means until further notice.
    Raises:
        InvalidInput: naming the field that makes no sense.
    """

    weekday: int
    start: time
    end: time
    from_day: date | None = None
    to_day: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise InvalidInput(say("The weekday is a number from 0 (Monday) to 6 (Sunday)."), field="weekday")
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("weekly hours are wall-clock times, without a time zone")
        if self.start >= self.end:
            raise InvalidInput(
                say("Work that starts at %(start)s must end later on the same day.", start=f"{self.start:%H:%M}"),
                field="end",
            )
        if self.from_day and self.to_day and self.from_day > self.to_day:
            raise InvalidInput(say("The last day of these hours is before their first day."), field="to_day")

    def hold_on(self, day: date) -> bool:
        """Whether these hours are worked on `day`."""
        return (
            day.weekday() == self.weekday
            and (self.from_day is None or self.from_day <= day)
            and (self.to_day is None or day <= self.to_day)
        )

    def on(self, day: date) -> Interval:
        """These hours as wall-clock time on `day`."""
        return Interval(datetime.combine(day, self.start), datetime.combine(day, self.end))

    def to_json(self) -> dict[str, Any]:
        """JSON with ISO times and days."""
        return {
            "weekday": self.weekday,
            "start": self.start.isoformat("minutes"),
            "end": self.end.isoformat("minutes"),
            "from_day": self.from_day.isoformat() if self.from_day else None,
            "to_day": self.to_day.isoformat() if self.to_day else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WeeklyHours:
        """The inverse of `to_json`."""
        first, last = (date.fromisoformat(data[name]) if data[name] else None for name in ("from_day", "to_day"))
        start, end = (time.fromisoformat(data[name]) for name in ("start", "end"))
        return cls(data["weekday"], start, end, first, last)


def changed_from(
    first_day: date, present: Iterable[WeeklyHours], others: Iterable[WeeklyHours]
) -> tuple[WeeklyHours, ...]:
    """All weekly hours of somebody for whom others hold from a day on, until further notice.

    Args:
        first_day: the first day of the others; what holds before it stays, what would hold later goes.
        present: all their hours so far.
        others: the hours to come; their own days are ignored.
    """
    last = first_day - _ONE_DAY
    until_then = (
        replace(line, to_day=last if line.to_day is None else min(line.to_day, last))
        for line in present
        if line.from_day is None or line.from_day <= last
    )
    return (*until_then, *(replace(line, from_day=first_day, to_day=None) for line in others))


@dataclass(frozen=True, slots=True)
class Closure:
    """Whole days on which the clinic is shut, both ends included.

    Raises:
        InvalidInput: the last day is before the first.
    """

    first_day: date
    last_day: date
    reason: str = ""

    def __post_init__(self) -> None:
        if self.first_day > self.last_day:
            raise InvalidInput(say("The last day of the closure is before its first day."), field="last_day")

    def interval(self) -> Interval:
        """The closure as wall-clock time, from midnight to midnight."""
        return Interval(_midnight(self.first_day), _midnight(self.last_day + _ONE_DAY))


@dataclass(frozen=True, slots=True)
class Leave:
    """Time one person is away, in wall-clock time: whole days or part of one, [starts, ends).

    Raises:
        InvalidInput: it ends before it starts.
    """

    starts: datetime
    ends: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        if self.starts.tzinfo is not None or self.ends.tzinfo is not None:
            raise ValueError("leave is wall-clock time, without a time zone")
        if self.starts >= self.ends:
            raise InvalidInput(say("Leave must end after it starts."), field="ends")

    @classmethod
    def whole_days(cls, first_day: date, last_day: date, reason: str = "") -> Leave:
        """Leave on every day from the first to the last, both included.

        Raises:
            InvalidInput: the last day is before the first.
        """
        return cls(_midnight(first_day), _midnight(last_day + _ONE_DAY), reason)

    def interval(self) -> Interval:
        """The leave as wall-clock time."""
        return Interval(self.starts, self.ends)


def public_holidays(
    country: str, subdivision: str | None, first: date, last: date, language: str | None = None
) -> dict[date, str]:
    """The public holidays from `first` to `last`, both included, each with its name, in order.

    Days on which a holiday is observed because it fell on a weekend are included.

    Args:
        country: ISO 3166-1 alpha-2 code, e.g. "GB".
        subdivision: the region's code within the country, e.g. "ENG", "BY", "NY"; None for those kept everywhere.
        first: first date.
        last: last date; before `first` gives nothing.
        language: of the names, e.g. "en_US"; None, or one the country has no names in, means its own.
    Raises:
        InvalidInput: an unknown country or subdivision; `field` says which.
    """
    calendar = _calendar_class(country)
    if subdivision is not None and subdivision not in calendar.subdivisions:
        known = ", ".join(calendar.subdivisions) or "none"
        raise InvalidInput(
            say(
                "No public holidays are known for “%(subdivision)s” in %(country)s. Known regions: %(known)s.",
                subdivision=subdivision,
                country=country,
                known=known,
            ),
            field="subdivision",
        )
    # Without a language the package asks the machine's locale, and one clinic would read differently on two servers.
    spoken = language if language in calendar.supported_languages else calendar.default_language
    # The year after too: a New Year's Day on a Saturday may be observed on 31 December before it.
    years = range(first.year, last.year + 2)
    found = calendar(subdiv=subdivision, years=years, observed=True, language=spoken)
    return {day: name for day, name in sorted(found.items()) if first <= day <= last}


def working_time(
    hours: Iterable[WeeklyHours],
    closures: Iterable[Closure],
    leaves: Iterable[Leave],
    holiday_days: Collection[date],
    first_day: date,
    days: int,
) -> tuple[Interval, ...]:
    """The wall-clock time worked within `days` days from `first_day`, sorted, overlapping hours merged.

    Args:
        hours: weekly hours of one person or room.
        closures: days on which the whole clinic is shut.
        leaves: this person's absences.
        holiday_days: days on which nobody works; the keys of `public_holidays` will do.
        first_day: first clinic-local date looked at.
        days: how many days are looked at; 0 gives nothing.
    Raises:
        ValueError: `days` is negative.
    """
    if days < 0:
        raise ValueError(f"a span of {days} days")
    by_weekday: dict[int, list[WeeklyHours]] = {}
    for line in hours:
        by_weekday.setdefault(line.weekday, []).append(line)
    worked = (
        line.on(day)
        for day in _days_from(first_day, days)
        if day not in holiday_days
        for line in by_weekday.get(day.weekday(), ())
        if line.hold_on(day)
    )
    away = [closure.interval() for closure in closures] + [leave.interval() for leave in leaves]
    return tuple(without(worked, away)) if away else tuple(merged(worked))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _days_from(first_day: date, days: int) -> Iterator[date]:
    return (first_day + timedelta(days=n) for n in range(days))


def _calendar_class(country: str) -> type[HolidayBase]:
    """The holidays of one country, by its code.

    Raises:
        InvalidInput: there is no such code.
    """
    import holidays  # imported here, because it is large and most of the diary does not need it

    if country not in holidays.list_supported_countries(include_aliases=False):
        raise InvalidInput(
            say(
                "No public holidays are known for the country “%(country)s”. Use its two-letter code, such as GB.",
                country=country,
            ),
            field="country",
        )
    found: type[HolidayBase] = getattr(holidays, country)
    return found
