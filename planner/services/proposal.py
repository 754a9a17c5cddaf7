"""Proposed dates as a table of lines: each with what was wanted, what was found, and why the two differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from planner.care.course import PlannedSession
from planner.scheduling.alternatives import SOON_DAYS, Alternative
from planner.scheduling.problem import Gap, Placed, Problem, Resource, Solution
from planner.services.planning import wanted_gap
from planner.services.wishes import Wishes
from planner.words import listing, say, say_many


@dataclass(frozen=True, slots=True)
class ProposedSession:
    """One line of the table of dates.

    Args:
        number: from 1.
        target_day: the ideal date, counted from the session before.
        placed: None when no place was found; `reason` then says why.
        gap_days: days since the session before.
        shifted: outside its gap's range, the first one long after the first day, or not with the preferred therapist;
            `reason` says which.
    """

    number: int
    phase: str
    minutes: int
    gap: Gap | None
    target_day: date | None
    placed: Placed | None
    practitioner: str
    room: str
    gap_days: int | None
    shifted: bool
    reason: str
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """Dates for a whole course; `points` equals `lower_bound` when nothing better exists."""

    sessions: tuple[ProposedSession, ...]
    points: int
    lower_bound: int

    @property
    def places(self) -> dict[int, Placed]:
        """The proposed places by session, counted from 0."""
        return {each.number - 1: each.placed for each in self.sessions if each.placed is not None}


def proposal_of(
    problem: Problem,
    first_day: date,
    wishes: Wishes,
    planned: Sequence[PlannedSession],
    solution: Solution,
    alternatives: Mapping[int, tuple[Alternative, ...]],
) -> Proposal:
    """The lines of a solution.

    Args:
        first_day: from which on the course may begin.
        alternatives: other places by session, counted from 0.
    """
    places = {placed.session: placed for placed in solution.appointments}
    reasons = {each.session: each.reason for each in solution.unplaced}
    lines = []
    for session in planned:
        before = places.get(session.position - 1)
        lines.append(
            _line(
                problem,
                first_day,
                wishes,
                session,
                before,
                places.get(session.position),
                reasons.get(session.position, ""),
                alternatives.get(session.position, ()),
            )
        )
    return Proposal(tuple(lines), solution.points, solution.lower_bound)


def _line(
    problem: Problem,
    first_day: date,
    wishes: Wishes,
    session: PlannedSession,
    before: Placed | None,
    placed: Placed | None,
    reason: str,
    others: tuple[Alternative, ...],
) -> ProposedSession:
    gap = wanted_gap(session)
    gap_days = (placed.start.date() - before.start.date()).days if placed and before else None
    target = first_day if session.position == 0 else None
    if before is not None and gap is not None:
        target = before.start.date() + timedelta(days=round(gap.target))
    shifts = [*_late(target, gap, gap_days, placed), *_another(wishes, placed)] if placed else []
    return ProposedSession(
        number=session.position + 1,
        phase=session.phase.value,
        minutes=session.minutes,
        gap=gap,
        target_day=target,
        placed=placed,
        practitioner=_name(problem.practitioners, placed.practitioner) if placed else "",
        room=_name(problem.rooms, placed.room) if placed else "",
        gap_days=gap_days,
        shifted=bool(shifts),
        reason=reason or listing(shifts, "; "),
        alternatives=others,
    )


def _late(target: date | None, gap: Gap | None, gap_days: int | None, placed: Placed) -> list[str]:
    """That it is later than wanted: after the session before, or the first one after the first day."""
    if gap is not None and gap_days is not None:
        over = gap_days - gap.max
        if over <= 0:
            return []
        return [say("%(days)s days after the last one, %(more)s more than wanted at most", days=gap_days, more=over)]
    waits = (placed.start.date() - target).days if target is not None else 0
    if waits <= SOON_DAYS:
        return []
    return [
        say_many("%(num)s day after the first day wished for", "%(num)s days after the first day wished for", waits)
    ]


def _another(wishes: Wishes, placed: Placed) -> list[str]:
    """That it is not with the therapist who is liked most."""
    wished_for = wishes.wished_for
    if placed.practitioner not in map(str, wished_for):
        return [say("another therapist than preferred")]
    return [] if placed.practitioner == str(wished_for[0]) else [say("not with the therapist liked most")]


def _name(resources: Sequence[Resource], resource_id: str) -> str:
    return next(resource.name for resource in resources if resource.id == resource_id)
