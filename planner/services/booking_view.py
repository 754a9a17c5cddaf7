"""What the page *Book a course* needs beside the booking itself: who treats, what was found, what was booked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select

from planner.errors import NotFound
from planner.services import assessments
from planner.services.assessments import RecordedAssessment
from planner.services.booking import BookingRequest, propose
from planner.services.patients import Patient, patient_from
from planner.services.planning import therapists
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.undoing import why_not
from planner.services.waiting import Known, known_of
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow, SessionRow
from planner.storage.ids import new_id
from planner.storage.people import PatientRow, ServiceRow
from planner.words import say


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service that a course can be booked with; `protocol` is the one it is proposed for, None for any."""

    id: int
    name: str
    protocol: str | None
    first_minutes: int
    visit_minutes: int


@dataclass(frozen=True, slots=True)
class BookingDesk:
    """Everything the page starts from.

    Args:
        therapists: (id, name) of all who treat here.
        services: all that are offered, by name.
        assessments: the patient's, newest first.
        running: the courses that the patient is in the middle of, by id.
        known: what earlier courses say of the patient's wishes.
    """

    patient: Patient
    zone: str
    today: date
    grid_minutes: int
    therapists: tuple[tuple[int, str], ...]
    services: tuple[OfferedService, ...]
    assessments: tuple[RecordedAssessment, ...]
    running: tuple[int, ...]
    known: Known

    def assessment(self, assessment_id: int) -> RecordedAssessment:
        """One of the patient's assessments. Raises NotFound."""
        for each in self.assessments:
            if each.id == assessment_id:
                return each
        raise NotFound(say("There is no such assessment of this patient."))

    def services_for(self, protocol: str) -> tuple[OfferedService, ...]:
        """What can be booked for a protocol: the services made for it first, then those for any."""
        fitting = [each for each in self.services if each.protocol in (None, protocol)]
        return tuple(sorted(fitting, key=lambda each: each.protocol is None))


@dataclass(frozen=True, slots=True)
class BookedCourse:
    """A course just booked; `undo_id` is the revision to take back, None where that can't be done any more."""

    id: int
    booked: int
    to_place: int
    undo_id: int | None


def booking_desk(runtime: Runtime, actor: Actor, patient_id: int) -> BookingDesk:
    """What the page starts from. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return BookingDesk(
            patient=patient_from(unit.get(PatientRow, patient_id)),
            zone=unit.clinic.timezone,
            today=unit.today,
            grid_minutes=unit.clinic.grid_minutes,
            therapists=tuple((row.id, row.name) for row in therapists(unit)),
            services=_services(unit),
            assessments=tuple(assessments.of_patient(unit, patient_id)),
            running=tuple(
                unit.session.scalars(
                    select(CourseRow.id)
                    .where(CourseRow.patient_id == patient_id, CourseRow.status == "active")
                    .order_by(CourseRow.id)
                )
            ),
            known=known_of(unit, [patient_id])[patient_id],
        )


def _services(unit: Unit) -> tuple[OfferedService, ...]:
    rows = unit.session.scalars(select(ServiceRow).where(ServiceRow.active.is_(True)))
    found = [OfferedService(row.id, row.name, row.protocol, row.first_minutes, row.visit_minutes) for row in rows]
    return tuple(sorted(found, key=lambda each: (each.name.casefold(), each.id)))


def new_course_id() -> int:
    """The number a course will have, chosen when its form is first shown, so that sending it twice books once."""
    return new_id()


def with_whoever_fits(runtime: Runtime, actor: Actor, request: BookingRequest) -> BookingRequest:
    """The request for a patient without a wish: preferring the therapist with whom the whole course fits best.

    One therapist for all sessions, as far as that goes; of two with equally good dates the one with less to do.

    Raises:
        InvalidInput: the wishes can't be met with anybody.
    """
    with runtime.reading(actor) as unit:
        row = AppointmentRow
        found = unit.session.execute(
            select(row.practitioner_id, func.count())
            .where(row.status == "booked", row.starts_at > unit.now)
            .group_by(row.practitioner_id)
        )
        load = dict(found.all())

    def cost(staff_id: int) -> tuple[int, int]:
        tried = preferring(request, staff_id)
        return propose(runtime, actor, tried, with_alternatives=False).points, load.get(staff_id, 0)

    return preferring(request, min(request.wishes.practitioners, key=cost))


def preferring(request: BookingRequest, staff_id: int) -> BookingRequest:
    """The request with this therapist first; the others may still help out."""
    others = (each for each in request.wishes.practitioners if each != staff_id)
    return replace(request, wishes=replace(request.wishes, practitioners=(staff_id, *others), liked=1))


def booked_course(runtime: Runtime, actor: Actor, course_id: int) -> BookedCourse:
    """What became of a booking. Raises NotFound."""
    with runtime.reading(actor) as unit:
        course = unit.get(CourseRow, course_id)
        first = unit.session.scalars(
            select(RevisionRow).where(RevisionRow.course_id == course_id).order_by(RevisionRow.number).limit(1)
        ).one()
        sessions = select(func.count()).where(SessionRow.course_id == course_id, SessionRow.dropped.is_(False))
        total = unit.session.scalar(sessions) or 0
        to_place = unit.session.scalar(sessions.where(SessionRow.unplaced_reason != "")) or 0
        return BookedCourse(course_id, total - to_place, to_place, None if why_not(first, course) else first.id)
