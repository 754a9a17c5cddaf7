"""Whom a freed slot would help: courses which are better off with one of their sessions there, ranked by the saving."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from planner.scheduling.events import EarlierWanted, befallen
from planner.scheduling.points import course_points, window_points
from planner.scheduling.problem import Course, Gap, Placed, Problem
from planner.scheduling.repair import OwedSession, as_course, standing_order
from planner.services.freed_slots import FreedSlot, problem_about, room_for
from planner.services.planning import MIN_GAP_HOURS, OneVisit, case_for, instant, visits_of
from planner.services.runtime import Unit
from planner.services.snapshot import CourseSnapshot, take_all
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, CourseRow, SessionRow
from planner.storage.functions import json_list_has
from planner.storage.people import PatientRow

LEAST_SAVING: Final = 20
"""Fewer points are no reason to disturb anybody: about a day's wait."""

MOST_COURSES: Final = 400
"""So many courses are looked at; each takes about a millisecond."""

MOST_TAKERS: Final = 20
"""So many are shown."""

_REST: Final = timedelta(hours=MIN_GAP_HOURS)
_LOOK_AHEAD: Final = timedelta(days=60)
_LOOK_BACK: Final = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Taker:
    """A course that would be better off in a freed slot.

    Args:
        number: the session that would move there, from 1.
        now: where it stands, in the clinic's wall-clock time; None for one without a date.
        saved_points: by how much the course improves.
        saved_days: how much earlier the session is; None for one without a date.
        has_email: whether a message can tell them; else somebody calls.
        offer_id: the open offer of the slot to this course, None if there is none.
    """

    course_id: int
    session_id: int
    number: int
    patient_id: int
    patient: str
    phone: str
    now: datetime | None
    placed: Placed
    saved_points: int
    saved_days: int | None
    has_email: bool = True
    new: ClassVar[bool] = False
    offer_id: int | None = None
    offered_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Takers:
    """Courses that fit a slot, the one which gains most first.

    Args:
        more: so many fit too and gain less.
        unseen: so many were not looked at; no session of theirs is as far past its wished day as of those that were.
    """

    takers: tuple[Taker, ...]
    more: int = 0
    unseen: int = 0


@dataclass(frozen=True)
class Candidates:
    """Courses that may be asked about a slot, as their rows; `unseen` could not be looked at."""

    slot: FreedSlot
    rows: Sequence[tuple[CourseRow, PatientRow]]
    unseen: int = 0

    @classmethod
    def of(cls, unit: Unit, slot: FreedSlot, *, most: int = MOST_COURSES, only: int | None = None) -> Candidates:
        """Those of a slot (one query, two where there are more than can be looked at).

        Args:
            most: so many are looked at, whoever is furthest behind.
            only: the id of a course; no other one.
        """
        to_place = CourseRow.id.in_(_to_place())
        query = (
            select(CourseRow, PatientRow, to_place)
            .join(PatientRow, (PatientRow.id == CourseRow.patient_id) & (PatientRow.clinic_id == CourseRow.clinic_id))
            .where(*_candidates(slot))
        )
        found = unit.session.execute(query if only is None else query.where(CourseRow.id == only)).all()
        rows = {course.id: (course, patient) for course, patient, _ in found}
        if len(rows) <= most:
            return cls(slot, list(rows.values()))
        waiting = {course.id for course, _, waits in found if waits}
        seen = [rows[course_id] for course_id in _furthest_behind(unit, slot, waiting)[:most]]
        return cls(slot, seen, len(rows) - len(seen))

    @property
    def patients(self) -> set[int]:
        """The ids of their patients."""
        return {patient.id for _, patient in self.rows}


def takers_of(unit: Unit, slot: FreedSlot, *, most: int = MOST_COURSES) -> Takers:
    """The courses for whom moving a session into a free slot keeps every gap legal and saves points, most first.

    Args:
        most: so many are looked at, whoever is furthest behind.
    """
    candidates = Candidates.of(unit, slot, most=most)
    if not candidates.rows:
        return Takers(())
    return takers_among(unit, candidates, problem_about(unit, [slot]), visits_of(unit, candidates.patients))


def takers_among(unit: Unit, candidates: Candidates, problem: Problem, visits: Iterable[OneVisit]) -> Takers:
    """`takers_of` with what must be known of the diary at hand (one query).

    Args:
        problem: at least the free time of the slot's therapist on its day.
        visits: all that the candidates' patients come for.
    """
    fits = _fits(unit, candidates.slot, candidates.rows, problem, visits)
    found = sorted(_best_of(fits), key=lambda taker: (-taker.saved_points, taker.course_id))
    return Takers(tuple(found[:MOST_TAKERS]), len(found[MOST_TAKERS:]), candidates.unseen)


def taker_of(unit: Unit, slot: FreedSlot, course_id: int) -> Taker | None:
    """What a slot would do for one course; None where it would not help it. Nobody else is looked at."""
    rows = Candidates.of(unit, slot, only=course_id).rows
    return next(_best_of(_fits_now(unit, slot, rows)), None) if rows else None


def fitting_session(unit: Unit, slot: FreedSlot, course_id: int, session_id: int) -> Taker | None:
    """One session of a course as the slot would have it; None where it does not fit there (any more)."""
    course = unit.get(CourseRow, course_id)
    found = _fits_now(unit, slot, [(course, unit.get(PatientRow, course.patient_id))])
    return next((taker for fitting in found for taker in fitting if taker.session_id == session_id), None)


def _best_of(fits: Iterable[Sequence[Taker]]) -> Iterator[Taker]:
    """Of each course that gains, the session which gains most."""
    for fitting in fits:
        best = max(fitting, key=lambda taker: taker.saved_points, default=None)
        if best is not None and best.saved_points >= LEAST_SAVING:
            yield best


def _fits_now(unit: Unit, slot: FreedSlot, rows: Sequence[tuple[CourseRow, PatientRow]]) -> Iterator[tuple[Taker, ...]]:
    visits = visits_of(unit, {patient.id for _, patient in rows})
    return _fits(unit, slot, rows, problem_about(unit, [slot]), visits)


def _fits(
    unit: Unit,
    slot: FreedSlot,
    rows: Sequence[tuple[CourseRow, PatientRow]],
    problem: Problem,
    visits: Iterable[OneVisit],
) -> Iterator[tuple[Taker, ...]]:
    """What the slot would do for each of these courses (one query)."""
    snapshots = take_all(unit, [course for course, _ in rows])
    starts: dict[int, list[tuple[int, datetime]]] = {}
    for visit in visits:
        starts.setdefault(visit.patient_id, []).append((visit.course_id, visit.starts_at))
    for course, patient in rows:
        others = [start for other, start in starts.get(patient.id, ()) if other != course.id]
        yield tuple(_fitting(unit, slot, problem, course, snapshots[course.id], patient, others))


def _candidates(slot: FreedSlot) -> tuple[Any, ...]:
    """What must hold of a course: it runs, its patient welcomes earlier times and would see the therapist."""
    willing = aliased(PatientRow)
    later = select(AppointmentRow.course_id).where(
        AppointmentRow.status.in_(("booked", "pending")),
        AppointmentRow.starts_at > slot.starts_at,
        AppointmentRow.starts_at < slot.starts_at + _LOOK_AHEAD,
    )
    return (
        CourseRow.status.in_(("planned", "active")),
        CourseRow.automation == "apply",
        CourseRow.patient_id.in_(select(willing.id).where(willing.wants_earlier)),
        json_list_has(CourseRow.wishes, "practitioners", slot.practitioner_id),
        or_(CourseRow.id.in_(later), CourseRow.id.in_(_to_place())),
    )


def _to_place() -> Any:
    return select(SessionRow.course_id).where(SessionRow.unplaced_reason != "", SessionRow.dropped.is_(False))


def _furthest_behind(unit: Unit, slot: FreedSlot, to_place: Collection[int]) -> list[int]:
    """All candidates: first those with a session without a date, then those whose next session comes latest.

    Latest against its wished distance from the one before the slot; a first session counts all the days until it.
    """
    row, among = AppointmentRow, select(CourseRow.id).where(*_candidates(slot))
    visits = unit.session.execute(
        select(row.course_id, row.starts_at, SessionRow.gap_target)
        .join(SessionRow, (SessionRow.id == row.session_id) & (SessionRow.clinic_id == row.clinic_id))
        .where(
            row.course_id.in_(among),
            row.status.in_(OCCUPYING_STATUSES),
            row.starts_at > slot.starts_at - _LOOK_BACK,
            row.starts_at < slot.starts_at + _LOOK_AHEAD,
        )
        .order_by(row.starts_at)
    )
    before: dict[int, datetime] = {}
    behind: dict[int, float] = dict.fromkeys(to_place, float("inf"))
    for course_id, starts_at, wished_days in visits:
        if starts_at <= slot.starts_at:
            before[course_id] = starts_at
        elif course_id not in behind:
            days = (starts_at - before.get(course_id, slot.starts_at)).total_seconds() / 86_400
            behind[course_id] = days - (wished_days or 0 if course_id in before else 0)
    return sorted(behind, key=lambda course_id: (-behind[course_id], course_id))


def _fitting(
    unit: Unit,
    slot: FreedSlot,
    problem: Problem,
    course: CourseRow,
    snapshot: CourseSnapshot,
    patient: PatientRow,
    others: Collection[datetime],
) -> Iterator[Taker]:
    """Each session of a course that may move into the slot while all its others stay, with what that saves."""
    if any(abs(slot.starts_at - other) < _REST for other in others):
        return
    case = case_for(unit, course, snapshot, apart_from=others)
    order = standing_order(case.owed)
    if not order or slot.start.date() < case.earliest_day or str(slot.practitioner_id) not in case.practitioners:
        return
    stands = {number: _standing(case.course_id, number, each) for number, each in enumerate(order) if each.place}
    for number, owed in enumerate(order):
        if owed.lost or not _may_go(unit, slot, order, number, case.previous_start):
            continue
        # Moving costs nothing: nobody takes an offer that they do not want.
        model = as_course(befallen(EarlierWanted(case.course_id, owed.key), case), order)
        placed = room_for(problem, slot, owed.minutes)
        if placed is None or _out_of_hours(model, slot, owed.minutes):
            continue
        after = {**stands, number: replace(placed, course=case.course_id, session=number)}
        yield Taker(
            course_id=course.id,
            session_id=int(owed.key),
            number=snapshot.session(int(owed.key)).position + 1,
            patient_id=patient.id,
            patient=patient.name,
            phone=patient.phone,
            has_email=bool(patient.email),
            now=owed.place.start if owed.place else None,
            placed=placed,
            saved_points=course_points(problem, model, stands).total - course_points(problem, model, after).total,
            saved_days=(owed.place.start.date() - slot.start.date()).days if owed.place else None,
        )


def _standing(course_id: str, number: int, owed: OwedSession) -> Placed:
    if owed.place is None:
        raise ValueError(f"session {owed.key} stands nowhere")
    return Placed(course_id, number, owed.place.practitioner, owed.place.room, owed.place.start)


def _may_go(unit: Unit, slot: FreedSlot, order: Sequence[OwedSession], number: int, previous: datetime | None) -> bool:
    """Whether a session in the slot comes earlier than now, between its neighbours, far enough from each."""
    owed = order[number]
    if owed.place is not None and owed.place.start <= slot.start:
        return False
    before = next((each.place.start for each in reversed(order[:number]) if each.place), previous)
    after = next(((each.place.start, each.gap) for each in order[number + 1 :] if each.place), None)
    if before is not None and not _apart(unit, before, slot.start, owed.gap):
        return False
    return after is None or _apart(unit, slot.start, after[0], after[1])


def _apart(unit: Unit, first: datetime, second: datetime, gap: Gap | None) -> bool:
    least = gap.min if gap is not None else 0
    elapsed = instant(second, unit.zone) - instant(first, unit.zone)
    return elapsed >= _REST and (second.date() - first.date()).days >= least


def _out_of_hours(model: Course, slot: FreedSlot, minutes: int) -> bool:
    """Whether the patient can't come then."""
    day = slot.start.date()
    if any(first <= day < back for first, back in model.away):
        return True
    return window_points(model, day.weekday(), slot.start.hour * 60 + slot.start.minute, minutes) is None
