"""A therapist works other hours from now on: who is booked outside of them is planned anew, shown, and all is changed.

What was agreed outside of the old hours already stays: it never depended on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.diary.hours import WeeklyHours
from planner.diary.interval import Interval
from planner.diary.wall_grid import Cells, WallGrid
from planner.errors import StaleForm
from planner.scheduling.events import NewHours
from planner.scheduling.free_spans import FreeSpans
from planner.scheduling.together import Budget
from planner.services.clinic_setup import check_hours, set_practitioner_hours
from planner.services.joint import JointScene, solved
from planner.services.planning import MOST_DAYS
from planner.services.replan import UPCOMING, Replan, names_touched, shown_replan, struck_scene, write_replan
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.work_time import HoursToCome, Work, grid_of
from planner.storage.courses import AppointmentRow

_AT_ONCE = Budget(iterations=40)
"""So far is thought while the person waits; always as far, so that what was shown is what is done."""


def preview_hours(runtime: Runtime, actor: Actor, staff_id: int, lines: Iterable[WeeklyHours]) -> Replan:
    """What these weekly hours instead of the present ones would do; nothing is kept.

    Raises:
        InvalidInput: the person treats nobody.
    """
    wanted = HoursToCome(staff_id, tuple(lines))
    with runtime.reading(actor) as unit:
        scene = hours_scene(unit, wanted)
    planned, _ = solved(scene, _AT_ONCE)
    with runtime.reading(actor) as unit:
        return shown_replan(unit, planned, names_touched(scene))


def record_hours(
    runtime: Runtime, actor: Actor, staff_id: int, lines: Iterable[WeeklyHours], *, digest: str | None = None
) -> Replan:
    """Replace all weekly hours of a therapist, and plan every course anew that has an appointment outside of them.

    Args:
        digest: of the preview the person agreed to; None to take what comes.
    Raises:
        InvalidInput: the person treats nobody.
        StaleForm: the diary changed since the preview, so that something else would happen.
    """
    wanted = HoursToCome(staff_id, tuple(lines))
    with runtime.reading(actor) as unit:
        scene = hours_scene(unit, wanted)
    planned, _ = solved(scene, _AT_ONCE)
    with runtime.writing(actor) as unit:
        scene = hours_scene(unit, wanted)
        name = check_hours(unit, staff_id).name
        set_practitioner_hours(unit, staff_id, wanted.lines)
        done = write_replan(unit, scene, planned, kind="hours", says=f"{name} works other hours")
        if digest is not None and digest != done.digest:
            raise StaleForm("The diary changed since this preview. Look at what would happen now.")
        return done


def hours_scene(unit: Unit, wanted: HoursToCome) -> JointScene:
    """The courses with an appointment outside of hours to come, and those that may make room by the policy."""
    check_hours(unit, wanted.staff_id)
    row = AppointmentRow
    booked = unit.session.execute(
        select(row.course_id, row.starts_at, row.ends_at)
        .where(row.practitioner_id == wanted.staff_id, row.status.in_(UPCOMING), row.starts_at > unit.now)
        .order_by(row.starts_at)
    ).all()
    walls = [Interval(to_wall(each.starts_at, unit.zone), to_wall(each.ends_at, unit.zone)) for each in booked]
    event = NewHours(str(wanted.staff_id), _hours_from_now(unit, wanted, walls))
    courses = list(dict.fromkeys(each.course_id for each in booked))
    return struck_scene(unit, event, courses, (unit.now, unit.now), hours_to_come=wanted)


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
