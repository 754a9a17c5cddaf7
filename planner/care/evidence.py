"""Typed rows of evidence.toml, each with its id and source, and a clinic's own numbers over them."""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from planner.errors import InvalidInput
from planner.words import decimal_said, say, say_found

_FILE = Path(__file__).with_name("evidence.toml")
_HOURS_A_DAY = 24
_DAYS_A_WEEK = 7


class Kind(StrEnum):
    """What a row is about."""

    PROTOCOL = "protocol"
    GOAL = "goal"
    FREQUENCY = "frequency"
    FACTOR = "factor"
    ATTENDANCE = "attendance"
    SAFETY = "safety"
    ADVICE = "advice"
    JUDGEMENT = "judgement"


class Maintenance(StrEnum):
    """Whether maintenance follows a protocol's course."""

    NEVER = "never"
    IF_LASTING = "if_lasting"
    ALWAYS = "always"


def as_msgid(wording: str) -> str:
    """A wording with its numbers in braces as the catalogues have it: `{weeks} weeks` is `%(weeks)s weeks`."""
    return re.sub(
        r"\{\{|\}\}|\{(\w+)\}",
        lambda found: f"%({found[1]})s" if found[1] else found[0][0],
        wording.replace("%", "%%"),
    )


@dataclass(frozen=True)
class CoursePattern:
    """How often a protocol is treated: ids of the frequency row and of the gap rows, and what comes after."""

    frequency: str
    intensive: str
    taper: str
    maintenance: Maintenance


@dataclass(frozen=True)
class EvidenceRow:
    """One fact or judgement.

    `wording`, `fewer_wording` and `more_wording` may name numbers in braces; `says`, `fewer` and `more` have them
    filled in. `numbers` maps a name such as `sessions_low` to a whole (int) or fractional (float) number.
    """

    id: str
    kind: Kind
    wording: str
    sources: tuple[str, ...]
    judgement: bool
    open_ended: bool
    numbers: Mapping[str, int | float]
    fewer_wording: str
    more_wording: str
    course: CoursePattern | None
    own: bool = False
    """Whether a clinic changed it; what it says tells so."""

    @property
    def says(self) -> str:
        """The row in one plain sentence, with its numbers."""
        return self._filled(self.wording)

    @property
    def fewer(self) -> str:
        """Why this factor means fewer sessions; empty if it never does."""
        return self._filled(self.fewer_wording)

    @property
    def more(self) -> str:
        """Why this factor means more sessions; empty if it never does."""
        return self._filled(self.more_wording)

    def whole(self, name: str) -> int:
        """The whole number of that name. Raises: ValueError if the row has none."""
        value = self.numbers.get(name)
        if not isinstance(value, int):
            raise ValueError(f"{self.id} has no whole number {name}")
        return value

    def number(self, name: str) -> float:
        """The number of that name. Raises: ValueError if the row has none."""
        if name not in self.numbers:
            raise ValueError(f"{self.id} has no number {name}")
        return float(self.numbers[name])

    def pattern(self) -> CoursePattern:
        """How this protocol is treated. Raises: ValueError if the row is no protocol."""
        if self.course is None:
            raise ValueError(f"{self.id} is no protocol")
        return self.course

    def weeks(self) -> tuple[int, int] | None:
        """The protocol's weeks (low, high), or None where they follow from sessions and frequency."""
        if "weeks_low" not in self.numbers:
            return None
        return self.whole("weeks_low"), self.whole("weeks_high")

    def _filled(self, wording: str) -> str:
        # A clinic's own wording is in no catalogue and stays as it is typed.
        filled = say_found(as_msgid(wording), **{name: decimal_said(value) for name, value in self.numbers.items()})
        # What a patient is told is said without a remark about where it comes from.
        marked = self.own and bool(filled) and self.kind is not Kind.ADVICE
        return say("%(says)s (This clinic’s own.)", says=filled) if marked else filled


@dataclass(frozen=True)
class Evidence:
    """All rows in the order of the file, and the sources' full titles."""

    rows: Mapping[str, EvidenceRow]
    sources: Mapping[str, str]
    limits: Mapping[str, tuple[int | float, int | float]]

    def __post_init__(self) -> None:
        self._check_gaps_rest()
        self._check_protocols_fit()

    @classmethod
    def load(cls, overrides: Mapping[str, Mapping[str, object]] | None = None) -> "Evidence":
        """The shipped evidence with a clinic's overrides; without any it is read only once.

        Args:
            overrides: row id → {"says": text, or the name of one of the row's numbers: number}.
        Raises:
            InvalidInput: an unknown row or name, a wrong type, a number outside its limits, or numbers that
                contradict each other; `field` is "ROW" or "ROW.name".
        """
        default = _default()
        if not overrides:
            return default
        rows = dict(default.rows)
        for row_id, changes in overrides.items():
            if row_id not in rows:
                raise InvalidInput(say("There is no evidence row %(row_id)s.", row_id=row_id), field=row_id)
            rows[row_id] = _overridden(rows[row_id], changes, default.limits)
        return cls(MappingProxyType(rows), default.sources, default.limits)

    def __getitem__(self, row_id: str) -> EvidenceRow:
        """The row with this id. Raises: KeyError if there is none."""
        return self.rows[row_id]

    def __iter__(self) -> Iterator[EvidenceRow]:
        return iter(self.rows.values())

    def of_kind(self, kind: Kind) -> tuple[EvidenceRow, ...]:
        """The rows of one kind, in the file's order."""
        return tuple(row for row in self if row.kind is kind)

    def rest_days(self) -> int:
        """Fewest whole days between two needlings. Source: E25."""
        return math.ceil(self["E25"].whole("rest_hours") / _HOURS_A_DAY)

    def _check_protocols_fit(self) -> None:
        extra = self["J5"].whole("extra_sessions")
        for row in self.of_kind(Kind.PROTOCOL):
            weeks = row.weeks()
            gaps = row.whole("sessions_high") + extra - 1
            if weeks and gaps * self.rest_days() > weeks[1] * _DAYS_A_WEEK:
                raise InvalidInput(
                    say(
                        "%(id)s: so many sessions do not fit into %(weeks)s weeks with the rest that E25 asks for.",
                        id=row.id,
                        weeks=weeks[1],
                    ),
                    field=f"{row.id}.weeks_high",
                )

    def _check_gaps_rest(self) -> None:
        for row in self:
            if "min" in row.numbers and row.whole("min") < self.rest_days():
                raise InvalidInput(
                    say("%(id)s: the gap is shorter than the rest E25 asks for.", id=row.id), field=f"{row.id}.min"
                )


@cache
def _default() -> Evidence:
    with _FILE.open("rb") as file:
        data = tomllib.load(file)
    limits = {name: (low, high) for name, (low, high) in data["limits"].items()}
    rows = {row_id: _row(row_id, raw) for row_id, raw in data["rows"].items()}
    for row in rows.values():
        _check(row, limits)
    return Evidence(MappingProxyType(rows), MappingProxyType(data["sources"]), MappingProxyType(limits))


def _row(row_id: str, raw: Mapping[str, Any]) -> EvidenceRow:
    course = raw.get("course")
    return EvidenceRow(
        id=row_id,
        kind=Kind(raw["kind"]),
        wording=raw["says"],
        sources=tuple(raw.get("sources", ())),
        judgement=raw.get("judgement", False),
        open_ended=raw.get("open_ended", False),
        numbers=MappingProxyType(raw.get("numbers", {})),
        fewer_wording=raw.get("fewer", ""),
        more_wording=raw.get("more", ""),
        course=CoursePattern(**{**course, "maintenance": Maintenance(course["maintenance"])}) if course else None,
    )


def _overridden(
    row: EvidenceRow, changes: Mapping[str, object], limits: Mapping[str, tuple[int | float, int | float]]
) -> EvidenceRow:
    if not isinstance(changes, Mapping):
        raise InvalidInput(say("The changes to %(id)s must be a table of names and values.", id=row.id), field=row.id)
    wording, numbers = row.wording, dict(row.numbers)
    for name, value in changes.items():
        if name == "says":
            wording = _text(row.id, value)
        elif name in numbers:
            numbers[name] = _number(row.id, name, value, limits[name])
        else:
            raise InvalidInput(
                say("%(id)s has no value called %(name)s.", id=row.id, name=name), field=f"{row.id}.{name}"
            )
    changed = replace(row, wording=wording, numbers=MappingProxyType(numbers), own=bool(changes))
    _check(changed, limits)
    return changed


def _text(row_id: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(say("What %(row_id)s says must be a text.", row_id=row_id), field=f"{row_id}.says")
    # A clinic's text is shown as it stands; only the shipped wording names numbers in braces.
    return value.strip().replace("{", "{{").replace("}", "}}")


def _number(row_id: str, name: str, value: object, limits: tuple[int | float, int | float]) -> int | float:
    field = f"{row_id}.{name}"
    fractional = isinstance(limits[0], float)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(say("%(field)s must be a number.", field=field), field=field)
    if not fractional and not isinstance(value, int):
        raise InvalidInput(say("%(field)s must be a whole number.", field=field), field=field)
    # Written so that NaN fails too.
    if not limits[0] <= value <= limits[1]:
        raise InvalidInput(
            say(
                "%(field)s must be between %(low)s and %(high)s.",
                field=field,
                low=f"{limits[0]:g}",
                high=f"{limits[1]:g}",
            ),
            field=field,
        )
    return float(value) if fractional else value


_ASCENDING = (
    ("sessions_low", "sessions_high"),
    ("weeks_low", "weeks_high"),
    ("min", "target"),
    ("target", "max"),
    ("review_from", "review_to"),
    ("younger_below", "older_from"),
)


def _check(row: EvidenceRow, limits: Mapping[str, tuple[int | float, int | float]]) -> None:
    for name, value in row.numbers.items():
        _number(row.id, name, value, limits[name])
    for smaller, larger in _ASCENDING:
        if smaller in row.numbers and larger in row.numbers and row.numbers[smaller] > row.numbers[larger]:
            raise InvalidInput(
                say("%(id)s: %(smaller)s is larger than %(larger)s.", id=row.id, smaller=smaller, larger=larger),
                field=f"{row.id}.{smaller}",
            )
