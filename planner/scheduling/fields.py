"""Strict reading of JSON values: every refusal names the place in the file, such as courses[3].sessions[1].gap.min."""

import math
import reprlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeVar

from planner.errors import InvalidInput

MOST_POINTS = 10**9  # sums over a whole clinic stay far inside 64 bits
MOST_DAYS = 3660
EARLIEST_YEAR, LATEST_YEAR = 1900, 2400
MINUTES_A_DAY = 24 * 60

_ENDLESS = (math.inf, -math.inf)

T = TypeVar("T")

short = reprlib.repr


def below(path: str, refusal: InvalidInput) -> InvalidInput:
    """Return the same refusal with its field seen from one level further out."""
    inner = refusal.field
    if inner is None:
        return InvalidInput(refusal.message, field=path)
    joint = "" if inner.startswith("[") else "."
    return InvalidInput(refusal.message, field=f"{path}{joint}{inner}")


def record(value: object, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> Mapping[str, object]:
    """Return the JSON object if it has every required key and no unknown one."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"An object with the keys {', '.join(required)} is needed here.")
    for key in required:
        if key not in value:
            raise InvalidInput(f"The key '{key}' is missing.", field=key)
    for key in value:
        if key not in required and key not in optional:
            raise InvalidInput(f"'{key}' is not a key of this format.", field=str(key))
    return value


def entry(obj: Mapping[str, object], key: str, read: Callable[[object], T]) -> T:
    """Read one value of a JSON object."""
    try:
        return read(obj[key])
    except InvalidInput as refusal:
        raise below(key, refusal) from None


def each(value: object, read: Callable[[object], T]) -> tuple[T, ...]:
    """Read every item of a JSON list."""
    if not isinstance(value, list | tuple):
        raise InvalidInput("A list is needed here.")
    items: list[T] = []
    for index, item in enumerate(value):
        try:
            items.append(read(item))
        except InvalidInput as refusal:
            raise below(f"[{index}]", refusal) from None
    return tuple(items)


def pair(value: object, read: Callable[[object], T]) -> tuple[T, T]:
    """Read a list of exactly two."""
    items = each(value, read)
    if len(items) != 2:
        raise InvalidInput("Exactly two values, from and to, are needed here.")
    return items[0], items[1]


def text(value: object) -> str:
    """Read a string that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput("A text that is not empty is needed here.")
    return value


def flag(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise InvalidInput("true or false is needed here.")
    return value


def any_whole(value: object) -> int:
    """Read a whole number of any size; the value that holds it knows the limits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"A whole number is needed here, not {short(value)}.")
    return value


def any_number(value: object) -> float:
    """Read a finite number; whole ones stay whole."""
    # Only a float can be infinite; a huge whole number has no float to ask.
    if isinstance(value, bool) or not isinstance(value, int | float) or (value != value or value in _ENDLESS):
        raise InvalidInput(f"A number is needed here, not {short(value)}.")
    return value


def check_range(field: str, value: float, low: float, high: float) -> None:
    """Refuse a number that is no number or outside low..high."""
    any_number_at(field, value)
    if not low <= value <= high:
        raise InvalidInput(f"{short(value)} is not between {low} and {high}.", field=field)


def check_whole(field: str, value: int, low: int, high: int) -> None:
    """Refuse what is not a whole number in low..high."""
    try:
        any_whole(value)
    except InvalidInput as refusal:
        raise below(field, refusal) from None
    check_range(field, value, low, high)


def any_number_at(field: str, value: float) -> None:
    """Refuse what is not a finite number, naming the field."""
    try:
        any_number(value)
    except InvalidInput as refusal:
        raise below(field, refusal) from None


def day(value: object) -> date:
    """Read a date such as 2026-03-02."""
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # refused below, together with every other shape
    raise InvalidInput(f"A date such as 2026-03-02 is needed here, not {short(value)}.")


def moment(value: object) -> datetime:
    """Read a wall-clock time such as 2026-03-02T09:00, without an offset."""
    if isinstance(value, str) and len(value) in (16, 19) and value[4] == value[7] == "-" and value[10] == "T":
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            pass  # refused below, together with every other shape
        else:
            if read.tzinfo is None and not read.second:
                return read
    raise InvalidInput(f"A wall-clock time such as 2026-03-02T09:00 is needed here, not {short(value)}.")


def minute_of_day(value: object) -> int:
    """Read a time of day such as 08:30 as minutes after midnight; 24:00 is the end of the day."""
    if isinstance(value, str) and len(value) == 5 and value[2] == ":" and value.isascii():
        hours, minutes = value[:2], value[3:]
        if hours.isdigit() and minutes.isdigit() and int(minutes) < 60:
            total = int(hours) * 60 + int(minutes)
            if total <= MINUTES_A_DAY:
                return total
    raise InvalidInput(f"A time of day such as 08:30 is needed here, not {short(value)}.")


def stamp(value: datetime) -> str:
    """Write a wall-clock time as the format has it."""
    return value.isoformat(timespec="minutes")


def clock(minute: int) -> str:
    """Write minutes after midnight as 08:30."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def check_wall(field: str, value: datetime) -> None:
    """Refuse a time with an offset, with seconds, or in a year nobody plans for."""
    if value.tzinfo is not None or value.second or value.microsecond:
        raise InvalidInput("A wall-clock time in whole minutes without an offset is needed here.", field=field)
    check_day(field, value.date())


def check_day(field: str, value: date) -> None:
    """Refuse a day in a year nobody plans for."""
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise InvalidInput(f"The year {value.year} is not between {EARLIEST_YEAR} and {LATEST_YEAR}.", field=field)
