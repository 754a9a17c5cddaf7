"""The wishes of a patient: shown as they are known, and changed ones left with the clinic; no date moves by that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.errors import InvalidInput
from planner.services import worklists
from planner.services.planning import therapists
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.wishes import MOST_AWAY, NOTE_LENGTH_MAX, PARTS_OF_DAY, Wishes
from planner.storage.courses import AppointmentRow, CourseRow, WorklistRow
from planner.storage.people import PatientRow
from planner.words import Text, day_said, say

_EMPTY_ROWS: Final = 2
ALL_DAY: Final = (time(0, 0), time(23, 59))
"""No wish about the time."""

_Said = tuple[Wishes, str]
"""Wishes with the note beside them."""


class Fields(Protocol):
    """A form that was sent."""

    def get(self, name: str, default: str) -> str:
        """The first value of a field."""

    def getlist(self, name: str) -> list[str]:
        """All values of a field."""


@dataclass(frozen=True, slots=True)
class WishForm:
    """The wishes as a page shows them and as they were typed.

    Args:
        practitioner: the preferred one's id, "" for whoever is free.
        only: whether nobody else will do.
        away: pairs of dates as typed.
        shown: the id of the course whose wishes the page shows.
        course: the id of the one that it is to hold for, "" for all of the patient's.
    """

    weekdays: tuple[str, ...]
    earliest: str
    latest: str
    preferred: str
    practitioner: str
    only: bool
    away: tuple[tuple[str, str], ...]
    note: str
    shown: str = ""
    course: str = ""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """The days away, with empty rows for more."""
        empty = min(_EMPTY_ROWS, MOST_AWAY - len(self.away))
        return self.away + (("", ""),) * empty

    @classmethod
    def read(cls, form: Fields) -> WishForm:
        """What was typed, whatever it is."""
        return cls(
            weekdays=tuple(form.getlist("weekdays")),
            earliest=form.get("earliest", "").strip(),
            latest=form.get("latest", "").strip(),
            preferred=form.get("preferred", "any"),
            practitioner=form.get("practitioner", ""),
            only=form.get("only", "") == "yes",
            away=tuple(zip(form.getlist("away_from"), form.getlist("away_to"), strict=False))[:MOST_AWAY],
            note=form.get("note", "").strip(),
            shown=form.get("shown", ""),
            course=form.get("course", ""),
        )

    @classmethod
    def of(cls, wishes: Wishes, note: str, today: date, therapist_count: int, shown: int) -> WishForm:
        """What is known of the course with the id `shown`, without days away that are over."""
        return cls(
            weekdays=tuple(str(day) for day in wishes.weekdays),
            earliest="" if wishes.start == ALL_DAY[0] else wishes.start.isoformat("minutes"),
            latest="" if wishes.end == ALL_DAY[1] else wishes.end.isoformat("minutes"),
            preferred=wishes.preferred,
            practitioner=str(wishes.practitioners[0]),
            only=len(wishes.practitioners) == 1 < therapist_count,
            away=tuple((first.isoformat(), last.isoformat()) for first, last in wishes.away if last >= today),
            note=note,
            shown=str(shown),
        )


@dataclass(frozen=True, slots=True)
class KnownWishes:
    """What the page of wishes shows.

    Args:
        form: None where no course is running, so that there is nothing to wish for.
        therapists: (id, name) of all who treat here.
        left_at: when wishes were left that nobody has looked at yet.
        courses: (id, what it is called) of each running course, where there are several.
    """

    form: WishForm | None
    therapists: tuple[tuple[str, str], ...]
    left_at: datetime | None
    courses: tuple[tuple[str, Text], ...] = ()


def known(runtime: Runtime, actor: Actor) -> KnownWishes:
    """The patient's wishes: those that were left last, or those the plan was made with.

    Of several courses those of the next visit's; what is changed there may hold for all.
    """
    with runtime.reading(actor) as unit:
        people = therapists(unit)
        names = tuple((str(row.id), row.name) for row in people)
        courses = running(unit)
        if not courses:
            return KnownWishes(None, names, None)
        course = courses[0]
        wishes, note = _known_of(unit, course)
        form = WishForm.of(wishes, note, unit.today, len(people), course.id)
        called = course_names(unit, courses) if len(courses) > 1 else ()
        return KnownWishes(form, names, left_at(unit, [each.id for each in courses]), called)


def leave(runtime: Runtime, actor: Actor, form: WishForm) -> bool:
    """Put changed wishes on reception's worklist, a line for each course they hold for; nothing moves.

    What was changed on the page is changed for the other courses; all else they keep.

    Returns:
        False where that takes back what was left before: the wishes are those that hold.

    Raises:
        InvalidInput: naming the form's field; or nothing is changed, or no course is running.
    """
    with runtime.writing(actor) as unit:
        courses = running(unit)
        if not courses:
            raise InvalidInput(say("There is no plan at the moment whose dates could follow your wishes."))
        shown = next((each for each in courses if str(each.id) == form.shown), courses[0])
        chosen = [each for each in courses if form.course in ("", str(each.id))]
        if not chosen:
            raise InvalidInput(say("Choose one of these, or all."), field="course")
        was = _known_of(unit, shown)
        wanted = _read(unit, form, Wishes.from_json(shown.wishes)), form.note
        # In a list: every course is asked, whatever became of the first.
        left = [
            _leave_for(unit, each, wanted if each is shown else _changed(_known_of(unit, each), was, wanted))
            for each in chosen
        ]
        if all(each is None for each in left):
            raise InvalidInput(say("These are the wishes that we know already."))
        return any(left)


def _leave_for(unit: Unit, course: CourseRow, wanted: _Said) -> bool | None:
    """Whether other wishes than those that hold wait for reception now; None where nothing is new."""
    if wanted == (Wishes.from_json(course.wishes), course.wish_note):
        if _open(unit, course.id) is None:
            return None
        worklists.close_key(unit, line_key(course.id))
        return False
    details = {"after": wanted[0].to_json(), "note": wanted[1]}
    says = say("Wishes have changed; look at what would move.")
    worklists.open_item(unit, worklists.WISH_CHANGED, line_key(course.id), says, course.id, **details)
    unit.audit("patient.wishes", f"course/{course.id}")
    return True


def _known_of(unit: Unit, course: CourseRow) -> _Said:
    """What a patient wishes of a course, with the note: as it was left last, or as it holds."""
    item = _open(unit, course.id)
    data, note = (item.details["after"], item.details["note"]) if item else (course.wishes, course.wish_note)
    return Wishes.from_json(data), note


def _changed(own: _Said, was: _Said, wanted: _Said) -> _Said:
    """One course's wishes with what somebody changed in another's."""
    wishes, before, after = own[0], was[0], wanted[0]
    if after.weekdays != before.weekdays:
        wishes = replace(wishes, weekdays=after.weekdays)
    if (after.start, after.end) != (before.start, before.end):
        wishes = replace(wishes, start=after.start, end=after.end)
    if after.preferred != before.preferred:
        wishes = replace(wishes, preferred=after.preferred)
    if (after.practitioners, after.liked) != (before.practitioners, before.liked):
        wishes = replace(wishes, practitioners=after.practitioners, liked=after.liked)
    away = (set(wishes.away) - (set(before.away) - set(after.away))) | (set(after.away) - set(before.away))
    return replace(wishes, away=tuple(sorted(away))), wanted[1] if wanted[1] != was[1] else own[1]


def left_at(unit: Unit, course_ids: Sequence[int]) -> datetime | None:
    """When wishes were left for one of these courses that nobody has looked at yet."""
    row = WorklistRow
    waits = (row.kind == worklists.WISH_CHANGED, row.course_id.in_(course_ids), row.closed_at.is_(None))
    return unit.session.scalar(select(row.opened_at).where(*waits).order_by(row.opened_at).limit(1))


def running(unit: Unit) -> list[CourseRow]:
    """The patient's running courses: that of the next visit, then those that began last."""
    courses = unit.session.scalars(
        select(CourseRow)
        .where(CourseRow.patient_id == (unit.actor.patient_id or 0), CourseRow.status.in_(("planned", "active")))
        .order_by(CourseRow.started_at.desc(), CourseRow.id.desc())
    ).all()
    following = next(iter(_next_visits(unit, courses)), None)
    return sorted(courses, key=lambda course: course.id != following)


def course_names(unit: Unit, courses: Sequence[CourseRow]) -> tuple[tuple[str, Text], ...]:
    """What a patient calls courses by: with whom, and the next visit."""
    zone = ZoneInfo(unit.get(PatientRow, unit.actor.patient_id or 0).timezone or unit.clinic.timezone)
    names = {row.id: row.name for row in therapists(unit)}
    visits = _next_visits(unit, courses)
    found = []
    for course in courses:
        starts_at, who = visits.get(course.id, (None, Wishes.from_json(course.wishes).practitioners[0]))
        name = names.get(who, "")
        words = say("Visits with %(name)s, without a date at the moment", name=name)
        if starts_at is not None:
            day = day_said(starts_at.astimezone(zone).date(), "short")
            words = say("Visits with %(name)s, the next on %(day)s", name=name, day=day)
        found.append((str(course.id), words))
    return tuple(found)


def _next_visits(unit: Unit, courses: Sequence[CourseRow]) -> dict[int, tuple[datetime, int]]:
    """When and with whom each course goes on, the next first; without those that have no date."""
    row = AppointmentRow
    ahead = unit.session.execute(
        select(row.course_id, row.starts_at, row.practitioner_id)
        .where(
            row.course_id.in_([course.id for course in courses]),
            row.starts_at > unit.now,
            row.status.in_(("booked", "pending")),
        )
        .order_by(row.starts_at)
    )
    found: dict[int, tuple[datetime, int]] = {}
    for course_id, starts_at, who in ahead:
        found.setdefault(course_id, (starts_at, who))
    return found


def line_key(course_id: int) -> str:
    """Names the line of the worklist; there is one for each course."""
    return f"wish-changed-{course_id}"


def _open(unit: Unit, course_id: int) -> WorklistRow | None:
    row = WorklistRow
    return unit.session.scalar(select(row).where(row.key == line_key(course_id), row.closed_at.is_(None)))


def _read(unit: Unit, form: WishForm, before: Wishes) -> Wishes:
    if form.preferred not in PARTS_OF_DAY:
        raise InvalidInput(say("Choose any, morning or afternoon."), field="preferred")
    if len(form.note) > NOTE_LENGTH_MAX:
        raise InvalidInput(say("A note has at most %(most)s characters.", most=NOTE_LENGTH_MAX), field="note")
    people = _practitioners(form, before, [row.id for row in therapists(unit)])
    return Wishes(
        practitioners=people,
        weekdays=_weekdays(form.weekdays),
        start=_clock(form.earliest, "earliest", ALL_DAY[0]),
        end=_clock(form.latest, "latest", ALL_DAY[1]),
        preferred=next(part for part in PARTS_OF_DAY if part == form.preferred),
        away=tuple(sorted({*_away(form, unit.today), *(span for span in before.away if span[1] < unit.today)})),
        liked=before.liked if people == before.practitioners else 1,
    )


def _practitioners(form: WishForm, before: Wishes, everybody: Sequence[int]) -> tuple[int, ...]:
    if not form.practitioner:
        return tuple(sorted(everybody, key=lambda each: (each not in before.practitioners, everybody.index(each))))
    chosen = next((each for each in everybody if str(each) == form.practitioner), None)
    if chosen is None:
        raise InvalidInput(say("This therapist does not work here."), field="practitioner")
    if form.only:
        return (chosen,)
    if chosen == before.practitioners[0] and (len(before.practitioners) > 1 or len(everybody) == 1):
        return before.practitioners
    return (chosen, *(each for each in everybody if each != chosen))


def _weekdays(ticked: Sequence[str]) -> tuple[int, ...]:
    known = {str(day): day for day in range(7)}
    if any(each not in known for each in ticked) or not ticked:
        raise InvalidInput(say("Choose at least one weekday."), field="weekdays")
    return tuple(sorted({known[each] for each in ticked}))


def _clock(text: str, where: str, absent: time) -> time:
    if not text:
        return absent
    try:
        read = time.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise InvalidInput(say("“%(text)s” is no time of day; write it like 14:30.", text=text), field=where)
    return read


def _away(form: WishForm, today: date) -> Iterator[tuple[date, date]]:
    for row, (first, last) in enumerate(form.away, start=1):
        if not first.strip() and not last.strip():
            continue
        begins, ends = _day(first or last, row), _day(last or first, row)
        if ends < begins:
            raise InvalidInput(say("The days away end before they begin."), field=f"away-{row}")
        if ends < today:
            raise InvalidInput(say("These days away are over."), field=f"away-{row}")
        yield begins, ends


def _day(text: str, row: int) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        words = say("“%(text)s” is no date; write it like 2026-12-24.", text=text)
        raise InvalidInput(words, field=f"away-{row}") from None
