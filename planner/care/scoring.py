"""How many sessions: the protocol's range, where the goal puts the start, and where the factors take it."""

import math
from dataclasses import dataclass

from planner.care.assessment import Assessment, Goal
from planner.care.evidence import Evidence, EvidenceRow
from planner.care.factors import Influence, influences, protocol_row


@dataclass(frozen=True)
class Score:
    """The number of sessions and how it came about.

    Args:
        row: the row of the protocol table that applies.
        goal: E9 or E10.
        goal_meets: whether the goal's range and the protocol's have a number in common.
        start: expected sessions before any factor.
        influences: the factors that were recorded.
        opened_by: the row whose "or more" lets the number pass the range, or None.
        ceiling: most sessions that can be expected.
        expected: the answer.
    """

    row: EvidenceRow
    goal: EvidenceRow
    goal_meets: bool
    start: int
    influences: tuple[Influence, ...]
    opened_by: EvidenceRow | None
    ceiling: int
    expected: int

    @property
    def shift(self) -> float:
        """Sessions by which all factors together move the start."""
        return sum(influence.shift for influence in self.influences)

    @property
    def low(self) -> int:
        """Fewest sessions: always the table's."""
        return self.row.whole("sessions_low")

    @property
    def high(self) -> int:
        """Most sessions: the table's, or the expected number where that lies beyond."""
        return max(self.row.whole("sessions_high"), self.expected)


def score(assessment: Assessment, evidence: Evidence) -> Score:
    """Count the sessions this patient probably needs.

    The start is the middle of the protocol's range. Where the goal's range (E9, E10) has numbers in common with it,
    the start moves into them: relief after surgery starts at 5, lasting success in sport at 8. Where they have none,
    the protocol's range stands and the goal becomes a point of decision (reasons and reviews say so).

    Each factor adds its size toward its side, and the sum, rounded to whole sessions with halves away from zero,
    moves the start, so that each factor alone shows and none moves against its row. The answer stays in the
    protocol's range, but for an "or more": of the protocol itself (E5, E8), or of E10 when lasting relief is the
    goal and the protocol's whole range belongs to it (E2, E5). There factors, never the goal alone, may lead past
    the range by what J5 allows.
    """
    row = protocol_row(assessment.protocol, assessment.symptom_weeks, evidence)
    goal = evidence["E10" if assessment.goal is Goal.LASTING else "E9"]
    low, high = row.whole("sessions_low"), row.whole("sessions_high")
    shared_low, shared_high = max(low, goal.whole("sessions_low")), min(high, goal.whole("sessions_high"))
    start = math.floor(low + evidence["J4"].number("start_share") * (high - low) + 0.5)
    if shared_low <= shared_high:
        start = min(max(start, shared_low), shared_high)
    opened_by = _opened_by(row, goal)
    ceiling = high + (evidence["J5"].whole("extra_sessions") if opened_by else 0)
    found = influences(assessment, evidence)
    moved = start + _rounded(sum(influence.shift for influence in found))
    expected = min(max(moved, low), ceiling)
    return Score(row, goal, shared_low <= shared_high, start, found, opened_by, ceiling, expected)


def _opened_by(row: EvidenceRow, goal: EvidenceRow) -> EvidenceRow | None:
    if row.open_ended:
        return row
    return goal if goal.open_ended and row.whole("sessions_low") >= goal.whole("sessions_low") else None


def _rounded(shift: float) -> int:
    """To whole sessions, halves away from zero, so that fewer and more weigh the same."""
    return int(math.copysign(math.floor(abs(shift) + 0.5), shift))
