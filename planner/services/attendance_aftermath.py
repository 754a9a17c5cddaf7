"""What a repair leaves to a person: sessions without a date, and a course that was interrupted for long."""

from __future__ import annotations

from planner.care.assessment import Assessment
from planner.care.attendance import catch_up
from planner.care.evidence import Evidence
from planner.care.factors import is_chronic
from planner.diary.free import to_wall
from planner.services import worklists
from planner.services.planning import standing
from planner.services.runtime import Unit
from planner.services.snapshot import CourseSnapshot
from planner.storage.courses import AssessmentRow, CourseRow
from planner.words import listing, say, say_many


def note_unplaced(unit: Unit, course: CourseRow, target: CourseSnapshot) -> None:
    """Put a course with sessions that found no place on the worklist, or take it off."""
    waiting = [session for session in target.live if session.unplaced_reason]
    if not waiting:
        worklists.close_items(unit, course.id, worklists.TO_PLACE)
        return
    says = say_many(
        "%(num)s to place: %(why)s", "%(num)s to place: %(why)s", len(waiting), why=waiting[0].unplaced_reason
    )
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
    says = say(
        "%(gap)s days without treatment, %(most)s are the most here: %(sessions)s extra session is proposed"
        " (%(rows)s).",
        gap=proposal.gap_days, most=proposal.max_gap_days, sessions=proposal.sessions,
        rows=listing(proposal.evidence, ", "),
    )  # fmt: skip
    worklists.open_item(unit, worklists.CATCH_UP, f"catch-up-{course.id}", says, course.id, sessions=proposal.sessions)
