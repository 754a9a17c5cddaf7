"""What is known of countries: names, time zones, regions with holidays of their own, currency, language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies, list_currencies

from planner.languages import LANGUAGES, spoken

_FIRST_LANGUAGE: Final = next(iter(LANGUAGES))
_LONGEST_CODE: Final = 3


@lru_cache(maxsize=8)
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of every country whose public holidays are known, by name in that language."""
    import holidays  # imported here, because it is large and few pages need it

    names = Locale(spoken(language)).territories
    codes = holidays.list_supported_countries(include_aliases=False)
    return tuple(sorted(((code, names.get(code, code)) for code in codes), key=lambda each: each[1]))


def zones_of(country: str) -> tuple[str, ...]:
    """The country's time zones, the one most people live in not necessarily first; () where none are known."""
    return tuple(zone for zone in get_global("territory_zones").get(country, ()) if zone in all_zones())


@lru_cache(maxsize=1)
def all_zones() -> tuple[str, ...]:
    """Every zone that is named after a place."""
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


@lru_cache(maxsize=32)
def regions_of(country: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of the regions that keep holidays of their own, by name; () where there are none.

    Also () where nobody knows the country. A name is the region's own, in the first of its languages.
    """
    import holidays  # see above

    if country not in holidays.list_supported_countries(include_aliases=False):
        return ()
    spellings = holidays.country_holidays(country).get_subdivision_aliases()
    return tuple(
        sorted(((code, _name_among(names, code)) for code, names in spellings.items()), key=lambda each: each[1])
    )


def _name_among(spellings: Sequence[str], code: str) -> str:
    """The first that is written out: other spellings are codes too, such as GP and GUA for Guadeloupe."""
    return next((each for each in spellings if len(each) > _LONGEST_CODE), code)


def currency_of(country: str) -> str:
    """What is paid with there; "" where nobody knows."""
    found = get_territory_currencies(country)
    return found[0] if found else ""


def language_of(country: str) -> str:
    """An official language there are texts in, else the first of ours."""
    return next((each for each in get_official_languages(country) if each in LANGUAGES), _FIRST_LANGUAGE)


@lru_cache(maxsize=8)
def currencies(language: str) -> tuple[tuple[str, str], ...]:
    """(code, `EUR – Euro`) of every currency that some country pays with today."""
    names = Locale(spoken(language)).currencies
    used = {currency_of(country) for country, _ in countries(language)} & list_currencies()
    return tuple((code, f"{code} – {names.get(code, code)}") for code in sorted(used))
