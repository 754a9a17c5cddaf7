"""Who was assessed and waits for a course: the longest waiting first, with what is known of when they can come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import func, select

from planner.services.assessments import RecordedAssessment, assessment_from
from planner.services.booking import BookingRequest
from planner.services.pause import GOING_ON
from planner.services.planning import therapists
from planner.services.runtime import Unit
from planner.services.snapshot import Days
from planner.services.wishes import Wishes
from planner.storage.courses import AssessmentRow, CourseRow
from planner.storage.people import PatientRow

MOST_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """A patient in no course, whose newest assessment was never booked.

    Args:
        wishes: what is known of them.
        wants_earlier: whether they want to hear of times that become free.
    """

    patient_id: int
    patient: str
    phone: str
    recorded: RecordedAssessment
    wishes: Wishes
    email: str = ""
    wants_earlier: bool = True


@dataclass(frozen=True, slots=True)
class WaitingList:
    """The longest waiting, those first; `more` wait too and are not listed."""

    waiting: tuple[Waiting, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier courses say of a patient.

    Args:
        wishes: of the last course; None for somebody who had none.
        away: present and coming days on which they can't come, whichever course says so.
        note: what they wished in words for the last course.
    """

    wishes: Wishes | None = None
    away: tuple[Days, ...] = ()
    note: str = ""

    def wishes_now(self, everybody: Sequence[int], assessed_by: int | None) -> Wishes:
        """Wishes for a new course: rather with whoever assessed them, unless they wished for only some, or in order.

        Args:
            everybody: ids of all who treat now.
        """
        before = [each for each in self.wishes.practitioners if each in everybody] if self.wishes else []
        alone = before if self.wishes and self.wishes.only_these else []
        in_order = [each for each in self.wishes.wished_for if each in everybody] if self.wishes else []
        whoever = [each for each in everybody if each == assessed_by] or before[:1]
        first = alone or (in_order if len(in_order) > 1 else whoever)
        rest = () if alone else (each for each in everybody if each not in first)
        people = (*first, *rest)
        if self.wishes is None:
            return Wishes(people, away=self.away)
        return replace(self.wishes, practitioners=people, away=self.away, liked=max(1, len(first)))


def waiting_list(
    unit: Unit,
    *,
    most: int = MOST_LISTED,
    therapist: int | None = None,
    only: int | None = None,
    everybody: Sequence[int] | None = None,
) -> WaitingList:
    """Who waits for a course; nobody who is in the middle of one, whatever it was booked by (three queries).

    Args:
        most: so many are listed at most.
        therapist: only those who may be treated by this person.
        only: the id of an assessment; nobody but whoever waits with it.
        everybody: ids of all who treat now, where they are at hand.
    """
    if everybody is None:
        everybody = [row.id for row in therapists(unit)]
    if not everybody:
        return WaitingList((), 0)
    row, who = AssessmentRow, PatientRow
    query = (
        select(row, who.name, who.phone, who.email, who.wants_earlier)
        .join(who, (who.id == row.patient_id) & (who.clinic_id == row.clinic_id))
        .where(*_waits(unit))
        .order_by(row.recorded_at, row.id)
    )
    found = unit.session.execute(query if only is None else query.where(row.id == only)).all()
    known = known_of(unit, {each.patient_id for each, *_ in (found if therapist is not None else found[:most])})
    fitting = [
        line
        for line in found
        if therapist is None
        or therapist in known[line[0].patient_id].wishes_now(everybody, line[0].recorded_by).practitioners
    ]
    listed = [
        Waiting(
            patient_id=each.patient_id,
            patient=name,
            phone=phone,
            recorded=assessment_from(each),
            wishes=known[each.patient_id].wishes_now(everybody, each.recorded_by),
            email=email,
            wants_earlier=wants_earlier,
        )
        for each, name, phone, email, wants_earlier in fitting[:most]
    ]
    return WaitingList(tuple(listed), len(fitting) - len(listed))


def who_waits(unit: Unit, assessment_id: int) -> Waiting | None:
    """Whoever waits for a course with this assessment; None where nobody does (any more)."""
    return next(iter(waiting_list(unit, only=assessment_id).waiting), None)


def known_of(unit: Unit, patient_ids: Collection[int]) -> dict[int, Known]:
    """What is known of these patients by their courses (one query)."""
    found = dict.fromkeys(patient_ids, Known())
    rows = unit.session.execute(
        select(CourseRow.patient_id, CourseRow.wishes, CourseRow.wish_note)
        .where(CourseRow.patient_id.in_(patient_ids))
        .order_by(CourseRow.started_at, CourseRow.id)
    )
    for patient_id, kept, note in rows:
        wishes = Wishes.from_json(kept)
        ahead = {days for days in (*found[patient_id].away, *wishes.away) if days[1] >= unit.today}
        found[patient_id] = Known(wishes, tuple(sorted(ahead)), note)
    return found


def request_of(
    course_id: int, recorded: RecordedAssessment, wishes: Wishes, first_day: date, note: str = ""
) -> BookingRequest:
    """The first course of one assessment."""
    return BookingRequest(
        course_id=course_id,
        patient_id=recorded.patient_id,
        assessment_id=recorded.id,
        phases=recorded.phases,
        first_visit_minutes=recorded.first_visit_minutes,
        visit_minutes=recorded.visit_minutes,
        wishes=wishes,
        earliest_day=first_day,
        note=note,
    )


def _waits(unit: Unit) -> tuple[Any, ...]:
    """What must hold of an assessment whose patient waits."""
    row, place = AssessmentRow, "place"
    newest_first = func.row_number().over(partition_by=row.patient_id, order_by=(row.recorded_at.desc(), row.id.desc()))
    ranked = select(row.id, newest_first.label(place)).where(row.clinic_id == unit.clinic.id).subquery()
    newest = select(ranked.c.id).where(ranked.c[place] == 1)
    course = CourseRow
    taken_care_of = select(course.assessment_id).where(course.status != "cancelled")
    in_a_course = select(course.patient_id).where(course.status.in_(GOING_ON))
    return (
        *(row.id.in_(newest), row.id.not_in(taken_care_of), row.patient_id.not_in(in_a_course)),
        PatientRow.erased_at.is_(None),
    )
