"""What happens to one appointment: arrived, done, missed, cancelled, confirmed; and the repair that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.care.attendance import (
    MissAction,
    PastVisit,
    catch_up,
    is_late_cancellation,
    misses_in_a_row,
    verdict_after_miss,
)
from planner.care.course import open_ended, phases_from_json
from planner.care.evidence import Evidence
from planner.care.factors import is_chronic
from planner.diary.appointment import AppointmentStatus, next_statuses
from planner.diary.free import to_wall
from planner.errors import AppointmentLocked, InvalidInput, NotFound, StaleForm
from planner.scheduling.events import CalledOff, Event, Missed, Pause
from planner.services import worklists
from planner.services.diary_writer import CourseChange, write_change, write_changes
from planner.services.making_room import repaired_among_others
from planner.services.planning import ahead, standing
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked, CourseSnapshot, SessionState, take
from planner.services.sweeping import SweepReport, each
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow
from planner.storage.ids import new_id
from planner.storage.people import ClinicRow

UNATTENDED = ("booked", "pending")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What followed from an event: the revision it made, and whether the rest was repaired by itself."""

    course_id: int
    revision_id: int
    repaired: bool
    says: str
    late: bool = False


@dataclass(frozen=True)
class Visit:
    """An appointment that counts, with its session and course, inside a transaction."""

    unit: Unit
    row: AppointmentRow
    course: CourseRow
    snapshot: CourseSnapshot
    session: SessionState
    booked: Booked


def visit(unit: Unit, appointment_id: int, *, version: int | None = None) -> Visit:
    """The appointment with all around it.

    Args:
        version: as the form showed it; None to take it as it is.
    Raises:
        NotFound: not of this clinic, or not of this patient.
        StaleForm: it changed since the form was shown, or a newer appointment took its place.
    """
    row = unit.get(AppointmentRow, appointment_id)
    if unit.actor.patient_id is not None and row.patient_id != unit.actor.patient_id:
        raise NotFound("There is no such appointment.")
    if row.superseded or (version is not None and version != row.version):
        raise StaleForm("This appointment was changed meanwhile. Here is how it stands now.")
    course = unit.get(CourseRow, row.course_id)
    snapshot = take(unit, course)
    session = snapshot.session(row.session_id)
    if session.current is None or session.current.id != row.id:
        raise ValueError(f"appointment {row.id} is not its session's current one")
    return Visit(unit, row, course, snapshot, session, session.current)


def arrive(runtime: Runtime, actor: Actor, appointment_id: int, *, version: int | None = None) -> Outcome:
    """The patient is here."""
    return _mark(runtime, actor, appointment_id, "arrived", version)


def fulfil(runtime: Runtime, actor: Actor, appointment_id: int, *, version: int | None = None) -> Outcome:
    """The treatment was given."""
    return _mark(runtime, actor, appointment_id, "fulfilled", version)


def _mark(runtime: Runtime, actor: Actor, appointment_id: int, status: str, version: int | None) -> Outcome:
    with runtime.writing(actor) as unit:
        found = visit(unit, appointment_id, version=version)
        _may_become(found, status)
        if status == "fulfilled" and found.booked.starts_at > unit.now:
            raise InvalidInput("This visit has not begun yet.", field="status")
        if status == "arrived" and to_wall(found.booked.starts_at, unit.zone).date() != unit.today:
            raise InvalidInput("This visit is not today.", field="status")
        session = found.session.with_current(replace(found.booked, status=status))
        target = _finished_if_done(found.snapshot.replacing(session))
        words = {"arrived": "arrived", "fulfilled": "done"}[status]
        return _write(found, target, status, f"Session {found.session.position + 1} {words}", repaired_=False)


def _finished_if_done(snapshot: CourseSnapshot) -> CourseSnapshot:
    """The course under the status "finished" once nothing is owed and no open-ended maintenance follows."""
    over = not any(session.owed for session in snapshot.live)
    if over and open_ended(phases_from_json(list(snapshot.phases))) is None:
        return replace(snapshot, status="finished")
    return snapshot


def end_course(runtime: Runtime, actor: Actor, course_id: int, *, reason: str) -> Outcome:
    """End a course early: all that is still ahead is called off, what was given stays.

    Raises:
        InvalidInput: no reason is given, or the course has ended already.
    """
    if not reason.strip():
        raise InvalidInput("Say why the course ends.", field="reason")
    with runtime.writing(actor) as unit:
        course = unit.get(CourseRow, course_id)
        before = take(unit, course)
        if before.status not in ("planned", "active", "onhold"):
            raise InvalidInput("This course has ended already.", field="course")
        dropped = [
            replace(session.closed("cancelled", by="clinic") if standing(unit, session) else session, dropped=True)
            for session in ahead(unit, before)
        ]
        given = any(session.done for session in before.live)
        target = replace(before.replacing(*dropped), status="finished" if given else "cancelled")
        worklists.close_items(unit, course.id, *worklists.ABOUT_COURSES)
        revision = write_change(unit, CourseChange(course, target, "ended", f"Course ended: {reason.strip()}"))
        return Outcome(course.id, revision.id, repaired=False, says=revision.reason)


def miss(runtime: Runtime, actor: Actor, appointment_id: int, *, version: int | None = None) -> Outcome:
    """The patient did not come: the session is rebooked as soon as possible, the rest moved only where it must.

    After two misses in a row nothing is rebooked; the course goes to a worklist. Source: E25, E50–E53.
    """
    with runtime.writing(actor) as unit:
        found = visit(unit, appointment_id, version=version)
        _may_become(found, "noshow")
        if found.booked.starts_at > unit.now:
            raise InvalidInput("This visit has not begun yet.", field="status")
        closed = found.snapshot.replacing(found.session.closed("noshow"))
        return _after_loss(found, closed, "missed", [Missed(str(found.course.id), frozenset({found.session.key}))])


def cancel(
    runtime: Runtime,
    actor: Actor,
    appointment_id: int,
    *,
    version: int | None = None,
    rebook: bool = True,
    reason: str = "",
) -> Outcome:
    """Cancel an appointment; its session is placed again near its target unless `rebook` is False.

    Raises:
        AppointmentLocked: it has begun.
    """
    with runtime.writing(actor) as unit:
        return cancel_in(unit, appointment_id, version=version, rebook=rebook, reason=reason)


def cancel_in(
    unit: Unit, appointment_id: int, *, version: int | None = None, rebook: bool = True, reason: str = ""
) -> Outcome:
    """`cancel` as a part of a larger transaction."""
    found = visit(unit, appointment_id, version=version)
    _may_become(found, "cancelled")
    if found.booked.starts_at <= unit.now and found.booked.status != "noshow":
        raise AppointmentLocked("This visit has begun; mark it as missed instead.")
    late = would_be_late(unit, found.row)
    by = "patient" if unit.actor.patient_id is not None else "clinic"
    closed = found.session.closed("cancelled", late=late and by == "patient", by=by)
    words = f"Session {found.session.position + 1} cancelled by the {by}{', late' if late else ''}"
    words = f"{words}: {reason}" if reason else words
    if not rebook:
        target = found.snapshot.replacing(replace(closed, dropped=True))
        return _write(found, target, "cancelled", words, repaired_=False, late=late)
    name, day = str(found.course.id), to_wall(found.booked.starts_at, unit.zone).date()
    events: list[Event] = [CalledOff(name, frozenset({found.session.key}))]
    if by == "patient":
        events.append(Pause(name, day, day + timedelta(days=1)))
    after = found.snapshot.replacing(closed)
    counted = late and by == "patient"
    return _after_loss(found, after, "cancelled", events, words=words, late=late, counted=counted)


def would_be_late(unit: Unit, row: AppointmentRow) -> bool:
    """Whether the patient would cancel late now: not a time that a repair gave them on such short notice."""
    given_at = row.booked_at if row.confirmed_at is None else None
    return is_late_cancellation(row.starts_at, unit.now, unit.clinic.notice_hours, given_at=given_at)


def confirm(runtime: Runtime, actor: Actor, appointment_id: int, *, version: int | None = None) -> Outcome:
    """The patient says they will come; repairs leave the appointment alone from then on."""
    with runtime.writing(actor) as unit:
        return confirm_in(unit, appointment_id, version=version)


def confirm_in(unit: Unit, appointment_id: int, *, version: int | None = None) -> Outcome:
    """`confirm` as a part of a larger transaction."""
    found = visit(unit, appointment_id, version=version)
    if standing(unit, found.session) is None:
        raise AppointmentLocked("This visit is not ahead any more.")
    if found.booked.confirmed_at is not None:
        return Outcome(found.course.id, 0, repaired=False, says="Already confirmed")
    session = found.session.with_current(replace(found.booked, confirmed_at=unit.now))
    words = f"Session {found.session.position + 1} confirmed"
    return _write(found, found.snapshot.replacing(session), "confirmed", words, repaired_=False)


def unconfirm_in(unit: Unit, appointment_id: int) -> None:
    """Take a confirmation back, because the patient thought better of it; nothing if there was none."""
    found = visit(unit, appointment_id)
    if found.booked.confirmed_at is None or standing(unit, found.session) is None:
        return
    session = found.session.with_current(replace(found.booked, confirmed_at=None))
    words = f"Session {found.session.position + 1} not confirmed any more"
    _write(found, found.snapshot.replacing(session), "confirmed", words, repaired_=False)


def resume(runtime: Runtime, actor: Actor, course_id: int) -> Outcome:
    """Set the automation going again after two misses, and place what is owed."""
    with runtime.writing(actor) as unit:
        course = unit.get(CourseRow, course_id)
        snapshot = replace(take(unit, course), automation="apply")
        lost = (each for each in snapshot.live if each.owed and each.current and each.current.status == "noshow")
        missed = Missed(str(course.id), frozenset(each.key for each in lost))
        target = repaired(unit, course, snapshot, [missed])
        worklists.close_items(unit, course.id, worklists.TWO_MISSES, worklists.TO_PLACE)
        note_unplaced(unit, course, target)
        change = CourseChange(course, target, "resumed", "Resumed by hand; what is owed was placed again")
        revision = write_change(unit, change)
        return Outcome(course.id, revision.id, repaired=True, says=revision.reason)


def mark_no_shows(runtime: Runtime) -> SweepReport:
    """Mark every visit that ended unattended longer ago than its clinic's grace time as missed."""
    return each(
        runtime,
        "mark-no-shows",
        _unattended(runtime),
        key=lambda visit: visit[1],
        work=lambda visit: _miss(runtime, *visit),
    )


def _miss(runtime: Runtime, clinic_id: int, appointment_id: int) -> None:
    """Mark one visit as missed, as the timers do."""
    miss(runtime, Actor.system(clinic_id), appointment_id)


def _unattended(runtime: Runtime) -> Sequence[tuple[int, int]]:
    with runtime.database.reading(None) as session:
        now = runtime.clock.now()
        found = session.execute(
            select(AppointmentRow.clinic_id, AppointmentRow.id, AppointmentRow.ends_at, ClinicRow.grace_minutes)
            .join(ClinicRow, ClinicRow.id == AppointmentRow.clinic_id)
            .where(AppointmentRow.status.in_(UNATTENDED), AppointmentRow.ends_at <= now)
            .order_by(AppointmentRow.ends_at)
        )
        return [(clinic, row) for clinic, row, ends, grace in found if ends + timedelta(minutes=grace) <= now]


def _may_become(found: Visit, status: str) -> None:
    if AppointmentStatus(status) not in next_statuses(AppointmentStatus(found.booked.status)):
        raise InvalidInput(f"A visit that is {found.booked.status} can't become {status}.", field="status")


def _after_loss(
    found: Visit,
    closed: CourseSnapshot,
    kind: str,
    events: Sequence[Event],
    *,
    words: str = "",
    late: bool = False,
    counted: bool = True,
) -> Outcome:
    """Repair the course, unless the misses in a row (or an earlier stop) say that a person should talk first."""
    unit, course = found.unit, found.course
    words = words or f"Session {found.session.position + 1} missed"
    evidence = Evidence.load(unit.clinic.evidence_overrides)
    misses = misses_in_a_row(PastVisit(booked.status, booked.late_cancellation) for booked in _history(closed))
    if counted and misses and verdict_after_miss(misses, evidence).action is MissAction.STOP:
        closed = replace(closed, automation="stopped")
        says = f"{misses} misses in a row: talk to the patient before more is booked."
        worklists.open_item(unit, worklists.TWO_MISSES, f"two-misses-{course.id}", says, course.id)
    if closed.automation == "stopped":
        return _write(found, closed, kind, f"{words}; nothing rebooked by itself", repaired_=False, late=late)
    found_best = repaired_among_others(unit, course, closed, events)
    target = found_best.target
    note_unplaced(unit, course, target)
    propose_catch_up(unit, course, target, evidence)
    return _write(
        found, target, kind, f"{words}; the rest repaired", repaired_=True, late=late, others=found_best.others
    )


def note_unplaced(unit: Unit, course: CourseRow, target: CourseSnapshot) -> None:
    """Put a course with sessions that found no place on the worklist, or take it off."""
    waiting = [session for session in target.live if session.unplaced_reason]
    if not waiting:
        worklists.close_items(unit, course.id, worklists.TO_PLACE)
        return
    says = f"{len(waiting)} to place: {waiting[0].unplaced_reason}"
    worklists.open_item(unit, worklists.TO_PLACE, f"to-place-{course.id}", says, course.id)


def propose_catch_up(unit: Unit, course: CourseRow, target: CourseSnapshot, evidence: Evidence) -> None:
    """Propose a catch-up session where a chronic course is interrupted for too long (E51, E52)."""
    findings = Assessment.from_json(unit.get(AssessmentRow, course.assessment_id).findings)
    given = [each.current.starts_at for each in target.live if each.done and each.current]
    coming = [(booked.starts_at, each) for each in target.live if (booked := standing(unit, each))]
    if not given or not coming:
        return
    start, next_session = min(coming, key=lambda pair: pair[0])
    proposal = catch_up(
        chronic=is_chronic(findings.protocol, findings.symptom_weeks, evidence),
        last_attended=to_wall(max(given), unit.zone).date(),
        next_planned=to_wall(start, unit.zone).date(),
        max_gap_days=next_session.gap.max if next_session.gap else 14,
        evidence=evidence,
    )
    if proposal is None:
        worklists.close_items(unit, course.id, worklists.CATCH_UP)
        return
    says = (
        f"{proposal.gap_days} days without treatment, {proposal.max_gap_days} are the most here: "
        f"{proposal.sessions} extra session is proposed ({', '.join(proposal.evidence)})."
    )
    worklists.open_item(unit, worklists.CATCH_UP, f"catch-up-{course.id}", says, course.id, sessions=proposal.sessions)


def _history(snapshot: CourseSnapshot) -> list[Booked]:
    booked = [each for session in snapshot.sessions for each in session.appointments]
    return sorted(booked, key=lambda each: each.starts_at)


def _write(
    found: Visit,
    target: CourseSnapshot,
    kind: str,
    reason: str,
    *,
    repaired_: bool,
    late: bool = False,
    others: Sequence[CourseChange] = (),
) -> Outcome:
    """Write the change, and those of other courses that make room for it, as one batch."""
    if others:
        moved = "1 other patient" if len(others) == 1 else f"{len(others)} other patients"
        reason = f"{reason}; {moved} made room"
    changes = [CourseChange(found.course, target, kind, reason), *others]
    revisions = write_changes(found.unit, changes, batch=new_id() if others else None)
    return Outcome(found.course.id, revisions[0].id, repaired=repaired_, says=reason, late=late)
