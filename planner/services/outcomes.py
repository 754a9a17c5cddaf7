"""What became of a plan when it was applied: whose dates are others than were shown, and who was left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planner.services.job_rows import Job
from planner.services.runtime import Actor, Runtime
from planner.storage.courses import RevisionRow

Seen = tuple[datetime, int] | None
"""When a session is, as an instant, and the id of the therapist; None for one without a date."""


@dataclass(frozen=True, slots=True)
class OtherDate:
    """One session, from 1, as it was shown and as it was done."""

    number: int
    shown: Seen
    done: Seen

    def to_json(self) -> dict[str, Any]:
        """JSON with ISO instants."""
        return {"number": self.number, "shown": _seen_json(self.shown), "done": _seen_json(self.done)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OtherDate:
        """The inverse of `to_json`."""
        return cls(data["number"], _seen_from(data["shown"]), _seen_from(data["done"]))


@dataclass(frozen=True, slots=True)
class OtherDates:
    """One course that got other dates than were shown, because the diary had changed meanwhile."""

    course_id: int
    patient: str
    dates: tuple[OtherDate, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON."""
        dates = [each.to_json() for each in self.dates]
        return {"course_id": self.course_id, "patient": self.patient, "dates": dates}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OtherDates:
        """The inverse of `to_json`."""
        return cls(data["course_id"], data["patient"], tuple(map(OtherDate.from_json, data["dates"])))


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What became of a plan.

    Args:
        skipped: names of patients who had a course by then.
        revision_id: one of the batch; None where no course was changed.
        undone: all of it was taken back since.
    """

    others: tuple[OtherDates, ...] = ()
    skipped: tuple[str, ...] = ()
    revision_id: int | None = None
    undone: bool = False

    def to_json(self) -> dict[str, Any]:
        """What the job keeps."""
        others = [each.to_json() for each in self.others]
        return {"others": others, "skipped": list(self.skipped), "revision_id": self.revision_id}


def other_dates(course_id: int, patient: str, shown: Mapping[int, Seen], done: Mapping[int, Seen]) -> OtherDates:
    """The sessions of a course that are elsewhere than they were shown; by number, from 1."""
    numbers = sorted(number for number in {*shown, *done} if shown.get(number) != done.get(number))
    return OtherDates(
        course_id, patient, tuple(OtherDate(number, shown.get(number), done.get(number)) for number in numbers)
    )


def outcome_of(runtime: Runtime, actor: Actor, job: Job) -> JobOutcome:
    """What became of a plan that was used, and whether it still holds."""
    kept = job.answer.get("outcome")
    if kept is None:
        return JobOutcome()
    revision_id = kept["revision_id"]
    with runtime.reading(actor) as unit:
        undone = revision_id is not None and unit.get(RevisionRow, revision_id).undone_at is not None
    return JobOutcome(_others(kept["others"]), tuple(kept["skipped"]), revision_id, undone)


def _others(data: Iterable[Mapping[str, Any]]) -> tuple[OtherDates, ...]:
    return tuple(map(OtherDates.from_json, data))


def _seen_json(seen: Seen) -> list[Any] | None:
    return [seen[0].isoformat(), seen[1]] if seen is not None else None


def _seen_from(data: list[Any] | None) -> Seen:
    return (datetime.fromisoformat(data[0]), data[1]) if data is not None else None
