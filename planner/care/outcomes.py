"""Outcome measures: their kinds, what each is counted in, which way is better, what counts as a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from planner.care.evidence import Evidence
from planner.care.reading import read_choice, read_number, within
from planner.errors import InvalidInput
from planner.words import Text, number_said, say

LONGEST_ABOUT = 200


class Kind(StrEnum):
    """What is measured. Source: E60; exercises: E38."""

    PAIN = "pain"
    FUNCTION = "function"
    RANGE = "range"
    TENSION = "tension"
    SLEEP = "sleep"
    PERFORMANCE = "performance"
    EXERCISES = "exercises"


@dataclass(frozen=True)
class Measure:
    """One kind of outcome.

    Args:
        low: the smallest value; `high`: the largest.
        lower_is_better: as with pain.
        unit: behind a value: "°", "%", or "" where the scale says itself what it counts.
        label: what it is called; `hint`: what the ends of the scale mean.
        about: what `about` asks for, such as the activity; empty where there is nothing to tell apart.
        about_required: whether a value means nothing without it.
        evidence: the judgement row that says how large a change counts, and the number's name in it; None where
            a change says nothing about progress by itself.
    """

    kind: Kind
    low: float
    high: float
    step: float
    lower_is_better: bool
    unit: str
    label: Text
    hint: Text
    about: Text | None = None
    about_required: bool = False
    evidence: tuple[str, str] | None = None

    def significant(self, evidence: Evidence) -> float | None:
        """The smallest change that counts. Source: J50–J55; None for what is no measure of progress."""
        if self.evidence is None:
            return None
        row, number = self.evidence
        return evidence[row].number(number)

    def said(self, value: float) -> Text:
        """A value with its unit, in words: "7", "45°", "80 %"."""
        number = number_said(value)
        return _UNITS[self.unit](number) if self.unit else number

    def gain(self, before: float, after: float) -> float:
        """By how much the second value is better than the first; negative when it is worse."""
        return before - after if self.lower_is_better else after - before


_TEN: Final = 10.0
_UNITS: Final[Mapping[str, Callable[[Text], Text]]] = MappingProxyType(
    {"°": lambda number: say("%(number)s°", number=number), "%": lambda number: say("%(number)s %%", number=number)}
)
MEASURES: Final[Mapping[Kind, Measure]] = MappingProxyType(
    {
        measure.kind: measure
        for measure in (
            Measure(
                Kind.PAIN, 0, _TEN, 1, True, "", say("Pain"), say("0: none. 10: the worst imaginable."),
                evidence=("J50", "points"),
            ),
            Measure(
                Kind.FUNCTION, 0, _TEN, 1, False, "", say("Function"),
                say("How well the patient can do it. 0: not at all. 10: as before."),
                say("Which activity"), True, ("J51", "points"),
            ),
            Measure(
                Kind.RANGE, 0, 360, 1, False, "°", say("Range of motion"), say("In degrees."),
                say("Which movement, which side"), True, ("J52", "degrees"),
            ),
            Measure(
                Kind.TENSION, 0, _TEN, 1, True, "", say("Muscle tension"), say("0: loose. 10: rigid."),
                say("Which muscle"), False, ("J53", "points"),
            ),
            Measure(
                Kind.SLEEP, 0, _TEN, 1, False, "", say("Sleep"), say("0: hardly any. 10: undisturbed."),
                evidence=("J54", "points"),
            ),
            Measure(
                Kind.PERFORMANCE, 0, 200, 1, False, "%", say("Performance"),
                say("In percent of what was usual before."), say("At what"), False, ("J55", "percent"),
            ),
            Measure(
                Kind.EXERCISES, 0, 2, 1, False, "", say("Exercises"), say("0: not done. 1: in part. 2: as prescribed."),
            ),
        )
    }
)  # fmt: skip
PROGRESS: Final = tuple(kind for kind, measure in MEASURES.items() if measure.evidence)
"""The kinds that tell of progress. Source: E60."""


@dataclass(frozen=True)
class Outcome:
    """One value that was measured.

    Args:
        about: what exactly, such as "climbing stairs"; empty where the kind says it all.
        measured_at: aware.
        by_patient: the patient's own word, given without anybody beside them.
    Raises:
        InvalidInput: an unknown kind, a value outside its limits, or no activity where one is needed; `field` is
            kind, value or about.
    """

    kind: Kind
    value: float
    about: str
    measured_at: datetime
    by_patient: bool = False

    def __post_init__(self) -> None:
        within("kind", read_choice, self.kind, Kind)
        check_value(self.kind, self.value)
        if self.measure.about_required and not self.about.strip():
            raise InvalidInput(say("Say what was measured, such as climbing stairs."), field="about")
        if len(self.about) > LONGEST_ABOUT:
            raise InvalidInput(say("At most %(most)s characters.", most=LONGEST_ABOUT), field="about")

    @property
    def measure(self) -> Measure:
        """Its kind's limits and direction."""
        return MEASURES[self.kind]

    @property
    def thing(self) -> tuple[Kind, str]:
        """What is compared over time: the kind, and of several of a kind which one."""
        return self.kind, " ".join(self.about.split()).casefold()


def check_value(kind: Kind, value: float) -> None:
    """Refuse a value outside the kind's limits. Raises: InvalidInput with field "value"."""
    measure = MEASURES[kind]
    try:
        read_number(value, measure.low, measure.high)
    except InvalidInput as refusal:
        low, high = number_said(measure.low), number_said(measure.high)
        raise InvalidInput(
            say("Write a number from %(low)s to %(high)s.", low=low, high=high), field="value"
        ) from refusal


def read_value(kind: Kind, text: str) -> float:
    """A value as somebody typed it; a decimal comma is understood. Raises: InvalidInput with field "value"."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        value = float("nan")
    check_value(kind, value)
    return value


def series(outcomes: tuple[Outcome, ...]) -> Iterator[tuple[tuple[Kind, str], tuple[Outcome, ...]]]:
    """The outcomes of each thing measured, by time, the kinds in their order."""
    by_thing: dict[tuple[Kind, str], list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda each: each.measured_at):
        by_thing.setdefault(outcome.thing, []).append(outcome)
    order = list(Kind)
    for thing in sorted(by_thing, key=lambda each: (order.index(each[0]), each[1])):
        yield thing, tuple(by_thing[thing])
