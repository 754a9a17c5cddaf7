"""The assessment's fields in words, in order: what a form, a help page or another program shows."""

from dataclasses import dataclass
from enum import StrEnum

from planner.care.assessment import CHOICES, LONGEST_WEEKS, OLDEST_AGE
from planner.words import say


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
        say("What is treated?"),
        say("Choose what describes it best; the more specific, the better."),
        (
            say("A fresh injury (strain or sprain)"),
            say("Pain that has lasted for months or years"),
            say("A sports injury, on the way back to sport"),
            say("Recovery after surgery"),
            say("A lasting condition (fibromyalgia, arthritis)"),
            say("Piriformis syndrome"),
        ),
        required=True,
    ),
    FieldDescription(
        "symptom_weeks",
        FieldKind.NUMBER,
        say("For how many weeks?"),
        say("How long the symptoms have lasted. A year is 52 weeks."),
        required=True,
        most=LONGEST_WEEKS,
        step="any",
    ),
    _choice(
        "severity",
        say("How bad is it?"),
        say("Severe: constant, or weighing much on daily life."),
        (say("Mild"), say("Moderate"), say("Severe")),
        required=True,
    ),
    _choice(
        "goal",
        say("What is the goal?"),
        say("Soon to feel and move better, or that it does not come back."),
        (say("Relief soon"), say("Relief that lasts")),
        required=True,
    ),
    FieldDescription(
        "age", FieldKind.NUMBER, say("Age"), say("In whole years."), required=False, most=OLDEST_AGE, step="1"
    ),
    _choice(
        "general_health",
        say("General health"),
        say("Nutrition, sleep, stress and other conditions taken together."),
        (say("Good"), say("Fair"), say("Poor")),
    ),
    _choice(
        "pain_sensitivity",
        say("Sensitivity to pain"),
        say("How well treatment is tolerated."),
        (say("Low: tolerates much"), say("Normal"), say("High: needs gentle treatment")),
    ),
    _choice(
        "healing_response",
        say("Response to treatment"),
        say("How fast earlier or present treatment has helped."),
        (say("Fast"), say("Typical"), say("Slow")),
    ),
    _choice(
        "twitch_response",
        say("Twitch response"),
        say("How the muscle answers the needle."),
        (say("Strong"), say("Typical"), say("Weak")),
    ),
    _choice(
        "exercise_adherence",
        say("Exercises at home"),
        say("How far they are done as prescribed."),
        (say("Done as prescribed"), say("Done in part"), say("Not done")),
    ),
    _choice(
        "contributing_factors",
        say("What keeps feeding it"),
        say("Long sitting, muscle imbalance, activities that aggravate it."),
        (say("Nothing known"), say("Something, and it is dealt with"), say("Something, not yet dealt with")),
    ),
    _choice(
        "trigger_points",
        say("Trigger points"),
        say("Many: several of them, or deep layers."),
        (say("Few"), say("Many")),
    ),
    FieldDescription(
        "combined_therapy",
        FieldKind.FLAG,
        say("Other treatment beside it"),
        say("Physiotherapy, massage, chiropractic care or an exercise programme."),
        required=False,
    ),
    _choice(
        "attendance",
        say("Keeping appointments"),
        say("How regularly the patient can come."),
        (say("Regularly"), say("With gaps")),
    ),
)
