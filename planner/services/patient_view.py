"""A patient at reception: details, the next visit, courses with their progress, assessments, link and calendar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, func, select

from planner.care.course import fixed_sessions
from planner.services import assessments, patients
from planner.services.feeds import FeedState, feed_state
from planner.services.patients import Patient, patient_from, personal_link
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.session_numbers import MAINTENANCE
from planner.storage.courses import AppointmentRow, CourseRow, SessionRow
from planner.storage.people import PatientRow, RoomRow, StaffRow


@dataclass(frozen=True, slots=True)
class NextVisit:
    """The next visit of a patient."""

    course_id: int
    starts_at: datetime
    ends_at: datetime
    practitioner: str
    room: str


@dataclass(frozen=True, slots=True)
class FoundPatient:
    """One line of a search."""

    id: int
    name: str
    birth_date: date | None
    email: str
    phone: str
    next_visit: datetime | None


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found."""

    query: str
    zone: str
    patients: tuple[FoundPatient, ...]


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One course of a patient.

    Args:
        total: its sessions without maintenance.
        to_place: sessions without a date.
    """

    id: int
    protocol: str
    status: str
    stopped: bool
    started_on: date
    done: int
    total: int
    to_place: int


@dataclass(frozen=True, slots=True)
class AssessmentLine:
    """One assessment of a patient; `sessions` is what it is booked by, `decided` whether the therapist decided so."""

    id: int
    protocol: str
    recorded_at: datetime
    sessions: int
    decided: bool


@dataclass(frozen=True, slots=True)
class PatientView:
    """All that the patient's page shows."""

    patient: Patient
    zone: str
    today: date
    next_visit: NextVisit | None
    courses: tuple[CourseLine, ...]
    assessments: tuple[AssessmentLine, ...]
    calendar: FeedState | None


def search(runtime: Runtime, actor: Actor, query: str) -> Search:
    """Patients by a few letters, each with the next visit (two queries)."""
    found = patients.find(runtime, actor, query)
    with runtime.reading(actor) as unit:
        coming = _next_starts(unit, [each.id for each in found])
        lines = tuple(
            FoundPatient(
                each.id, each.details.name, each.details.birth_date, each.details.email, each.details.phone,
                coming.get(each.id),
            )
            for each in found
        )  # fmt: skip
        return Search(query, unit.clinic.timezone, lines)


def patient_view(runtime: Runtime, actor: Actor, patient_id: int) -> PatientView:
    """The patient's page (a handful of queries, however long the history). Raises NotFound."""
    with runtime.reading(actor) as unit:
        patient = patient_from(unit.get(PatientRow, patient_id))
        return PatientView(
            patient=patient,
            zone=unit.clinic.timezone,
            today=unit.today,
            next_visit=_next_visit(unit, patient_id),
            courses=tuple(_courses(unit, patient_id)),
            assessments=tuple(
                AssessmentLine(
                    each.id,
                    each.assessment.protocol.value,
                    each.recorded_at,
                    fixed_sessions(each.phases),
                    decided=each.override is not None,
                )
                for each in assessments.of_patient(unit, patient_id)
            ),
            calendar=feed_state(unit, patient_id=patient_id),
        )


def show_link(runtime: Runtime, actor: Actor, patient_id: int) -> str:
    """The patient's personal address as it is; made valid if there was none. Raises NotFound."""
    with runtime.writing(actor) as unit:
        address = personal_link(runtime, unit, patient_id)
        unit.audit("patient.link shown", f"patient/{patient_id}")
        return address


def _next_starts(unit: Unit, patient_ids: Sequence[int]) -> Mapping[int, datetime]:
    row = AppointmentRow
    found = unit.session.execute(
        select(row.patient_id, func.min(row.starts_at))
        .where(row.patient_id.in_(patient_ids), row.status.in_(("booked", "pending")), row.ends_at > unit.now)
        .group_by(row.patient_id)
    )
    return dict(found.all())


def _next_visit(unit: Unit, patient_id: int) -> NextVisit | None:
    row = AppointmentRow
    found = unit.session.execute(
        select(row.course_id, row.starts_at, row.ends_at, StaffRow.name, RoomRow.name)
        .join(StaffRow, (StaffRow.id == row.practitioner_id) & (StaffRow.clinic_id == row.clinic_id))
        .join(RoomRow, (RoomRow.id == row.room_id) & (RoomRow.clinic_id == row.clinic_id))
        .where(row.patient_id == patient_id, row.status.in_(("booked", "pending")), row.ends_at > unit.now)
        .order_by(row.starts_at)
        .limit(1)
    ).one_or_none()
    return NextVisit(*found) if found is not None else None


def _courses(unit: Unit, patient_id: int) -> Iterable[CourseLine]:
    """Running courses first, then by their start, newest first (three queries)."""
    rows = unit.session.scalars(
        select(CourseRow).where(CourseRow.patient_id == patient_id).order_by(CourseRow.started_at.desc())
    ).all()
    done = _done(unit, patient_id)
    counts = _session_counts(unit, [row.id for row in rows])
    for row in sorted(rows, key=lambda row: row.status not in ("active", "planned", "onhold")):
        if row.id not in counts:
            continue  # Its booking was undone, so nothing of it is left to show.
        total, to_place = counts[row.id]
        yield CourseLine(
            id=row.id,
            protocol=row.protocol,
            status=row.status,
            stopped=row.automation == "stopped",
            started_on=row.earliest_day,
            done=done.get(row.id, 0),
            total=total,
            to_place=to_place,
        )


def _done(unit: Unit, patient_id: int) -> dict[int, int]:
    """Of each course the sessions that were given, without maintenance, which has no end to be counted toward."""
    row = AppointmentRow
    found = unit.session.execute(
        select(row.course_id, func.count())
        .join(SessionRow, (SessionRow.id == row.session_id) & (SessionRow.clinic_id == row.clinic_id))
        .where(row.patient_id == patient_id, row.status == "fulfilled", row.superseded.is_(False))
        .where(SessionRow.phase != MAINTENANCE)
        .group_by(row.course_id)
    )
    return dict(found.all())


def _session_counts(unit: Unit, course_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of each course the sessions without maintenance, and those without a date."""
    row = SessionRow
    in_course = func.sum(case((row.phase != MAINTENANCE, 1), else_=0))
    to_place = func.sum(case((row.unplaced_reason != "", 1), else_=0))
    found = unit.session.execute(
        select(row.course_id, in_course, to_place)
        .where(row.course_id.in_(course_ids), row.dropped.is_(False))
        .group_by(row.course_id)
    )
    return {course_id: (total, waiting) for course_id, total, waiting in found}
