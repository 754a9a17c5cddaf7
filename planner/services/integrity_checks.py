"""Looks at what must be so in a clinic's data, a stretch at a time, apart from the code that writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from icalendar import Calendar
from sqlalchemy import and_, func, select

from planner.services.audit import breaks_in
from planner.services.difference import difference
from planner.services.feeds import rendered
from planner.services.outbox import COURSE_KINDS
from planner.services.reminders import REMINDER
from planner.services.runtime import Unit
from planner.services.snapshot import CourseSnapshot, SessionState, take_all
from planner.services.taken_courses import REASON as TAKEN_OVER
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, AssessmentRow, CourseRow, RevisionRow
from planner.storage.outward import FeedRow, OutboxRow
from planner.words import Text, say

_COURSES: Final = 100
_HISTORIES: Final = 20
_FEEDS: Final = 20
_MESSAGES: Final = 200
_WINDOW: Final = timedelta(days=28)
_LONGEST: Final = timedelta(hours=24)
_RUNS: Final = ("planned", "active")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be.

    Args:
        key: the same for as long as it is the same thing.
        says: in words, without anybody's name.
    """

    key: str
    says: Text
    course_id: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one look found, and where the next one begins; `after` None: that was the last."""

    findings: tuple[Finding, ...] = ()
    after: int | None = None


Look = Callable[[Unit, int], Stretch]
"""Looks at a bounded stretch that begins behind a number; 0 is the beginning."""


def sessions_have_one_appointment(unit: Unit, after: int) -> Stretch:
    """Each session that is owed has exactly one appointment that counts, or a reason why not."""
    courses = _courses(unit, after, _COURSES)
    found = (
        Finding(f"{what}-{session.id}", says, course.id)
        for course, snapshot in _snapshots(unit, courses)
        for session in snapshot.sessions
        for what, says in _of_session(course, session)
    )
    return Stretch(tuple(found), _last(courses, _COURSES))


def _of_session(course: CourseRow, session: SessionState) -> Iterator[tuple[str, Text]]:
    number = session.position + 1
    counting = [booked for booked in session.appointments if not booked.superseded]
    if len(counting) > 1:
        words = say("Session %(number)s has %(count)s appointments that count; it must have one.",
                    number=number, count=len(counting))  # fmt: skip
        yield "two-appointments", words
    if any(booked.occupies and (booked.superseded or session.dropped) for booked in session.appointments):
        yield "ghost", say("An appointment of session %(number)s does not count any more and still takes its time.",
                           number=number)  # fmt: skip
    waits = not session.dropped and not session.unplaced_reason and course.status in _RUNS
    if waits and not counting:
        yield "forgotten", say("Session %(number)s has no appointment, and nothing says why.", number=number)


def histories_lead_to_the_present(unit: Unit, after: int) -> Stretch:
    """Each change of a course begins where the one before it ended, and the last ends where the course stands."""
    courses = _courses(unit, after, _HISTORIES)
    ids = [course.id for course in courses]
    revisions: dict[int, list[RevisionRow]] = {course_id: [] for course_id in ids}
    row = RevisionRow
    for revision in unit.session.scalars(select(row).where(row.course_id.in_(ids)).order_by(row.number)):
        revisions[revision.course_id].append(revision)
    found = (
        Finding(f"history-{course.id}", says, course.id)
        for course, snapshot in _snapshots(unit, courses)
        for says in _of_history(course, revisions[course.id], snapshot)
    )
    return Stretch(tuple(found), _last(courses, _HISTORIES))


def _of_history(course: CourseRow, revisions: Sequence[RevisionRow], present: CourseSnapshot) -> Iterator[Text]:
    """The first thing that is wrong; what follows from it is no news."""
    missing = set(range(1, course.revision_number + 1)) - {revision.number for revision in revisions}
    if missing:
        yield say("Change %(number)s is missing in the course's history.", number=min(missing))
        return
    for earlier, later in pairwise(revisions):
        if _stands(CourseSnapshot.from_json(earlier.after)) != _stands(CourseSnapshot.from_json(later.before)):
            yield say("Change %(number)s does not begin where the one before it ended.", number=later.number)
            return
    if revisions and _stands(CourseSnapshot.from_json(revisions[-1].after)) != _stands(present):
        yield say("The course does not stand as its history says.")


def _stands(snapshot: CourseSnapshot) -> tuple[Any, ...]:
    """What of a course a change may alter: its status, and every appointment's place and state."""

    def appointments(session: SessionState) -> list[tuple[Any, ...]]:
        return sorted((each.id or 0, each.place, each.status, each.superseded) for each in session.appointments)

    return snapshot.status, sorted((each.id or 0, each.dropped, appointments(each)) for each in snapshot.sessions)


def calendars_can_be_read(unit: Unit, after: int) -> Stretch:
    """Each calendar address gives a calendar that a program reads, with all its entries."""
    chosen = select(FeedRow).where(FeedRow.id > after, FeedRow.revoked_at.is_(None)).order_by(FeedRow.id)
    rows = unit.session.scalars(chosen.limit(_FEEDS)).all()
    found = (
        Finding(f"calendar-{row.id}", say("A calendar can't be written, so programs get an error for it."))
        for row in rows
        if not _is_read(unit, row)
    )
    return Stretch(tuple(found), rows[-1].id if len(rows) == _FEEDS else None)


def _is_read(unit: Unit, row: FeedRow) -> bool:
    try:
        data, entries = rendered(unit, row)
        return len(Calendar.from_ical(data).walk("VEVENT")) == entries
    except Exception:
        # Whatever it is, a program that asks gets it too.
        return False


def nothing_overlaps(unit: Unit, after: int) -> Stretch:
    """No therapist, room or patient has two appointments at one time; found without the guard that refuses them.

    Args:
        after: a day as an ordinal; four weeks are looked at, from the first appointment behind it on.
    """
    row = AppointmentRow
    begins = datetime.combine(date.fromordinal(max(after, 1)), datetime.min.time(), tzinfo=UTC)
    occupying = and_(row.clinic_id == unit.clinic.id, row.status.in_(OCCUPYING_STATUSES))
    first = unit.session.scalar(select(func.min(row.starts_at)).where(occupying, row.starts_at >= begins))
    if first is None:
        return Stretch()
    end = datetime.combine(first.date() + _WINDOW, datetime.min.time(), tzinfo=UTC)
    # One that began the day before may reach into this stretch.
    taken = unit.session.execute(
        select(row.id, row.course_id, row.starts_at, row.ends_at, row.practitioner_id, row.room_id, row.patient_id)
        .where(occupying, row.starts_at > first - _LONGEST, row.starts_at < end)
        .order_by(row.starts_at, row.id)
    ).all()
    found = (
        Finding(f"overlap-{one.id}-{other.id}", words, one.course_id)
        for resource, words in _OVERLAPS.items()
        for one, other in _overlapping(taken, resource)
    )
    return Stretch(tuple(found), end.date().toordinal())


_OVERLAPS: Final = {
    "practitioner_id": say("A therapist has two appointments at one time."),
    "room_id": say("A room has two appointments at one time."),
    "patient_id": say("A patient has two appointments at one time."),
}


def _overlapping(taken: Iterable[Any], resource: str) -> Iterator[tuple[Any, Any]]:
    """Pairs of one resource that meet; the appointments come by their start."""
    latest: dict[int, Any] = {}
    for each in taken:
        before = latest.get(getattr(each, resource))
        if before is not None and each.starts_at < before.ends_at:
            yield before, each
        if before is None or each.ends_at > before.ends_at:
            latest[getattr(each, resource)] = each


def bookings_are_told(unit: Unit, after: int) -> Stretch:
    """Each booking owes its patient a message, for as long as messages are kept."""
    row = RevisionRow
    chosen = select(row).where(
        row.id > after,
        row.kind == "booked",
        row.number == 1,
        row.made_at > unit.now - timedelta(days=unit.clinic.keep_message_days),
    )
    rows = unit.session.scalars(chosen.order_by(row.id).limit(_MESSAGES)).all()
    told = {f"course-{each.course_id}-revision-1": each for each in rows if _must_be_told(unit, each)}
    there = set(unit.session.scalars(select(OutboxRow.key).where(OutboxRow.key.in_(told))))
    words = say("This course was booked, and no message about it is owed.")
    found = (
        Finding(f"untold-{each.course_id}", words, each.course_id) for key, each in told.items() if key not in there
    )
    return Stretch(tuple(found), rows[-1].id if len(rows) == _MESSAGES else None)


def _must_be_told(unit: Unit, booked: RevisionRow) -> bool:
    """Not one without a date, nor what was brought along from an earlier program: its patients know."""
    course = unit.get(CourseRow, booked.course_id)
    if unit.get(AssessmentRow, course.assessment_id).overrides.get("reason") == TAKEN_OVER:
        return False
    return bool(difference(CourseSnapshot.from_json(booked.before), CourseSnapshot.from_json(booked.after)).told)


def messages_have_their_reason(unit: Unit, after: int) -> Stretch:
    """Each message about a course tells of a change that there is; each reminder, of an appointment that there is."""
    row = OutboxRow
    rows = unit.session.scalars(
        select(row).where(row.id > after, row.kind.in_((*COURSE_KINDS, REMINDER))).order_by(row.id).limit(_MESSAGES)
    ).all()
    found = (
        Finding(f"message-{each.id}", say("A message tells of a change that there never was."), each.course_id)
        for each in rows
        if not _has_reason(unit, each)
    )
    return Stretch(tuple(found), rows[-1].id if len(rows) == _MESSAGES else None)


def _has_reason(unit: Unit, message: OutboxRow) -> bool:
    if message.kind == REMINDER:
        key = (unit.clinic.id, message.facts["appointment_id"])
        return unit.session.get(AppointmentRow, key) is not None
    row = RevisionRow
    change = select(row.id).where(row.course_id == message.course_id, row.number == message.facts["from_revision"])
    return unit.session.scalar(change) is not None


def _courses(unit: Unit, after: int, most: int) -> Sequence[CourseRow]:
    return unit.session.scalars(select(CourseRow).where(CourseRow.id > after).order_by(CourseRow.id).limit(most)).all()


def _snapshots(unit: Unit, courses: Sequence[CourseRow]) -> Iterator[tuple[CourseRow, CourseSnapshot]]:
    found = take_all(unit, courses)
    return ((course, found[course.id]) for course in courses)


def _last(courses: Sequence[CourseRow], most: int) -> int | None:
    return courses[-1].id if len(courses) == most else None


def the_audit_is_whole(unit: Unit, _after: int) -> Stretch:
    """Every line of who did and saw what follows from the one before."""
    broken = breaks_in(unit.session, unit.clinic.id)
    return Stretch(tuple(Finding(f"audit-{each.chain}-{each.number}", each.says) for each in broken))
