"""The course page as values: sessions in order of time with what may be done to each, notices, estimate, history."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from planner.care.course import Phase, phases_from_json
from planner.care.evidence import Evidence
from planner.diary.free import to_wall
from planner.services import worklists
from planner.services.assessments import RecordedAssessment, assessment_from
from planner.services.course_advice import CourseAdvice, advice_of
from planner.services.course_history import HistoryLine, history
from planner.services.notes import Note
from planner.services.notes import of_course as notes_of
from planner.services.outcomes_measured import Recorded
from planner.services.outcomes_measured import of_course as outcomes_of
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.session_numbers import MAINTENANCE
from planner.services.snapshot import VOID, Booked, CourseSnapshot, Days, SessionState, take
from planner.services.visit_events import lock_reason, next_event, possible_events
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, RevisionRow, WorklistRow
from planner.storage.people import PatientRow, RoomRow, StaffRow

UNPLACED = "unplaced"
_STILL_TO_COME = ("pending", "booked", "arrived", "checked-in")


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session of a course as a page shows it.

    Args:
        number: its place in the course, from 1.
        state: FHIR status of the appointment that counts, or `unplaced`.
        booked: that appointment; None for one that is to place.
        version: the appointment's, for its forms.
        gap_days: days since the last session before it that was not missed; None for the first.
        wanted_days: the gap that the phase wants.
        target_day: the ideal date, counted from the session before it.
        locked: why a repair leaves it where it is; empty when it may move.
        may: the events that are possible now: move, cancel, confirm, arrive, fulfil, miss.
        next_step: the most likely of them, for the button.
        missed: days on which it was missed before.
    """

    session_id: int
    number: int
    phase: str
    state: str
    booked: Booked | None
    version: int
    practitioner: str
    room: str
    gap_days: int | None
    wanted_days: float | None
    target_day: date | None
    locked: str
    unplaced_reason: str
    may: frozenset[str]
    next_step: str
    missed: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """One open line of a worklist about this course."""

    id: int
    kind: str
    title: str
    says: str


@dataclass(frozen=True, slots=True)
class CourseView:
    """All that the course page shows.

    Args:
        patient_zone: where the patient lives; the clinic's zone unless they said otherwise.
        done: sessions that were given; `planned`: that the ideal course has given by today; both without maintenance.
        away: present and coming days on which the patient can't come; `wish_note` what they wished in words.
        measured: the outcomes of this course, by time; `advice`: what they advise by the clinic's own `evidence`.
    """

    id: int
    patient_id: int
    patient: str
    protocol: str
    status: str
    automation: str
    zone: str
    patient_zone: str
    today: date
    now: datetime
    phases: tuple[Phase, ...]
    lines: tuple[SessionLine, ...]
    notices: tuple[Notice, ...]
    assessment: RecordedAssessment
    history: tuple[HistoryLine, ...]
    done: int
    planned: int
    away: tuple[Days, ...]
    measured: tuple[Recorded, ...]
    notes: tuple[Note, ...]
    wish_note: str
    advice: CourseAdvice | None
    evidence: Evidence

    @property
    def placed(self) -> tuple[SessionLine, ...]:
        """The sessions with a date, by time."""
        return tuple(line for line in self.lines if line.booked is not None)

    @property
    def given(self) -> tuple[SessionLine, ...]:
        """The sessions that were given, by time."""
        return tuple(line for line in self.placed if line.state == "fulfilled")

    @property
    def to_place(self) -> tuple[SessionLine, ...]:
        """The sessions without one."""
        return tuple(line for line in self.lines if line.booked is None)

    @property
    def coming(self) -> SessionLine | None:
        """The next visit that is not over."""
        ahead = (line for line in self.placed if line.booked is not None and line.booked.ends_at > self.now)
        return next((line for line in ahead if line.state in _STILL_TO_COME), None)

    @property
    def paced(self) -> int:
        """How many sessions the course has without maintenance, which has no end to be counted toward."""
        return sum(line.phase != MAINTENANCE for line in self.lines)

    @property
    def maintained(self) -> int:
        """How many visits of maintenance are booked, or wait for a date."""
        return len(self.lines) - self.paced

    @property
    def ahead(self) -> int:
        """How many sessions are still to be given: those to come, and those without a date."""
        coming = (line for line in self.placed if line.booked is not None and line.booked.starts_at > self.now)
        return len(self.to_place) + sum(line.state in _STILL_TO_COME for line in coming)


def course_view(runtime: Runtime, actor: Actor, course_id: int) -> CourseView:
    """The course as it stands (fifteen queries or so, however long it is).

    Raises:
        NotFound: not of this clinic.
    """
    with runtime.reading(actor) as unit:
        course = unit.get(CourseRow, course_id)
        patient = unit.get(PatientRow, course.patient_id)
        snapshot = take(unit, course)
        lines = tuple(_lines(unit, course, snapshot))
        done = sum(line.state == "fulfilled" for line in lines if line.phase != MAINTENANCE)
        measured = outcomes_of(unit, snapshot, course.id)
        return CourseView(
            id=course.id,
            patient_id=course.patient_id,
            patient=patient.name,
            patient_zone=patient.timezone or unit.clinic.timezone,
            protocol=course.protocol,
            status=course.status,
            automation=course.automation,
            zone=unit.clinic.timezone,
            today=unit.today,
            now=unit.now,
            # A course whose booking was taken back has none.
            phases=phases_from_json(list(course.phases)) if course.phases else (),
            lines=lines,
            notices=tuple(_notices(unit, course.id)),
            assessment=assessment_from(unit.get(AssessmentRow, course.assessment_id)),
            history=history(unit, course),
            done=done,
            planned=_planned_by(unit, course, snapshot, done),
            away=tuple(days for days in sorted(snapshot.away or ()) if days[1] >= unit.today),
            measured=measured,
            notes=notes_of(unit, snapshot, course.id),
            wish_note=course.wish_note,
            advice=advice_of(unit, course, snapshot, measured),
            evidence=Evidence.load(unit.clinic.evidence_overrides),
        )


def course_of_appointment(runtime: Runtime, actor: Actor, appointment_id: int) -> int:
    """The course an appointment belongs to. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return unit.get(AppointmentRow, appointment_id).course_id


def session_of_appointment(runtime: Runtime, actor: Actor, appointment_id: int) -> int:
    """The session an appointment is for. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return unit.get(AppointmentRow, appointment_id).session_id


def course_of_revision(runtime: Runtime, actor: Actor, revision_id: int) -> int:
    """The course a revision changed. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return unit.get(RevisionRow, revision_id).course_id


def names(unit: Unit, row: type[StaffRow] | type[RoomRow]) -> dict[int, str]:
    """The names of everybody who works here, or of all rooms, by id (one query)."""
    return dict(unit.session.execute(select(row.id, row.name)).all())


def _lines(unit: Unit, course: CourseRow, snapshot: CourseSnapshot) -> Iterator[SessionLine]:
    versions = _versions(unit, course)
    people, rooms = names(unit, StaffRow), names(unit, RoomRow)
    waiting = dict(_waiting_targets(unit, course, snapshot))
    previous: date | None = None
    treated: date | None = None  # A missed visit needled nobody, so no gap is counted from it.
    for session in _by_time(snapshot):
        booked = _shown(session)
        day = to_wall(booked.starts_at, unit.zone).date() if booked else None
        yield SessionLine(
            session_id=session.id or 0,
            number=session.position + 1,
            phase=session.phase,
            state=booked.status if booked else UNPLACED,
            booked=booked,
            version=versions.get(booked.id or 0, 0) if booked else 0,
            practitioner=people.get(booked.practitioner_id, "") if booked else "",
            room=rooms.get(booked.room_id, "") if booked else "",
            gap_days=(day - treated).days if day and treated else None,
            wanted_days=session.gap.target if session.gap else None,
            target_day=waiting.get(session.position) or _target(course, session, previous),
            locked=lock_reason(unit, booked) if booked else "",
            unplaced_reason=session.unplaced_reason,
            may=(possible := possible_events(unit, booked) if booked else frozenset()),
            next_step=next_event(unit, booked, possible) if booked else "",
            missed=_missed(unit, session, booked),
        )
        previous = day or previous
        if booked is not None and booked.status != "noshow":
            treated = day


def _target(course: CourseRow, session: SessionState, previous: date | None) -> date:
    """The ideal date of a session, counted from the one before it."""
    if previous is None or session.gap is None:
        return previous or course.earliest_day
    return previous + timedelta(days=round(session.gap.target))


def _waiting_targets(unit: Unit, course: CourseRow, snapshot: CourseSnapshot) -> Iterator[tuple[int, date]]:
    """About when each session without a date is wanted, by its place in the course: after the one before it there."""
    previous: date | None = None
    for session in snapshot.live:
        booked = _shown(session)
        if booked is not None:
            previous = to_wall(booked.starts_at, unit.zone).date()
            continue
        previous = _target(course, session, previous)
        yield session.position, previous


def _by_time(snapshot: CourseSnapshot) -> list[SessionState]:
    """The sessions that count: by date, then those without one by their place in the course."""

    def key(session: SessionState) -> tuple[bool, float, int]:
        booked = _shown(session)
        return booked is None, booked.starts_at.timestamp() if booked else 0.0, session.position

    return sorted(snapshot.live, key=key)


def _shown(session: SessionState) -> Booked | None:
    """The appointment that stands for a session; a cancelled one leaves it without."""
    current = session.current
    return current if current is not None and current.status not in VOID else None


def _versions(unit: Unit, course: CourseRow) -> dict[int, int]:
    row = AppointmentRow
    found = unit.session.execute(select(row.id, row.version).where(row.course_id == course.id))
    return dict(found.all())


def _missed(unit: Unit, session: SessionState, shown: Booked | None) -> tuple[date, ...]:
    return tuple(
        to_wall(each.starts_at, unit.zone).date()
        for each in session.appointments
        if each.status == "noshow" and each is not shown
    )


def _notices(unit: Unit, course_id: int) -> Iterator[Notice]:
    rows = unit.session.scalars(
        select(WorklistRow)
        .where(WorklistRow.course_id == course_id, WorklistRow.closed_at.is_(None))
        .order_by(WorklistRow.opened_at, WorklistRow.id)
    )
    for row in rows:
        yield Notice(row.id, row.kind, worklists.KINDS.get(row.kind, row.kind), row.says)


def _planned_by(unit: Unit, course: CourseRow, snapshot: CourseSnapshot, done: int) -> int:
    """How many sessions the ideal course would have given by now, counted from the first appointment it had.

    One that is due today counts once it was given: until the evening nobody is late with it.
    """
    kept = [each for session in snapshot.live for each in session.appointments if each.status not in VOID]
    starts = [to_wall(each.starts_at, unit.zone).date() for each in kept]
    first = min(starts, default=course.earliest_day)
    paced = [session for session in snapshot.live if session.phase != MAINTENANCE]
    days = list(_ideal_days(first, paced))
    return max(sum(day < unit.today for day in days), min(done, sum(day <= unit.today for day in days)))


def _ideal_days(first: date, sessions: Collection[SessionState]) -> Iterator[date]:
    """Each session's target if none had ever been shifted; gaps are added up before rounding, as the engine does."""
    elapsed = 0.0
    for session in sessions:
        elapsed += session.gap.target if session.gap else 0.0
        yield first + timedelta(days=int(elapsed + 0.5))
