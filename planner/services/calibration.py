"""How well estimates hold: the sessions that were expected against those that were given, by protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from sqlalchemy import func, select

from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, RevisionRow

MOST_COURSES: Final = 500


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some numbers, and between which of them the middle half lies."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """The quartiles. Raises ValueError where there is no number."""
        if len(numbers) == 1:
            return cls(numbers[0], numbers[0], numbers[0])
        low, _, high = quantiles(numbers, n=4, method="inclusive")
        return cls(low, float(median(numbers)), high)


@dataclass(frozen=True, slots=True)
class EndedCourse:
    """One course that is over.

    Args:
        low, expected, high: sessions by the assessment's estimate.
        given: sessions that were given.
        early: whether somebody ended it before all that was owed was given.
    """

    protocol: str
    low: int
    expected: int
    high: int
    given: int
    early: bool


@dataclass(frozen=True, slots=True)
class ProtocolCalibration:
    """The ended courses of one protocol.

    Args:
        courses: how many there are; `early` of them were ended before their time.
        within: how many needed no fewer and no more sessions than the estimate's range.
        difference: given less expected, course by course.
    """

    protocol: str
    courses: int
    early: int
    within: int
    expected: Spread
    given: Spread
    difference: Spread


def calibration(runtime: Runtime, actor: Actor, most: int = MOST_COURSES) -> tuple[ProtocolCalibration, ...]:
    """All protocols with an ended course in which a session was given, the most frequent first (three queries).

    Args:
        most: so many courses count, the newest: a clinic of many years waits no longer than others, and sees how it
            estimates now.
    """
    with runtime.reading(actor) as unit:
        by_protocol: dict[str, list[EndedCourse]] = {}
        for course in _ended(unit, _newest(unit, most)):
            by_protocol.setdefault(course.protocol, []).append(course)
    found = [_calibrated(protocol, courses) for protocol, courses in by_protocol.items()]
    return tuple(sorted(found, key=lambda each: (-each.courses, each.protocol)))


def _calibrated(protocol: str, courses: Sequence[EndedCourse]) -> ProtocolCalibration:
    return ProtocolCalibration(
        protocol=protocol,
        courses=len(courses),
        early=sum(course.early for course in courses),
        within=sum(course.low <= course.given <= course.high for course in courses),
        expected=Spread.of([course.expected for course in courses]),
        given=Spread.of([course.given for course in courses]),
        difference=Spread.of([course.given - course.expected for course in courses]),
    )


def _newest(unit: Unit, most: int) -> Sequence[int]:
    """The courses that are over and were begun last."""
    row = CourseRow
    return unit.session.scalars(
        select(row.id).where(row.status == "finished").order_by(row.id.desc()).limit(most)
    ).all()


def _ended(unit: Unit, course_ids: Sequence[int]) -> list[EndedCourse]:
    given = (
        select(AppointmentRow.course_id, func.count().label("sessions"))
        .where(
            AppointmentRow.clinic_id == unit.clinic.id,
            AppointmentRow.course_id.in_(course_ids),
            AppointmentRow.status == "fulfilled",
        )
        .group_by(AppointmentRow.course_id)
        .subquery()
    )
    query = (
        select(
            CourseRow.protocol,
            # As one value: the database would read the whole estimate anew for each number in it.
            AssessmentRow.estimate["sessions"],
            given.c.sessions,
            RevisionRow.kind == "ended",
        )
        .join(given, given.c.course_id == CourseRow.id)
        .join(
            AssessmentRow,
            (AssessmentRow.id == CourseRow.assessment_id) & (AssessmentRow.clinic_id == CourseRow.clinic_id),
        )
        .join(
            RevisionRow,
            (RevisionRow.course_id == CourseRow.id)
            & (RevisionRow.clinic_id == CourseRow.clinic_id)
            & (RevisionRow.number == CourseRow.revision_number),
        )
        .where(CourseRow.id.in_(course_ids))
    )
    return [
        EndedCourse(protocol, owed["low"], owed["expected"], owed["high"], sessions, ended)
        for protocol, owed, sessions, ended in unit.session.execute(query)
    ]
