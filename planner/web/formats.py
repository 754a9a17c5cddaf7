"""Words for times, gaps and numbers: the Jinja filters, all pure functions."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from planner.web.looks import fit_look, phase_look, state_look

# Own tables: strftime would answer in the language of the machine the server happens to run on.
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

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


def day_short(day: date) -> str:
    """`Tue 24 Nov`."""
    return f"{_DAYS[day.weekday()][:3]} {day.day} {_MONTHS[day.month - 1][:3]}"


def day_year(day: date) -> str:
    """`Tue 24 Nov 2026`, where the year could be in doubt."""
    return f"{day_short(day)} {day.year}"


def day_long(day: date) -> str:
    """`Tuesday 24 November`."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


def day_long_year(day: date) -> str:
    """`Tuesday 24 November 2026`, for letters and headings."""
    return f"{day_long(day)} {day.year}"


def month_short(day: date) -> str:
    """`Nov`."""
    return _MONTHS[day.month - 1][:3]


def month_long(day: date) -> str:
    """`November 2026`."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def local_day(instant: datetime, zone: str) -> date:
    """The clinic-local date of an instant."""
    return local(instant, zone).date()


def local_time(instant: datetime, zone: str) -> str:
    """`10:00` on the clinic's wall clock."""
    return f"{local(instant, zone):%H:%M}"


def local_span(start: datetime, end: datetime, zone: str) -> str:
    """`10:00–10:45` on the clinic's wall clock."""
    return f"{local_time(start, zone)}–{local_time(end, zone)}"


def local_short(instant: datetime, zone: str) -> str:
    """`Tue 24 Nov, 10:00` on the clinic's wall clock."""
    return f"{day_short(local(instant, zone))}, {local_time(instant, zone)}"


def local_both(instant: datetime, zone: str, clinic_zone: str) -> str:
    """`Tue 24 Nov, 05:00 (10:00 at the clinic)`: the reader's time, and the clinic's where its clock shows another."""
    there = clinic_clock(instant, zone, clinic_zone)
    return local_short(instant, zone) + (f" ({there})" if there else "")


def clinic_clock(instant: datetime, zone: str, clinic_zone: str) -> str:
    """`10:00 at the clinic`, with the day where that is another one; "" where both clocks show the same."""
    here, there = local(instant, zone), local(instant, clinic_zone)
    if here.replace(tzinfo=None) == there.replace(tzinfo=None):
        return ""
    words = local_time(instant, clinic_zone) if here.date() == there.date() else local_short(instant, clinic_zone)
    return f"{words} at the clinic"


def local_long(instant: datetime, zone: str) -> str:
    """`Tuesday 24 November 2026, 10:00` on the clinic's wall clock."""
    return f"{day_long_year(local(instant, zone))}, {local_time(instant, zone)}"


def machine_time(instant: datetime, zone: str) -> str:
    """The instant for a `<time datetime>`: `2026-11-24T10:00+00:00`."""
    return local(instant, zone).isoformat(timespec="minutes")


def relative_day(day: date, today: date) -> str:
    """`today`, `tomorrow`, `in 5 days`, `3 weeks ago`: how far a day is from today."""
    days = (day - today).days
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    if days in near:
        return near[days]
    distance = abs(days)
    words = counted(distance, "day") if distance <= _LAST_DAY_COUNT else counted(distance // 7, "week")
    return f"in {words}" if days > 0 else f"{words} ago"


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def gap_words(days: int | None, wanted: float | None = None) -> str:
    """`8 days, wanted 7`; only `7 days` when that is what was wanted; `first` where nothing came before.

    Args:
        days: whole days since the session before, or None for the first.
        wanted: the phase's target gap in days; halves are said as `3½`.
    """
    if days is None:
        return "first"
    if wanted is None or days == wanted:
        return counted(days, "day")
    return f"{counted(days, 'day')}, wanted {number(wanted)}"


def counted(amount: int, noun: str, plural: str = "") -> str:
    """`1 session`, `3 sessions`; the plural is given where an s does not make it."""
    return f"{amount} {noun if amount == 1 else plural or noun + 's'}"


def number(value: float) -> str:
    """A number without needless decimals; a half is written `½`, as a person would."""
    whole = int(value)
    if value == whole:
        return str(whole)
    if value - whole == 0.5:
        return f"{whole or ''}½"
    return f"{value:.1f}"


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


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            clinic_clock,
            counted,
            day_long,
            day_long_year,
            day_short,
            day_year,
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
