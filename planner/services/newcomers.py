"""Who waits for a course and would begin it in a freed slot, ranked by what that saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import ClassVar, Final

from sqlalchemy import select

from planner.care.course import PlannedSession
from planner.diary.free import to_wall
from planner.errors import InvalidInput
from planner.scheduling.board import Board
from planner.scheduling.one_course import CourseSolution, solve_on
from planner.scheduling.problem import Course, Placed, Problem
from planner.scheduling.siblings import days_apart
from planner.scheduling.taken import lessened
from planner.services.assessments import assessment_from
from planner.services.backfill_places import Place, slot_at
from planner.services.booking import BookingRequest, course_for, planned_sessions, span_of
from planner.services.freed_slots import FreedSlot, problem_about, room_for, slot_of
from planner.services.planning import free_problem, therapists, visits_of, whole_steps
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.takers import LEAST_SAVING, MOST_TAKERS
from planner.services.waiting import Waiting, known_of, request_of, waiting_list
from planner.services.wishes import Wishes
from planner.storage.courses import AssessmentRow
from planner.storage.people import PatientRow

MOST_WAITING: Final = 60
"""So many of the longest waiting are looked at; each is planned twice, some milliseconds in all."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A patient who waits for a course and would begin it in the slot.

    Args:
        since: the day on which they were assessed.
        saved_points: by how much their best dates are better from there on than without the slot: the days of waiting,
            less what the sessions after it would cost in a diary that is full until then.
        saved_days: how much earlier they begin; None for somebody who finds no first date otherwise.
    """

    patient_id: int
    assessment_id: int
    patient: str
    phone: str
    since: date
    saved_points: int
    saved_days: int | None

    new: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Who would begin in the slot, the one who gains most first; `more` gain less, `unseen` wait for a shorter time."""

    newcomers: tuple[Newcomer, ...]
    more: int = 0
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a course would be booked from a slot on: the first session there; None where it is too long for that."""

    slot: FreedSlot
    wishes: Wishes
    first: Placed | None


def newcomers_of(unit: Unit, slot: FreedSlot, *, most: int = MOST_WAITING) -> Newcomers:
    """Who would be better off beginning in a free slot than with their best dates without it.

    Args:
        most: so many of those who would see its therapist are looked at, the longest waiting.
    """
    listed = waiting_list(unit, most=most, therapist=slot.practitioner_id)
    waiting = _willing(unit, listed.waiting) if listed.waiting else []
    if not waiting:
        return Newcomers((), unseen=listed.more)
    scene = _Scene.of(unit, slot, waiting)
    found = [newcomer for number in range(len(waiting)) if (newcomer := scene.newcomer(number)) is not None]
    found.sort(key=lambda each: (-each.saved_points, each.since))
    return Newcomers(tuple(found[:MOST_TAKERS]), len(found[MOST_TAKERS:]), listed.more)


def _willing(unit: Unit, waiting: Sequence[Waiting]) -> list[Waiting]:
    """Those who did not say that they want no earlier time."""
    mine = {each.patient_id for each in waiting}
    unwilling = set(
        unit.session.scalars(select(PatientRow.id).where(PatientRow.id.in_(mine), PatientRow.wants_earlier.is_(False)))
    )
    return [each for each in waiting if each.patient_id not in unwilling]


def beginning(runtime: Runtime, actor: Actor, where: int | Place, assessment_id: int) -> Beginning:
    """What *Book a course* starts from for a patient who begins in a slot.

    Args:
        where: the id of a freed slot, or any place of the diary.
    Raises:
        InvalidInput: there is no such place.
        NotFound: no such slot, therapist or assessment here.
    """
    with runtime.reading(actor) as unit:
        slot = slot_of(unit, where) if isinstance(where, int) else slot_at(unit, where)
        row = unit.get(AssessmentRow, assessment_id)
        known = known_of(unit, {row.patient_id})[row.patient_id]
        wishes = known.wishes_now([each.id for each in therapists(unit)], row.recorded_by)
        minutes = whole_steps(unit, assessment_from(row).first_visit_minutes)
        return Beginning(slot, wishes, room_for(problem_about(unit, [slot]), slot, minutes))


@dataclass(frozen=True)
class _Scene:
    """The diary with and without the slot, and each course that waits."""

    unit: Unit
    slot: FreedSlot
    waiting: Sequence[Waiting]
    courses: Sequence[Course]
    free: Problem
    with_slot: Board
    without: Board

    @classmethod
    def of(cls, unit: Unit, slot: FreedSlot, waiting: Sequence[Waiting]) -> _Scene:
        """Read the diary once for all of them."""
        first_day = min(slot.start.date(), unit.today + timedelta(days=1))
        asked: list[tuple[BookingRequest, Sequence[PlannedSession]]] = []
        for each in waiting:
            # Nothing is booked under this number: the assessment's own tells the courses apart.
            request = request_of(each.recorded.id, each.recorded, each.wishes, first_day)
            asked.append((request, planned_sessions(unit, request)))
        span = max((span_of(unit, request, planned) for request, planned in asked), key=lambda span: span.days)
        free = free_problem(unit, span, [row.id for row in therapists(unit)])
        courses = [course_for(unit, request, planned, free) for request, planned in asked]
        # A place may be named shorter than a first visit is: without it nobody begins a quarter of an hour later.
        length = round((slot.ends_at - slot.starts_at).total_seconds() / 60)
        length = max(length, *(course.sessions[0].minutes for course in courses))
        there = Placed("-", 0, str(slot.practitioner_id), "-", slot.start)
        visits = visits_of(unit, {each.patient_id for each in waiting})
        apart = []
        for each, course in zip(waiting, courses, strict=True):
            mine = [visit.starts_at for visit in visits if visit.patient_id == each.patient_id]
            apart.append(days_apart(course, [to_wall(start, unit.zone) for start in mine]))
        return cls(
            unit=unit,
            slot=slot,
            waiting=waiting,
            courses=apart,
            free=free,
            with_slot=Board(replace(free, courses=tuple(apart))),
            without=Board(replace(lessened(free, [(there, length)]), courses=tuple(apart))),
        )

    def newcomer(self, number: int) -> Newcomer | None:
        """One of those who wait; None where the slot is of no use to them."""
        each, course = self.waiting[number], self.courses[number]
        place = room_for(self.free, self.slot, course.sessions[0].minutes)
        if place is None:
            return None
        there = _solved(self.with_slot, course, replace(place, course=course.id))
        elsewhere = _solved(self.without, course)
        if there is None or elsewhere is None or elsewhere.points - there.points < LEAST_SAVING:
            return None
        first = next((placed for placed in elsewhere.appointments if placed.session == 0), None)
        if first is not None and first.start.date() <= self.slot.start.date():
            return None
        return Newcomer(
            patient_id=each.patient_id,
            assessment_id=each.recorded.id,
            patient=each.patient,
            phone=each.phone,
            since=to_wall(each.recorded.recorded_at, self.unit.zone).date(),
            saved_points=elsewhere.points - there.points,
            saved_days=(first.start.date() - self.slot.start.date()).days if first else None,
        )


def _solved(board: Board, course: Course, first: Placed | None = None) -> CourseSolution | None:
    """The best dates of a course, the first session put by hand; None where it can't be there."""
    try:
        return solve_on(board, course, {0: first} if first is not None else {})
    except InvalidInput:
        return None
