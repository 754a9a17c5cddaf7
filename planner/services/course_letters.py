"""The letter about one course: what changed since its patient was last told, and how it stands now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from planner.calendars.event import CalendarEvent
from planner.diary.free import to_wall
from planner.notify.letters import ChangeReason, CourseBooked, CourseChanged, Moved
from planner.notify.visit import Letterhead, Visit
from planner.services.addressing import Addressee, NothingToSend, Outgoing, Places
from planner.services.calendar_events import patient_events
from planner.services.difference import Change, ChangeKind, Difference, difference, shown
from planner.services.invitations import queue_invitations
from planner.services.outbox import COURSE_KINDS
from planner.services.runtime import Runtime, Unit
from planner.services.snapshot import Booked, CourseSnapshot, take
from planner.storage.courses import CourseRow, RevisionRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from planner.words import Text, day_said, listing, say

# Revisions that move nothing, so that they are no reason for what moved.
_SILENT: Final = frozenset({"arrived", "fulfilled", "confirmed", "undone", "pause-ended"})
_REASONS: Final = {
    "maintenance": ChangeReason.EXTENDED,
    "catch-up": ChangeReason.EXTENDED,
    "busy": ChangeReason.LEAVE,
    "hours": ChangeReason.LEAVE,
}


@dataclass(frozen=True, slots=True)
class News:
    """What of a difference concerns a patient now: nothing whose time has passed."""

    moved: tuple[tuple[Booked, Booked], ...]
    added: tuple[Booked, ...]
    cancelled: tuple[Booked, ...]

    @classmethod
    def of(cls, changes: Difference, now: datetime) -> News:
        """The part of it that lies ahead."""
        pairs = [(each.before, each.after) for each in changes.of(ChangeKind.MOVED) if each.before and each.after]
        return cls(
            moved=tuple((before, after) for before, after in pairs if after.starts_at > now),
            added=_ahead((each.after for each in changes.of(ChangeKind.ADDED)), now),
            cancelled=_ahead(map(_lost, changes.of(ChangeKind.CANCELLED, ChangeKind.UNPLACED)), now),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.moved or self.added or self.cancelled)


def course_letter(runtime: Runtime, unit: Unit, row: OutboxRow) -> Outgoing | NothingToSend:
    """The letter that is owed by an outbox row, as the course stands at this moment.

    From here on its revisions count as told, so that none of them can be undone under the patient's eyes.
    """
    course = unit.get(CourseRow, row.course_id or 0)
    revisions = _since(unit, course, _first_revision(unit, row))
    before, after = CourseSnapshot.from_json(revisions[0].before), take(unit, course)
    news = News.of(difference(before, after), unit.now)
    if news.is_empty:
        return NothingToSend(say("Nothing of it was left to tell."))
    _mark_told(unit, course)
    queue_invitations(runtime, unit, course)
    to = Addressee(runtime, unit, unit.get(PatientRow, row.patient_id))
    head, places = to.head(), Places.of(unit)
    events = _coming_events(unit, row.patient_id)
    upcoming = tuple(map(places.visit, _upcoming(after, unit.now)))
    if before.sessions or not upcoming:
        letter: CourseBooked | CourseChanged = CourseChanged(
            head=head,
            reasons=_reasons(revisions),
            moved=tuple(Moved(places.visit(was), places.visit(now)) for was, now in news.moved),
            added=tuple(map(places.visit, news.added)),
            cancelled=tuple(map(places.visit, news.cancelled)),
            upcoming=upcoming,
            calendar_attached=bool(events),
        )
    else:
        letter = CourseBooked(head, upcoming, unit.clinic.notice_hours, calendar_attached=bool(events))
    # As long as the course is the same, another attempt says the same under the same identity.
    key = f"{row.key}-to-{course.revision_number}"
    return to.outgoing(letter, key=key, dated=revisions[-1].made_at, events=events, says=_in_words(unit, letter))


def _ahead(found: Iterable[Booked | None], now: datetime) -> tuple[Booked, ...]:
    coming = (booked for booked in found if booked is not None and booked.starts_at > now)
    return tuple(sorted(coming, key=lambda booked: booked.starts_at))


def _lost(change: Change) -> Booked | None:
    """What the patient still believes in; a session that waits for its place had nothing to lose."""
    return change.before if change.after is None else None


def _first_revision(unit: Unit, row: OutboxRow) -> int:
    """The first change that this message tells of; others which wait about the same course are told along with it."""
    first = int(row.facts["from_revision"])
    waiting = unit.session.scalars(
        select(OutboxRow).where(
            OutboxRow.course_id == row.course_id,
            OutboxRow.kind.in_(COURSE_KINDS),
            OutboxRow.status == "due",
            OutboxRow.id != row.id,
        )
    )
    for other in waiting:
        first = min(first, int(other.facts["from_revision"]))
        other.status, other.last_error = "skipped", say("Told along with another message about the same course.")
    row.facts = {**row.facts, "from_revision": first}
    return first


def _since(unit: Unit, course: CourseRow, number: int) -> Sequence[RevisionRow]:
    return unit.session.scalars(
        select(RevisionRow)
        .where(RevisionRow.course_id == course.id, RevisionRow.number >= number)
        .order_by(RevisionRow.number)
    ).all()


def _mark_told(unit: Unit, course: CourseRow) -> None:
    untold = select(RevisionRow).where(RevisionRow.course_id == course.id, RevisionRow.told_at.is_(None))
    for revision in unit.session.scalars(untold):
        revision.told_at = unit.now


def _upcoming(course: CourseSnapshot, now: datetime) -> tuple[Booked, ...]:
    standing = (booked for session in course.live if (booked := shown(session)) and booked.occupies)
    return _ahead(standing, now)


def _reasons(revisions: Iterable[RevisionRow]) -> tuple[ChangeReason, ...]:
    told = [each.kind for each in revisions if each.undone_at is None and each.kind not in _SILENT]
    return tuple(_REASONS.get(kind, ChangeReason.of(kind)) for kind in told) or (ChangeReason.OTHER,)


def _coming_events(unit: Unit, patient_id: int) -> tuple[CalendarEvent, ...]:
    """All the patient's entries that lie ahead, the cancelled ones too: the file must take them out of a calendar."""
    events = (event for event in patient_events(unit, patient_id) if event.starts_at > unit.now)
    return tuple(sorted(events, key=lambda event: (event.starts_at, event.uid)))


def _in_words(unit: Unit, letter: CourseBooked | CourseChanged) -> str:
    """For instance "moved from Mon 2 March, 10:00 to Wednesday 4 March, 9:00; cancelled: …", by the clinic's clock."""
    head = Letterhead(unit.clinic.name, "", unit.zone, "", unit.zone, None)

    def day(visit: Visit) -> Text:
        wall = to_wall(visit.starts_at, unit.zone)
        return say("%(day)s, %(time)s", day=day_said(wall.date(), "long"), time=head.visit_words(visit).time)

    def days(visits: Iterable[Visit]) -> Text:
        return listing(map(day, visits), "; ")

    if isinstance(letter, CourseBooked):
        return say("booked: %(days)s", days=days(letter.visits))
    said = [
        say("moved from %(before)s to %(after)s", before=day(each.before), after=day(each.after))
        for each in letter.moved
    ]
    if letter.added:
        said.append(say("new: %(days)s", days=days(letter.added)))
    if letter.cancelled:
        said.append(say("cancelled: %(days)s", days=days(letter.cancelled)))
    return listing(said, "; ")
