"""What moving an appointment costs, and whose may be moved: by the course's own repair, and to make room for others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from planner.scheduling.repair import OwedSession, RepairCase

Policy = Literal["never", "unconfirmed", "any"]
"""Which appointments of courses that an event does not touch may make room."""

MOVE_POINTS, MOVE_POINTS_NEAR = 80, 150
"""What moving an appointment of a course that an event touches costs, far ahead and within a fortnight."""
NEAR = timedelta(days=14)

RHYTHM_MOVE_POINTS = 15
"""The same after a change of rhythm: it should be felt, yet no day moves for nothing."""

OTHERS_MOVE_POINTS, OTHERS_CONFIRMED_POINTS = 300, 600
"""What moving somebody costs whom the event does not concern; the more when they have confirmed."""


def move_points(start: datetime, now: datetime) -> int:
    """What moving an appointment costs in the repair of its own course; both times of one kind."""
    return MOVE_POINTS_NEAR if start - now < NEAR else MOVE_POINTS


def own(case: RepairCase) -> RepairCase:
    """A course which an event touches: what the patient has confirmed is locked, the rest moves at its own price."""
    return _each_standing(case, lambda owed: replace(owed, locked=owed.locked or owed.confirmed))


def bystander(case: RepairCase, policy: Policy) -> RepairCase:
    """A course which the event does not touch: what may not move is locked, the rest is dear."""

    def steady(owed: OwedSession) -> OwedSession:
        if owed.locked or policy == "never" or (owed.confirmed and policy == "unconfirmed"):
            return replace(owed, locked=True)
        points = OTHERS_CONFIRMED_POINTS if owed.confirmed else OTHERS_MOVE_POINTS
        return replace(owed, move_points=max(points, owed.move_points))

    return _each_standing(case, steady)


def _each_standing(case: RepairCase, change: Callable[[OwedSession], OwedSession]) -> RepairCase:
    return replace(case, owed=tuple(owed if owed.place is None else change(owed) for owed in case.owed))
