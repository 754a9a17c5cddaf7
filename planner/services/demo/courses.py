"""One patient's part in the demo's story: assessed, booked, and what else becomes of the course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.care.course import Phase, PhaseName, phases_from_json
from planner.services import assessments, attendance, booking, frequency, notes, patients, undoing
from planner.services.booking import BookingRequest
from planner.services.demo import cast
from planner.services.demo.cast import Character
from planner.services.patients import PatientDetails
from planner.services.runtime import PATIENT, Actor, Runtime
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow
from planner.storage.ids import new_id

_FINDING_NAMES: Final = ("protocol", "symptom_weeks", "severity", "goal")


@dataclass
class Told:
    """A character whose story has begun."""

    character: Character
    patient: Actor
    course_id: int
    visits_over: int = 0

    @property
    def next_letter(self) -> str:
        """How the next visit goes."""
        visits = self.character.visits
        return visits[self.visits_over] if self.visits_over < len(visits) else "."


def begin(runtime: Runtime, staff: Mapping[str, Actor], character: Character, today: date) -> Told:
    """The patient comes for the first time: they are assessed and their whole course is booked."""
    reception, therapist = staff[cast.RECEPTION.name], staff[character.therapist.name]
    number = cast.CHARACTERS.index(character)
    details = PatientDetails(
        name=character.name,
        email=character.email,
        phone=f"020 7946 0{200 + number}",
        birth_date=date(1950 + 13 * number % 55, 1 + number % 12, 1 + 7 * number % 28),
        timezone=character.timezone,
    )
    patient_id = patients.add(runtime, reception, details)
    findings = Assessment.from_json(dict(zip(_FINDING_NAMES, character.findings, strict=True)))
    assessment = assessments.get(runtime, therapist, assessments.record(runtime, therapist, patient_id, findings))
    request = BookingRequest(
        course_id=new_id(),
        patient_id=patient_id,
        assessment_id=assessment.id,
        phases=assessment.phases,
        first_visit_minutes=assessment.first_visit_minutes,
        visit_minutes=assessment.visit_minutes,
        wishes=_wishes(staff, character),
        earliest_day=today + timedelta(days=character.first),
    )
    proposal = booking.propose(runtime, reception, request, with_alternatives=False)
    dated = len(proposal.sessions) - character.left_open
    places = {number: place for number, place in proposal.places.items() if number < dated}
    booking.book_course(runtime, reception, request, places)
    if character.note:
        notes.write(runtime, therapist, request.course_id, character.note)
    patient = Actor(reception.clinic_id, PATIENT, patient_id=patient_id)
    return Told(character, patient, request.course_id)


def turn(runtime: Runtime, staff: Mapping[str, Actor], told: Told) -> None:
    """What else happens to a course."""
    reception, therapist = staff[cast.RECEPTION.name], staff[told.character.therapist.name]
    match told.character.then:
        case "confirms":
            for appointment_id in _coming(runtime, told)[:1]:
                attendance.confirm(runtime, told.patient, appointment_id)
        case "called off":
            undoing.undo(runtime, reception, _last_revision(runtime, told))
        case "catches up":
            frequency.add_session(runtime, therapist, told.course_id, reason="Catch up after the interruption")
        case "less often":
            _shift(runtime, therapist, told, PhaseName.INTENSIVE, PhaseName.TAPER, "settled sooner than expected")
        case "more often":
            _shift(runtime, therapist, told, PhaseName.TAPER, PhaseName.INTENSIVE, "still irritable after a week")
        case unknown:
            raise ValueError(f"nobody knows how a course {unknown!r}")


def _wishes(staff: Mapping[str, Actor], character: Character) -> Wishes:
    """The preferred therapist first, then the others."""
    people = sorted(cast.THERAPISTS, key=lambda each: each is not character.therapist)
    return Wishes(
        practitioners=tuple(staff[person.name].staff_id or 0 for person in people),
        weekdays=character.days,
        preferred=character.likes,
    )


def _coming(runtime: Runtime, told: Told) -> Sequence[int]:
    """The course's visits that are ahead, by time."""
    row = AppointmentRow
    with runtime.reading(told.patient) as unit:
        return unit.session.scalars(
            select(row.id)
            .where(row.course_id == told.course_id, row.status == "booked", row.starts_at > unit.now)
            .order_by(row.starts_at)
        ).all()


def _last_revision(runtime: Runtime, told: Told) -> int:
    with runtime.reading(told.patient) as unit:
        number = unit.get(CourseRow, told.course_id).revision_number
        return unit.session.scalars(
            select(RevisionRow.id).where(RevisionRow.course_id == told.course_id, RevisionRow.number == number)
        ).one()


def _shift(runtime: Runtime, therapist: Actor, told: Told, fewer: PhaseName, more: PhaseName, reason: str) -> None:
    """Give a session of one phase to another, so that the course thins out sooner or later."""
    with runtime.reading(therapist) as unit:
        phases = phases_from_json(list(unit.get(CourseRow, told.course_id).phases))
    by = {fewer: -1, more: 1}
    changed = [_longer(phase, by.get(phase.name, 0)) for phase in phases]
    frequency.apply(runtime, therapist, told.course_id, changed, reason=reason)


def _longer(phase: Phase, sessions: int) -> Phase:
    return phase if phase.sessions is None else replace(phase, sessions=phase.sessions + sessions)
