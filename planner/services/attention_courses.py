"""What a course itself says that somebody should look at: a visit never closed, too few this week, a review, the end.

Each finder is a few aggregates over the courses that run, for all of them or for some; `settle` takes a line off the
worklists in the transaction that did what it asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, case, false, func, or_, select

from planner.care.course import open_ended, phases_from_json
from planner.diary.free import to_wall
from planner.services import worklists
from planner.services.attention_lines import RUNS, Courses, Found, midnight, news_of, of_courses, write_news
from planner.services.attention_reviews import reviews_due
from planner.services.attention_week import under_booked
from planner.services.planning import edge
from planner.services.runtime import Unit
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, CourseRow, SessionRow, WorklistRow
from planner.storage.opening import LeaveRow
from planner.storage.people import StaffRow
from planner.words import day_said, say, say_many

KINDS: Final = (
    worklists.UNRESOLVED,
    worklists.LEAVE_CLASH,
    worklists.UNDER_BOOKED,
    worklists.REVIEW_DUE,
    worklists.ENDS_SOON,
)
FEW_LEFT: Final = 2
"""So many sessions before its end a course is talked about."""

_EXPECTED: Final = ("booked", "pending")
_OPEN: Final = (*_EXPECTED, "arrived", "checked-in")


def found_in_courses(unit: Unit, courses: Courses = None, kinds: Collection[str] = KINDS) -> dict[str, Found]:
    """All that these courses say, by key."""
    finders = {
        worklists.UNRESOLVED: unresolved,
        worklists.UNDER_BOOKED: under_booked,
        worklists.REVIEW_DUE: reviews_due,
        worklists.ENDS_SOON: ending_soon,
        worklists.LEAVE_CLASH: leave_clashes,
    }
    return {each.key: each for kind in KINDS if kind in kinds for each in finders[kind](unit, courses)}


def settle(unit: Unit, courses: Collection[CourseRow]) -> None:
    """Take off what these courses do not say any more, and that their patients wait; one query where nothing is."""
    row = WorklistRow
    waits, mine = row.kind == worklists.WAITING_FOR_COURSE, row.kind.in_((*KINDS, worklists.PROPOSAL))
    ids = {course.id for course in courses}
    lines = unit.session.scalars(
        select(row).where(row.closed_at.is_(None), or_(waits, and_(mine, row.course_id.in_(ids))))
    ).all()
    kinds = {line.kind for line in lines} & set(KINDS)
    still = found_in_courses(unit, ids, kinds) if kinds else {}
    begun = {course.patient_id for course in courses}
    for line in lines:
        over = line.key not in still
        if line.kind == worklists.WAITING_FOR_COURSE:
            over = line.details.get("patient_id") in begun
        elif line.kind == worklists.PROPOSAL:
            over = _is_over(unit, line)
        if over:
            worklists.close(unit, line)


def _is_over(unit: Unit, line: WorklistRow) -> bool:
    """Whether what a line proposes is not needed any more."""
    if line.details.get("about") != "leave":
        return not _without_date(unit, line.details["sessions"])
    still = {each.session_id for each in visits_in_leave(unit, [line.course_id or 0])}
    return still.isdisjoint(line.details["sessions"])


def _without_date(unit: Unit, session_ids: Collection[int]) -> bool:
    """Whether one of these sessions is owed and stands nowhere."""
    row, session = AppointmentRow, SessionRow
    stands = select(row.session_id).where(
        row.session_id.in_(session_ids), row.superseded.is_(False), row.status.in_(OCCUPYING_STATUSES)
    )
    waiting = select(session.id).where(
        session.id.in_(session_ids), session.dropped.is_(False), session.id.not_in(stands)
    )
    return unit.session.scalar(waiting.limit(1)) is not None


def note_now(unit: Unit, *kinds: str) -> None:
    """Bring the lines of these kinds to the diary as this transaction has made it."""
    if worklists.LEAVE_CLASH in kinds:
        for line in over_proposals(unit):
            worklists.close(unit, line)
    write_news(unit, news_of(unit, found_in_courses(unit, kinds=kinds), kinds))


def unresolved(unit: Unit, courses: Courses = None) -> Iterator[Found]:
    """Visits of days past of which nobody said what became of them (one query)."""
    row = AppointmentRow
    query = (
        select(row.id, row.course_id, row.starts_at, row.status, SessionRow.position, StaffRow.name)
        .join(SessionRow, (SessionRow.id == row.session_id) & (SessionRow.clinic_id == row.clinic_id))
        .join(StaffRow, (StaffRow.id == row.practitioner_id) & (StaffRow.clinic_id == row.clinic_id))
        .where(row.status.in_(_OPEN), row.ends_at < midnight(unit, unit.today), row.superseded.is_(False))
        .order_by(row.starts_at)
    )
    for visit_id, course_id, starts_at, status, position, name in unit.session.execute(of_courses(query, courses)):
        wall = to_wall(starts_at, unit.zone)
        blanks = {"number": position + 1, "day": day_said(wall.date(), "short"), "name": name}
        if status in ("arrived", "checked-in"):
            says = say("Came to session %(number)s on %(day)s with %(name)s; nobody said that it was done.", **blanks)
        else:
            says = say("Session %(number)s was on %(day)s with %(name)s; nobody said whether they came.", **blanks)
        yield Found(worklists.UNRESOLVED, f"unresolved-{visit_id}", says, course_id, {"appointment_id": visit_id})


def leave_clashes(unit: Unit, courses: Courses = None) -> Iterator[Found]:
    """Visits to come that lie in their therapist's leave, because somebody left them there (three queries).

    But for those for which new dates are proposed.
    """
    visits = list(visits_in_leave(unit, courses))
    proposed = {each for line in _leave_proposals(unit) for each in line.details["sessions"]} if visits else set()
    for each in visits:
        if each.session_id in proposed:
            continue
        wall = to_wall(each.starts_at, unit.zone)
        says = say(
            "Session %(number)s is on %(day)s at %(time)s, when %(name)s is away.",
            number=each.position + 1, day=day_said(wall.date(), "short"), time=f"{wall:%H:%M}", name=each.therapist,
        )  # fmt: skip
        key = f"leave-clash-{each.visit_id}-{each.starts_at:%Y%m%dT%H%MZ}"
        yield Found(worklists.LEAVE_CLASH, key, says, each.course_id, {"appointment_id": each.visit_id})


class InLeave(NamedTuple):
    """A visit to come that lies in its therapist's leave."""

    visit_id: int
    course_id: int
    session_id: int
    starts_at: datetime
    position: int
    therapist: str


def visits_in_leave(unit: Unit, courses: Courses = None) -> Iterator[InLeave]:
    """Visits to come that lie in their therapist's leave, by time (two queries)."""
    row, away = AppointmentRow, LeaveRow
    ahead = unit.session.execute(
        select(away.practitioner_id, away.starts, away.ends).where(
            away.withdrawn_at.is_(None), away.ends > unit.wall_now
        )
    )
    spans = [
        and_(row.practitioner_id == who, row.starts_at < edge(ends, unit.zone), row.ends_at > edge(starts, unit.zone))
        for who, starts, ends in ahead
    ]
    query = (
        select(row.id, row.course_id, row.session_id, row.starts_at, SessionRow.position, StaffRow.name)
        .join(SessionRow, (SessionRow.id == row.session_id) & (SessionRow.clinic_id == row.clinic_id))
        .join(StaffRow, (StaffRow.id == row.practitioner_id) & (StaffRow.clinic_id == row.clinic_id))
        .where(row.status.in_(_EXPECTED), row.superseded.is_(False), row.starts_at > unit.now, or_(false(), *spans))
        .order_by(row.starts_at)
    )
    return (InLeave(*found) for found in unit.session.execute(of_courses(query, courses)))


def over_proposals(unit: Unit) -> list[WorklistRow]:
    """Open proposals for visits in a leave none of which lies there any more (three queries at most)."""
    lines = _leave_proposals(unit)
    still = {each.session_id for each in visits_in_leave(unit)} if lines else set()
    return [line for line in lines if still.isdisjoint(line.details["sessions"])]


def _leave_proposals(unit: Unit) -> list[WorklistRow]:
    row = WorklistRow
    lines = unit.session.scalars(select(row).where(row.kind == worklists.PROPOSAL, row.closed_at.is_(None)))
    return [line for line in lines if line.details.get("about") == "leave"]


def ending_soon(unit: Unit, courses: Courses = None) -> Iterator[Found]:
    """Courses under way with no more than two sessions left; maintenance without an end never ends (one query)."""
    row, given = AppointmentRow, AppointmentRow.status == "fulfilled"
    left = func.sum(case((given, 0), else_=1))
    done = func.count(SessionRow.id) - left
    query = (
        select(CourseRow.id, CourseRow.phases, left, done, func.max(case((row.status.in_(_OPEN), row.starts_at))))
        .join(SessionRow, (SessionRow.course_id == CourseRow.id) & (SessionRow.clinic_id == CourseRow.clinic_id))
        .outerjoin(
            row, (row.session_id == SessionRow.id) & (row.clinic_id == SessionRow.clinic_id) & row.superseded.is_(False)
        )
        .where(CourseRow.status.in_(RUNS), SessionRow.dropped.is_(False))
        .group_by(CourseRow.clinic_id, CourseRow.id)
        .having(left.between(1, FEW_LEFT), done > 0)
    )
    for course_id, phases, few, given_so_far, last in unit.session.execute(of_courses(query, courses, CourseRow.id)):
        if open_ended(phases_from_json(phases)) is not None:
            continue
        says = say_many("%(num)s session left, without a date.", "%(num)s sessions left, without a date.", few)
        if last is not None:
            when = day_said(to_wall((last), unit.zone).date(), "short")
            says = say_many(
                "%(num)s session left; it is on %(day)s.",
                "%(num)s sessions left; the last is on %(day)s.",
                few,
                day=when,
            )
        # A course that was prolonged and comes to its end again is another thing.
        yield Found(worklists.ENDS_SOON, f"ends-soon-{course_id}-{few + given_so_far}", says, course_id)
