"""48 hours between all needlings of a patient, whichever course they belong to (E25): the diary's last look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from sqlalchemy import select

from planner.errors import TooNear
from planner.services.runtime import Unit
from planner.services.snapshot import CourseSnapshot
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, CourseRow
from planner.words import say

_REST: Final = timedelta(hours=48)
_Visit = tuple[datetime, int, bool]
"""When it begins, of which course, and whether the diary does not have it yet."""


def refuse_too_near(unit: Unit, changes: Mapping[CourseRow, tuple[CourseSnapshot, CourseSnapshot]]) -> None:
    """Refuse changes of courses (before, after) that put a visit too near one of another course of its patient.

    What stands already may stay. Within one course every way of booking keeps the hours itself; of other courses it
    knows only what the diary held when it looked (one query, none where nothing is new).

    Raises:
        TooNear: naming no date, since the page shows the diary anew.
    """
    visits: dict[int, list[_Visit]] = {}
    for course, (before, after) in changes.items():
        visits.setdefault(course.patient_id, []).extend(_visits(unit, course, before, after))
    concerned = {patient for patient, mine in visits.items() if any(new for _, _, new in mine)}
    if not concerned:
        return
    row = AppointmentRow
    others = unit.session.execute(
        select(row.patient_id, row.starts_at, row.course_id).where(
            row.patient_id.in_(concerned),
            row.course_id.not_in([course.id for course in changes]),
            row.status.in_(OCCUPYING_STATUSES),
            row.starts_at > unit.now - _REST,
        )
    )
    for patient, starts_at, course_id in others:
        visits[patient].append((starts_at, course_id, False))
    if any(_clash(visits[patient]) for patient in concerned):
        raise TooNear(say("The patient has a visit for another course within 48 hours of this."), field="start")


def _visits(unit: Unit, course: CourseRow, before: CourseSnapshot, after: CourseSnapshot) -> Iterator[_Visit]:
    stood = {booked.starts_at for each in before.sessions for booked in each.appointments if booked.occupies}
    for session in after.sessions:
        for booked in session.appointments:
            if booked.occupies and not session.dropped and booked.starts_at > unit.now - _REST:
                yield booked.starts_at, course.id, booked.starts_at not in stood


def _clash(visits: list[_Visit]) -> bool:
    """Whether two of different courses lie too near, of which one is new."""
    return any(
        one[1] != two[1] and (one[2] or two[2]) and abs(one[0] - two[0]) < _REST for one, two in combinations(visits, 2)
    )
