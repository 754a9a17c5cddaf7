"""Wishes that a patient left, beside those that hold: what would move, and taking them over with a new plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

from planner.diary.free import to_wall
from planner.errors import NotFound, StaleForm
from planner.scheduling.events import CalledOff
from planner.services import worklists
from planner.services.attendance import Outcome, note_unplaced
from planner.services.diary_writer import CourseChange, write_change
from planner.services.difference import Difference, difference
from planner.services.patient_wishes import ALL_DAY
from planner.services.planning import ahead, standing, therapists
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked, CourseSnapshot, take, wishes_of
from planner.services.wishes import Wishes
from planner.storage.courses import CourseRow, WorklistRow
from planner.storage.people import PatientRow
from planner.words import Text, day_said, listing, say


@dataclass(frozen=True, slots=True)
class WishRow:
    """One wish, before and after, in words."""

    name: Text
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether it is another one."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class WishChange:
    """What reception decides on.

    Args:
        rows: every wish, the changed ones too.
        difference: what moves if they are taken over.
        outside: so many visits would still stand outside of them, since nothing better is free.
        digest: names exactly this outcome.
    """

    item_id: int
    course_id: int
    patient_id: int
    patient: str
    left_at: datetime
    rows: tuple[WishRow, ...]
    difference: Difference
    outside: int
    digest: str
    zone: str


def change_of(runtime: Runtime, actor: Actor, item_id: int) -> WishChange:
    """Wishes that were left, beside those that hold, and what would move; nothing is written.

    Raises:
        NotFound: no such line, or it was seen to already.
    """
    with runtime.reading(actor) as unit:
        return _changed(unit, *_item(unit, item_id))[0]


def take_over(runtime: Runtime, actor: Actor, item_id: int, *, digest: str) -> Outcome:
    """Let the new wishes hold and plan the course anew, as it was shown.

    Raises:
        StaleForm: something else would follow by now; nothing was done.
        NotFound: no such line, or it was seen to already.
    """
    with runtime.writing(actor) as unit:
        item, course = _item(unit, item_id)
        found, target = _changed(unit, item, course)
        if found.digest != digest:
            raise StaleForm(say("The diary changed since this preview. Look at what would happen now."))
        words = say("New wishes of the patient taken over")
        revision = write_change(unit, CourseChange(course, target, "wishes", words))
        note_unplaced(unit, course, target)
        worklists.close_key(unit, item.key)
        return Outcome(course.id, revision.id, repaired=True, says=words)


def _item(unit: Unit, item_id: int) -> tuple[WorklistRow, CourseRow]:
    item = unit.get(WorklistRow, item_id)
    if item.kind != worklists.WISH_CHANGED or item.closed_at is not None or item.course_id is None:
        raise NotFound(say("These wishes were seen to already."))
    return item, unit.get(CourseRow, item.course_id)


def _changed(unit: Unit, item: WorklistRow, course: CourseRow) -> tuple[WishChange, CourseSnapshot]:
    """The course with the new wishes, and all sessions that stand against them placed anew; not written yet."""
    before, old = take(unit, course), Wishes.from_json(course.wishes)
    new, note = Wishes.from_json(item.details["after"]), item.details["note"]
    others = {name: wish for name, wish in new.to_json().items() if name != "away"}
    now = replace(before, away=new.away, wishes={**wishes_of(course), **others, "note": note})
    against = frozenset(
        session.key
        for session in ahead(unit, before)
        if (booked := standing(unit, session)) and _stands_against(unit, booked, new) and not _fixed(unit, booked)
    )
    after_fixed = _after_what_is_fixed(unit, before)
    with _as_if(unit, course, new):
        target = repaired(after_fixed, course, now, [CalledOff(str(course.id), against)]) if against else now
    outside = [booked for each in ahead(unit, target) if (booked := standing(unit, each))]
    names = {row.id: row.name for row in therapists(unit)}
    found = WishChange(
        item_id=item.id,
        course_id=course.id,
        patient_id=course.patient_id,
        patient=unit.get(PatientRow, course.patient_id).name,
        left_at=item.opened_at,
        rows=tuple(_rows(_Side(old, course.wish_note, names), _Side(new, note, names))),
        difference=difference(before, target),
        outside=sum(_stands_against(unit, booked, new) for booked in outside),
        digest=_digest(course, target),
        zone=unit.clinic.timezone,
    )
    return found, target


@contextmanager
def _as_if(unit: Unit, course: CourseRow, wishes: Wishes) -> Iterator[None]:
    """Planning reads what is wished from the course's row: it sees the new wishes there, and the diary none of that."""
    held = course.wishes
    with unit.session.no_autoflush:
        course.wishes = {**held, **wishes.to_json()}
        try:
            yield
        finally:
            course.wishes = held


def _after_what_is_fixed(unit: Unit, snapshot: CourseSnapshot) -> Unit:
    """The moment when what is too near to be moved has begun: its hour is then no example for the others."""
    booked = [stands for session in ahead(unit, snapshot) if (stands := standing(unit, session))]
    fixed = [each.starts_at for each in booked if _fixed(unit, each)]
    return replace(unit, now=max(fixed)) if fixed else unit


def _fixed(unit: Unit, booked: Booked) -> bool:
    return booked.is_fixed(unit.now, unit.clinic.notice_hours)


def _stands_against(unit: Unit, booked: Booked, wishes: Wishes) -> bool:
    starts, ends = (to_wall(each, unit.zone) for each in (booked.starts_at, booked.ends_at))
    return (
        booked.practitioner_id not in wishes.practitioners
        or starts.weekday() not in wishes.weekdays
        or starts.time() < wishes.start
        or ends.time() > wishes.end
        or any(first <= starts.date() <= last for first, last in wishes.away)
    )


def _digest(course: CourseRow, target: CourseSnapshot) -> str:
    words = json.dumps([course.version, target.to_json()], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Side:
    wishes: Wishes
    note: str
    names: dict[int, str]


def _rows(before: _Side, after: _Side) -> Iterator[WishRow]:
    for name, words in (
        (say("Weekdays"), _weekday_words),
        (say("Times"), _time_words),
        (say("Rather"), _part_words),
        (say("Therapists"), _people_words),
        (say("Away"), _away_words),
        (say("Note"), lambda side: side.note),
    ):
        yield WishRow(name, words(before), words(after))


def _weekday_words(side: _Side) -> str:
    if len(side.wishes.weekdays) == 7:
        return say("any day")
    # A week that begins on a Monday: its days are named like every other's.
    return listing([day_said(date(2026, 3, 2 + day), "weekday") for day in side.wishes.weekdays], ", ")


def _time_words(side: _Side) -> str:
    start, end = side.wishes.start, side.wishes.end
    if (start, end) == ALL_DAY:
        return say("any time")
    if start == ALL_DAY[0]:
        return say("until %(time)s", time=f"{end:%H:%M}")
    if end == ALL_DAY[1]:
        return say("from %(time)s", time=f"{start:%H:%M}")
    return f"{start:%H:%M}–{end:%H:%M}"


def _part_words(side: _Side) -> str:
    words = {"any": say("no matter"), "morning": say("in the morning"), "afternoon": say("in the afternoon")}
    return words[side.wishes.preferred]


def _people_words(side: _Side) -> str:
    names = [side.names[each] for each in side.wishes.practitioners if each in side.names]
    return listing(names, ", ") if names else ""


def _away_words(side: _Side) -> str:
    spans = [
        day_said(first, "year")
        if first == last
        else say("%(first)s to %(last)s", first=day_said(first, "year"), last=day_said(last, "year"))
        for first, last in side.wishes.away
    ]
    return listing(spans, ", ") if spans else say("no days")
