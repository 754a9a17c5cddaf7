"""What an event comes to before any of it is written: a look shows it with nothing locked, doing it writes that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from planner.services.diary_writer import CourseChange, write_changes
from planner.services.runtime import Unit
from planner.services.snapshot import CourseSnapshot
from planner.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class Outcome:
    """What followed from an event: the revision it made, and whether the rest was repaired by itself."""

    course_id: int
    revision_id: int
    repaired: bool
    says: str
    late: bool = False


@dataclass(frozen=True)
class Decision:
    """How courses are to stand after an event.

    Args:
        changes: of the course that the event befell, and of others that make room for it.
        repaired: whether the rest was planned anew.
        late: it counts as a late cancellation.
        notes: what the worklists are told once it is written.
    """

    unit: Unit
    changes: tuple[CourseChange, ...]
    repaired: bool
    late: bool = False
    notes: tuple[Callable[[], None], ...] = ()

    @property
    def target(self) -> CourseSnapshot:
        """How the course that it befell is to stand."""
        return self.changes[0].target

    def carry_out(self) -> Outcome:
        """Write it, what belongs together as one batch."""
        batch = new_id() if len(self.changes) > 1 else None
        revisions = write_changes(self.unit, self.changes, batch=batch)
        for note in self.notes:
            note()
        own = self.changes[0]
        return Outcome(own.course.id, revisions[0].id, repaired=self.repaired, says=own.reason, late=self.late)
