"""The clinic in figures, by month: who came, how full the diary was, what became of courses, how long one waited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, select

from planner.diary.free import to_wall
from planner.diary.hours import working_time
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.work_time import Work, weekly_of
from planner.storage.courses import (
    OCCUPYING_STATUSES,
    AppointmentRow,
    AssessmentRow,
    CourseRow,
    RevisionRow,
    SessionRow,
)
from planner.storage.functions import days_between
from planner.storage.people import StaffRow

MONTHS: Final = 12
_MINUTES_A_DAY: Final = 24 * 60
_CAME, _MISSED, _LATE = "came", "missed", "late"


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in one month, or in several added up.

    Args:
        came: visits that were given.
        missed: visits to which the patient did not come.
        late: visits that the patient called off too late for somebody else to have them.
        filled_minutes: minutes of the present therapists' visits, given or still to come.
        open_minutes: minutes that they worked or will work: hours less leave, closures and holidays.
        ended: courses that ended; `completed` of them with all that was owed, none of it called off.
        waits: days from the assessment to the first visit, for every course whose first visit it was.
    """

    came: int = 0
    missed: int = 0
    late: int = 0
    filled_minutes: int = 0
    open_minutes: int = 0
    ended: int = 0
    completed: int = 0
    waits: tuple[int, ...] = ()

    @property
    def expected(self) -> int:
        """Visits whose time came, with the place kept for them."""
        return self.came + self.missed + self.late

    @property
    def anything(self) -> bool:
        """Whether there is anything to be counted but working time."""
        return bool(self.expected or self.filled_minutes or self.ended)

    @property
    def attendance(self) -> float | None:
        """The share of those to which the patient came; None where there were none."""
        return _share(self.came, self.expected)

    @property
    def no_shows(self) -> float | None:
        """The share of those to which nobody came and nobody had said so."""
        return _share(self.missed, self.expected)

    @property
    def utilisation(self) -> float | None:
        """The share of working time that visits fill; None where nobody works."""
        return _share(self.filled_minutes, self.open_minutes)

    @property
    def completion(self) -> float | None:
        """The share of ended courses that were given as planned."""
        return _share(self.completed, self.ended)

    @property
    def wait_days(self) -> float | None:
        """The median of the waits; None where no course began."""
        return float(median(self.waits)) if self.waits else None

    @classmethod
    def together(cls, parts: Iterable[Figures]) -> Figures:
        """Several months as one."""
        total = cls()
        for part in parts:
            total = cls(
                total.came + part.came,
                total.missed + part.missed,
                total.late + part.late,
                total.filled_minutes + part.filled_minutes,
                total.open_minutes + part.open_minutes,
                total.ended + part.ended,
                total.completed + part.completed,
                total.waits + part.waits,
            )
        return total


@dataclass(frozen=True, slots=True)
class Month:
    """One month by its first day; `going_on` while it is not over."""

    first_day: date
    figures: Figures
    going_on: bool


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The months from that of the first visit on, oldest first, and all of them added up."""

    months: tuple[Month, ...]
    total: Figures


def dashboard(runtime: Runtime, actor: Actor, months: int = MONTHS) -> Dashboard:
    """The last months with the present one (nine queries, however many visits there were).

    Raises:
        NotAllowed: the person does not manage the clinic.
        ValueError: no month at all.
    """
    if months < 1:
        raise ValueError(f"{months} months")
    actor.must_be("manager")
    with runtime.reading(actor) as unit:
        starts = month_starts(unit.today, months)
        staff = list(unit.session.scalars(select(StaffRow.id).where(StaffRow.treats, StaffRow.active)))
        visits, filled = _visits(unit, starts, staff)
        courses, waits = _courses(unit, starts), _waits(unit, starts)
        worked = _open_minutes(unit, starts, staff)
        found = tuple(
            Figures(
                **visits[index],
                filled_minutes=filled[index],
                open_minutes=worked[index],
                ended=courses[index][0],
                completed=courses[index][1],
                waits=waits[index],
            )
            for index in range(months)
        )
        # What a clinic did before its first visit would make every share too small.
        first = next((index for index, each in enumerate(found) if each.anything), months - 1)
        shown = tuple(
            Month(starts[index], found[index], going_on=unit.today < starts[index + 1])
            for index in range(first, months)
        )
        return Dashboard(shown, Figures.together(month.figures for month in shown))


def month_starts(today: date, months: int) -> list[date]:
    """The first days of the last `months` months, the present one with them, and of the one to come."""
    numbered = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(numbered - months + 1, numbered + 2)]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _instants(unit: Unit, starts: Sequence[date]) -> list[datetime]:
    """When those days begin at the clinic."""
    return [datetime.combine(day, time(), tzinfo=unit.zone).astimezone(UTC) for day in starts]


def _month_of(column: Any, instants: Sequence[datetime]) -> ColumnElement[int]:
    """SQL's number of the month, from 0; the clinic's months, which no function of the database knows."""
    return case(*((column < end, index) for index, end in enumerate(instants[1:])), else_=len(instants))


def _visits(unit: Unit, starts: Sequence[date], staff: Sequence[int]) -> tuple[list[dict[str, int]], list[int]]:
    """What became of the visits of each month, and how many minutes they fill (two queries).

    The first needs nothing but the index of the diary; the few that were called off late are looked at by themselves.
    """
    instants = _instants(unit, starts)
    row = AppointmentRow
    month = _month_of(row.starts_at, instants)
    within = (row.starts_at >= instants[0], row.starts_at < instants[-1])
    days = days_between(row.starts_at, row.ends_at)
    filling = case((row.status.in_(OCCUPYING_STATUSES) & row.practitioner_id.in_(staff), days), else_=0)
    visits: list[dict[str, int]] = [{_CAME: 0, _MISSED: 0, _LATE: 0} for _ in starts[1:]]
    filled = [0] * len(visits)
    known = {"fulfilled": _CAME, "noshow": _MISSED}
    found = select(month, row.status, func.count(), func.sum(filling)).where(*within).group_by(month, row.status)
    for index, status, count, length in unit.session.execute(found):
        filled[index] += round(length * _MINUTES_A_DAY)
        if status in known:
            visits[index][known[status]] = count
    late = select(month, func.count()).where(*within, row.status == "cancelled", row.late_cancellation).group_by(month)
    for index, count in unit.session.execute(late):
        visits[index][_LATE] = count
    return visits, filled


def _courses(unit: Unit, starts: Sequence[date]) -> list[tuple[int, int]]:
    """How many courses ended in each month, and how many of them were complete (one query).

    The last change of a course that is over is the one that ended it: its last visit, or somebody's decision.
    """
    instants = _instants(unit, starts)
    month = _month_of(RevisionRow.made_at, instants)
    complete = and_(CourseRow.status == "finished", RevisionRow.kind != "ended")
    query = (
        select(month, func.count(), func.sum(case((complete, 1), else_=0)))
        .join(
            RevisionRow,
            (RevisionRow.course_id == CourseRow.id)
            & (RevisionRow.clinic_id == CourseRow.clinic_id)
            & (RevisionRow.number == CourseRow.revision_number),
        )
        .where(CourseRow.status.in_(("finished", "cancelled")))
        .where(RevisionRow.made_at >= instants[0], RevisionRow.made_at < instants[-1])
        .group_by(month)
    )
    found = {index: (ended, completed) for index, ended, completed in unit.session.execute(query)}
    return [found.get(index, (0, 0)) for index in range(len(starts) - 1)]


def _waits(unit: Unit, starts: Sequence[date]) -> list[tuple[int, ...]]:
    """From the assessment to the first visit, in days of the clinic's calendar, by that visit's month (one query)."""
    instants = _instants(unit, starts)
    row = AppointmentRow
    query = (
        select(AssessmentRow.recorded_at, row.starts_at)
        .join(SessionRow, (SessionRow.id == row.session_id) & (SessionRow.clinic_id == row.clinic_id))
        .join(CourseRow, (CourseRow.id == row.course_id) & (CourseRow.clinic_id == row.clinic_id))
        .join(AssessmentRow, (AssessmentRow.id == CourseRow.assessment_id) & (AssessmentRow.clinic_id == row.clinic_id))
        .where(row.starts_at >= instants[0], row.starts_at < instants[-1], row.status == "fulfilled")
        .where(SessionRow.position == 0)
    )
    waits: list[list[int]] = [[] for _ in starts[1:]]
    for recorded_at, starts_at in unit.session.execute(query):
        day = to_wall(starts_at, unit.zone).date()
        # A first visit may be recorded before its assessment is typed.
        waits[_index(day, starts[0])].append(max((day - to_wall(recorded_at, unit.zone).date()).days, 0))
    return [tuple(sorted(each)) for each in waits]


def _open_minutes(unit: Unit, starts: Sequence[date], staff: Sequence[int]) -> list[int]:
    """The minutes that these therapists work in each month (three queries)."""
    days = (starts[-1] - starts[0]).days
    work = Work.load(unit, starts[0], days, staff)
    minutes = [0] * (len(starts) - 1)
    for person in staff:
        lines = [weekly_of(row) for row in work.hours if row.practitioner_id == person]
        away = [leave for staff_id, leave in work.leaves if staff_id == person]
        for part in working_time(lines, work.closures, away, work.holidays, starts[0], days):
            minutes[_index(part.start.date(), starts[0])] += int((part.end - part.start) / timedelta(minutes=1))
    return minutes


def _index(day: date, first: date) -> int:
    return (day.year - first.year) * 12 + day.month - first.month
