"""What may be done to a visit now, so that a page offers no button that would be refused."""

from __future__ import annotations

from typing import Final

from planner.diary.appointment import AppointmentStatus, next_statuses
from planner.diary.free import to_wall
from planner.services.runtime import Unit
from planner.services.snapshot import Booked
from planner.words import say

_EVENTS: Final = {"arrive": "arrived", "fulfil": "fulfilled", "miss": "noshow", "cancel": "cancelled"}
_TO_COME: Final = ("pending", "booked")


def possible_events(unit: Unit, booked: Booked) -> frozenset[str]:
    """Of move, cancel, confirm, arrive, fulfil and miss those that `attendance` and `moving` would accept now."""
    if booked.superseded:
        return frozenset()  # Another appointment stands for its session now.
    follows = next_statuses(AppointmentStatus(booked.status))
    possible = {event for event, status in _EVENTS.items() if AppointmentStatus(status) in follows}
    if booked.starts_at > unit.now:
        possible -= {"fulfil", "miss"}
        if booked.status in _TO_COME:
            possible |= {"move"} if booked.confirmed_at is not None else {"move", "confirm"}
    elif booked.status != "noshow":
        possible -= {"cancel"}
    if to_wall(booked.starts_at, unit.zone).date() != unit.today:
        possible -= {"arrive"}
    return frozenset(possible)


def next_event(unit: Unit, booked: Booked, possible: frozenset[str]) -> str:
    """The one that is most likely now, for the button; empty while nothing is, and once it is said what happened.

    Before the visit and for a patient who is late it is that they arrive, later that it was done.
    """
    if booked.status == "noshow":
        return ""
    waiting = booked.status in _TO_COME and booked.ends_at > unit.now
    order = ("arrive", "fulfil") if waiting else ("fulfil", "arrive")
    return next((event for event in order if event in possible), "")


def lock_reason(unit: Unit, booked: Booked) -> str:
    """Why a repair leaves a visit that is ahead where it is; empty when it may move."""
    if booked.status not in _TO_COME or booked.starts_at <= unit.now:
        return ""
    if booked.confirmed_at is not None:
        return say("Confirmed")
    if booked.is_locked(unit.now, unit.clinic.notice_hours):
        return say("Less than %(hours)s hours away", hours=unit.clinic.notice_hours)
    return ""
