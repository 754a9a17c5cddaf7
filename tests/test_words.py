"""A sentence is kept with its blanks and put into the reader's language when it is shown."""

import ast
import copy
import json
import pickle
from datetime import date, datetime
from pathlib import Path

import pytest

from planner import errors
from planner.words import Text, day_said, in_language, listing, number_said, say, say_many, text_from

DAY = date(2026, 11, 24)


def appointments(num: int) -> Text:
    """One of the catalogues' own sentences."""
    return say_many("Your appointment is booked", "Your %(num)s appointments are booked", num)


def test_a_text_is_its_english_sentence() -> None:
    """Logs, tests and programs read it as any other str."""
    text = say("With %(name)s.", name="Ben")
    assert text == "With Ben."
    assert isinstance(text, str)


def test_a_text_is_put_into_a_language() -> None:
    """From the catalogues, with its blanks filled."""
    text = say("With %(name)s.", name="Ben")
    assert in_language(text, "de") == "Bei Ben."
    assert in_language(text, "en") == text


def test_what_a_person_typed_stays_as_it_is() -> None:
    """Only our own words have translations."""
    assert in_language("With %(name)s.", "de") == "With %(name)s."


def test_a_number_chooses_the_form() -> None:
    """In the language that is read, not in English."""
    assert appointments(1).put("de") == "Ihr Termin ist gebucht"
    assert appointments(2).put("de") == "Ihre 2 Termine sind gebucht"


def test_a_text_in_the_blank_of_another_is_put_into_the_language_too() -> None:
    """Days and numbers as well."""
    text = say("With %(name)s.", name=listing([day_said(DAY, "short"), number_said(2.3)]))
    assert text == "With Tue 24 Nov and 2.3."
    assert text.put("de") == "Bei Di 24. Nov. und 2,3."


def test_a_percent_sign_in_a_name_does_no_harm() -> None:
    """Names are values, never patterns."""
    assert say("With %(name)s.", name="100 %(x)s %").put("de") == "Bei 100 %(x)s %."


@pytest.mark.parametrize(
    ("parts", "words"), [((), ""), (("a",), "a"), (("a", "b"), "a und b"), (("a", "b", "c"), "a, b und c")]
)
def test_a_listing_joins_its_last_two_by_a_word(parts, words) -> None:
    """As a person would read them out."""
    assert listing(parts).put("de") == words


def test_a_listing_by_commas_or_by_or() -> None:
    """Where "and" would be wrong."""
    assert listing("ab", ", ").put("de") == "a, b"
    assert listing("ab", "or").put("de") == "a oder b"


@pytest.mark.parametrize(
    "text",
    [
        say("With %(name)s.", name=day_said(DAY, "full")),
        appointments(3),
        listing(["a", say("A time has become free")], "or"),
        number_said(3.5),
        say("With %(name)s.", name=listing([day_said(DAY, "short")])),
    ],
)
def test_a_text_is_the_same_after_it_was_kept(text) -> None:
    """In the database, in a cookie, or in another process."""
    copies = [text_from(json.loads(json.dumps(text.as_json()))), copy.deepcopy(text), pickle.loads(pickle.dumps(text))]  # noqa: S301
    for again in copies:
        assert [again.put(language) for language in ("en", "de", "es")] == [
            text.put(language) for language in ("en", "de", "es")
        ]


@pytest.mark.parametrize(
    "kept", [{}, {"say": 1}, {"say": "%(x)s"}, {"day": "x", "form": "short"}, {"parts": [[]], "between": "and"}]
)
def test_what_is_no_text_is_refused(kept) -> None:
    """A row that somebody wrote by hand must not break a page in the middle."""
    with pytest.raises(ValueError, match=r"no kept text|Invalid isoformat"):
        text_from(kept)


def test_a_blank_without_a_value_is_a_mistake_at_once() -> None:
    """Not only when the first German reads it."""
    with pytest.raises(KeyError):
        say("With %(name)s.", nane="Ben")


def test_the_day_of_a_moment_is_kept_as_a_day() -> None:
    """A moment is a date to Python, too; read again it would be no day."""
    text = say("From %(day)s", day=day_said(datetime(2026, 11, 24, 8), "short"))
    assert text_from(json.loads(json.dumps(text.as_json()))) == text


# That a database is not there or broken is told to whoever runs the program, in its own language.
REFUSALS = {name for name, value in vars(errors).items() if isinstance(value, type)} - {"StorageFailed"}
IN_A_TERMINAL = {"backup_folder.py", "opening.py", "install.py"}


def refused_in_english(file: Path) -> list[str]:
    """Where a refusal is a bare string, which no reader's language is found for."""
    return [
        f"{file}:{call.lineno}"
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in REFUSALS
        if call.args and isinstance(call.args[0], (ast.Constant, ast.JoinedStr))
    ]


def test_what_a_page_refuses_is_a_text() -> None:
    """Else a German receptionist is told in English that a name is needed."""
    files = [
        *Path("planner/services").rglob("*.py"),
        *Path("planner/web").rglob("*.py"),
        Path("planner/storage/kinds.py"),
    ]
    assert [each for file in files if file.name not in IN_A_TERMINAL for each in refused_in_english(file)] == []
