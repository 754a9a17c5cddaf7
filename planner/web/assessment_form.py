"""The assessment's form: its fields in two groups, what was typed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.care.assessment import FIELD_NAMES, Assessment
from planner.care.fields import ASSESSMENT_FIELDS, FieldDescription, FieldKind
from planner.care.reading import bare
from planner.errors import InvalidInput
from planner.words import listing, say

REQUIRED_FIELDS = tuple(each for each in ASSESSMENT_FIELDS if each.required)
OPTIONAL_FIELDS = tuple(each for each in ASSESSMENT_FIELDS if not each.required)


@dataclass(frozen=True)
class AssessmentForm:
    """What was typed, and the assessment it makes, or the errors by field.

    Args:
        assessment: None where something is missing or wrong.
    """

    typed: Mapping[str, str]
    assessment: Assessment | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[FieldDescription, ...]:
        """The required questions without an answer."""
        return tuple(each for each in REQUIRED_FIELDS if not self.typed.get(each.name, "").strip())

    @property
    def extras(self) -> int:
        """How many of the optional questions were answered."""
        return sum(bool(self.typed.get(each.name)) for each in OPTIONAL_FIELDS)


def read_assessment_form(form: Mapping[str, str]) -> AssessmentForm:
    """Read a submitted form; every required question without an answer is named."""
    typed = {name: form.get(name, "").strip() for name in FIELD_NAMES}
    errors = {each.name: _ask(each) for each in REQUIRED_FIELDS if not typed[each.name]}
    if errors:
        return AssessmentForm(typed, errors=errors)
    try:
        return AssessmentForm(typed, Assessment.from_form(typed))
    except InvalidInput as refusal:
        return AssessmentForm(typed, errors={refusal.field or "": bare(refusal)})


def options(described: FieldDescription) -> list[tuple[str, str]]:
    """(value, label) of a question's answers; an optional one can be left open again."""
    if described.kind is FieldKind.FLAG:
        answers: list[tuple[str, str]] = [("true", say("Yes")), ("false", say("No"))]
    else:
        answers = [(choice.value, choice.label) for choice in described.choices]
    return answers if described.required else [("", say("Not recorded")), *answers]


def _ask(described: FieldDescription) -> str:
    ask = say("Write a number.") if described.kind is FieldKind.NUMBER else say("Choose an answer.")
    return listing([described.label, ask], " ")
