"""Assessments for the tests of care: the table, a neutral person, every side of every factor, random ones."""

from collections.abc import Mapping
from enum import StrEnum

from hypothesis import strategies as st

from planner.care.assessment import CHOICES, Assessment, Protocol

# Row → protocol, weeks of symptoms typical of it, the table's sessions and weeks.
TABLE: dict[str, tuple[str, float, tuple[int, int], tuple[int, int] | None]] = {
    "E1": ("acute_injury", 2, (3, 5), (2, 3)),
    "E2": ("chronic_pain", 30, (8, 10), (8, 12)),
    "E3": ("sports_rehabilitation", 8, (6, 8), (4, 6)),
    "E4": ("post_surgery", 8, (5, 7), (6, 8)),
    "E5": ("chronic_condition", 60, (8, 12), (10, 14)),
    "E6": ("piriformis_syndrome", 8, (3, 6), None),
    "E7": ("piriformis_syndrome", 3, (2, 3), None),
    "E8": ("piriformis_syndrome", 30, (6, 8), None),
}

# Each factor's values from fewer to more sessions; None is "not recorded". Source: E30–E41.
FACTORS: dict[str, tuple[object, ...]] = {
    "symptom_weeks": (3, 30, 200),
    "severity": ("mild", "moderate", "severe"),
    "trigger_points": (None, "many"),
    "healing_response": ("fast", None, "slow"),
    "age": (25, None, 75),
    "general_health": ("good", None, "poor"),
    "pain_sensitivity": ("low", None, "high"),
    "twitch_response": ("strong", None),
    "exercise_adherence": ("full", None, "none"),
    "contributing_factors": ("addressed", None, "unaddressed"),
    "combined_therapy": (True, None),
    "attendance": ("regular", None, "irregular"),
}

# All values there are, from fewer to more; those in one inner tuple weigh the same.
LADDERS: dict[str, tuple[tuple[object, ...], ...]] = {
    "severity": (("mild",), ("moderate",), ("severe",)),
    "goal": (("relief",), ("lasting",)),
    "trigger_points": ((None, "few"), ("many",)),
    "healing_response": (("fast",), (None, "typical"), ("slow",)),
    "general_health": (("good",), (None, "fair"), ("poor",)),
    "pain_sensitivity": (("low",), (None, "normal"), ("high",)),
    "twitch_response": (("strong",), (None, "typical", "weak")),
    "exercise_adherence": (("full",), (None, "partial"), ("none",)),
    "contributing_factors": (("none", "addressed"), (None,), ("unaddressed",)),
    "combined_therapy": ((True,), (None, False)),
    "attendance": (("regular",), (None,), ("irregular",)),
}


def neutral(row: str, **changes: object) -> Assessment:
    """A person of moderate severity to whom this row of the table applies, with these changes (None: absent)."""
    protocol, weeks, _, _ = TABLE[row]
    data: dict[str, object] = {"protocol": protocol, "symptom_weeks": weeks, "severity": "moderate", "goal": "lasting"}
    return from_values({**data, **changes})


def from_values(values: Mapping[str, object]) -> Assessment:
    """An assessment of these values, None meaning absent."""
    return Assessment.from_json({name: value for name, value in values.items() if value is not None})


def _choices(choices: type[StrEnum], *, required: bool) -> st.SearchStrategy[object]:
    values = st.sampled_from([choice.value for choice in choices])
    return values if required else st.none() | values


WEEKS = st.sampled_from([0, 1, 5.9, 6, 11, 12, 12.5, 26, 52, 103.5, 104, 300, 5200]) | st.floats(0, 5200)
REQUIRED = ("protocol", "severity", "goal")

VALUES: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {
        **{name: _choices(choices, required=name in REQUIRED) for name, choices in CHOICES.items()},
        "symptom_weeks": WEEKS,
        "age": st.none() | st.integers(0, 120),
        "combined_therapy": st.none() | st.booleans(),
    }
)
ASSESSMENTS: st.SearchStrategy[Assessment] = VALUES.map(from_values)
PROTOCOLS = [protocol.value for protocol in Protocol]
