"""Words for times, gaps and numbers, in any language: the Jinja filters, all pure functions."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from planner.web.looks import fit_look, phase_look, state_look
from planner.words import Text, capital, day_said, moment_said, number_said, say, say_many

# Up to here a number of days is easier to picture than a number of weeks.
_LAST_DAY_COUNT: Final = 13


def local(instant: datetime, zone: str) -> datetime:
    """The instant on the clinic's wall clock.

    Args:
        instant: aware, in any zone.
        zone: IANA name, e.g. "Europe/London".
    Raises:
        ValueError: the instant is naive, so nobody can say when it is.
    """
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no place on a page")
    return instant.astimezone(ZoneInfo(zone))


def day_short(day: date) -> Text:
    """`Tue 24 Nov`."""
    return day_said(day, "short")


def day_year(day: date) -> Text:
    """`Tue 24 Nov 2026`, where the year could be in doubt."""
    return day_said(day, "year")


def day_long(day: date) -> Text:
    """`Tuesday 24 November`."""
    return day_said(day, "long")


def day_long_year(day: date) -> Text:
    """`Tuesday 24 November 2026`, for letters and headings."""
    return day_said(day, "full")


def month_short(day: date) -> Text:
    """`Nov`."""
    return day_said(day, "month")


def month_long(day: date) -> Text:
    """`November 2026`."""
    return day_said(day, "month_year")


def local_day(instant: datetime, zone: str) -> date:
    """The clinic-local date of an instant."""
    return local(instant, zone).date()


def local_time(instant: datetime, zone: str) -> str:
    """`10:00` on the clinic's wall clock."""
    return f"{local(instant, zone):%H:%M}"


def local_span(start: datetime, end: datetime, zone: str) -> str:
    """`10:00–10:45` on the clinic's wall clock."""
    return f"{local_time(start, zone)}–{local_time(end, zone)}"


def local_short(instant: datetime, zone: str) -> Text:
    """`Tue 24 Nov, 10:00` on the clinic's wall clock."""
    return moment_said(local(instant, zone))


def local_both(instant: datetime, zone: str, clinic_zone: str) -> Text:
    """`Tue 24 Nov, 05:00 (10:00 at the clinic)`: the reader's time, and the clinic's where its clock shows another."""
    here, there = local_short(instant, zone), clinic_clock(instant, zone, clinic_zone)
    return say("%(time)s (%(there)s)", time=here, there=there) if there else here


def clinic_clock(instant: datetime, zone: str, clinic_zone: str) -> str:
    """`10:00 at the clinic`, with the day where that is another one; "" where both clocks show the same."""
    here, there = local(instant, zone), local(instant, clinic_zone)
    if here.replace(tzinfo=None) == there.replace(tzinfo=None):
        return ""
    words = local_time(instant, clinic_zone) if here.date() == there.date() else local_short(instant, clinic_zone)
    return say("%(time)s at the clinic", time=words)


def local_long(instant: datetime, zone: str) -> Text:
    """`Tuesday 24 November 2026, 10:00` on the clinic's wall clock."""
    return moment_said(local(instant, zone), "full")


def machine_time(instant: datetime, zone: str) -> str:
    """The instant for a `<time datetime>`: `2026-11-24T10:00+00:00`."""
    return local(instant, zone).isoformat(timespec="minutes")


def relative_day(day: date, today: date) -> Text:
    """`today`, `tomorrow`, `in 5 days`, `3 weeks ago`: how far a day is from today."""
    days = (day - today).days
    near = {-1: say("yesterday"), 0: say("today"), 1: say("tomorrow")}
    if days in near:
        return near[days]
    if abs(days) <= _LAST_DAY_COUNT:
        if days > 0:
            return say_many("in %(num)s day", "in %(num)s days", days)
        return say_many("%(num)s day ago", "%(num)s days ago", -days)
    if days > 0:
        return say_many("in %(num)s week", "in %(num)s weeks", days // 7)
    return say_many("%(num)s week ago", "%(num)s weeks ago", -days // 7)


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def gap_words(days: int | None, wanted: float | None = None) -> Text:
    """`8 days, wanted 7`; only `7 days` when that is what was wanted; `first` where nothing came before.

    Args:
        days: whole days since the session before, or None for the first.
        wanted: the phase's target gap in days; halves are said as `3½`.
    """
    if days is None:
        return say("first")
    gap = days_words(days)
    if wanted is None or days == wanted:
        return gap
    return say("%(gap)s, wanted %(days)s", gap=gap, days=number(wanted))


def days_words(days: int) -> Text:
    """`1 day`, `3 days`."""
    return say_many("%(num)s day", "%(num)s days", days)


def counted(amount: int, noun: str) -> Text:
    """`1 session`, `3 sessions`, of the things that pages count.

    Raises:
        KeyError: nobody has counted such things before; say_many or ngettext has the whole sentence.
    """
    return _COUNTED[noun](amount)


def number(value: float) -> Text:
    """A number without needless decimals; a half is written `½`, as a person would."""
    return number_said(value)


def number_range(low: int, high: int) -> str:
    """`8–10`, or `8` where both ends are the same."""
    return str(low) if low == high else f"{low}–{high}"


def minutes_words(minutes: int) -> str:
    """`45 min`, `1 h`, `1 h 15 min`."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest} min")
    return " ".join(parts)


_COUNTED: Final[Mapping[str, Callable[[int], Text]]] = MappingProxyType(
    {
        "course": lambda num: say_many("%(num)s course", "%(num)s courses", num),
        "date": lambda num: say_many("%(num)s date", "%(num)s dates", num),
        "day": days_words,
        "patient": lambda num: say_many("%(num)s patient", "%(num)s patients", num),
        "session": lambda num: say_many("%(num)s session", "%(num)s sessions", num),
        "visit": lambda num: say_many("%(num)s visit", "%(num)s visits", num),
        "week": lambda num: say_many("%(num)s week", "%(num)s weeks", num),
    }
)

FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            capital,
            clinic_clock,
            counted,
            day_long,
            day_long_year,
            day_short,
            day_year,
            days_words,
            fit_look,
            gap_words,
            local_both,
            local_day,
            local_long,
            local_short,
            local_span,
            local_time,
            machine_time,
            minutes_words,
            month_long,
            month_short,
            number,
            number_range,
            phase_look,
            relative_day,
            state_look,
        )
    }
)
"""Every filter by its name, for `app.jinja_env.filters.update(FILTERS)`."""
