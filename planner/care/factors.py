"""Which row of the protocol table applies, and how each factor found moves the expected number of sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from planner.care.assessment import (
    Assessment,
    Attendance,
    ContributingFactors,
    ExerciseAdherence,
    GeneralHealth,
    HealingResponse,
    PainSensitivity,
    Protocol,
    Severity,
    TriggerPoints,
    TwitchResponse,
)
from planner.care.evidence import Evidence, EvidenceRow


class Side(IntEnum):
    """Which way a factor moves the number of sessions."""

    FEWER = -1
    TYPICAL = 0
    MORE = 1


@dataclass(frozen=True)
class Influence:
    """One factor that was recorded: its evidence row, the row with its size, and its side."""

    evidence: EvidenceRow
    size: EvidenceRow
    side: Side

    @property
    def shift(self) -> float:
        """Sessions by which it moves the expected number, with its sign."""
        return self.side * self.size.number("size")

    @property
    def says(self) -> str:
        """The reason in words."""
        texts = {Side.FEWER: self.evidence.fewer, Side.MORE: self.evidence.more}
        return texts.get(self.side) or self.evidence.says


_ROW_OF_PROTOCOL = {
    Protocol.ACUTE_INJURY: "E1",
    Protocol.CHRONIC_PAIN: "E2",
    Protocol.SPORTS_REHABILITATION: "E3",
    Protocol.POST_SURGERY: "E4",
    Protocol.CHRONIC_CONDITION: "E5",
}
_LONG_BY_NATURE = ("E2", "E5", "E8")
_CHOSEN_BY_DURATION = ("E6", "E7", "E8")

# A value named by neither of a row's columns is typical. That nothing feeds the problem is as good as having dealt
# with what did.
_SIDES: tuple[tuple[str, str, Mapping[object, Side]], ...] = (
    ("E31", "severity", {Severity.MILD: Side.FEWER, Severity.SEVERE: Side.MORE}),
    ("E32", "trigger_points", {TriggerPoints.MANY: Side.MORE}),
    ("E33", "healing_response", {HealingResponse.FAST: Side.FEWER, HealingResponse.SLOW: Side.MORE}),
    ("E35", "general_health", {GeneralHealth.GOOD: Side.FEWER, GeneralHealth.POOR: Side.MORE}),
    ("E36", "pain_sensitivity", {PainSensitivity.LOW: Side.FEWER, PainSensitivity.HIGH: Side.MORE}),
    ("E37", "twitch_response", {TwitchResponse.STRONG: Side.FEWER}),
    ("E38", "exercise_adherence", {ExerciseAdherence.FULL: Side.FEWER, ExerciseAdherence.NONE: Side.MORE}),
    (
        "E39",
        "contributing_factors",
        {
            ContributingFactors.NONE: Side.FEWER,
            ContributingFactors.ADDRESSED: Side.FEWER,
            ContributingFactors.UNADDRESSED: Side.MORE,
        },
    ),
    ("E40", "combined_therapy", {True: Side.FEWER}),
    ("E41", "attendance", {Attendance.REGULAR: Side.FEWER, Attendance.IRREGULAR: Side.MORE}),
)


def protocol_row(protocol: Protocol, symptom_weeks: float, evidence: Evidence) -> EvidenceRow:
    """The row of the protocol table that applies.

    Piriformis syndrome has three, by how long it has lasted. Source: E6, E7, E8, J1.
    """
    if protocol is not Protocol.PIRIFORMIS_SYNDROME:
        return evidence[_ROW_OF_PROTOCOL[protocol]]
    if symptom_weeks < evidence["E7"].number("below_weeks"):
        return evidence["E7"]
    return evidence["E6" if symptom_weeks <= evidence["J1"].number("to_weeks") else "E8"]


def is_chronic(protocol: Protocol, symptom_weeks: float, evidence: Evidence | None = None) -> bool:
    """Whether the course is a chronic one, where gaps weigh more. Source: E2, E5, E8, E51."""
    return protocol_row(protocol, symptom_weeks, evidence or Evidence.load()).id in _LONG_BY_NATURE


def influences(assessment: Assessment, evidence: Evidence) -> tuple[Influence, ...]:
    """The factors that were recorded, typical ones included, in the order of their rows. Source: E30–E41."""
    row = protocol_row(assessment.protocol, assessment.symptom_weeks, evidence)
    sides = {"E30": _duration_side(assessment.symptom_weeks, row, evidence)}
    if assessment.age is not None:
        sides["E34"] = _age_side(assessment.age, evidence)
    for row_id, field, table in _SIDES:
        value = getattr(assessment, field)
        if value is not None:
            sides[row_id] = table.get(value, Side.TYPICAL)
    return tuple(Influence(evidence[row_id], evidence[f"J{row_id[1:]}"], sides[row_id]) for row_id in sorted(sides))


def _duration_side(weeks: float, row: EvidenceRow, evidence: Evidence) -> Side:
    """Short, typical or long for this protocol: an acute one is short, a chronic one long by its nature."""
    judged = evidence["J15"]
    if row.id in _CHOSEN_BY_DURATION:
        # The weeks chose the row already; they must not count twice.
        return Side.TYPICAL
    if row.id == "E1":
        return Side.MORE if weeks >= judged.number("acute_from_weeks") else Side.TYPICAL
    if weeks < evidence["E30"].number("below_weeks"):
        return Side.FEWER
    long_from = judged.number("chronic_from_weeks" if row.id in _LONG_BY_NATURE else "other_from_weeks")
    return Side.MORE if weeks >= long_from else Side.TYPICAL


def _age_side(age: int, evidence: Evidence) -> Side:
    judged = evidence["J14"]
    if age < judged.whole("younger_below"):
        return Side.FEWER
    return Side.MORE if age >= judged.whole("older_from") else Side.TYPICAL
