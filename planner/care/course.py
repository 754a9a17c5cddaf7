"""Course of care: phases, the sessions they owe and their target days; a changed frequency; maintenance."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise
from types import MappingProxyType
from typing import Final

from planner.care.evidence import Evidence
from planner.care.reading import (
    read_choice,
    read_each,
    read_number,
    read_object,
    read_whole,
    required,
    within,
)
from planner.errors import InvalidInput
from planner.words import Text, say

# Limits of what anybody could mean, against slips of the keyboard; not clinical.
MOST_SESSIONS = 200
LONGEST_GAP_DAYS = 366
LONGEST_VISIT_MINUTES = 480


class PhaseName(StrEnum):
    """The phases in their order: frequent, thinning out, keeping it."""

    INTENSIVE = "intensive"
    TAPER = "taper"
    MAINTENANCE = "maintenance"


PHASE_WORDS: Final[Mapping[PhaseName, Text]] = MappingProxyType(
    {
        PhaseName.INTENSIVE: say("intensive"),
        PhaseName.TAPER: say("taper"),
        PhaseName.MAINTENANCE: say("maintenance"),
    }
)
_ORDER = {name: place for place, name in enumerate(PhaseName)}


@dataclass(frozen=True)
class GapDays:
    """Days from one session to the next: ideal (may be a fraction), fewest and most.

    Raises:
        InvalidInput: not min ≤ target ≤ max, or min below the rest that E25 asks for.
    """

    target: float
    min: int
    max: int

    def __post_init__(self) -> None:
        rest = Evidence.load().rest_days()
        within("min", read_whole, self.min, rest, LONGEST_GAP_DAYS)
        within("max", read_whole, self.max, rest, LONGEST_GAP_DAYS)
        within("target", read_number, self.target, rest, LONGEST_GAP_DAYS)
        if self.min > self.max:
            raise InvalidInput(say("The shortest gap is longer than the longest one."), field="min")
        if not self.min <= self.target <= self.max:
            raise InvalidInput(say("The ideal gap lies between the shortest and the longest one."), field="target")

    @classmethod
    def from_json(cls, data: object) -> "GapDays":
        """Read {"target", "min", "max"}. Raises: InvalidInput naming the key."""
        values = read_object(data, ("target", "min", "max"), "A gap")
        return cls(
            target=within("target", read_number, required(values, "target"), 0, LONGEST_GAP_DAYS),
            min=within("min", read_whole, required(values, "min"), 0, LONGEST_GAP_DAYS),
            max=within("max", read_whole, required(values, "max"), 0, LONGEST_GAP_DAYS),
        )

    def to_json(self) -> dict[str, object]:
        """As `from_json` reads it."""
        return {"target": self.target, "min": self.min, "max": self.max}


@dataclass(frozen=True)
class Phase:
    """So many sessions at one distance. `sessions` None: open-ended, only in maintenance.

    Raises:
        InvalidInput: no session, or another phase without an end.
    """

    name: PhaseName
    sessions: int | None
    gap_days: GapDays

    def __post_init__(self) -> None:
        if self.sessions is not None:
            within("sessions", read_whole, self.sessions, 1, MOST_SESSIONS)
        elif self.name is not PhaseName.MAINTENANCE:
            raise InvalidInput(say("Only maintenance may go on without an end."), field="sessions")

    @classmethod
    def from_json(cls, data: object) -> "Phase":
        """Read {"name", "sessions", "gap_days"}. Raises: InvalidInput naming the key."""
        values = read_object(data, ("name", "sessions", "gap_days"), "A phase")
        sessions = values.get("sessions")
        return cls(
            name=within("name", read_choice, required(values, "name"), PhaseName),
            sessions=None if sessions is None else within("sessions", read_whole, sessions, 1, MOST_SESSIONS),
            gap_days=within("gap_days", GapDays.from_json, required(values, "gap_days")),
        )

    def to_json(self) -> dict[str, object]:
        """As `from_json` reads it."""
        return {"name": self.name.value, "sessions": self.sessions, "gap_days": self.gap_days.to_json()}


@dataclass(frozen=True)
class PlannedSession:
    """One session owed: its place in the course counted from 0, and the gap before it (None before the first)."""

    position: int
    phase: PhaseName
    minutes: int
    gap: GapDays | None


def check_phases(phases: Sequence[Phase]) -> None:
    """Refuse phases that make no course.

    Raises:
        InvalidInput: none at all, too many sessions, an order other than intensive, taper, maintenance, or
            something after an open end; `field` is the index of the phase.
    """
    if not phases:
        raise InvalidInput(say("A course needs at least one phase."))
    for index, (before, after) in enumerate(pairwise(phases), start=1):
        if _ORDER[before.name] > _ORDER[after.name]:
            names = {"phase": PHASE_WORDS[after.name], "earlier": PHASE_WORDS[before.name]}
            raise InvalidInput(say("The phase %(phase)s cannot follow %(earlier)s.", **names), field=str(index))
        if before.sessions is None:
            raise InvalidInput(say("Nothing can follow a phase without an end."), field=str(index))
    if fixed_sessions(phases) > MOST_SESSIONS:
        raise InvalidInput(say("A course has at most %(most_sessions)s sessions.", most_sessions=MOST_SESSIONS))


def phases_from_json(data: object) -> tuple[Phase, ...]:
    """Read a list of phases. Raises: InvalidInput, with fields such as "0.gap_days.min"."""
    phases = read_each(data, Phase.from_json, "The phases")
    check_phases(phases)
    return phases


def phases_to_json(phases: Sequence[Phase]) -> list[dict[str, object]]:
    """As `phases_from_json` reads it."""
    return [phase.to_json() for phase in phases]


def fixed_sessions(phases: Sequence[Phase]) -> int:
    """How many sessions the phases owe, an open end not counted."""
    return sum(phase.sessions or 0 for phase in phases)


def open_ended(phases: Sequence[Phase]) -> Phase | None:
    """The open-ended maintenance, if the course has one."""
    return phases[-1] if phases and phases[-1].sessions is None else None


def plan_sessions(
    phases: Sequence[Phase], first_visit_minutes: int, visit_minutes: int, maintenance_ahead: int
) -> tuple[PlannedSession, ...]:
    """The sessions a course owes, in order.

    The first has no gap before it; the first of a later phase has that phase's gap.

    Args:
        first_visit_minutes: length of session 0, which includes the evaluation (E26).
        visit_minutes: length of all others.
        maintenance_ahead: how many sessions an open-ended phase counts for.
    Raises:
        InvalidInput: the phases make no course, or a length or number makes no sense.
    """
    return change_frequency(
        0,
        phases,
        first_visit_minutes=first_visit_minutes,
        visit_minutes=visit_minutes,
        maintenance_ahead=maintenance_ahead,
    )


def change_frequency(
    sessions_done: int,
    new_phases: Sequence[Phase],
    *,
    first_visit_minutes: int,
    visit_minutes: int,
    maintenance_ahead: int,
) -> tuple[PlannedSession, ...]:
    """The sessions still owed after a therapist edited the phases.

    The sessions already done stay and count against the first phases; done maintenance sessions do not use up
    the ones to be booked ahead. The gap of the first session returned is counted from the last one done. An empty
    answer means that the new phases are already fulfilled.

    Raises:
        InvalidInput: as `plan_sessions`; `field` names the argument.
    """
    check_phases(new_phases)
    within("first_visit_minutes", read_whole, first_visit_minutes, 1, LONGEST_VISIT_MINUTES)
    within("visit_minutes", read_whole, visit_minutes, 1, LONGEST_VISIT_MINUTES)
    within("maintenance_ahead", read_whole, maintenance_ahead, 0, MOST_SESSIONS)
    if sessions_done < 0:
        raise ValueError(f"{sessions_done} sessions done")
    total = fixed_sessions(new_phases)
    if open_ended(new_phases):
        total = max(total, sessions_done) + maintenance_ahead
    return tuple(
        PlannedSession(
            position=position,
            phase=phase.name,
            minutes=visit_minutes if position else first_visit_minutes,
            gap=phase.gap_days if position else None,
        )
        for position, phase in islice(enumerate(_phase_of_each(new_phases)), sessions_done, max(total, sessions_done))
    )


def _phase_of_each(phases: Sequence[Phase]) -> Iterator[Phase]:
    for phase in phases:
        if phase.sessions is None:
            while True:
                yield phase
        for _ in range(phase.sessions):
            yield phase


def target_days(sessions: Sequence[PlannedSession]) -> tuple[int, ...]:
    """Whole days from the start to each session's target.

    The start is the first session itself, or, where that has a gap, the session before it. Fractional gaps are
    added up before rounding (a half goes to the later day), so that twice a week stays twice a week.
    """
    offsets: list[int] = []
    elapsed = 0.0
    for session in sessions:
        elapsed += session.gap.target if session.gap else 0.0
        offsets.append(math.floor(elapsed + 0.5))
    return tuple(offsets)


def extend_maintenance(phases: Sequence[Phase], sessions_ahead: int, maintenance_ahead: int) -> int:
    """How many further maintenance sessions are to be booked so that `maintenance_ahead` lie ahead.

    Args:
        phases: the course's phases; without an open end nothing is ever added.
        sessions_ahead: maintenance sessions that are booked and still to come.
        maintenance_ahead: how many there should be. Source: J7.
    """
    if open_ended(phases) is None:
        return 0
    return max(0, maintenance_ahead - sessions_ahead)
