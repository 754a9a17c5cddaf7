"""What is treated, in the words of the assessment's form."""

from planner.care.assessment import Assessment
from planner.care.fields import ASSESSMENT_FIELDS
from planner.words import say


def field_words(name: str, value: object) -> str:
    """A field's value as its form calls it: the label of a choice, yes or no, a number as it is."""
    if isinstance(value, bool):
        return say("Yes") if value else say("No")
    field = next((field for field in ASSESSMENT_FIELDS if field.name == name), None)
    labels = {choice.value: choice.label for choice in field.choices} if field else {}
    return labels.get(str(value), str(value))


def protocol_words(protocol: str) -> str:
    """`Pain that has lasted for months or years` for `chronic_pain`."""
    return field_words("protocol", protocol)


def findings_words(assessment: Assessment) -> list[tuple[str, str]]:
    """(question, answer) for everything that was recorded, in the order of the form."""
    found = assessment.to_json()
    asked = [field for field in ASSESSMENT_FIELDS if field.name in found]
    return [(field.label, field_words(field.name, found[field.name])) for field in asked]
