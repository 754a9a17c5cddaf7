"""Courses with fewer visits in this week than their rhythm wants."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, func, or_, select

from planner.diary.free import to_wall
from planner.services import worklists
from planner.services.attention_lines import RUNS, Courses, Found, midnight, of_courses
from planner.services.runtime import Unit
from planner.services.wishes import Wishes
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, CourseRow, SessionRow
from planner.words import day_said, say

_WEEK: Final = 7
_ONE_WEEK: Final = timedelta(days=_WEEK)


def under_booked(unit: Unit, courses: Courses = None) -> Iterator[Found]:
    """Courses with fewer visits in this week of the clinic's calendar than their rhythm wants (three queries).

    A gap of up to a week wants so many visits in each week; a longer one wants the next visit in it once the longest
    gap ends there. Nobody is missed in the week in which they begin, are away, or have all that is owed.
    """
    monday = unit.today - timedelta(days=unit.today.weekday())
    begins, ends = midnight(unit, monday), midnight(unit, monday + timedelta(days=_WEEK))
    visits = {row.course_id: row for row in unit.session.execute(of_courses(_visits_until(begins, ends), courses))}
    missing = [
        row for row in unit.session.execute(_missing(unit, ends, courses)) if row.course_id in visits and row.gap_target
    ]
    short = []
    for row in missing:
        seen = visits[row.course_id]
        latest = to_wall(seen.last, unit.zone).date() + timedelta(days=row.gap_max)
        wanted = int(_WEEK / row.gap_target + 1e-9) if row.gap_target <= _WEEK else 0
        if seen.first < begins and (seen.in_week < wanted or (not wanted and latest < monday + _ONE_WEEK)):
            short.append((row, seen.in_week, wanted, latest))
    away = _away(unit, [row.course_id for row, *_ in short], monday)
    for row, count, wanted, latest in short:
        if row.course_id not in away:
            yield _short_of(unit, row, count, wanted, latest, monday)


def _short_of(unit: Unit, row: Any, count: int, wanted: int, latest: date, monday: date) -> Found:
    next_day = day_said(to_wall(row.starts_at, unit.zone).date(), "short") if row.starts_at else None
    number = row.position + 1
    if wanted and next_day:
        says = say("Booked this week: %(count)s; planned: %(wanted)s. Session %(number)s is on %(day)s.",
                   count=count, wanted=wanted, number=number, day=next_day)  # fmt: skip
    elif wanted:
        says = say("Booked this week: %(count)s; planned: %(wanted)s. Session %(number)s has no date.",
                   count=count, wanted=wanted, number=number)  # fmt: skip
    elif next_day:
        says = say("Session %(number)s should come by %(by)s and is on %(day)s.",
                   number=number, by=day_said(latest, "short"), day=next_day)  # fmt: skip
    else:
        says = say("Session %(number)s should come by %(by)s and has no date.",
                   number=number, by=day_said(latest, "short"))  # fmt: skip
    week = monday.isocalendar()
    key = f"under-booked-{row.course_id}-{week.year}-W{week.week:02}"
    details = {"appointment_id": row.appointment_id} if row.appointment_id else {}
    return Found(worklists.UNDER_BOOKED, key, says, row.course_id, details)


def _visits_until(begins: datetime, ends: datetime) -> Any:
    """Of each running course: its first and last visit before the week's end, and how many lie in the week."""
    row = AppointmentRow
    return (
        select(
            row.course_id,
            func.min(row.starts_at).label("first"),
            func.max(row.starts_at).label("last"),
            func.sum(case((row.starts_at >= begins, 1), else_=0)).label("in_week"),
        )
        .join(CourseRow, (CourseRow.id == row.course_id) & (CourseRow.clinic_id == row.clinic_id))
        .where(
            CourseRow.status.in_(RUNS),
            CourseRow.automation == "apply",
            row.status.in_(OCCUPYING_STATUSES),
            row.starts_at < ends,
        )
        .group_by(row.course_id)
    )


def _missing(unit: Unit, ends: datetime, courses: Courses) -> Any:
    """Of each running course the first session owed that has no visit before the week's end, with its later date."""
    row, session = AppointmentRow, SessionRow
    stands = (row.session_id == session.id) & row.superseded.is_(False) & row.status.in_(OCCUPYING_STATUSES)
    owed = (
        select(
            session.course_id,
            session.position,
            session.gap_target,
            session.gap_max,
            row.starts_at,
            row.id.label("appointment_id"),
            func.row_number().over(partition_by=session.course_id, order_by=session.position).label("place"),
        )
        .join(CourseRow, (CourseRow.id == session.course_id) & (CourseRow.clinic_id == session.clinic_id))
        .outerjoin(row, stands & (row.clinic_id == session.clinic_id))
        .where(
            session.clinic_id == unit.clinic.id,
            CourseRow.status.in_(RUNS),
            CourseRow.automation == "apply",
            session.dropped.is_(False),
            or_(row.id.is_(None), row.starts_at >= ends),
        )
    )
    ranked = of_courses(owed, courses, session.course_id).subquery()
    return select(ranked).where(ranked.c.place == 1)


def _away(unit: Unit, course_ids: Collection[int], monday: date) -> set[int]:
    """The courses whose patient is away on some day of the week."""
    sunday = monday + timedelta(days=_WEEK - 1)
    kept = unit.session.execute(select(CourseRow.id, CourseRow.wishes).where(CourseRow.id.in_(course_ids)))
    return {
        course_id
        for course_id, wishes in kept
        if any(first <= sunday and last >= monday for first, last in Wishes.from_json(wishes).away)
    }
