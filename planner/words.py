"""Sentences for people which are put into the reader's language only when they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from gettext import NullTranslations
from typing import Any, Final, Literal

from planner.languages import DayForm, day_in, decimal_in, number_in, texts

Value = str | int
"""What fills a blank: a number of things, a name as it is typed, or another Text."""
WRITTEN_IN: Final = "en"
_ENGLISH: Final = NullTranslations()
_A_MONDAY: Final = date(2024, 1, 1)


class Text(str):
    """Words for people. As a str it is English; `put` gives it in another language, `as_json` what can be kept.

    An f-string, `+`, `.join` or `.lower()` makes a plain str of it, which stays English: put it into the blank of
    another sentence instead.
    """

    def put(self, language: str) -> str:
        """The words in that language.

        Args:
            language: any BCP 47 tag; one without texts gives English.
        """
        return str(self)

    def as_json(self) -> dict[str, Any]:
        """What `text_from` reads."""
        raise NotImplementedError


class _Sentence(Text):
    """One text of the catalogues with its blanks."""

    msgid: str
    plural: str | None
    values: Mapping[str, Value]

    @classmethod
    def made(cls, msgid: str, plural: str | None, values: Mapping[str, Value]) -> _Sentence:
        text = cls(_filled(msgid, plural, values, _ENGLISH, WRITTEN_IN))
        text.msgid, text.plural, text.values = msgid, plural, values
        return text

    def put(self, language: str) -> str:
        return _filled(self.msgid, self.plural, self.values, texts(language), language)

    def as_json(self) -> dict[str, Any]:
        kept = {name: value.as_json() if isinstance(value, Text) else value for name, value in self.values.items()}
        return {"say": self.msgid} | ({"many": self.plural} if self.plural else {}) | ({"with": kept} if kept else {})


class _Day(Text):
    """A calendar day."""

    day: date
    form: DayForm

    def put(self, language: str) -> str:
        return day_in(self.day, self.form, language)

    def as_json(self) -> dict[str, Any]:
        return {"day": self.day.isoformat(), "form": self.form}


class _Number(Text):
    """A number that may have a fraction."""

    value: float

    def put(self, language: str) -> str:
        return number_in(self.value, language)

    def as_json(self) -> dict[str, Any]:
        return {"number": self.value}


class _Decimal(Text):
    """A number whose fraction is written in digits."""

    value: float

    def put(self, language: str) -> str:
        return decimal_in(self.value, language)

    def as_json(self) -> dict[str, Any]:
        return {"decimal": self.value}


class _Listing(Text):
    """Several things in a row."""

    parts: tuple[str, ...]
    between: Joining

    def put(self, language: str) -> str:
        return _joined(self.parts, self.between, language)

    def as_json(self) -> dict[str, Any]:
        kept = [part.as_json() if isinstance(part, Text) else part for part in self.parts]
        return {"parts": kept, "between": self.between}


class _Capital(Text):
    """Words that begin a line."""

    inner: str

    def put(self, language: str) -> str:
        return _begun(in_language(self.inner, language))

    def as_json(self) -> dict[str, Any]:
        return {"capital": self.inner.as_json() if isinstance(self.inner, Text) else self.inner}


Joining = Literal["and", "or", ", ", "; ", " "]
"""What stands between the last two things of a listing; whole sentences have a blank."""


def say(msgid: str, **values: Value) -> Text:
    """A sentence with `%(name)s` for each value; a percent sign is written `%%`.

    Args:
        msgid: the English sentence, a literal, so that `make texts` finds it.
    Raises:
        KeyError: a blank has no value.
    """
    return _Sentence.made(msgid, None, values)


def say_many(one: str, many: str, num: int, **values: Value) -> Text:
    """A sentence that depends on a number, which it may show as `%(num)s`: "1 session", "3 sessions"."""
    return _Sentence.made(one, many, {**values, "num": num})


def say_found(msgid: str, **values: Value) -> Text:
    """As `say`, for a pattern that is data: tools/texts.py knows where it stands."""
    return _Sentence.made(msgid, None, values)


def day_said(day: date, form: DayForm) -> Text:
    """A day as the reader's language writes it, for example "Tue 24 Nov" in the form "short"."""
    text = _Day(day_in(day, form, WRITTEN_IN))
    # A moment is a date to Python, too; what is kept is its day.
    text.day, text.form = day.date() if isinstance(day, datetime) else day, form
    return text


def weekday_said(weekday: int, form: Literal["weekday", "weekday_short"] = "weekday") -> Text:
    """A day of the week, from 0 (Monday)."""
    return day_said(_A_MONDAY + timedelta(days=weekday), form)


def moment_said(wall: datetime, form: DayForm = "short") -> Text:
    """A day and a time of a wall clock: "Tue 24 Nov, 10:00"."""
    return say("%(day)s, %(time)s", day=day_said(wall.date(), form), time=f"{wall:%H:%M}")


def number_said(value: float) -> Text:
    """A number without needless decimals; a half is written ½, as a person would."""
    text = _Number(number_in(value, WRITTEN_IN))
    text.value = value
    return text


def decimal_said(value: float) -> Text:
    """A number as computers count: "2.5", "2,5"."""
    text = _Decimal(decimal_in(value, WRITTEN_IN))
    text.value = value
    return text


def listing(parts: Iterable[str], between: Joining = "and") -> Text:
    """ "Ben, Ann and Cy"; "" for none."""
    some = tuple(parts)
    text = _Listing(_joined(some, between, WRITTEN_IN))
    text.parts, text.between = some, between
    return text


def capital(text: str) -> Text:
    """The same words with a capital at their beginning, whatever the language."""
    said = _Capital(_begun(text))
    said.inner = text
    return said


def part_of(text: str, blank: str) -> str | None:
    """What fills a blank of a Text; None where it has no such blank, or is no Text."""
    value = text.values.get(blank) if isinstance(text, _Sentence) else None
    return None if value is None else value if isinstance(value, str) else str(value)


def in_language(value: str, language: str) -> str:
    """A Text in that language; every other str as it is, since a person typed it."""
    return value.put(language) if isinstance(value, Text) else value


def text_from(kept: Mapping[str, Any]) -> Text:
    """The Text that was kept by `as_json`.

    Raises:
        ValueError: it was not.
    """
    try:
        return _text_from(kept)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no kept text: {kept!r}") from error


def _text_from(kept: Mapping[str, Any]) -> Text:
    if "say" in kept:
        values = {name: _part_from(value) for name, value in kept.get("with", {}).items()}
        return _Sentence.made(kept["say"], kept.get("many"), values)
    if "day" in kept:
        return day_said(date.fromisoformat(kept["day"]), kept["form"])
    if "number" in kept:
        return number_said(kept["number"])
    if "capital" in kept:
        return capital(_words_from(kept["capital"]))
    if "decimal" in kept:
        return decimal_said(kept["decimal"])
    return listing(
        [str(part) if isinstance(part, int) else part for part in map(_part_from, kept["parts"])], kept["between"]
    )


def _words_from(kept: Any) -> str:
    part = _part_from(kept)
    return part if isinstance(part, str) else str(part)


def _begun(words: str) -> str:
    return words[:1].upper() + words[1:]


def _part_from(kept: Any) -> Value:
    if isinstance(kept, Mapping):
        return _text_from(kept)
    if isinstance(kept, str | int):
        return kept
    raise TypeError(f"neither words nor a number: {kept!r}")


def _filled(msgid: str, plural: str | None, values: Mapping[str, Value], found: NullTranslations, language: str) -> str:
    # The empty text is the head of a catalogue.
    words = found.gettext(msgid) if plural is None else found.ngettext(msgid, plural, int(values["num"]))
    put = {name: in_language(value, language) if isinstance(value, str) else value for name, value in values.items()}
    return (words if msgid else "") % put


def _joined(parts: tuple[str, ...], between: Joining, language: str) -> str:
    *most, last = (in_language(part, language) for part in parts or ("",))
    if not most:
        return last
    if between not in ("and", "or"):
        return between.join((*most, last))
    words = {"name": ", ".join(most), "other": last}
    found = texts(language)
    pattern = found.gettext("%(name)s and %(other)s") if between == "and" else found.gettext("%(name)s or %(other)s")
    return pattern % words
