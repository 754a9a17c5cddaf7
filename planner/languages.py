"""The languages of pages and letters: texts from gettext catalogues; days, numbers and places as each writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names, get_timezone_location
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "de": "Deutsch", "es": "Español"})
"""Languages there are texts in, each by its own name; the first is the one the texts are written in."""

CATALOGUES: Final = Path(__file__).parent / "locale"
DayForm = Literal["short", "year", "long", "full", "weekday", "weekday_short", "month", "month_year"]
_FIRST: Final = "en"
# English without commas, as a clinic writes in its book; otherwise as the Unicode locale data have it.
_PATTERNS: Final[Mapping[str, Mapping[DayForm, str]]] = {
    "en": {
        "short": "{wd} {d} {mon}",
        "year": "{wd} {d} {mon} {y}",
        "long": "{weekday} {d} {month}",
        "full": "{weekday} {d} {month} {y}",
        "month_year": "{month} {y}",
    },
    "de": {
        "short": "{wd} {d}. {mon}",
        "year": "{wd} {d}. {mon} {y}",
        "long": "{weekday}, {d}. {month}",
        "full": "{weekday}, {d}. {month} {y}",
        "month_year": "{month} {y}",
    },
    "es": {
        "short": "{wd} {d} {mon}",
        "year": "{wd} {d} {mon} {y}",
        "long": "{weekday}, {d} de {month}",
        "full": "{weekday}, {d} de {month} de {y}",
        "month_year": "{month} de {y}",
    },
}
_NAMES_ALONE: Final[Mapping[DayForm, str]] = {
    "weekday": "{weekday}",
    "weekday_short": "{wd}",
    "month": "{mon}",
}


class _Names(NamedTuple):
    """Names of days, from Monday, and of months, from January."""

    days: tuple[str, ...]
    short_days: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]


def preferred(accept_language: str) -> str:
    """The first language of an Accept-Language header that there are texts in; its weights are not looked at."""
    # Browsers send dialects: "de-AT,de;q=0.9".
    tags = (part.partition(";")[0].strip().partition("-")[0].lower() for part in accept_language.split(","))
    return next((tag for tag in tags if tag in LANGUAGES), _FIRST)


def spoken(tag: str) -> str:
    """The language to write in for a BCP 47 tag such as "de-AT"; the first one where there are no texts in it."""
    language = tag.partition("-")[0].lower()
    return language if language in LANGUAGES else _FIRST


def texts(language: str) -> NullTranslations:
    """What gives each text in that language: `gettext` and `ngettext`.

    Args:
        language: any BCP 47 tag.
    """
    return _texts(spoken(language))


def catalogue_files(language: str) -> list[Path]:
    """The catalogues of one language, one for each area of the program."""
    return sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po"))


@cache
def _texts(language: str) -> NullTranslations:
    if language == _FIRST:
        return NullTranslations()
    # Read as they are written by hand, so that there is no second file that could be older.
    whole, compiled = Catalog(locale=language), BytesIO()
    for source in catalogue_files(language):
        for message in read_po(BytesIO(source.read_bytes()), locale=language, abort_invalid=True):
            if message.id:
                whole[message.id] = message
    write_mo(compiled, whole)
    compiled.seek(0)
    return GNUTranslations(compiled)


def day_in(day: date, form: DayForm, language: str) -> str:
    """A day as the language writes it: "Tue 24 Nov", "Di 24. Nov.", "mar 24 nov" in the form "short"."""
    known = spoken(language)
    names = _names(known)
    pattern = _NAMES_ALONE.get(form) or _PATTERNS[known][form]
    return pattern.format(
        wd=names.short_days[day.weekday()],
        weekday=names.days[day.weekday()],
        d=day.day,
        mon=names.short_months[day.month - 1],
        month=names.months[day.month - 1],
        y=day.year,
    )


def day_words(day: date, language: str, *, with_year: bool = True) -> str:
    """ "Tuesday 24 November 2026", "Dienstag, 24. November 2026", "martes, 24 de noviembre de 2026"."""
    return day_in(day, "full" if with_year else "long", language)


def number_in(value: float, language: str) -> str:
    """A number without needless decimals, "2.3" or "2,3"; a half is written ½, as a person would."""
    whole = int(value)
    if value == whole:
        return str(whole)
    if value - whole == 0.5:
        return f"{whole or ''}½"
    return f"{value:.1f}".replace(".", "." if spoken(language) == _FIRST else ",")


def decimal_in(value: float, language: str) -> str:
    """A number as computers count, with the language's sign before the fraction: "2.5", "2,5"."""
    return f"{value:g}".replace(".", "." if spoken(language) == _FIRST else ",")


def place_words(zone: ZoneInfo, language: str) -> str:
    """The town that a time zone is named after: "Lisbon", "Lissabon", "Lisboa"."""
    return get_timezone_location(zone, locale=spoken(language), return_city=True)


# A week of the diary names a thousand days, and Babel looks each of them up anew.
@cache
def _names(language: str) -> _Names:
    days, months = range(7), range(1, 13)
    wide, short = get_day_names("wide", locale=language), get_day_names("abbreviated", "stand-alone", locale=language)
    long_months, short_months = (get_month_names(width, locale=language) for width in ("wide", "abbreviated"))
    return _Names(
        tuple(wide[day] for day in days),
        tuple(short[day] for day in days),
        tuple(long_months[month] for month in months),
        tuple(short_months[month] for month in months),
    )
