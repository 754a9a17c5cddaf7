"""What an answer changes for people: kept, moved by how much, added, dropped, and without a place for what reason.

`became` decides what a change is, for the engine's sessions here and for the diary's in the services, which word it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from planner.scheduling import fields
from planner.scheduling.problem import Course, Current, Placed, Problem, Solution, Unplaced


class Became(StrEnum):
    """What a session's appointment became."""

    KEPT = "kept"
    MOVED = "moved"
    ADDED = "added"
    DROPPED = "dropped"


def became(was: object | None, now: object | None) -> Became | None:
    """Compare a session's place before and after, in whatever form tells places apart; None: it has none, nor had."""
    if was is None:
        return None if now is None else Became.ADDED
    if now is None:
        return Became.DROPPED
    return Became.KEPT if was == now else Became.MOVED


@dataclass(frozen=True, slots=True)
class Moved:
    """An appointment at another start or with another practitioner; another room alone is no move."""

    course: str
    before: Current
    after: Placed

    @property
    def days(self) -> int:
        """How many days later; below 0 it is earlier."""
        return (self.after.start.date() - self.before.start.date()).days

    @property
    def minutes(self) -> int:
        """How many minutes later on the wall's clock, days and all."""
        return round((self.after.start - self.before.start).total_seconds() / 60)

    @property
    def other_practitioner(self) -> bool:
        """Whether somebody else treats."""
        return self.after.practitioner != self.before.practitioner


@dataclass(frozen=True, slots=True)
class Difference:
    """The sessions of an answer beside where they stood.

    Attributes:
        kept: those that stay, each with its course's id; a change of the room only is in here too.
        added: those that had no appointment.
        dropped: appointments whose session has no place any more, each with its course's id.
        unplaced: every session without a place, with the reason; those of `dropped` too.
    """

    kept: tuple[Placed, ...]
    moved: tuple[Moved, ...]
    added: tuple[Placed, ...]
    dropped: tuple[tuple[str, Current], ...]
    unplaced: tuple[Unplaced, ...]

    @property
    def losing_courses(self) -> frozenset[str]:
        """The courses of which an appointment was dropped."""
        return frozenset(course for course, _ in self.dropped)

    def to_json(self) -> dict[str, object]:
        """Write it for the solution file: whom it concerns, from where to where, and by how many minutes."""
        return {
            "kept": len(self.kept),
            "moved": [
                {
                    "course": each.course, "session": each.after.session,
                    "from": fields.stamp(each.before.start), "to": fields.stamp(each.after.start),
                    "minutes": each.minutes,
                    "from_practitioner": each.before.practitioner, "to_practitioner": each.after.practitioner,
                }
                for each in self.moved
            ],
            "added": [{"course": each.course, "session": each.session} for each in self.added],
            "dropped": [
                {"course": course, "session": each.session, "from": fields.stamp(each.start)}
                for course, each in self.dropped
            ],
        }  # fmt: skip


def difference(problem: Problem, solution: Solution) -> Difference:
    """Compare an answer with the problem's current appointments."""
    placed: dict[str, dict[int, Placed]] = {course.id: {} for course in problem.courses}
    for each in solution.appointments:
        placed[each.course][each.session] = each
    kept, moved, added, dropped = [], [], [], []
    for course in problem.courses:
        for here, now in _beside(course, placed[course.id]):
            match became(_seen(now), _seen(here)), now, here:
                case Became.DROPPED, Current(), _:
                    dropped.append((course.id, now))
                case Became.ADDED, _, Placed():
                    added.append(here)
                case Became.KEPT, _, Placed():
                    kept.append(here)
                case Became.MOVED, Current(), Placed():
                    moved.append(Moved(course.id, now, here))
    return Difference(tuple(kept), tuple(moved), tuple(added), tuple(dropped), solution.unplaced)


def _beside(course: Course, placed: Mapping[int, Placed]) -> Iterator[tuple[Placed | None, Current | None]]:
    current = {each.session: each for each in course.current}
    for session in range(len(course.sessions)):
        yield placed.get(session), current.get(session)


def _seen(place: Placed | Current | None) -> tuple[datetime, str] | None:
    """What people go by: when, and with whom. Another room alone is no move."""
    return None if place is None else (place.start, place.practitioner)
