"""What changed between two moments of a course, in the words a person reads; `became` tells what a change is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from planner.scheduling.difference import Became, became
from planner.services.snapshot import VOID, Booked, CourseSnapshot, SessionState
from planner.words import Text, listing, say, say_many


class ChangeKind(StrEnum):
    """What happened to one session's appointment."""

    KEPT = "kept"
    MOVED = "moved"
    ADDED = "added"
    CANCELLED = "cancelled"
    UNPLACED = "to place"


_SUMMED: Final[Mapping[ChangeKind, Callable[[int], Text]]] = MappingProxyType(
    {
        ChangeKind.MOVED: lambda num: say_many("%(num)s moved", "%(num)s moved", num),
        ChangeKind.ADDED: lambda num: say_many("%(num)s added", "%(num)s added", num),
        ChangeKind.CANCELLED: lambda num: say_many("%(num)s cancelled", "%(num)s cancelled", num),
        ChangeKind.UNPLACED: lambda num: say_many("%(num)s to place", "%(num)s to place", num),
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One session before and after.

    Args:
        number: its place in the course, from 1.
        before: the appointment it had, None if none was to come.
        after: the appointment it has, None if none is to come.
        reason: why it has no place, for one that is to place.
        waited: it had no place before either, so nothing happened to it.
    """

    session_id: int | None
    number: int
    kind: ChangeKind
    before: Booked | None
    after: Booked | None
    reason: str = ""
    waited: bool = False

    @property
    def moved_minutes(self) -> int:
        """How much later it is (negative: earlier); 0 unless it moved in time."""
        if self.before is None or self.after is None:
            return 0
        return round((self.after.starts_at - self.before.starts_at).total_seconds() / 60)


@dataclass(frozen=True, slots=True)
class Difference:
    """All sessions of a course, before and after."""

    changes: tuple[Change, ...]

    def of(self, *kinds: ChangeKind) -> tuple[Change, ...]:
        """The changes of these kinds, in the order of the course."""
        return tuple(change for change in self.changes if change.kind in kinds)

    @property
    def told(self) -> tuple[Change, ...]:
        """The changes a patient must hear of: everything but what stayed, or waits as it did."""
        return tuple(change for change in self.changes if change.kind is not ChangeKind.KEPT and not change.waited)

    def summary(self) -> Text:
        """For instance "2 moved, 1 added"; "nothing changed" when all stayed."""
        counts = [(kind, len(self.of(kind))) for kind in ChangeKind if kind is not ChangeKind.KEPT]
        said = [_SUMMED[kind](count) for kind, count in counts if count]
        return listing(said, ", ") if said else say("nothing changed")


def difference(before: CourseSnapshot, after: CourseSnapshot) -> Difference:
    """Compare two moments of one course, session by session."""
    return Difference(tuple(_changes(before, after)))


def _changes(before: CourseSnapshot, after: CourseSnapshot) -> Iterator[Change]:
    earlier = {session.id: session for session in before.sessions}
    for session in after.sessions:
        was = shown(earlier.get(session.id))
        now = shown(session)
        kind = _kind(session, was, now)
        if kind is not None:
            waited = kind is ChangeKind.UNPLACED and was is None and session.id in earlier
            yield Change(session.id, session.position + 1, kind, was, now, session.unplaced_reason, waited)


def shown(session: SessionState | None) -> Booked | None:
    """The appointment a patient's calendar shows for a session; None when it shows none, or a cancelled one."""
    if session is None or session.dropped or session.current is None or session.current.status in VOID:
        return None
    return session.current


def _kind(session: SessionState, was: Booked | None, now: Booked | None) -> ChangeKind | None:
    what = became(was and was.place, now and now.place)
    if what is None:
        return ChangeKind.UNPLACED if session.owed and session.unplaced_reason else None
    if what is Became.DROPPED:
        return ChangeKind.UNPLACED if session.owed else ChangeKind.CANCELLED
    return ChangeKind(what.value)


def face(session: SessionState) -> tuple[datetime, datetime, bool] | None:
    """What a calendar entry says of a session: start, end, whether cancelled. None: it never had an entry."""
    current = session.current or (session.appointments[-1] if session.appointments else None)
    if current is None:
        return None
    return current.starts_at, current.ends_at, session.dropped or current.status in VOID or session.current is None
