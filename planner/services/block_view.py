"""What block booking shows: who waits for a course, the dates found for each, what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from planner.scheduling.problem import Placed, Unplaced
from planner.services.outcomes import OtherDates
from planner.services.planning import therapists
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.waiting import Waiting, waiting_list
from planner.storage.people import PatientRow


@dataclass(frozen=True, slots=True)
class BlockDesk:
    """What the page starts from, the longest waiting first.

    Args:
        more: so many wait too and are not listed.
        therapists: (id, name) of all who treat here.
    """

    zone: str
    today: date
    waiting: tuple[Waiting, ...]
    more: int
    therapists: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class BlockCourse:
    """One course of a block: its dates by session (from 0), and why some have none."""

    course_id: int
    patient_id: int
    assessment_id: int
    placed: Mapping[int, Placed]
    unplaced: Mapping[int, str]

    def to_json(self) -> dict[str, Any]:
        """What a job keeps."""
        return {
            "course_id": self.course_id,
            "patient_id": self.patient_id,
            "assessment_id": self.assessment_id,
            "placed": [placed.to_json() for placed in self.placed.values()],
            "unplaced": [Unplaced(str(self.course_id), number, why).to_json() for number, why in self.unplaced.items()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BlockCourse:
        """The inverse of `to_json`."""
        placed = [Placed.from_json(each) for each in data["placed"]]
        unplaced = [Unplaced.from_json(each) for each in data["unplaced"]]
        return cls(
            course_id=data["course_id"],
            patient_id=data["patient_id"],
            assessment_id=data["assessment_id"],
            placed={each.session: each for each in placed},
            unplaced={each.session: each.reason for each in unplaced},
        )


@dataclass(frozen=True, slots=True)
class BlockLine:
    """One course as a page shows it; starts are the clinic's wall-clock times."""

    course: BlockCourse
    patient: str
    starts: tuple[tuple[int, datetime, str], ...]

    @property
    def first(self) -> datetime | None:
        """The first date."""
        return self.starts[0][1] if self.starts else None

    @property
    def last(self) -> datetime | None:
        """The last date."""
        return self.starts[-1][1] if self.starts else None

    @property
    def why(self) -> str:
        """Why the first of those without a date has none; empty when all have one."""
        return self.course.unplaced[min(self.course.unplaced)] if self.course.unplaced else ""


@dataclass(frozen=True, slots=True)
class BookedBlock:
    """What became of a block.

    Args:
        lines: the courses that were booked, as they stand.
        others: the courses that got other dates than were shown, because some were taken meanwhile.
        skipped: names of those who have a course for this assessment by now.
        revision_id: undoing it undoes all of them; None when nothing was booked.
    """

    lines: tuple[BlockLine, ...]
    others: tuple[OtherDates, ...]
    skipped: tuple[str, ...]
    revision_id: int | None

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of those patients."""
        return tuple(each.patient for each in self.others)

    @property
    def to_place(self) -> int:
        """How many sessions found no date."""
        return sum(len(line.course.unplaced) for line in self.lines)


def block_desk(runtime: Runtime, actor: Actor) -> BlockDesk:
    """Who could be booked together."""
    with runtime.reading(actor) as unit:
        found = waiting_list(unit)
        people = tuple((row.id, row.name) for row in therapists(unit))
        return BlockDesk(unit.clinic.timezone, unit.today, found.waiting, found.more, people)


def lines_of(unit: Unit, courses: Iterable[BlockCourse]) -> tuple[BlockLine, ...]:
    """Courses with names, by name (two queries)."""
    wanted = list(courses)
    patients = dict(
        unit.session.execute(
            select(PatientRow.id, PatientRow.name).where(PatientRow.id.in_({each.patient_id for each in wanted}))
        ).all()
    )
    staff = {str(row.id): row.name for row in therapists(unit)}
    lines = [
        BlockLine(
            course=each,
            patient=patients[each.patient_id],
            starts=tuple(
                (number, placed.start, staff.get(placed.practitioner, ""))
                for number, placed in sorted(each.placed.items())
            ),
        )
        for each in wanted
    ]
    return tuple(sorted(lines, key=lambda line: line.patient))
