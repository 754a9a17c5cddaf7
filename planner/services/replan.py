"""What befalls the whole clinic: the courses it touches as one problem, what it does to each, and the writing of it.

Shared by leave and new hours; what the event does to a course and what moving costs is `scheduling/events`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from planner.scheduling.events import ClinicEvent
from planner.services.attendance import note_unplaced
from planner.services.diary_writer import CourseChange, write_changes
from planner.services.difference import Difference, difference
from planner.services.joint import Asked, JointScene, Planned, scene_of, settled, struck
from planner.services.outcomes import OtherDates
from planner.services.planning import policy_of
from planner.services.runtime import Unit
from planner.services.snapshot import take_all
from planner.services.wishes import Wishes
from planner.services.work_time import HoursToCome
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.ids import new_id
from planner.storage.people import PatientRow
from planner.words import say

UPCOMING: Final = ("booked", "pending")

_BYSTANDERS_WITHIN: Final = timedelta(days=28)
_MOST_BYSTANDERS: Final = 60


@dataclass(frozen=True, slots=True)
class TouchedCourse:
    """One course before and after.

    A bystander is not concerned itself, and makes room for somebody who is. One that is not chosen stays where it is,
    and `difference` is what would happen otherwise.
    """

    course_id: int
    patient: str
    difference: Difference
    unplaced: int
    bystander: bool = False
    chosen: bool = True

    @property
    def digest(self) -> str:
        """Names exactly what becomes of this course."""
        return _digest(dates_told(self.difference))


@dataclass(frozen=True, slots=True)
class Replan:
    """What an event does to the diary. The revisions are one batch: undoing one undoes them all.

    Args:
        others: the courses that got other dates than were shown, because the diary had changed meanwhile.
        left: so many appointments stay where they can't happen, because somebody chose so.
    """

    courses: tuple[TouchedCourse, ...]
    revision_ids: tuple[int, ...] = ()
    others: tuple[OtherDates, ...] = ()
    left: int = 0

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of those patients."""
        return tuple(each.patient for each in self.others)

    @property
    def digest(self) -> str:
        """Names exactly this outcome, so that nothing else is recorded."""
        return _digest(sorted((course.course_id, dates_told(course.difference)) for course in self.courses))

    @property
    def bystanders(self) -> tuple[str, ...]:
        """Patients who make room, though the event does not concern them."""
        return tuple(course.patient for course in self.courses if course.bystander)


def struck_scene(
    unit: Unit,
    event: ClinicEvent,
    course_ids: Sequence[int],
    span: tuple[datetime, datetime],
    *,
    also: Iterable[int] = (),
    but_for: Collection[int] = (),
    hours_to_come: HoursToCome | None = None,
) -> JointScene:
    """The courses which an event touches, and those that may make room by the policy.

    Args:
        course_ids: those which it may touch, in the order in which they are told.
        span: the instants between which it happens.
        also: ids of courses that took part in a plan made before.
        but_for: ids of courses that stay as they are.
        hours_to_come: see `scene_of`.
    """
    asked = struck_courses(unit, event, course_ids)
    if asked and policy_of(unit) != "never":
        touched = [each.course for each in asked]
        others = _bystanders(unit, span, touched, set(also) - {course.id for course in touched})
        others = [each for each in others if each.id not in but_for]
        snapshots = take_all(unit, others)
        asked += [Asked(each, snapshots[each.id], snapshots[each.id], bystander=True) for each in others]
    return scene_of(unit, asked, event, hours_to_come=hours_to_come)


def struck_courses(unit: Unit, event: ClinicEvent, course_ids: Sequence[int]) -> list[Asked]:
    """Those of these courses which an event drives from some of their places, in this order."""
    courses = [unit.get(CourseRow, course_id) for course_id in course_ids]
    before = take_all(unit, courses)
    found = (struck(unit, event, course, before[course.id]) for course in courses)
    return [each for each in found if each is not None]


def write_replan(
    unit: Unit, scene: JointScene, plan: Sequence[Planned], *, kind: str, says: str, batch: int | None = None
) -> Replan:
    """Bring all courses to a plan, as far as it still holds, together.

    Args:
        kind: of the revisions.
        says: what happened, for the history of the courses.
        batch: of the revisions; None for a new one.
    """
    touched = names_touched(scene)
    done = [each for each in settled(scene, plan) if each.course_id in touched or changes(each)]
    written = [
        CourseChange(
            scene.asked[str(each.course_id)].course,
            each.after,
            kind,
            says if each.course_id in touched else say("Made room for another patient: %(why)s", why=says),
        )
        for each in done
    ]
    revisions = write_changes(unit, written, batch=new_id() if batch is None else batch)
    for change in written:
        note_unplaced(unit, change.course, change.target)
    shown = shown_replan(unit, done, touched)
    return Replan(shown.courses, tuple(revision.id for revision in revisions))


def _bystanders(
    unit: Unit, span: tuple[datetime, datetime], touched: Sequence[CourseRow], also: set[int]
) -> list[CourseRow]:
    """Courses which stand where the touched ones could go: with their therapists, in and soon after the event."""
    people = {person for course in touched for person in Wishes.from_json(course.wishes).practitioners}
    row = AppointmentRow
    found = unit.session.scalars(
        select(row.course_id)
        .join(CourseRow, (CourseRow.id == row.course_id) & (CourseRow.clinic_id == row.clinic_id))
        .where(
            row.practitioner_id.in_(people),
            row.status.in_(UPCOMING),
            row.starts_at > max(unit.now, span[0]),
            row.starts_at < span[1] + _BYSTANDERS_WITHIN,
            row.course_id.not_in([course.id for course in touched]),
            CourseRow.automation == "apply",
        )
        .group_by(row.course_id)
        .order_by(func.min(row.starts_at))
        .limit(_MOST_BYSTANDERS)
    )
    return [unit.get(CourseRow, course_id) for course_id in sorted({*found, *also})]


def names_touched(scene: JointScene) -> set[int]:
    """The ids of the courses that the event concerns."""
    return {each.course.id for each in scene.asked.values() if not each.bystander}


def dates_told(changes: Difference) -> tuple[tuple[object, ...], ...]:
    """What a person reads of a change: which session, what becomes of it, when and with whom."""
    return tuple(
        (each.number, each.kind.value, each.after and (each.after.starts_at, each.after.practitioner_id))
        for each in changes.told
    )


def _digest(what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()


def changes(planned: Planned) -> bool:
    """Whether a patient must hear of a plan."""
    return bool(difference(planned.before, planned.after).told)


def shown_replan(unit: Unit, planned: Iterable[Planned], touched: set[int]) -> Replan:
    """Course by course, the touched ones first (one query)."""
    told = [each for each in planned if each.course_id in touched or changes(each)]
    names = dict(
        unit.session.execute(
            select(CourseRow.id, PatientRow.name)
            .join(PatientRow, (PatientRow.id == CourseRow.patient_id) & (PatientRow.clinic_id == CourseRow.clinic_id))
            .where(CourseRow.id.in_([each.course_id for each in told]))
        ).all()
    )
    lines = [
        TouchedCourse(
            course_id=each.course_id,
            patient=names[each.course_id],
            difference=difference(each.before, each.after),
            unplaced=sum(1 for session in each.after.live if session.unplaced_reason),
            bystander=each.course_id not in touched,
        )
        for each in told
    ]
    return Replan(tuple(sorted(lines, key=lambda line: line.bystander)))
