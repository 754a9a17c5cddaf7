"""The languages that patients are written to in: texts from gettext catalogues, days and places as each writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "de": "Deutsch", "es": "Español"})
"""Languages there are texts in, each by its own name; the first is the one the texts are written in."""

CATALOGUES: Final = Path(__file__).parent / "locale"
_FIRST: Final = "en"
# As the Unicode locale data has them, but English without a comma, as on our pages.
_DAYS: Final = {
    "en": "EEEE d MMMM y",
    "de": "EEEE, d. MMMM y",
    "es": "EEEE, d 'de' MMMM 'de' y",
}
_SHORT_DAYS: Final = {"en": "EEEE d MMMM", "de": "EEEE, d. MMMM", "es": "EEEE, d 'de' MMMM"}


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


@cache
def _texts(language: str) -> NullTranslations:
    if language == _FIRST:
        return NullTranslations()
    source, compiled = CATALOGUES / language / "LC_MESSAGES" / "messages.po", BytesIO()
    # Read as it is written by hand, so that there is no second file that could be older.
    write_mo(compiled, read_po(BytesIO(source.read_bytes()), locale=language, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)


def day_words(day: date, language: str, *, with_year: bool = True) -> str:
    """ "Tuesday 24 November 2026", "Dienstag, 24. November 2026", "martes, 24 de noviembre de 2026"."""
    known = spoken(language)
    return format_date(day, (_DAYS if with_year else _SHORT_DAYS)[known], locale=known)


def place_words(zone: ZoneInfo, language: str) -> str:
    """The town that a time zone is named after: "Lisbon", "Lissabon", "Lisboa"."""
    return get_timezone_location(zone, locale=spoken(language), return_city=True)
