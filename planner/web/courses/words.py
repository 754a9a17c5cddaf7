"""What happened to a course, in the words a person at the desk reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from planner.services.course_history import WhatHappened
from planner.services.difference import Change, ChangeKind
from planner.web.formats import day_long, local, local_time
from planner.words import say_many

_DONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "arrived": "Session {number}: the patient is here.",
        "fulfilled": "Session {number} is done.",
        "missed": "Session {number} is marked as missed.",
        "cancelled": "Session {number} is cancelled.",
        "confirmed": "Session {number} is confirmed.",
        "moved": "Session {number} is moved to {when}.",
    }
)
# After these the planner repaired the rest, so what became of the session and of the others is said too.
_REPAIRED: Final = ("missed", "cancelled")
_MOST_NAMED: Final = 3


def happened_words(happened: WhatHappened) -> str:
    """Such as: Session 2 is marked as missed. It was rebooked to Thursday 12 March, 10:00; nothing else moved."""
    own = next((each for each in happened.difference.changes if each.number == happened.number), None)
    wording = _DONE.get(happened.kind) if happened.number is not None else None
    if happened.kind == "resumed":
        return f"The planner books this course by itself again: {_changed_words(happened)}."
    if wording is None:
        return f"{happened.reason}: {_changed_words(happened)}."
    said = wording.format(number=happened.number, when=when(own, happened) if own else "")
    if happened.kind not in _REPAIRED:
        return said
    if happened.stopped:
        return f"{said} Nothing is rebooked by itself: talk to the patient first."
    others = [each for each in happened.difference.told if each is not own]
    # A reason has sentences of its own, so it comes last.
    why = f" {own.reason.rstrip('.')}." if own and own.kind is not ChangeKind.CANCELLED and own.reason else ""
    return f"{said} {_own_words(own, happened)}; {_other_words(others, happened)}.{why}"


def when(change: Change, happened: WhatHappened) -> str:
    """`Thursday 12 March, 10:00`, with the therapist where that changed; empty if it has no date."""
    if change.after is None:
        return ""
    begins = local(change.after.starts_at, happened.zone)
    words = f"{day_long(begins)}, {local_time(change.after.starts_at, happened.zone)}"
    if change.before is None or change.before.practitioner_id == change.after.practitioner_id:
        return words
    return f"{words} with {happened.practitioners.get(change.after.practitioner_id, 'another therapist')}"


def _changed_words(happened: WhatHappened) -> str:
    """`1 added`; what still has no place says why."""
    summary = happened.difference.summary()
    waiting = happened.difference.of(ChangeKind.UNPLACED)
    return f"{summary}. {waiting[0].reason.rstrip('.')}" if waiting and waiting[0].reason else summary


def _own_words(own: Change | None, happened: WhatHappened) -> str:
    if own is None or own.kind is ChangeKind.CANCELLED:
        return "It is not rebooked"
    if own.after is None or own.kind is ChangeKind.UNPLACED:
        return "It has no new date yet"
    return f"It was rebooked to {when(own, happened)}"


def _other_words(others: list[Change], happened: WhatHappened) -> str:
    if not others:
        return "nothing else moved"
    if len(others) > _MOST_NAMED:
        return say_many("%(num)s other session changed too", "%(num)s other sessions changed too", len(others))
    return ", ".join(_other(each, happened) for each in others)


def _other(change: Change, happened: WhatHappened) -> str:
    name = f"session {change.number}"
    if change.after is None:
        return f"{name} has no date any more"
    return f"{name} {'is added on' if change.before is None else 'moved to'} {when(change, happened)}"
