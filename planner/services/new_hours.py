"""A therapist works other hours from a day on: who is booked outside of them is planned anew, shown, then changed.

What was agreed outside of the old hours already stays: it never depended on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Final

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.diary.hours import WeeklyHours, changed_from
from planner.diary.interval import Interval
from planner.diary.wall_grid import Cells, WallGrid
from planner.errors import InvalidInput
from planner.scheduling.events import NewHours
from planner.scheduling.free_spans import FreeSpans
from planner.services import replan_jobs
from planner.services.clinic_setup import check_hours
from planner.services.hours_changes import hours_of, keep_change, must_have_seen
from planner.services.joint import JointScene, Planned
from planner.services.planning import MOST_DAYS, edge
from planner.services.replan import UPCOMING, Replan, struck_courses, struck_scene, write_replan
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.solve_jobs import Watch
from planner.services.work_time import HoursToCome, Work, grid_of
from planner.storage.courses import AppointmentRow
from planner.storage.ids import new_id
from planner.words import say

HOURS_JOB: Final = "hours"


@dataclass(frozen=True, slots=True)
class NewWeek:
    """Weekly hours of a therapist that hold from a day on instead of all others, and are not recorded yet.

    Args:
        lines: without days of their own; none where they work no more.
        seen: of the hours that were shown with the form, see `hours_changes.hours_seen`; None to set them whatever
            they are.
    """

    staff_id: int
    first_day: date
    lines: tuple[WeeklyHours, ...]
    seen: str | None = None

    kind: ClassVar[str] = HOURS_JOB

    def check(self, unit: Unit) -> None:
        """Refuse hours of somebody who treats nobody, and a day that is over.

        Raises:
            InvalidInput: naming the field.
            StaleForm: the person's hours are others than those that were shown.
        """
        check_hours(unit, self.staff_id)
        if self.seen is not None:
            must_have_seen(unit, self.staff_id, self.seen)
        if self.first_day < unit.today:
            raise InvalidInput(
                say("The day from which the hours hold is over. Choose today or a later one."), field="first_day"
            )

    def touches(self, unit: Unit) -> int:
        """How many courses have an appointment outside of them."""
        self.check(unit)
        event, courses = self._event(unit, self._to_come(unit))
        return len(struck_courses(unit, event, courses))

    def scene(self, unit: Unit, also: Iterable[int] = ()) -> JointScene:
        """The courses with an appointment outside of them, and those that may make room by the policy."""
        self.check(unit)
        to_come = self._to_come(unit)
        event, courses = self._event(unit, to_come)
        begins = max(unit.now, edge(datetime.combine(self.first_day, time()), unit.zone))
        return struck_scene(unit, event, courses, (begins, begins), also=also, hours_to_come=to_come)

    def record(self, unit: Unit, plan: Sequence[Planned]) -> Replan:
        """Set the hours and bring all courses to the plan, as far as it still holds, together."""
        scene = self.scene(unit, also={each.course_id for each in plan})
        name, batch = check_hours(unit, self.staff_id).name, new_id()
        keep_change(unit, self.staff_id, self.first_day, self._to_come(unit).lines, batch)
        return write_replan(
            unit, scene, plan, kind="hours", says=say("%(name)s works other hours", name=name), batch=batch
        )

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        lines = [line.to_json() for line in self.lines]
        return {"staff_id": self.staff_id, "first_day": self.first_day.isoformat(), "lines": lines, "seen": self.seen}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NewWeek:
        """The inverse of `to_json`."""
        lines = tuple(map(WeeklyHours.from_json, data["lines"]))
        return cls(data["staff_id"], date.fromisoformat(data["first_day"]), lines, data.get("seen"))

    def _to_come(self, unit: Unit) -> HoursToCome:
        """All the therapist's hours, as they will be."""
        return HoursToCome(self.staff_id, changed_from(self.first_day, hours_of(unit, self.staff_id), self.lines))

    def _event(self, unit: Unit, to_come: HoursToCome) -> tuple[NewHours, list[int]]:
        """What it does to the courses, and the ids of those that have an appointment ahead with the therapist."""
        row = AppointmentRow
        booked = unit.session.execute(
            select(row.course_id, row.starts_at, row.ends_at)
            .where(row.practitioner_id == self.staff_id, row.status.in_(UPCOMING), row.starts_at > unit.now)
            .order_by(row.starts_at)
        ).all()
        walls = [Interval(to_wall(each.starts_at, unit.zone), to_wall(each.ends_at, unit.zone)) for each in booked]
        event = NewHours(str(self.staff_id), tuple(_hours_from_now(unit, to_come, walls)))
        return event, list(dict.fromkeys(each.course_id for each in booked))


def planned_at_once(runtime: Runtime, actor: Actor, week: NewWeek) -> bool:
    """Whether new hours are planned while the browser waits; see `replan_jobs`."""
    return replan_jobs.planned_at_once(runtime, actor, week)


def preview_hours(runtime: Runtime, actor: Actor, week: NewWeek) -> Replan:
    """What these weekly hours would do; nothing is kept."""
    return replan_jobs.preview(runtime, actor, week)


def record_hours(runtime: Runtime, actor: Actor, week: NewWeek, *, digest: str | None = None) -> Replan:
    """Set the hours, and plan every course anew that has an appointment outside of them; see `replan_jobs.record`."""
    return replan_jobs.record(runtime, actor, week, digest=digest)


def plan_hours(
    runtime: Runtime, actor: Actor, week: NewWeek, *, job_id: int, seconds: float = replan_jobs.THINK_SECONDS
) -> None:
    """Let the whole clinic's plan for new hours be made outside the request; see `replan_jobs.begin`."""
    replan_jobs.begin(runtime, actor, week, think, job_id=job_id, seconds=seconds)


def think(runtime: Runtime, actor: Actor, request: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """The work of a job for new hours."""
    return replan_jobs.think(runtime, actor, NewWeek.from_json(request), request["seconds"], watch)


def apply_hours(runtime: Runtime, actor: Actor, job_id: int) -> Replan:
    """Set the hours by their finished plan; see `replan_jobs.apply`."""
    return replan_jobs.apply(runtime, actor, job_id, HOURS_JOB, NewWeek.from_json)


def _hours_from_now(unit: Unit, wanted: HoursToCome, booked: list[Interval]) -> FreeSpans:
    """The time worked by the new hours, and what was agreed outside of the old ones, as far as anything is booked."""
    last = max((each.end.date() for each in booked), default=unit.today)
    days = max(MOST_DAYS, (last - unit.today) // timedelta(days=1) + 1)
    grid = grid_of(unit.today, days, unit.clinic.grid_minutes, unit.zone)
    work = Work.load(unit, unit.today, days, {wanted.staff_id}, wanted)
    old, new = (each.of_practitioner(grid, wanted.staff_id) for each in (replace(work, to_come=None), work))
    return FreeSpans(grid.spans(new | grid.within(_outside(grid, old, booked))))


def _outside(grid: WallGrid, worked: Cells, booked: Iterable[Interval]) -> Iterator[Interval]:
    return (each for each in booked if bool((grid.within([each]) & ~worked).any()))
