"""Open-ended maintenance: a rolling few visits stay booked ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from planner.care.course import PhaseName, extend_maintenance, open_ended, phases_from_json
from planner.care.evidence import Evidence
from planner.scheduling.problem import Gap
from planner.services.attendance import UNATTENDED, note_unplaced
from planner.services.diary_writer import CourseChange, write_change
from planner.services.planning import ahead, whole_steps
from planner.services.repairing import repaired
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, SessionState, take
from planner.services.sweeping import SweepReport, each
from planner.storage.courses import AppointmentRow, CourseRow, SessionRow
from planner.storage.people import ClinicRow
from planner.words import say_many


def extend_all(runtime: Runtime) -> SweepReport:
    """Book further maintenance visits for every open-ended course that has fewer ahead than it should.

    Returns:
        As `done`, how many courses got one.
    """
    extended = []

    def work(course: tuple[int, int]) -> None:
        clinic_id, course_id = course
        if extend(runtime, Actor.system(clinic_id), course_id):
            extended.append(course_id)

    report = each(runtime, "extend-maintenance", _may_lack(runtime), key=lambda course: course[1], work=work)
    return replace(report, done=len(extended))


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
        words = say_many("%(num)s maintenance visit added", "%(num)s maintenance visits added", lacking)
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


def _may_lack(runtime: Runtime) -> Sequence[tuple[int, int]]:
    """Open-ended courses with too few maintenance visits booked, of all clinics (three queries).

    What is owed and has no date yet counts too, but not here: `extend` looks at that.
    """
    row = CourseRow
    with runtime.database.reading(None) as session:
        running = session.execute(
            select(row.clinic_id, row.id, row.phases).where(row.status == "active", row.automation == "apply")
        )
        endless = [(each.clinic_id, each.id) for each in running if open_ended(phases_from_json(list(each.phases)))]
        if not endless:
            return []
        booked = _booked_ahead(session, runtime.clock.now())
        wanted = {
            clinic.id: Evidence.load(clinic.evidence_overrides)["J7"].whole("sessions_ahead")
            for clinic in session.scalars(select(ClinicRow))
        }
    return [course for course in endless if booked.get(course, 0) < wanted[course[0]]]


def _booked_ahead(session: Session, now: datetime) -> dict[tuple[int, int], int]:
    """How many maintenance visits each course has booked, by clinic and course."""
    row, owed = AppointmentRow, SessionRow
    found = session.execute(
        select(row.clinic_id, row.course_id, func.count())
        .join(owed, (owed.clinic_id == row.clinic_id) & (owed.id == row.session_id))
        .where(
            row.status.in_(UNATTENDED),
            row.ends_at > now,
            row.starts_at > now,
            row.superseded.is_(False),
            owed.phase == PhaseName.MAINTENANCE,
            owed.dropped.is_(False),
        )
        .group_by(row.clinic_id, row.course_id)
    )
    return {(clinic_id, course_id): count for clinic_id, course_id, count in found}
