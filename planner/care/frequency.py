"""How a number of sessions is spread: frequent first, then thinning out, within the protocol's weeks."""

import math
from dataclasses import dataclass

from planner.care.assessment import Assessment, Goal, HealingResponse, PainSensitivity
from planner.care.course import GapDays, Phase, PhaseName
from planner.care.evidence import Evidence, EvidenceRow, Maintenance

_DAYS_A_WEEK = 7


@dataclass(frozen=True)
class Rhythm:
    """How one patient's course is spread.

    Args:
        intensive: gap between the frequent sessions, for a person of normal sensitivity.
        taper: gap before each session that thins out.
        frequent_sessions: sessions before thinning out, where the weeks allow it.
        stretch_days: by how much a frequent gap is longer (sensitive) or shorter (tolerant, negative). Source: E36.
        range_days: the same for the gap's limits.
        span_days: fewest and most days from the first session to the last, or None where no weeks are given.
        rest_days: fewest days between two sessions. Source: E25.
    """

    intensive: GapDays
    taper: GapDays
    frequent_sessions: int
    stretch_days: float
    range_days: int
    span_days: tuple[int, int] | None
    rest_days: int


def rhythm_for(assessment: Assessment, row: EvidenceRow, evidence: Evidence) -> Rhythm:
    """The rhythm for this patient. Source: E20–E25, E36, J8–J12 and the protocol's row."""
    pattern = row.pattern()
    weeks = row.weeks()
    side = {PainSensitivity.LOW: -1, PainSensitivity.HIGH: 1}.get(
        assessment.pain_sensitivity or PainSensitivity.NORMAL, 0
    )
    judged = evidence["J12"]
    return Rhythm(
        intensive=gap_of(evidence[pattern.intensive]),
        taper=gap_of(evidence[pattern.taper]),
        frequent_sessions=_frequent_sessions(assessment.healing_response, evidence),
        stretch_days=side * judged.number("target_days"),
        range_days=side * judged.whole("range_days"),
        # The last session falls into the last week, so its first day is early enough.
        span_days=None if weeks is None else (weeks[0] * _DAYS_A_WEEK - _DAYS_A_WEEK, weeks[1] * _DAYS_A_WEEK),
        rest_days=evidence.rest_days(),
    )


def gap_of(row: EvidenceRow) -> GapDays:
    """The gap that a judgement row names."""
    return GapDays(row.number("target"), row.whole("min"), row.whole("max"))


def maintenance_for(assessment: Assessment, row: EvidenceRow, evidence: Evidence) -> tuple[Phase, ...]:
    """The open-ended maintenance after the course, or nothing. Source: E2, E5, E6, E8, E10, J6."""
    wanted = row.pattern().maintenance
    if wanted is Maintenance.NEVER or (wanted is Maintenance.IF_LASTING and assessment.goal is not Goal.LASTING):
        return ()
    return (Phase(PhaseName.MAINTENANCE, None, gap_of(evidence["J6"])),)


def _frequent_sessions(response: HealingResponse | None, evidence: Evidence) -> int:
    usual = evidence["E24"].whole("larger_change_to")
    if response is HealingResponse.FAST:
        return usual - evidence["J11"].whole("sessions_sooner")
    if response is HealingResponse.SLOW:
        return usual + evidence["J11"].whole("sessions_later")
    return usual


def phases_for(sessions: int, rhythm: Rhythm) -> tuple[Phase, ...]:
    """Intensive and taper phases of so many sessions that keep to the rhythm's span.

    The visits thin out after the frequent sessions the rhythm wishes, or at the nearest place at which the standard
    gaps keep to the span. Only where no place does (a clinic changed the numbers) the gaps themselves give way.
    """
    frequent, intensive, taper = _fitted(sessions, rhythm)
    stretched = _stretched(sessions, frequent, intensive, taper, rhythm)
    earliest = max(rhythm.intensive.min + rhythm.range_days, rhythm.rest_days)
    frequent_gap = _gap(stretched, earliest, rhythm.intensive.max + rhythm.range_days)
    phases = [Phase(PhaseName.INTENSIVE, frequent, frequent_gap)]
    if sessions > frequent:
        taper_gap = _gap(taper, rhythm.taper.min, rhythm.taper.max)
        phases.append(Phase(PhaseName.TAPER, sessions - frequent, taper_gap))
    return tuple(phases)


def _fitted(sessions: int, rhythm: Rhythm) -> tuple[int, float, float]:
    """How many sessions are frequent, and both gaps' targets."""
    intensive, taper = rhythm.intensive.target, rhythm.taper.target
    wished = rhythm.frequent_sessions
    places = range(2, sessions) if sessions > 2 else range(sessions, sessions + 1)
    for frequent in sorted(places, key=lambda place: (abs(place - wished), -place)):
        if _shortfall(_span(sessions, frequent, intensive, taper), rhythm) == 0:
            return frequent, intensive, taper
    nearest = min(max(wished, places[0]), places[-1])
    return nearest, *_scaled(sessions, nearest, rhythm)


def _span(sessions: int, frequent: int, intensive: float, taper: float) -> float:
    return (frequent - 1) * intensive + (sessions - frequent) * taper


def _shortfall(span: float, rhythm: Rhythm) -> float:
    """Days by which a span is too short, negative if it is too long, 0 if it is right."""
    if rhythm.span_days is None:
        return 0
    shortest, longest = rhythm.span_days
    return max(shortest - span, 0) + min(longest - span, 0)


def _scaled(sessions: int, frequent: int, rhythm: Rhythm) -> tuple[float, float]:
    """Gaps that keep to the span though the standard ones do not: longer by one factor, or all equal and shorter."""
    span = _span(sessions, frequent, rhythm.intensive.target, rhythm.taper.target)
    missing = _shortfall(span, rhythm)
    if sessions == 1 or missing == 0:
        return rhythm.intensive.target, rhythm.taper.target
    if missing > 0:
        factor = (span + missing) / span
        return _rounded_up(rhythm.intensive.target * factor), _rounded_up(rhythm.taper.target * factor)
    equal = math.floor((span + missing) / (sessions - 1) * 100) / 100
    return equal, equal


def _rounded_up(days: float) -> float:
    """Days rounded up to a hundredth."""
    return math.ceil(days * 100) / 100


def _stretched(sessions: int, frequent: int, intensive: float, taper: float, rhythm: Rhythm) -> float:
    """The frequent gap's target for this patient's sensitivity, as far as span and rest allow."""
    stretch = rhythm.stretch_days
    if rhythm.span_days and frequent > 1:
        shortest, longest = rhythm.span_days
        span = _span(sessions, frequent, intensive, taper)
        most, least = (longest - span) / (frequent - 1), (shortest - span) / (frequent - 1)
        stretch = min(max(stretch, min(least, 0)), max(most, 0))
    return max(intensive + stretch, rhythm.rest_days)


def _gap(target: float, earliest: int, latest: int) -> GapDays:
    """A gap whose limits give way where the target asks for it."""
    return GapDays(target, min(earliest, math.floor(target)), max(latest, math.ceil(target)))
