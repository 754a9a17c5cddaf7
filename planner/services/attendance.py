"""What happens to one appointment: arrived, done, missed, cancelled, confirmed; and the repair that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import select

from planner.care.attendance import (
    MissAction,
    PastVisit,
    is_late_cancellation,
    misses_in_a_row,
    verdict_after_miss,
)
from planner.care.course import open_ended, phases_from_json
from planner.care.evidence import Evidence
from planner.diary.appointment import AppointmentStatus, next_statuses
from planner.diary.free import to_wall
from planner.errors import AppointmentLocked, InvalidInput, NotFound, StaleForm
from planner.scheduling.events import CalledOff, Event, Missed, Pause
from planner.services import worklists
from planner.services.attendance_aftermath import note_unplaced as note_unplaced
from planner.services.attendance_aftermath import propose_catch_up as propose_catch_up
from planner.services.attendance_proposals import NOT_AT_ALL, PROPOSED, Loss, propose
from planner.services.clinic_setup import Level, automation_level
from planner.services.decision import Decision
from planner.services.decision import Outcome as Outcome
from planner.services.diary_writer import CourseChange, write_change
from planner.services.making_room import repaired_among_others
from planner.services.planning import ahead, standing
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked, CourseSnapshot, SessionState, take
from planner.services.sweeping import SweepReport, each
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.people import ClinicRow
from planner.words import Text, say, say_many

UNATTENDED = ("booked", "pending")
_ABOUT: Final = {"missed": "miss", "cancelled": "cancel"}


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
        raise NotFound(say("There is no such appointment."))
    if row.superseded or (version is not None and version != row.version):
        raise StaleForm(say("This appointment was changed meanwhile. Here is how it stands now."))
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
            raise InvalidInput(say("This visit has not begun yet."), field="status")
        if status == "arrived" and to_wall(found.booked.starts_at, unit.zone).date() != unit.today:
            raise InvalidInput(say("This visit is not today."), field="status")
        session = found.session.with_current(replace(found.booked, status=status))
        target = _finished_if_done(found.snapshot.replacing(session))
        number = found.session.position + 1
        words = {
            "arrived": say("Session %(number)s arrived", number=number),
            "fulfilled": say("Session %(number)s done", number=number),
        }
        return _decided(found, target, status, words[status], repaired_=False).carry_out()


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
        raise InvalidInput(say("Say why the course ends."), field="reason")
    with runtime.writing(actor) as unit:
        return end_course_in(unit, course_id, reason=reason.strip())


def end_course_in(unit: Unit, course_id: int, *, reason: str) -> Outcome:
    """`end_course` as a part of a larger transaction."""
    course = unit.get(CourseRow, course_id)
    before = take(unit, course)
    if before.status not in ("planned", "active", "onhold"):
        raise InvalidInput(say("This course has ended already."), field="course")
    dropped = [
        replace(session.closed("cancelled", by="clinic") if standing(unit, session) else session, dropped=True)
        for session in ahead(unit, before)
    ]
    given = any(session.done for session in before.live)
    target = replace(before.replacing(*dropped), status="finished" if given else "cancelled")
    worklists.close_items(unit, course.id, *worklists.ABOUT_COURSES)
    words = say("Course ended: %(why)s", why=reason)
    revision = write_change(unit, CourseChange(course, target, "ended", words))
    return Outcome(course.id, revision.id, repaired=False, says=revision.reason)


def miss(runtime: Runtime, actor: Actor, appointment_id: int, *, version: int | None = None) -> Outcome:
    """The patient did not come: the session is rebooked as soon as possible, the rest moved only where it must.

    After two misses in a row nothing is rebooked; the course goes to a worklist. Source: E25, E50–E53.
    """
    with runtime.writing(actor) as unit:
        found = visit(unit, appointment_id, version=version)
        _may_become(found, "noshow")
        if found.booked.starts_at > unit.now:
            raise InvalidInput(say("This visit has not begun yet."), field="status")
        closed = found.snapshot.replacing(found.session.closed("noshow"))
        events = [Missed(str(found.course.id), frozenset({found.session.key}))]
        return _after_loss(found, closed, "missed", events).carry_out()


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
    return decide_cancel(unit, appointment_id, version=version, rebook=rebook, reason=reason).carry_out()


def decide_cancel(
    unit: Unit, appointment_id: int, *, version: int | None = None, rebook: bool = True, reason: str = ""
) -> Decision:
    """What `cancel` comes to; nothing is written."""
    found = visit(unit, appointment_id, version=version)
    _may_become(found, "cancelled")
    if found.booked.starts_at <= unit.now and found.booked.status != "noshow":
        raise AppointmentLocked(say("This visit has begun; mark it as missed instead."))
    late = would_be_late(unit, found.row)
    by = "patient" if unit.actor.patient_id is not None else "clinic"
    closed = found.session.closed("cancelled", late=late and by == "patient", by=by)
    words = _cancelled(found.session.position + 1, by, late=late, reason=reason)
    if not rebook:
        target = found.snapshot.replacing(replace(closed, dropped=True))
        return _decided(found, target, "cancelled", words, repaired_=False, late=late)
    name, day = str(found.course.id), to_wall(found.booked.starts_at, unit.zone).date()
    events: list[Event] = [CalledOff(name, frozenset({found.session.key}))]
    if by == "patient":
        events.append(Pause(name, day, day + timedelta(days=1)))
    after = found.snapshot.replacing(closed)
    counted = late and by == "patient"
    return _after_loss(found, after, "cancelled", events, words=words, late=late, counted=counted)


def _cancelled(number: int, by: str, *, late: bool, reason: str) -> Text:
    """What the history of the course says of it."""
    if by == "clinic":
        words = say("Session %(number)s cancelled by the clinic", number=number)
        words = say("Session %(number)s cancelled by the clinic, late", number=number) if late else words
    else:
        words = say("Session %(number)s cancelled by the patient", number=number)
        words = say("Session %(number)s cancelled by the patient, late", number=number) if late else words
    return say("%(what)s: %(why)s", what=words, why=reason) if reason else words


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
        raise AppointmentLocked(say("This visit is not ahead any more."))
    if found.booked.confirmed_at is not None:
        return Outcome(found.course.id, 0, repaired=False, says=say("Already confirmed"))
    session = found.session.with_current(replace(found.booked, confirmed_at=unit.now))
    words = say("Session %(number)s confirmed", number=found.session.position + 1)
    return _decided(found, found.snapshot.replacing(session), "confirmed", words, repaired_=False).carry_out()


def unconfirm_in(unit: Unit, appointment_id: int) -> None:
    """Take a confirmation back, because the patient thought better of it; nothing if there was none."""
    found = visit(unit, appointment_id)
    if found.booked.confirmed_at is None or standing(unit, found.session) is None:
        return
    session = found.session.with_current(replace(found.booked, confirmed_at=None))
    words = say("Session %(number)s not confirmed any more", number=found.session.position + 1)
    _decided(found, found.snapshot.replacing(session), "confirmed", words, repaired_=False).carry_out()


def resume(runtime: Runtime, actor: Actor, course_id: int) -> Outcome:
    """Set the automation going again after two misses, and place what is owed."""
    with runtime.writing(actor) as unit:
        course = unit.get(CourseRow, course_id)
        snapshot = replace(take(unit, course), automation="apply")
        lost = (each for each in snapshot.live if each.owed and each.current and each.current.status == "noshow")
        missed = Missed(str(course.id), frozenset(each.key for each in lost))
        target = repaired(unit, course, snapshot, [missed])
        worklists.close_items(unit, course.id, worklists.TWO_MISSES, worklists.TO_PLACE, worklists.PROPOSAL)
        note_unplaced(unit, course, target)
        change = CourseChange(course, target, "resumed", say("Resumed by hand; what is owed was placed again"))
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
        raise InvalidInput(
            say("A visit that is %(now)s can't become %(then)s.", now=found.booked.status, then=status), field="status"
        )


def _after_loss(
    found: Visit,
    closed: CourseSnapshot,
    kind: str,
    events: Sequence[Event],
    *,
    words: Text | None = None,
    late: bool = False,
    counted: bool = True,
) -> Decision:
    """Repair the course, unless the misses in a row (or an earlier stop) say that a person should talk first."""
    unit, course = found.unit, found.course
    words = words or say("Session %(number)s missed", number=found.session.position + 1)
    evidence = Evidence.load(unit.clinic.evidence_overrides)
    misses = misses_in_a_row(PastVisit(booked.status, booked.late_cancellation) for booked in _history(closed))
    stops = counted and bool(misses) and verdict_after_miss(misses, evidence).action is MissAction.STOP
    if stops or closed.automation == "stopped":
        alone = say("%(what)s; nothing rebooked by itself", what=words)
        stopped = replace(closed, automation="stopped")
        call = [partial(_note_misses, unit, course, misses)] if stops else []
        return _decided(found, stopped, kind, alone, repaired_=False, late=late, notes=call)
    level = automation_level(unit.clinic, _ABOUT[kind])
    if level != "apply":
        return _left_to_a_person(found, closed, kind, words, level, late=late)
    found_best = repaired_among_others(unit, course, closed, events)
    target = found_best.target
    notes = [partial(note_unplaced, unit, course, target), partial(propose_catch_up, unit, course, target, evidence)]
    says = say("%(what)s; the rest repaired", what=words)
    return _decided(found, target, kind, says, repaired_=True, late=late, others=found_best.others, notes=notes)


def _note_misses(unit: Unit, course: CourseRow, misses: int) -> None:
    says = say("%(misses)s misses in a row: talk to the patient before more is booked.", misses=misses)
    worklists.open_item(unit, worklists.TWO_MISSES, f"two-misses-{course.id}", says, course.id)


def _left_to_a_person(
    found: Visit, closed: CourseSnapshot, kind: str, words: Text, level: Level, *, late: bool
) -> Decision:
    """The loss alone: the worklist says so, with what the planner would do where it may propose that."""
    unit, course, session = found.unit, found.course, closed.session(found.session.id or 0)
    why = PROPOSED if level == "propose" else NOT_AT_ALL
    target = closed.replacing(replace(session, unplaced_reason=why))
    says = say("%(what)s; nothing rebooked by itself", what=words)
    loss = Loss(_ABOUT[kind], (session.id or 0,), words, found.booked.starts_at)
    note = partial(propose, unit, course, loss) if level == "propose" else partial(note_unplaced, unit, course, target)
    return _decided(found, target, kind, says, repaired_=False, late=late, notes=[note])


def _history(snapshot: CourseSnapshot) -> list[Booked]:
    booked = [each for session in snapshot.sessions for each in session.appointments]
    return sorted(booked, key=lambda each: each.starts_at)


def _decided(
    found: Visit,
    target: CourseSnapshot,
    kind: str,
    reason: str,
    *,
    repaired_: bool,
    late: bool = False,
    others: Sequence[CourseChange] = (),
    notes: Sequence[Callable[[], None]] = (),
) -> Decision:
    """The change, with those of other courses that make room for it."""
    if others:
        reason = say_many(
            "%(what)s; %(num)s other patient made room", "%(what)s; %(num)s other patients made room",
            len(others), what=reason,
        )  # fmt: skip
    own = CourseChange(found.course, target, kind, reason)
    return Decision(found.unit, (own, *others), repaired_, late, tuple(notes))
