"""Every text that patients get is in every language, whole and with the same blanks to fill in."""

import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from planner.languages import (
    CATALOGUES,
    LANGUAGES,
    catalogue_files,
    day_in,
    day_words,
    number_in,
    place_words,
    spoken,
    texts,
)
from tools.texts import AREAS, area_of, in_use

TRANSLATED = [language for language in LANGUAGES if language != "en"]
# Words that a language writes as English does.
SAME = {
    "de": {"Normal", "%(minutes)s min", "Name", "Phase %(number)s", "Region", "Status", "System", "Text", "Version"}
    | {"Code", "Link", "Passkeys"},
    "es": {"Normal", "%(minutes)s min", "Error %(status)s", "Error:", "No", "min"},
}


def messages(language: str, area: str = "*") -> Iterator[Message]:
    """What stands in its catalogues."""
    for path in sorted((CATALOGUES / language / "LC_MESSAGES").glob(f"{area}.po")):
        with path.open("rb") as file:
            yield from (message for message in read_po(file, locale=language, abort_invalid=True) if message.id)


def both(message: Message) -> Iterator[tuple[str, str]]:
    """(English, translated), of a plural form by form."""
    if isinstance(message.id, str):
        yield message.id, message.string
        return
    yield from zip(message.id, message.string, strict=True)


@pytest.mark.parametrize("area", AREAS)
def test_a_catalogue_has_what_is_in_use_and_nothing_else(area) -> None:
    """`make texts` brings it up to date; then somebody has to translate."""
    wanted = {message.id for message in in_use(area) if message.id}
    for language in TRANSLATED:
        assert {message.id for message in messages(language, area)} == wanted


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_catalogue_belongs_to_an_area(language) -> None:
    """Another file would be read, but never brought up to date."""
    assert {file.stem for file in catalogue_files(language)} == AREAS.keys()


def test_a_file_belongs_to_the_first_area_that_fits() -> None:
    """The last one has what no other has."""
    assert area_of("templates/emails/_why.txt") == "mail"
    assert area_of("planner/web/courses/move.py") == "diary"
    assert area_of("planner/web/courses/events.py") == "courses"
    assert area_of("templates/base.html") == "common"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_text_in_two_areas_says_the_same_in_both(language) -> None:
    """Otherwise the area that is read last would decide for the others."""
    known = {}
    for message in messages(language):
        assert known.setdefault(message.id, message.string) == message.string, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_is_translated_and_nothing_is_a_guess(language) -> None:
    """No empty text, none marked as fuzzy, none left in English."""
    for message in messages(language):
        assert not message.fuzzy, message.id
        for english, translated in both(message):
            assert translated, english
            assert translated != english or english in SAME[language] or not words_of(english), english


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_same_blanks_to_fill_in(language) -> None:
    """A name that is lost or misspelt in a translation would break a message or leave it out."""
    for message in messages(language):
        for english, translated in both(message):
            assert blanks(translated) == blanks(english), english


def words_of(text: str) -> str:
    """The letters beside the blanks; "%(day)s, %(time)s" has none."""
    return "".join(sign for sign in re.sub(r"%\(\w+\)s", "", text) if sign.isalpha())


def blanks(text: str) -> list[str]:
    """The names in `%(name)s`, and whatever else begins with a percent sign."""
    return sorted(re.findall(r"%(?:\(\w+\)s|.?)", text))


def test_days_are_written_as_each_language_writes_them() -> None:
    """Whatever the machine's locale."""
    day = date(2026, 11, 24)
    assert [day_words(day, language) for language in LANGUAGES] == [
        "Tuesday 24 November 2026",
        "Dienstag, 24. November 2026",
        "martes, 24 de noviembre de 2026",
    ]
    assert day_words(day, "es", with_year=False) == "martes, 24 de noviembre"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("short", ["Tue 24 Nov", "Di 24. Nov.", "mar 24 nov"]),
        ("year", ["Tue 24 Nov 2026", "Di 24. Nov. 2026", "mar 24 nov 2026"]),
        ("long", ["Tuesday 24 November", "Dienstag, 24. November", "martes, 24 de noviembre"]),
        ("weekday", ["Tuesday", "Dienstag", "martes"]),
        ("weekday_short", ["Tue", "Di", "mar"]),
        ("month", ["Nov", "Nov.", "nov"]),
        ("month_year", ["November 2026", "November 2026", "noviembre de 2026"]),
    ],
)
def test_a_day_has_its_forms_in_each_language(form, words) -> None:
    """The names come from the Unicode locale data."""
    assert [day_in(date(2026, 11, 24), form, language) for language in LANGUAGES] == words


def test_a_fraction_has_its_languages_sign() -> None:
    """A half is a half everywhere."""
    assert [number_in(2.3, language) for language in LANGUAGES] == ["2.3", "2,3", "2,3"]
    assert {number_in(2.5, language) for language in LANGUAGES} == {"2½"}
    assert {number_in(7.0, language) for language in LANGUAGES} == {"7"}


def test_a_town_has_its_name_in_the_language() -> None:
    """Lisbon has three."""
    assert [place_words(ZoneInfo("Europe/Lisbon"), language) for language in LANGUAGES] == [
        "Lisbon",
        "Lissabon",
        "Lisboa",
    ]


@pytest.mark.parametrize(
    ("tag", "language"), [("de", "de"), ("DE-at", "de"), ("es-419", "es"), ("fr", "en"), ("", "en")]
)
def test_a_dialect_is_written_to_in_its_language(tag, language) -> None:
    """One without texts is written to in English."""
    assert spoken(tag) == language


def test_plurals_follow_the_number() -> None:
    """One appointment is not told in the plural."""
    text = ("Your appointment is booked", "Your %(num)s appointments are booked")
    assert texts("de").ngettext(*text, 1) == "Ihr Termin ist gebucht"
    assert texts("de").ngettext(*text, 2) == "Ihre %(num)s Termine sind gebucht"
