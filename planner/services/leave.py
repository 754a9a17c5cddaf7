"""A therapist is away: the courses it touches are planned anew together, shown, and changed together or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from planner.diary.hours import Leave
from planner.errors import StaleForm
from planner.scheduling.together import Budget
from planner.services.attendance import note_unplaced
from planner.services.clinic_setup import add_leave, check_leave
from planner.services.diary_writer import CourseChange, write_changes
from planner.services.difference import Difference, difference
from planner.services.job_rows import Job, ready, use
from planner.services.joint import Asked, JointScene, Planned, scene_of, settled, solved
from planner.services.planning import edge
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, take_all
from planner.services.solve_jobs import Watch, start
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow, CourseRow
from planner.storage.ids import new_id
from planner.storage.people import PatientRow

LEAVE_JOB: Final = "leave"
MOST_AT_ONCE: Final = 8
"""So many touched courses are planned while the browser waits; more become a job."""

THINK_SECONDS: Final = 20.0
SETTLE_SECONDS: Final = 3.0
"""So long is thought about what changed meanwhile, before the diary is locked."""

_BYSTANDERS_WITHIN: Final = timedelta(days=28)
_MOST_BYSTANDERS: Final = 60
_UPCOMING: Final = ("booked", "pending")


@dataclass(frozen=True, slots=True)
class TouchedCourse:
    """One course before and after a leave. A bystander had nothing in it, and makes room for somebody who had."""

    course_id: int
    patient: str
    difference: Difference
    unplaced: int
    bystander: bool = False


@dataclass(frozen=True, slots=True)
class LeavePlan:
    """What a leave does to the diary. The revisions are one batch: undoing one undoes them all.

    Args:
        changed: patients who got other dates than were shown, because the diary had changed meanwhile.
    """

    courses: tuple[TouchedCourse, ...]
    revision_ids: tuple[int, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names exactly this outcome, so that nothing else is recorded."""
        words = sorted((course.course_id, _dates(course.difference)) for course in self.courses)
        return hashlib.sha256(repr(words).encode()).hexdigest()

    @property
    def bystanders(self) -> tuple[str, ...]:
        """Patients who make room, though the leave does not concern them."""
        return tuple(course.patient for course in self.courses if course.bystander)


@dataclass(frozen=True, slots=True)
class _Touched:
    """A course with an appointment in the leave, and those appointments."""

    course: CourseRow
    appointment_ids: frozenset[int]


def count_touched(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> int:
    """How many courses have an appointment in a leave.

    Raises:
        InvalidInput: the person treats nobody.
    """
    with runtime.reading(actor) as unit:
        check_leave(unit, staff_id)
        return (
            unit.session.scalar(_in_leave(unit, staff_id, leave, func.count(AppointmentRow.course_id.distinct()))) or 0
        )


def planned_at_once(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> bool:
    """Whether a leave is planned while the browser waits: it touches few courses, and no others may make room.

    Raises:
        InvalidInput: the person treats nobody.
    """
    touched = count_touched(runtime, actor, staff_id, leave)
    with runtime.reading(actor) as unit:
        alone = unit.clinic.displacing == "never"
    return touched == 0 or (touched <= MOST_AT_ONCE and alone)


def preview_leave(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> LeavePlan:
    """What recording this leave would do; nothing is kept."""
    with runtime.reading(actor) as unit:
        scene = leave_scene(unit, staff_id, leave)
    planned, _ = solved(scene, Budget(iterations=MOST_AT_ONCE))
    with runtime.reading(actor) as unit:
        return _shown(unit, planned, _names_touched(scene))


def record_leave(
    runtime: Runtime, actor: Actor, staff_id: int, leave: Leave, *, digest: str | None = None
) -> LeavePlan:
    """Record a leave and plan every course with an appointment in it anew, at once.

    Args:
        digest: of the preview the person agreed to; None to take what comes.
    Raises:
        StaleForm: the diary changed since the preview, so that something else would happen.
    """
    with runtime.reading(actor) as unit:
        scene = leave_scene(unit, staff_id, leave)
    planned, _ = solved(scene, Budget(iterations=MOST_AT_ONCE))
    with runtime.writing(actor) as unit:
        done = _record(unit, staff_id, leave, planned)
        if digest is not None and digest != done.digest:
            raise StaleForm("The diary changed since this preview. Look at what would happen now.")
        return done


def plan_leave(
    runtime: Runtime, actor: Actor, staff_id: int, leave: Leave, *, job_id: int, seconds: float = THINK_SECONDS
) -> None:
    """Let the whole clinic's plan for a leave be made outside the request, improved for at most so many seconds."""
    with runtime.reading(actor) as unit:
        check_leave(unit, staff_id)
    request = {**leave_to_json(staff_id, leave), "seconds": seconds}
    start(runtime, actor, LEAVE_JOB, request, think, job_id=job_id)


def think(runtime: Runtime, actor: Actor, request: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """The work of a leave's job: look at the diary, then think with nothing locked."""
    staff_id, leave = leave_from_json(request)
    with runtime.reading(actor) as unit:
        scene = leave_scene(unit, staff_id, leave)
    planned, answer = solved(scene, Budget(seconds=request["seconds"], progress=watch.progress, stop=watch.stopped))
    touched = _names_touched(scene)
    return {
        "courses": [each.to_json() for each in planned if each.course_id in touched or _changes(each)],
        "touched": sorted(touched),
        "points": answer.points,
        "lower_bound": answer.lower_bound,
    }


def planned_leave(runtime: Runtime, actor: Actor, job: Job) -> LeavePlan:
    """What a finished job would do to the diary, as it was when it was planned."""
    with runtime.reading(actor) as unit:
        return _shown(unit, map(Planned.from_json, job.answer["courses"]), set(job.answer["touched"]))


def apply_leave(runtime: Runtime, actor: Actor, job_id: int) -> LeavePlan:
    """Record a leave by its finished plan; what was taken or changed meanwhile is planned anew.

    That happens before the diary is locked; inside, only what changed in the last moment is.


    Raises:
        StaleForm: it was recorded before.
        InvalidInput: the plan is not ready.
    """
    with runtime.reading(actor) as unit:
        job = ready(unit, job_id, LEAVE_JOB)
        staff_id, leave = leave_from_json(job.request)
        plan = [Planned.from_json(each) for each in job.answer["courses"]]
        scene = leave_scene(unit, staff_id, leave, also={each.course_id for each in plan})
    shown = {each.course_id: _dates(difference(each.before, each.after)) for each in plan}
    plan = settled(scene, plan, Budget(seconds=SETTLE_SECONDS))
    with runtime.writing(actor) as unit:
        use(unit, job_id, LEAVE_JOB)
        done = _record(unit, staff_id, leave, plan)
    others = (each.patient for each in done.courses if _dates(each.difference) != shown.get(each.course_id, ()))
    return replace(done, changed=tuple(others))


def leave_scene(unit: Unit, staff_id: int, leave: Leave, also: Iterable[int] = ()) -> JointScene:
    """The touched courses, without their appointments in the leave, and those that may make room by the policy.

    Args:
        also: ids of courses that took part in a plan made before.
    """
    check_leave(unit, staff_id)
    touched = _touched(unit, staff_id, leave)
    before = take_all(unit, [each.course for each in touched])
    asked = [
        Asked(each.course, before[each.course.id], _without(before[each.course.id], each.appointment_ids))
        for each in touched
    ]
    lost = {appointment_id for each in touched for appointment_id in each.appointment_ids}
    if asked and unit.clinic.displacing != "never":
        any_ = unit.clinic.displacing == "any"
        others = _bystanders(unit, leave, [each.course for each in asked], set(also) - set(before))
        snapshots = take_all(unit, others)
        asked += [
            Asked(each, snapshots[each.id], snapshots[each.id], bystander=True, may_move_confirmed=any_)
            for each in others
        ]
    return scene_of(unit, asked, freeing=lost, leave_to_come=[(staff_id, leave)])


def leave_to_json(staff_id: int, leave: Leave) -> dict[str, Any]:
    """A leave as a job keeps it."""
    times = {"starts": leave.starts.isoformat(), "ends": leave.ends.isoformat()}
    return {"staff_id": staff_id, **times, "reason": leave.reason}


def leave_from_json(data: dict[str, Any]) -> tuple[int, Leave]:
    """The inverse of `leave_to_json`."""
    starts, ends = (datetime.fromisoformat(data[name]) for name in ("starts", "ends"))
    return data["staff_id"], Leave(starts, ends, data["reason"])


def _record(unit: Unit, staff_id: int, leave: Leave, plan: Sequence[Planned]) -> LeavePlan:
    """Record the leave and bring all courses to the plan, as far as it still holds, together."""
    scene = leave_scene(unit, staff_id, leave, also={each.course_id for each in plan})
    name = check_leave(unit, staff_id).name
    add_leave(unit, staff_id, leave)
    unit.session.flush()
    touched = _names_touched(scene)
    done = [each for each in settled(scene, plan) if each.course_id in touched or _changes(each)]
    changes = [
        CourseChange(
            scene.asked[str(each.course_id)].course,
            each.after,
            "leave",
            f"{name} is away" if each.course_id in touched else f"Made room for another patient: {name} is away",
        )
        for each in done
    ]
    revisions = write_changes(unit, changes, batch=new_id())
    for change in changes:
        note_unplaced(unit, change.course, change.target)
    shown = _shown(unit, done, touched)
    return LeavePlan(shown.courses, tuple(revision.id for revision in revisions))


def _in_leave(unit: Unit, staff_id: int, leave: Leave, *columns: Any) -> Any:
    row = AppointmentRow
    return select(*columns).where(
        row.practitioner_id == staff_id,
        row.status.in_(_UPCOMING),
        row.starts_at > unit.now,
        row.starts_at < edge(leave.ends, unit.zone),
        row.ends_at > edge(leave.starts, unit.zone),
    )


def _touched(unit: Unit, staff_id: int, leave: Leave) -> list[_Touched]:
    """Courses with an appointment in the leave, by their first one."""
    row = AppointmentRow
    found = unit.session.execute(_in_leave(unit, staff_id, leave, row.id, row.course_id).order_by(row.starts_at))
    by_course: dict[int, set[int]] = {}
    for appointment_id, course_id in found:
        by_course.setdefault(course_id, set()).add(appointment_id)
    return [_Touched(unit.get(CourseRow, course_id), frozenset(ids)) for course_id, ids in by_course.items()]


def _bystanders(unit: Unit, leave: Leave, touched: Sequence[CourseRow], also: set[int]) -> list[CourseRow]:
    """Courses which stand where the touched ones could go: with their therapists, in and soon after the leave."""
    people = {person for course in touched for person in Wishes.from_json(course.wishes).practitioners}
    row = AppointmentRow
    found = unit.session.scalars(
        select(row.course_id)
        .join(CourseRow, (CourseRow.id == row.course_id) & (CourseRow.clinic_id == row.clinic_id))
        .where(
            row.practitioner_id.in_(people),
            row.status.in_(_UPCOMING),
            row.starts_at > max(unit.now, edge(leave.starts, unit.zone)),
            row.starts_at < edge(leave.ends, unit.zone) + _BYSTANDERS_WITHIN,
            row.course_id.not_in([course.id for course in touched]),
            CourseRow.automation == "apply",
        )
        .group_by(row.course_id)
        .order_by(func.min(row.starts_at))
        .limit(_MOST_BYSTANDERS)
    )
    return [unit.get(CourseRow, course_id) for course_id in sorted({*found, *also})]


def _without(snapshot: CourseSnapshot, appointment_ids: frozenset[int]) -> CourseSnapshot:
    """The course with these appointments called off by the clinic; confirmed or not, they can't happen."""
    called_off = [
        session.closed("cancelled", by="clinic")
        for session in snapshot.live
        if session.current is not None and session.current.id in appointment_ids
    ]
    return snapshot.replacing(*called_off)


def _names_touched(scene: JointScene) -> set[int]:
    return {each.course.id for each in scene.asked.values() if not each.bystander}


def _dates(changes: Difference) -> tuple[tuple[object, ...], ...]:
    """What a person reads of a change: which session, what becomes of it, when and with whom."""
    return tuple(
        (each.number, each.kind.value, each.after and (each.after.starts_at, each.after.practitioner_id))
        for each in changes.told
    )


def _changes(planned: Planned) -> bool:
    return bool(difference(planned.before, planned.after).told)


def _shown(unit: Unit, planned: Iterable[Planned], touched: set[int]) -> LeavePlan:
    """Course by course, the touched ones first (one query)."""
    told = [each for each in planned if each.course_id in touched or _changes(each)]
    names = dict(
        unit.session.execute(
            select(CourseRow.id, PatientRow.name)
            .join(PatientRow, (PatientRow.id == CourseRow.patient_id) & (PatientRow.clinic_id == CourseRow.clinic_id))
            .where(CourseRow.id.in_([each.course_id for each in told]))
        ).all()
    )
    lines = [
        TouchedCourse(
            course_id=each.course_id,
            patient=names[each.course_id],
            difference=difference(each.before, each.after),
            unplaced=sum(1 for session in each.after.live if session.unplaced_reason),
            bystander=each.course_id not in touched,
        )
        for each in told
    ]
    return LeavePlan(tuple(sorted(lines, key=lambda line: line.bystander)))
