"""Who waits for a course and would begin it in a freed slot, ranked by what that saves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

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
from planner.services.freed_slots import FreedSlot, narrowed, problem_about, room_for, slot_of
from planner.services.house import House
from planner.services.planning import OneVisit, Span, free_problem, therapists, visits_of, whole_steps
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.takers import LEAST_SAVING, MOST_TAKERS
from planner.services.waiting import Waiting, known_of, request_of, waiting_list
from planner.services.wishes import Wishes
from planner.storage.courses import AssessmentRow

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
        has_email: whether a message can tell them; else somebody calls.
        offer_id: the open offer of the slot to them, None if there is none.
    """

    patient_id: int
    assessment_id: int
    patient: str
    phone: str
    since: date
    saved_points: int
    saved_days: int | None
    has_email: bool = True
    offer_id: int | None = None
    offered_until: datetime | None = None

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


@dataclass(frozen=True)
class Beginners:
    """Those who wait, want to begin earlier and may be treated by a slot's therapist, with the course of each.

    Args:
        asked: what each course asks for, and its sessions.
        unseen: so many wait for a shorter time and could not be looked at.
    """

    slot: FreedSlot
    waiting: Sequence[Waiting]
    asked: Sequence[tuple[BookingRequest, Sequence[PlannedSession]]]
    unseen: int

    @classmethod
    def of(
        cls, unit: Unit, slot: FreedSlot, *, most: int = MOST_WAITING, only: int | None = None, house: House
    ) -> Beginners:
        """Those of a slot (two queries).

        Args:
            most: so many of those who would see its therapist are looked at, the longest waiting.
            only: the id of an assessment; nobody but whoever waits with it.
        """
        who = slot.practitioner_id
        listed = waiting_list(unit, most=most, therapist=who, only=only, everybody=house.therapists)
        waiting = [each for each in listed.waiting if each.wants_earlier]
        first_day = min(slot.start.date(), unit.today + timedelta(days=1))
        # Nothing is booked under this number: the assessment's own tells the courses apart.
        requests = [request_of(each.recorded.id, each.recorded, each.wishes, first_day) for each in waiting]
        return cls(slot, waiting, [(each, planned_sessions(unit, each)) for each in requests], listed.more)

    @property
    def patients(self) -> set[int]:
        """The ids of those who wait."""
        return {each.patient_id for each in self.waiting}

    def span(self, unit: Unit) -> Span:
        """The days to look at for all of them."""
        return max((span_of(unit, request, planned) for request, planned in self.asked), key=lambda span: span.days)


def newcomers_of(unit: Unit, slot: FreedSlot, *, most: int = MOST_WAITING) -> Newcomers:
    """Who would be better off beginning in a free slot than with their best dates without it.

    Args:
        most: so many of those who would see its therapist are looked at, the longest waiting.
    """
    house = House.of(unit)
    return _among_now(unit, Beginners.of(unit, slot, most=most, house=house), house)


def newcomer_of(unit: Unit, slot: FreedSlot, assessment_id: int) -> Newcomer | None:
    """What a slot would do for whoever waits with this assessment; None where it would not help, or nobody waits."""
    house = House.of(unit)
    found = _among_now(unit, Beginners.of(unit, slot, only=assessment_id, house=house), house)
    return next(iter(found.newcomers), None)


def newcomers_among(unit: Unit, beginners: Beginners, free: Problem, visits: Iterable[OneVisit]) -> Newcomers:
    """`newcomers_of` with what must be known of the diary at hand.

    Args:
        free: the free time of everybody who treats, over the beginners' span.
        visits: all that they come for besides.
    """
    if not beginners.waiting:
        return Newcomers((), unseen=beginners.unseen)
    scene = _Scene.of(unit, beginners, free, visits)
    found = [newcomer for number in range(len(scene.courses)) if (newcomer := scene.newcomer(number)) is not None]
    found.sort(key=lambda each: (-each.saved_points, each.since))
    return Newcomers(tuple(found[:MOST_TAKERS]), len(found[MOST_TAKERS:]), beginners.unseen)


def _among_now(unit: Unit, beginners: Beginners, house: House) -> Newcomers:
    if not beginners.waiting:
        return Newcomers((), unseen=beginners.unseen)
    free = free_problem(unit, beginners.span(unit), house.therapists, house=house)
    return newcomers_among(unit, beginners, free, visits_of(unit, beginners.patients))


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
    def of(cls, unit: Unit, beginners: Beginners, free: Problem, visits: Iterable[OneVisit]) -> _Scene:
        """Both diaries, made of what was read of the one there is."""
        slot, waiting = beginners.slot, beginners.waiting
        starts: dict[int, list[datetime]] = {}
        for visit in visits:
            starts.setdefault(visit.patient_id, []).append(to_wall(visit.starts_at, unit.zone))
        courses = tuple(
            days_apart(
                course_for(unit, request, planned, free, findings=each.recorded.assessment),
                starts.get(each.patient_id, []),
            )
            for each, (request, planned) in zip(waiting, beginners.asked, strict=True)
        )
        # A place may be named shorter than a first visit is: without it nobody begins a quarter of an hour later.
        length = max(slot.minutes, *(course.sessions[0].minutes for course in courses))
        there = Placed("-", 0, str(slot.practitioner_id), "-", slot.start)
        return cls(
            unit=unit,
            slot=slot,
            waiting=waiting,
            courses=courses,
            free=narrowed(free, slot),
            with_slot=Board(replace(free, courses=courses)),
            without=Board(replace(lessened(free, [(there, length)]), courses=courses)),
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
            has_email=bool(each.email),
        )


def _solved(board: Board, course: Course, first: Placed | None = None) -> CourseSolution | None:
    """The best dates of a course, the first session put by hand; None where it can't be there."""
    try:
        return solve_on(board, course, {0: first} if first is not None else {})
    except InvalidInput:
        return None
