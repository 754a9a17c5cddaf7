"""The one way to write the diary: every booking, move, confirmation, miss and undo of a course goes through here."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import InitVar, dataclass, field
from functools import partial
from typing import Any

from planner import metrics
from planner.services.attention_courses import settle
from planner.services.difference import difference, face
from planner.services.freed_slots import note_freed
from planner.services.outbox import queue_course_message
from planner.services.resting import refuse_too_near
from planner.services.runtime import Unit
from planner.services.snapshot import (
    Booked,
    CourseSnapshot,
    SessionState,
    days_to_json,
    of_rows,
    rows_of,
    take_all,
)
from planner.storage.courses import AppointmentRow, CourseRow, RevisionRow, SessionRow
from planner.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class CourseChange:
    """A course, and how it shall stand.

    Args:
        kind: a short word for what happened: booked, missed, cancelled, moved, leave, frequency, undone …
        reason: a sentence for the course's history.
        undoes: the revision this one takes back.
        quiet: the patient already knows (they did it themselves, or it is over), so no message is owed.
    """

    course: CourseRow
    target: CourseSnapshot
    kind: str
    reason: str
    undoes: int | None = None
    quiet: bool = False


def write_changes(unit: Unit, changes: Sequence[CourseChange], *, batch: int | None = None) -> list[RevisionRow]:
    """Bring courses to their targets together, and keep a revision of each.

    All appointments that change are lifted first and set down after, so that two may exchange places.

    Raises:
        SlotTaken: a new place overlaps another appointment; nothing is written.
        TooNear: it lies within 48 hours of a visit that its patient has for another course; nothing is written.
        StaleForm: a row changed since it was read.
    """
    courses = [change.course for change in changes]
    rows = rows_of(unit, courses)
    works = [_Work(unit, change, *rows[change.course.id]) for change in changes]
    refuse_too_near(unit, {work.change.course: (work.before, work.change.target) for work in works})
    for work in works:
        work.lift()
    unit.session.flush()
    for work in works:
        work.add_sessions()
    unit.session.flush()
    for work in works:
        work.set_down()
    unit.session.flush()
    after = take_all(unit, courses)
    revisions = [work.keep_revision(batch, after[work.change.course.id]) for work in works]
    unit.session.flush()
    settle(unit, courses)
    for change in changes:
        unit.once_kept(partial(metrics.course_changed, change.kind))
    return revisions


def write_change(unit: Unit, change: CourseChange) -> RevisionRow:
    """`write_changes` for one course."""
    return write_changes(unit, [change])[0]


def new_uid() -> str:
    """A calendar identity that says nothing and is found nowhere else."""
    return f"{secrets.token_hex(16)}@course-planner"


@dataclass
class _Work:
    """One course on its way from how it stands to its target, with its rows at hand."""

    unit: Unit
    change: CourseChange
    session_rows: InitVar[Iterable[SessionRow]]
    appointment_rows: InitVar[Iterable[AppointmentRow]]
    before: CourseSnapshot = field(init=False)
    sessions: dict[int, SessionRow] = field(init=False)
    appointments: dict[int, AppointmentRow] = field(init=False)
    added: dict[str, SessionRow] = field(init=False, default_factory=dict)

    def __post_init__(self, session_rows: Iterable[SessionRow], appointment_rows: Iterable[AppointmentRow]) -> None:
        self.sessions = {row.id: row for row in session_rows}
        self.appointments = {row.id: row for row in appointment_rows}
        self.before = of_rows(self.change.course, self.sessions.values(), self.appointments.values())

    def lift(self) -> None:
        """Free the time of every appointment that changes, so that none stands in another's way."""
        wanted = {booked.id: booked for booked in _all_booked(self.change.target)}
        for booked in _all_booked(self.before):
            if booked.occupies and wanted.get(booked.id) != booked:
                self._row(booked).status = "proposed"

    def add_sessions(self) -> None:
        """Make the rows of new sessions, which their appointments will point to."""
        for session in self.change.target.sessions:
            if session.id is None:
                row = self._new_session()
                _fill(row, _session_values(session))
                self.added[session.key] = row
                self.unit.session.add(row)

    def set_down(self) -> None:
        """Write the sessions and appointments of the target."""
        course, target = self.change.course, self.change.target
        course.status, course.automation = target.status, target.automation
        course.phases = list(target.phases)
        if target.away is not None and target.away != self.before.away:
            course.wishes = {**course.wishes, "away": days_to_json(target.away)}
        if target.wishes is not None and target.wishes != self.before.wishes:
            wishes = dict(target.wishes)
            course.wish_note = wishes.pop("note")
            course.wishes = {**wishes, "away": course.wishes.get("away", [])}
        course.revision_number += 1
        earlier = {session.id: session for session in self.before.sessions}
        for session in target.sessions:
            self._write_session(earlier.get(session.id), session)
        for gone_id in set(self.sessions) - {session.id for session in target.sessions}:
            self._drop(earlier[gone_id])

    def keep_revision(self, batch: int | None, after: CourseSnapshot) -> RevisionRow:
        """The revision, the audit line, and the message that is owed if a patient must hear of it."""
        unit, change = self.unit, self.change
        revision = RevisionRow(
            id=new_id(),
            course_id=change.course.id,
            number=change.course.revision_number,
            kind=change.kind,
            reason=change.reason,
            actor=unit.actor.name,
            staff_id=unit.actor.staff_id,
            made_at=unit.now,
            before=self.before.to_json(),
            after=after.to_json(),
            batch=batch,
            undoes=change.undoes,
        )
        unit.session.add(revision)
        subject = f"course/{change.course.id}"
        unit.audit(f"course.{change.kind}", subject, revision=revision.number)
        if difference(self.before, after).told and not change.quiet:
            queue_course_message(unit, change.course, revision)
        note_freed(unit, change.course, self.before, after)
        return revision

    def _write_session(self, before: SessionState | None, after: SessionState) -> None:
        row = self.added[after.key] if after.id is None else self.sessions[after.id]
        _fill(row, _session_values(after))
        kept = {booked.id for booked in after.appointments}
        for booked in before.appointments if before else ():
            if booked.id not in kept:
                self._void(booked)
        for booked in after.appointments:
            if booked.id is None:
                self._add_appointment(row, booked)
            else:
                self._fill_appointment(booked)
        self._age(row, before, after)

    def _fill_appointment(self, booked: Booked) -> None:
        row = self._row(booked)
        if row.starts_at != booked.starts_at:
            row.booked_at = self.unit.now  # When the patient got this time decides what counts as late notice.
        _fill(row, _appointment_values(booked))

    def _drop(self, gone: SessionState) -> None:
        """Take back an addition. Its calendar entry must be seen to go, so the row stays, dropped."""
        row = self.sessions[gone.id or 0]
        row.dropped = True
        for booked in gone.appointments:
            self._void(booked)
        if face(gone) is not None and not gone.dropped:
            self._bump(row)

    def _void(self, booked: Booked) -> None:
        """Take back an appointment that the target does not know: it was made by what is now undone."""
        row = self._row(booked)
        row.status, row.superseded = "entered-in-error", True

    def _age(self, row: SessionRow, before: SessionState | None, after: SessionState) -> None:
        """Let SEQUENCE rise when the entry's time, length or cancellation changed, the stamp when anything did."""
        was, now = (face(before) if before else None), face(after)
        if was is not None and now is not None and was != now:
            self._bump(row)
        elif now is not None and (before is None or before.current != after.current):
            row.revised_at = self.unit.now

    def _bump(self, row: SessionRow) -> None:
        row.sequence += 1
        row.revised_at = self.unit.now

    def _new_session(self) -> SessionRow:
        return SessionRow(
            id=new_id(),
            clinic_id=self.unit.clinic.id,
            course_id=self.change.course.id,
            uid=new_uid(),
            sequence=0,
            revised_at=self.unit.now,
        )

    def _add_appointment(self, session: SessionRow, booked: Booked) -> None:
        row = AppointmentRow(
            id=new_id(),
            clinic_id=self.unit.clinic.id,
            session_id=session.id,
            course_id=self.change.course.id,
            patient_id=self.change.course.patient_id,
            booked_at=self.unit.now,
        )
        _fill(row, _appointment_values(booked))
        self.unit.session.add(row)

    def _row(self, booked: Booked) -> AppointmentRow:
        return self.appointments[booked.id or 0]


def _all_booked(snapshot: CourseSnapshot) -> Iterable[Booked]:
    return (booked for session in snapshot.sessions for booked in session.appointments)


def _session_values(session: SessionState) -> dict[str, Any]:
    return {
        "position": session.position,
        "phase": session.phase,
        "minutes": session.minutes,
        "gap_target": session.gap.target if session.gap else None,
        "gap_min": session.gap.min if session.gap else None,
        "gap_max": session.gap.max if session.gap else None,
        "dropped": session.dropped,
        "unplaced_reason": session.unplaced_reason,
    }


def _appointment_values(booked: Booked) -> dict[str, Any]:
    return {
        "practitioner_id": booked.practitioner_id,
        "room_id": booked.room_id,
        "starts_at": booked.starts_at,
        "ends_at": booked.ends_at,
        "status": booked.status,
        "superseded": booked.superseded,
        "confirmed_at": booked.confirmed_at,
        "late_cancellation": booked.late_cancellation,
        "cancelled_by": booked.cancelled_by,
    }


def _fill(row: SessionRow | AppointmentRow, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
