"""The assessment's fields in words, in order: what a form, a help page or another program shows."""

from dataclasses import dataclass
from enum import StrEnum

from planner.care.assessment import CHOICES, LONGEST_WEEKS, OLDEST_AGE


class FieldKind(StrEnum):
    """How a field is entered."""

    CHOICE = "choice"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True)
class Choice:
    """One value of a choice and how people call it."""

    value: str
    label: str


@dataclass(frozen=True)
class FieldDescription:
    """One field of an assessment. `most` and `step` belong to numbers, `choices` to choices."""

    name: str
    kind: FieldKind
    label: str
    help: str
    required: bool
    choices: tuple[Choice, ...] = ()
    most: int | None = None
    step: str | None = None


def _choice(
    name: str, label: str, help_text: str, labels: tuple[str, ...], *, required: bool = False
) -> FieldDescription:
    choices = tuple(Choice(value.value, text) for value, text in zip(CHOICES[name], labels, strict=True))
    return FieldDescription(name, FieldKind.CHOICE, label, help_text, required, choices)


ASSESSMENT_FIELDS: tuple[FieldDescription, ...] = (
    _choice(
        "protocol",
        "What is treated?",
        "Choose what describes it best; the more specific, the better.",
        (
            "A fresh injury (strain or sprain)",
            "Pain that has lasted for months or years",
            "A sports injury, on the way back to sport",
            "Recovery after surgery",
            "A lasting condition (fibromyalgia, arthritis)",
            "Piriformis syndrome",
        ),
        required=True,
    ),
    FieldDescription(
        "symptom_weeks",
        FieldKind.NUMBER,
        "For how many weeks?",
        "How long the symptoms have lasted. A year is 52 weeks.",
        required=True,
        most=LONGEST_WEEKS,
        step="any",
    ),
    _choice(
        "severity",
        "How bad is it?",
        "Severe: constant, or weighing much on daily life.",
        ("Mild", "Moderate", "Severe"),
        required=True,
    ),
    _choice(
        "goal",
        "What is the goal?",
        "Soon to feel and move better, or that it does not come back.",
        ("Relief soon", "Relief that lasts"),
        required=True,
    ),
    FieldDescription("age", FieldKind.NUMBER, "Age", "In whole years.", required=False, most=OLDEST_AGE, step="1"),
    _choice(
        "general_health",
        "General health",
        "Nutrition, sleep, stress and other conditions taken together.",
        ("Good", "Fair", "Poor"),
    ),
    _choice(
        "pain_sensitivity",
        "Sensitivity to pain",
        "How well treatment is tolerated.",
        ("Low: tolerates much", "Normal", "High: needs gentle treatment"),
    ),
    _choice(
        "healing_response",
        "Response to treatment",
        "How fast earlier or present treatment has helped.",
        ("Fast", "Typical", "Slow"),
    ),
    _choice(
        "twitch_response",
        "Twitch response",
        "How the muscle answers the needle.",
        ("Strong", "Typical", "Weak"),
    ),
    _choice(
        "exercise_adherence",
        "Exercises at home",
        "How far they are done as prescribed.",
        ("Done as prescribed", "Done in part", "Not done"),
    ),
    _choice(
        "contributing_factors",
        "What keeps feeding it",
        "Long sitting, muscle imbalance, activities that aggravate it.",
        ("Nothing known", "Something, and it is dealt with", "Something, not yet dealt with"),
    ),
    _choice(
        "trigger_points",
        "Trigger points",
        "Many: several of them, or deep layers.",
        ("Few", "Many"),
    ),
    FieldDescription(
        "combined_therapy",
        FieldKind.FLAG,
        "Other treatment beside it",
        "Physiotherapy, massage, chiropractic care or an exercise programme.",
        required=False,
    ),
    _choice(
        "attendance",
        "Keeping appointments",
        "How regularly the patient can come.",
        ("Regularly", "With gaps"),
    ),
)
