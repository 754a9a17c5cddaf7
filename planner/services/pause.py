"""A patient can't come for some days, on holiday or ill: the course pauses and no session is lost.

The days are kept in the wishes of the course, so that no later repair puts a visit there. All that stands in them is
given up, also what is near or confirmed: nobody is treated who is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select

from planner.care.evidence import Evidence
from planner.diary.free import to_wall
from planner.errors import InvalidInput, StaleForm
from planner.scheduling.events import CalledOff, Pause
from planner.services.attendance import Outcome
from planner.services.attendance_aftermath import note_unplaced, propose_catch_up
from planner.services.diary_writer import CourseChange, write_changes
from planner.services.joint import Planned
from planner.services.planning import ahead, standing, visits_of
from planner.services.repairing import repaired
from planner.services.replan import UPCOMING, Replan, shown_replan
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, Days, take_all
from planner.storage.courses import CourseRow
from planner.storage.ids import new_id
from planner.words import Text, day_said, say

MOST_DAYS: Final = 366
GOING_ON: Final = ("planned", "active", "onhold")


@dataclass(frozen=True, slots=True)
class DaysAway:
    """Days on which a patient can't come, both ends included.

    Raises:
        InvalidInput: they end before they begin, or last longer than a year.
    """

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        """Refuse what is no stretch of days."""
        if self.last_day < self.first_day:
            raise InvalidInput(say("The last day is before the first one."), field="last_day")
        if (self.last_day - self.first_day).days >= MOST_DAYS:
            raise InvalidInput(say("A pause lasts a year at most. End the course instead."), field="last_day")

    @property
    def pair(self) -> Days:
        """As a course keeps them."""
        return self.first_day, self.last_day

    @property
    def words(self) -> Text:
        """For instance "on Tuesday 3 March", "from Tuesday 3 March to Friday 6 March"."""
        first, last = day_said(self.first_day, "long"), day_said(self.last_day, "long")
        return (
            say("on %(day)s", day=first) if first == last else say("from %(first)s to %(last)s", first=first, last=last)
        )


def preview_pause(
    runtime: Runtime, actor: Actor, course_id: int, days: DaysAway, *, all_courses: bool = False
) -> Replan:
    """What a pause would do; nothing is kept. Takes and raises what `pause` does."""
    with runtime.reading(actor) as unit:
        planned = _planned(unit, course_id, days, all_courses)
        return shown_replan(unit, planned, {each.course_id for each in planned})


def pause(
    runtime: Runtime,
    actor: Actor,
    course_id: int,
    days: DaysAway,
    *,
    all_courses: bool = False,
    digest: str | None = None,
) -> Replan:
    """Let a course pause: what stands in these days is placed anew outside of them, the rest moves where it must.

    Args:
        all_courses: the other courses of the patient pause as well; all of it is undone together.
        digest: of the preview the person agreed to; None to take what comes.
    Raises:
        InvalidInput: the course is over, or the days are.
        StaleForm: the diary changed since the preview, so that something else would happen.
    """
    with runtime.writing(actor) as unit:
        planned = _planned(unit, course_id, days, all_courses)
        shown = shown_replan(unit, planned, {each.course_id for each in planned})
        if digest is not None and digest != shown.digest:
            raise StaleForm(say("The diary changed since this preview. Look at what would happen now."))
        words = say("The patient can't come %(days)s", days=days.words)
        changes = [CourseChange(unit.get(CourseRow, each.course_id), each.after, "paused", words) for each in planned]
        revisions = write_changes(unit, changes, batch=new_id())
        evidence = Evidence.load(unit.clinic.evidence_overrides)
        for change in changes:
            note_unplaced(unit, change.course, change.target)
            propose_catch_up(unit, change.course, change.target, evidence)
        return replace(shown, revision_ids=tuple(revision.id for revision in revisions))


def end_pause(runtime: Runtime, actor: Actor, course_id: int, days: DaysAway) -> Outcome:
    """The patient can come on these days after all, also for their other courses that pause on the very same days.

    Visits stay where they are now; new ones may be there again.

    Raises:
        StaleForm: the course does not pause then (any more).
    """
    with runtime.writing(actor) as unit:
        course = unit.get(CourseRow, course_id)
        before = take_all(unit, [course, *other_courses(unit, course)])
        pausing = {each: found for each, found in before.items() if days.pair in (found.away or ())}
        if course_id not in pausing:
            raise StaleForm(say("The course does not pause on these days any more."))
        says = say("The patient can come %(days)s after all", days=days.words)
        changes = [
            CourseChange(unit.get(CourseRow, each), _without(found, days), "pause-ended", says)
            for each, found in pausing.items()
        ]
        first = write_changes(unit, changes, batch=new_id())[0]
        return Outcome(course.id, first.id, repaired=False, says=says)


def _without(course: CourseSnapshot, days: DaysAway) -> CourseSnapshot:
    return replace(course, away=tuple(each for each in course.away or () if each != days.pair))


def _planned(unit: Unit, course_id: int, days: DaysAway, all_courses: bool) -> list[Planned]:
    """Each course that pauses, one after the other, so that each knows the new dates of those before it."""
    course = unit.get(CourseRow, course_id)
    if course.status not in GOING_ON:
        raise InvalidInput(say("This course is over, so there is nothing to pause."), field="course")
    if days.last_day < unit.today:
        raise InvalidInput(say("These days are over."), field="last_day")
    courses = [course, *(other_courses(unit, course) if all_courses else ())]
    before = take_all(unit, courses)
    after: dict[int, CourseSnapshot] = {}
    for each in courses:
        after[each.id] = _after(unit, each, before[each.id], days, _starts_beside(unit, each, after))
    return [Planned(each.id, each.revision_number, before[each.id], after[each.id]) for each in courses]


def other_courses(unit: Unit, course: CourseRow) -> Sequence[CourseRow]:
    """The other courses of the same patient that go on."""
    row = CourseRow
    return unit.session.scalars(
        select(row)
        .where(row.patient_id == course.patient_id, row.id != course.id, row.status.in_(GOING_ON))
        .order_by(row.id)
    ).all()


def _after(
    unit: Unit, course: CourseRow, before: CourseSnapshot, days: DaysAway, others: Sequence[datetime]
) -> CourseSnapshot:
    """The course as it will stand; one that does not rebook by itself only gives up what lies in the days."""
    gone = [
        session
        for session in ahead(unit, before)
        if (booked := standing(unit, session)) is not None
        and booked.status in UPCOMING  # Whoever has arrived is here.
        and days.first_day <= to_wall(booked.starts_at, unit.zone).date() <= days.last_day
    ]
    away = before.away or ()
    closed = before.replacing(*(session.closed("cancelled", by="patient") for session in gone))
    target = replace(closed, away=away if days.pair in away else (*away, days.pair))
    if not gone or target.automation == "stopped":
        return target
    name = str(course.id)
    called_off = CalledOff(name, frozenset(session.key for session in gone))
    left_out = Pause(name, days.first_day, days.last_day + timedelta(days=1))
    return repaired(unit, course, target, [called_off, left_out], apart_from=others)


def _starts_beside(unit: Unit, course: CourseRow, planned: Mapping[int, CourseSnapshot]) -> list[datetime]:
    """When the patient comes for other courses: as planned where that is known already, else as the diary has it."""
    booked = [
        each.starts_at for each in visits_of(unit, [course.patient_id]) if each.course_id not in {course.id, *planned}
    ]
    coming = [
        session.current.starts_at
        for snapshot in planned.values()
        for session in snapshot.live
        if session.current is not None and session.current.occupies
    ]
    return [*booked, *coming]
