"""Open-ended maintenance: a rolling few visits stay booked ahead."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import select

from planner.care.course import PhaseName, extend_maintenance, open_ended, phases_from_json
from planner.care.evidence import Evidence
from planner.errors import PlannerError
from planner.scheduling.problem import Gap
from planner.services.attendance import note_unplaced
from planner.services.diary_writer import CourseChange, write_change
from planner.services.planning import ahead, whole_steps
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, SessionState, take
from planner.storage.courses import CourseRow

_log = logging.getLogger(__name__)


def extend_all(runtime: Runtime) -> int:
    """Book further maintenance visits for every open-ended course that has fewer ahead than it should.

    Returns:
        How many courses got one. One that fails is logged and left for the next time.
    """
    extended = 0
    for clinic_id, course_id in _active(runtime):
        try:
            extended += extend(runtime, Actor.system(clinic_id), course_id)
        except PlannerError as error:
            _log.warning("maintenance of course %s was not extended: %s", course_id, error.message)
    return extended


def extend(runtime: Runtime, actor: Actor, course_id: int) -> bool:
    """Book what one course lacks of its maintenance; False when it lacks nothing, or a person must decide first."""
    with runtime.reading(actor) as unit:
        course = unit.get(CourseRow, course_id)
        if not _lacking(unit, course, take(unit, course)):
            return False
    with runtime.writing(actor) as unit:
        course = unit.get(CourseRow, course_id)
        before = take(unit, course)
        lacking = _lacking(unit, course, before)
        if not lacking:
            return False
        target = repaired(unit, course, before.replacing(*_further(unit, course, before, lacking)))
        words = f"{lacking} maintenance visit{'s' if lacking > 1 else ''} added"
        write_change(unit, CourseChange(course, target, "maintenance", words))
        note_unplaced(unit, course, target)
        return True


def _lacking(unit: Unit, course: CourseRow, snapshot: CourseSnapshot) -> int:
    if course.status != "active" or course.automation != "apply":
        return 0
    evidence = Evidence.load(unit.clinic.evidence_overrides)
    coming = sum(1 for session in ahead(unit, snapshot) if session.phase == PhaseName.MAINTENANCE)
    return extend_maintenance(phases_from_json(list(snapshot.phases)), coming, evidence["J7"].whole("sessions_ahead"))


def _further(unit: Unit, course: CourseRow, snapshot: CourseSnapshot, count: int) -> Sequence[SessionState]:
    phase = open_ended(phases_from_json(list(snapshot.phases)))
    if phase is None:
        return ()
    gap = Gap(phase.gap_days.target, phase.gap_days.min, phase.gap_days.max)
    first = snapshot.next_position
    return [
        SessionState(None, first + index, phase.name.value, whole_steps(unit, course.visit_minutes), gap)
        for index in range(count)
    ]


def _active(runtime: Runtime) -> Sequence[tuple[int, int]]:
    with runtime.database.reading(None) as session:
        found = session.execute(select(CourseRow.clinic_id, CourseRow.id).where(CourseRow.status == "active"))
        return [(clinic_id, course_id) for clinic_id, course_id in found]
