"""The usual rhythms of treatment by the clinic's own evidence, to be chosen instead of typing gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from planner.care.course import GapDays
from planner.care.evidence import Evidence
from planner.care.frequency import gap_of
from planner.services.runtime import Actor, Runtime
from planner.words import say

# Source: J8, J9, J10, J6.
_ROWS: Final = (
    ("twice", say("Twice a week"), "J8"),
    ("weekly", say("Weekly"), "J9"),
    ("fortnightly", say("Every 2 weeks"), "J10"),
    ("monthly", say("Monthly"), "J6"),
)


@dataclass(frozen=True, slots=True)
class UsualRhythm:
    """One rhythm: its key, what people call it, and its gap."""

    key: str
    words: str
    gap: GapDays


def usual_rhythms(runtime: Runtime, actor: Actor) -> tuple[UsualRhythm, ...]:
    """From the most frequent to the rarest."""
    with runtime.reading(actor) as unit:
        evidence = Evidence.load(unit.clinic.evidence_overrides)
        return tuple(UsualRhythm(key, words, gap_of(evidence[row])) for key, words, row in _ROWS)
