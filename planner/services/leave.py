"""A therapist is away: the courses it touches are planned anew together, shown, and changed together or not at all."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import func, select

from planner.diary.hours import Leave
from planner.errors import PlannerError
from planner.scheduling.events import PractitionerAway
from planner.scheduling.together import Budget
from planner.services import replan_jobs, worklists
from planner.services.attendance_proposals import propose_for_leave
from planner.services.attention_courses import note_now
from planner.services.clinic_setup import add_leave, automation_level, check_leave
from planner.services.job_rows import look
from planner.services.joint import JointScene, Planned, scene_of, solved
from planner.services.planning import edge
from planner.services.replan import UPCOMING, Replan, struck_courses, struck_scene, write_replan
from planner.services.replan_jobs import needed
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.solve_jobs import Watch
from planner.storage.courses import AppointmentRow, CourseRow
from planner.words import say

LEAVE_JOB: Final = "leave"
_PROPOSING: Final = Budget(iterations=0)
"""The first answer there is: whoever recorded the leave waits for it."""
_log = logging.getLogger("planner.leave")


@dataclass(frozen=True, slots=True)
class Absence:
    """A leave that is not recorded yet, and whose it is.

    Args:
        only: the courses that are changed, by id; the others stay where they are. None for all.
    """

    staff_id: int
    leave: Leave
    only: frozenset[int] | None = None

    kind: ClassVar[str] = LEAVE_JOB

    def check(self, unit: Unit) -> None:
        """Raises InvalidInput: the person treats nobody, or it is recorded already."""
        check_leave(unit, self.staff_id, self.leave)

    def touches(self, unit: Unit) -> int:
        """How many courses have an appointment in it."""
        self.check(unit)
        return unit.session.scalar(self.met(unit, func.count(AppointmentRow.course_id.distinct()))) or 0

    def scene(self, unit: Unit, also: Iterable[int] = ()) -> JointScene:
        """The courses with an appointment in it, and those that may make room by the policy."""
        self.check(unit)
        found = self.courses(unit)
        courses = [each for each in found if self.only is None or each in self.only]
        span = edge(self.leave.starts, unit.zone), edge(self.leave.ends, unit.zone)
        left = set(found) - set(courses)
        return struck_scene(unit, self.event, courses, span, also=set(also) - left, but_for=left)

    @property
    def event(self) -> PractitionerAway:
        """As the engine knows it."""
        return PractitionerAway(str(self.staff_id), self.leave.starts, self.leave.ends)

    def courses(self, unit: Unit) -> Sequence[int]:
        """The ids of all courses with an appointment in it, whoever comes first."""
        row = AppointmentRow
        ordered = self.met(unit, row.course_id).group_by(row.course_id).order_by(func.min(row.starts_at))
        found: Sequence[int] = unit.session.scalars(ordered).all()
        return found

    def record(self, unit: Unit, plan: Sequence[Planned]) -> Replan:
        """Record the leave and bring its courses to the plan, as far as it still holds, together.

        What stays in the leave comes onto the worklist.
        """
        scene = self.scene(unit, also={each.course_id for each in plan})
        if self.only is not None:
            plan = needed(scene, plan)
        name = check_leave(unit, self.staff_id, self.leave).name
        add_leave(unit, self.staff_id, self.leave)
        unit.session.flush()
        done = write_replan(unit, scene, plan, kind="leave", says=say("%(name)s is away", name=name))
        note_now(unit, worklists.LEAVE_CLASH)
        left = unit.session.scalar(self.met(unit, func.count(AppointmentRow.id))) or 0
        return replace(done, left=left)

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        times = {"starts": self.leave.starts.isoformat(), "ends": self.leave.ends.isoformat()}
        return {"staff_id": self.staff_id, **times, "reason": self.leave.reason}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Absence:
        """The inverse of `to_json`."""
        starts, ends = (datetime.fromisoformat(data[name]) for name in ("starts", "ends"))
        return cls(data["staff_id"], Leave(starts, ends, data["reason"]))

    def met(self, unit: Unit, *columns: Any) -> Any:
        """A query for these columns of the appointments in it."""
        row = AppointmentRow
        return select(*columns).where(
            row.practitioner_id == self.staff_id,
            row.status.in_(UPCOMING),
            row.starts_at > unit.now,
            row.starts_at < edge(self.leave.ends, unit.zone),
            row.ends_at > edge(self.leave.starts, unit.zone),
        )


def left_to_people(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> int | None:
    """How many courses would stay in this leave for somebody to move, where the clinic wants no plan; else None.

    Raises:
        InvalidInput: it makes no sense.
    """
    with runtime.reading(actor) as unit:
        touched = Absence(staff_id, leave).touches(unit)
        return touched if automation_level(unit.clinic, "leave") == "off" else None


def chosen_first(runtime: Runtime, actor: Actor) -> bool:
    """Whether all courses are to be changed unless somebody says otherwise, or each only when somebody says so."""
    with runtime.reading(actor) as unit:
        return automation_level(unit.clinic, "leave") == "apply"


def planned_at_once(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> bool:
    """Whether a leave is planned while the browser waits; see `replan_jobs`."""
    return replan_jobs.planned_at_once(runtime, actor, Absence(staff_id, leave))


def preview_leave(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave) -> Replan:
    """What recording this leave would do; nothing is kept."""
    return replan_jobs.preview(runtime, actor, Absence(staff_id, leave))


def record_leave(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave, *, digest: str | None = None) -> Replan:
    """Record a leave and plan every course with an appointment in it anew, at once; see `replan_jobs.record`."""
    done = replan_jobs.record(runtime, actor, Absence(staff_id, leave), digest=digest)
    return _with_proposals(runtime, actor, Absence(staff_id, leave), done)


def preview_some(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave, only: Collection[int]) -> Replan:
    """What recording this leave would do where only these courses are changed; see `replan_jobs.preview_some`."""
    some = Absence(staff_id, leave, frozenset(only))
    return replan_jobs.preview_some(runtime, actor, Absence(staff_id, leave), some)


def record_some(runtime: Runtime, actor: Actor, staff_id: int, leave: Leave, digests: Mapping[int, str]) -> Replan:
    """Record a leave, and change only these courses, as they were shown; see `replan_jobs.record_some`."""
    some = Absence(staff_id, leave, frozenset(digests))
    done = replan_jobs.record_some(runtime, actor, Absence(staff_id, leave), some, digests)
    return _with_proposals(runtime, actor, some, done)


def plan_leave(
    runtime: Runtime,
    actor: Actor,
    staff_id: int,
    leave: Leave,
    *,
    job_id: int,
    seconds: float = replan_jobs.THINK_SECONDS,
) -> None:
    """Let the whole clinic's plan for a leave be made outside the request; see `replan_jobs.begin`."""
    replan_jobs.begin(runtime, actor, Absence(staff_id, leave), think, job_id=job_id, seconds=seconds)


def think(runtime: Runtime, actor: Actor, request: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """The work of a leave's job."""
    return replan_jobs.think(runtime, actor, Absence.from_json(request), request["seconds"], watch)


def apply_leave(runtime: Runtime, actor: Actor, job_id: int, *, only: Collection[int] | None = None) -> Replan:
    """Record a leave by its finished plan; see `replan_jobs.apply`.

    Args:
        only: the courses that are changed, by id; None for all.
    """

    def read(request: Mapping[str, Any]) -> Absence:
        return replace(Absence.from_json(request), only=None if only is None else frozenset(only))

    asked = Absence.from_json(look(runtime, actor, job_id).request)
    done = replan_jobs.apply(runtime, actor, job_id, LEAVE_JOB, read, only=only)
    return _with_proposals(runtime, actor, asked, done)


def _with_proposals(runtime: Runtime, actor: Actor, what: Absence, done: Replan) -> Replan:
    """What was done, after new dates for what stays in the leave were put on the worklist, where the clinic wants that.

    They are planned together with nothing locked, and kept each in a transaction of its own: whatever hinders one, the
    leave is recorded, and its visits are listed.
    """
    if not done.left:
        return done
    with runtime.reading(actor) as unit:
        if automation_level(unit.clinic, "leave") != "propose":
            return done
        asked = struck_courses(unit, what.event, what.courses(unit))
        scene = scene_of(unit, asked, what.event)
    for planned in solved(scene, _PROPOSING)[0]:
        try:
            with runtime.writing(actor) as unit:
                propose_for_leave(unit, unit.get(CourseRow, planned.course_id), planned)
        except PlannerError as refusal:
            name = type(refusal).__name__
            _log.warning("course %s: no dates could be proposed for a leave: %s", planned.course_id, name)
    return done
