"""What the therapist found: the assessment, read from JSON or a form, refusing nonsense by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from planner.care.reading import read_choice, read_number, read_object, read_whole, required, within
from planner.errors import InvalidInput
from planner.words import say

# What any person or illness can reach, against slips of the keyboard; not clinical.
LONGEST_WEEKS = 5200
OLDEST_AGE = 120


class Protocol(StrEnum):
    """What is treated."""

    ACUTE_INJURY = "acute_injury"
    CHRONIC_PAIN = "chronic_pain"
    SPORTS_REHABILITATION = "sports_rehabilitation"
    POST_SURGERY = "post_surgery"
    CHRONIC_CONDITION = "chronic_condition"
    PIRIFORMIS_SYNDROME = "piriformis_syndrome"


class Severity(StrEnum):
    """How bad the symptoms are."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Goal(StrEnum):
    """What the patient wants: relief soon, or relief that lasts."""

    RELIEF = "relief"
    LASTING = "lasting"


class GeneralHealth(StrEnum):
    """Nutrition, sleep, stress and other conditions taken together."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class PainSensitivity(StrEnum):
    """How sensitive to pain the patient is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class HealingResponse(StrEnum):
    """How fast treatment shows an effect."""

    FAST = "fast"
    TYPICAL = "typical"
    SLOW = "slow"


class TwitchResponse(StrEnum):
    """How the muscle answers the needle."""

    STRONG = "strong"
    TYPICAL = "typical"
    WEAK = "weak"


class ExerciseAdherence(StrEnum):
    """How far home exercises are done as prescribed."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class ContributingFactors(StrEnum):
    """Whether something in daily life keeps feeding the problem."""

    NONE = "none"
    ADDRESSED = "addressed"
    UNADDRESSED = "unaddressed"


class TriggerPoints(StrEnum):
    """How many trigger points were found."""

    FEW = "few"
    MANY = "many"


class Attendance(StrEnum):
    """How well appointments are kept."""

    REGULAR = "regular"
    IRREGULAR = "irregular"


@dataclass(frozen=True)
class Assessment:
    """What the therapist found. An optional field that is None was not recorded and moves nothing.

    Args:
        symptom_weeks: how long the symptoms have lasted, 0 to 5200 weeks, a fraction allowed.
        age: whole years, 0 to 120.
    Raises:
        InvalidInput: a number outside its limits; `field` names it.
    """

    protocol: Protocol
    symptom_weeks: float
    severity: Severity
    goal: Goal
    age: int | None = None
    general_health: GeneralHealth | None = None
    pain_sensitivity: PainSensitivity | None = None
    healing_response: HealingResponse | None = None
    twitch_response: TwitchResponse | None = None
    exercise_adherence: ExerciseAdherence | None = None
    contributing_factors: ContributingFactors | None = None
    trigger_points: TriggerPoints | None = None
    combined_therapy: bool | None = None
    attendance: Attendance | None = None

    def __post_init__(self) -> None:
        within("symptom_weeks", _read_weeks, self.symptom_weeks)
        if self.age is not None:
            within("age", _read_age, self.age)

    @classmethod
    def from_json(cls, data: object) -> "Assessment":
        """Read an assessment from parsed JSON; an optional key may be left out or null.

        Raises:
            InvalidInput: not an object, an unknown key or value, a missing key; `field` names it.
        """
        values = read_object(data, FIELD_NAMES, "An assessment")
        for name in ("protocol", "symptom_weeks", "severity", "goal"):
            required(values, name)
        # The reader of each field checks its type, which the type checker cannot see through the table.
        return cls(**{name: _read(name, value) for name, value in values.items() if value is not None})  # type: ignore[arg-type]

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> "Assessment":
        """Read an assessment from a submitted form.

        Empty fields count as absent. Fields of other names are left alone, since a form also carries a token and
        a button. Decimal commas are understood.

        Raises:
            InvalidInput: as `from_json`.
        """
        texts = {name: form[name].strip() for name in FIELD_NAMES if form.get(name, "").strip()}
        return cls.from_json({name: within(name, _read_text, name, text) for name, text in texts.items()})

    def to_json(self) -> dict[str, object]:
        """As `from_json` reads it, without the fields that were not recorded."""
        values = {name: getattr(self, name) for name in FIELD_NAMES}
        return {name: _plain(value) for name, value in values.items() if value is not None}


FIELD_NAMES = tuple(field.name for field in fields(Assessment))


def _read_weeks(value: object) -> float:
    return read_number(value, 0, LONGEST_WEEKS)


def _read_age(value: object) -> int:
    return read_whole(value, 0, OLDEST_AGE)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(say("This must be true or false, not %(value)s.", value=repr(value)))
    return value


CHOICES: dict[str, type[StrEnum]] = {
    "protocol": Protocol,
    "severity": Severity,
    "goal": Goal,
    "general_health": GeneralHealth,
    "pain_sensitivity": PainSensitivity,
    "healing_response": HealingResponse,
    "twitch_response": TwitchResponse,
    "exercise_adherence": ExerciseAdherence,
    "contributing_factors": ContributingFactors,
    "trigger_points": TriggerPoints,
    "attendance": Attendance,
}
_READERS: dict[str, Callable[[object], object]] = {
    "symptom_weeks": _read_weeks,
    "age": _read_age,
    "combined_therapy": _read_flag,
}


def _read(name: str, value: object) -> object:
    if name in CHOICES:
        return within(name, read_choice, value, CHOICES[name])
    return within(name, _READERS[name], value)


_FLAG_WORDS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _read_text(name: str, text: str) -> object:
    if name == "symptom_weeks":
        return _number_in(text, float)
    if name == "age":
        return _number_in(text, int)
    if name == "combined_therapy":
        return _FLAG_WORDS.get(text.lower(), text)
    return text


def _number_in(text: str, kind: Callable[[str], float]) -> float:
    try:
        return kind(text.replace(",", "."))
    except ValueError:
        words = (
            say("“%(text)s” is no whole number.", text=text)
            if kind is int
            else say("“%(text)s” is no number.", text=text)
        )
        raise InvalidInput(words) from None


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
