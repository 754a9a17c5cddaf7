"""A therapist is away: the courses it touches are planned anew together, shown, and changed together or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select

from planner.diary.hours import Leave
from planner.errors import StaleForm
from planner.scheduling.events import PractitionerAway
from planner.scheduling.together import Budget
from planner.services.clinic_setup import add_leave, check_leave
from planner.services.difference import difference
from planner.services.job_rows import Job, ready, use
from planner.services.joint import JointScene, Planned, settled, solved
from planner.services.planning import edge, policy_of
from planner.services.replan import (
    UPCOMING,
    Replan,
    changes,
    dates_told,
    names_touched,
    shown_replan,
    struck_scene,
    write_replan,
)
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.solve_jobs import Watch, start
from planner.storage.courses import AppointmentRow

LEAVE_JOB: Final = "leave"
MOST_AT_ONCE: Final = 8
"""So many touched courses are planned while the browser waits; more become a job."""

THINK_SECONDS: Final = 20.0
SETTLE_SECONDS: Final = 3.0
"""So long is thought about what changed meanwhile, before the diary is locked."""


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
        alone = policy_of(unit) == "never"
    return touched == 0 or (touched <= MOST_AT_ONCE and alone)


def preview_leave(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> Replan:
    """What recording this leave would do; nothing is kept."""
    with runtime.reading(actor) as unit:
        scene = leave_scene(unit, staff_id, leave)
    planned, _ = solved(scene, Budget(iterations=MOST_AT_ONCE))
    with runtime.reading(actor) as unit:
        return shown_replan(unit, planned, names_touched(scene))


def record_leave(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave, *, digest: str | None = None) -> Replan:
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
    touched = names_touched(scene)
    return {
        "courses": [each.to_json() for each in planned if each.course_id in touched or changes(each)],
        "touched": sorted(touched),
        "points": answer.points,
        "lower_bound": answer.lower_bound,
    }


def planned_leave(runtime: Runtime, actor: Actor, job: Job) -> Replan:
    """What a finished job would do to the diary, as it was when it was planned."""
    with runtime.reading(actor) as unit:
        return shown_replan(unit, map(Planned.from_json, job.answer["courses"]), set(job.answer["touched"]))


def apply_leave(runtime: Runtime, actor: Actor, job_id: int) -> Replan:
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
    shown = {each.course_id: dates_told(difference(each.before, each.after)) for each in plan}
    plan = settled(scene, plan, Budget(seconds=SETTLE_SECONDS))
    with runtime.writing(actor) as unit:
        use(unit, job_id, LEAVE_JOB)
        done = _record(unit, staff_id, leave, plan)
    others = (each.patient for each in done.courses if dates_told(each.difference) != shown.get(each.course_id, ()))
    return replace(done, changed=tuple(others))


def leave_scene(unit: Unit, staff_id: int, leave: Leave, also: Iterable[int] = ()) -> JointScene:
    """The courses with an appointment in a leave, and those that may make room by the policy.

    Args:
        also: ids of courses that took part in a plan made before.
    """
    check_leave(unit, staff_id)
    courses = unit.session.scalars(
        _in_leave(unit, staff_id, leave, AppointmentRow.course_id)
        .group_by(AppointmentRow.course_id)
        .order_by(func.min(AppointmentRow.starts_at))
    )
    event = PractitionerAway(str(staff_id), leave.starts, leave.ends)
    span = edge(leave.starts, unit.zone), edge(leave.ends, unit.zone)
    return struck_scene(unit, event, list(courses), span, also=also)


def leave_to_json(staff_id: int, leave: Leave) -> dict[str, Any]:
    """A leave as a job keeps it."""
    times = {"starts": leave.starts.isoformat(), "ends": leave.ends.isoformat()}
    return {"staff_id": staff_id, **times, "reason": leave.reason}


def leave_from_json(data: dict[str, Any]) -> tuple[int, Leave]:
    """The inverse of `leave_to_json`."""
    starts, ends = (datetime.fromisoformat(data[name]) for name in ("starts", "ends"))
    return data["staff_id"], Leave(starts, ends, data["reason"])


def _record(unit: Unit, staff_id: int, leave: Leave, plan: Sequence[Planned]) -> Replan:
    """Record the leave and bring all courses to the plan, as far as it still holds, together."""
    scene = leave_scene(unit, staff_id, leave, also={each.course_id for each in plan})
    name = check_leave(unit, staff_id).name
    add_leave(unit, staff_id, leave)
    unit.session.flush()
    return write_replan(unit, scene, plan, kind="leave", says=f"{name} is away")


def _in_leave(unit: Unit, staff_id: int, leave: Leave, *columns: Any) -> Any:
    row = AppointmentRow
    return select(*columns).where(
        row.practitioner_id == staff_id,
        row.status.in_(UPCOMING),
        row.starts_at > unit.now,
        row.starts_at < edge(leave.ends, unit.zone),
        row.ends_at > edge(leave.starts, unit.zone),
    )
