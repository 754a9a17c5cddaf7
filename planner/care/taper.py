"""The border between the frequent sessions and those that thin out: where it lies, and the phases with it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner.care.course import GapDays, Phase, PhaseName


def taper_starts_at(phases: Sequence[Phase]) -> int | None:
    """The first session, counted from 1, that thins out; None where none does."""
    first = _first_taper(phases)
    return None if first is None else sum(phase.sessions or 0 for phase in phases[:first]) + 1


def with_taper_from(phases: Sequence[Phase], session: int, gap: GapDays) -> tuple[Phase, ...]:
    """The same number of sessions, thinning out from another one on.

    Args:
        session: the first that thins out, counted from 1.
        gap: of the taper, where the phases have none yet.
    Raises:
        ValueError: no session would be left on one side of the border.
    """
    frequent = [phase for phase in phases if phase.name is PhaseName.INTENSIVE]
    thin = [phase for phase in phases if phase.name is PhaseName.TAPER]
    rest = [phase for phase in phases if phase.name is PhaseName.MAINTENANCE]
    total = sum(phase.sessions or 0 for phase in (*frequent, *thin))
    if not frequent or not 2 <= session <= total:
        raise ValueError(f"no border before session {session} of {total}")
    before = _filled(frequent, session - 1)
    after = _filled(thin or [Phase(PhaseName.TAPER, 1, gap)], total - session + 1, from_the_end=True)
    return (*before, *after, *rest)


def _first_taper(phases: Sequence[Phase]) -> int | None:
    return next((index for index, phase in enumerate(phases) if phase.name is PhaseName.TAPER), None)


def _filled(phases: Sequence[Phase], sessions: int, *, from_the_end: bool = False) -> tuple[Phase, ...]:
    """The phases with so many sessions in all; the one at the border grows or shrinks, and those it eats up go."""
    kept: list[Phase] = []
    left = sessions
    ordered = list(reversed(phases)) if from_the_end else list(phases)
    for index, phase in enumerate(ordered):
        own = left if index == len(ordered) - 1 else min(phase.sessions or 0, left)
        if own:
            kept.append(replace(phase, sessions=own))
        left -= own
    return tuple(reversed(kept)) if from_the_end else tuple(kept)
