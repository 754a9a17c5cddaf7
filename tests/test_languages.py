"""Every text that patients get is in every language, whole and with the same blanks to fill in."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from planner.languages import CATALOGUES, LANGUAGES, day_words, place_words, spoken, texts

ROOT = Path(__file__).parents[1]
TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def in_use(tmp_path_factory):
    """The texts that templates and code ask for, found as `make texts` finds them."""
    found = tmp_path_factory.mktemp("texts") / "found.pot"
    command = ["pybabel", "-q", "extract", "-F", "babel.cfg", "--no-location", "-o", str(found), "."]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        CommandLineInterface().run(command)
    with found.open("rb") as file:
        return {message.id for message in read_po(file) if message.id}


def messages(language: str) -> Iterator[Message]:
    """What stands in its catalogue."""
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        yield from (message for message in read_po(file, locale=language, abort_invalid=True) if message.id)


def both(message: Message) -> Iterator[tuple[str, str]]:
    """(English, translated), of a plural form by form."""
    if isinstance(message.id, str):
        yield message.id, message.string
        return
    yield from zip(message.id, message.string, strict=True)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_what_is_in_use_and_nothing_else(language, in_use) -> None:
    """`make texts` brings it up to date; then somebody has to translate."""
    assert {message.id for message in messages(language)} == in_use


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_is_translated_and_nothing_is_a_guess(language) -> None:
    """No empty text, none marked as fuzzy, none left in English."""
    for message in messages(language):
        assert not message.fuzzy, message.id
        for english, translated in both(message):
            assert translated, english
            assert translated != english


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_same_blanks_to_fill_in(language) -> None:
    """A name that is lost or misspelt in a translation would break a message or leave it out."""
    for message in messages(language):
        for english, translated in both(message):
            assert blanks(translated) == blanks(english), english


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
