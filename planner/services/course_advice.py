"""The planner's advice on a course: what the measures say, and what a person made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from planner.care.course import Phase, PhaseName, phases_from_json
from planner.care.evidence import Evidence
from planner.care.factors import protocol_row
from planner.care.frequency import gap_of
from planner.care.progress import Advice, Standing, advise
from planner.care.taper import with_taper_from
from planner.errors import InvalidInput, StaleForm
from planner.services.assessments import RecordedAssessment
from planner.services.outcomes_measured import Recorded, of_course
from planner.services.planning import ahead
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, take
from planner.storage.courses import CourseRow, RevisionRow
from planner.storage.progress import AdviceDecisionRow
from planner.words import say

LONGEST_REASON = 1000
ACTED, DISMISSED = "acted", "dismissed"
_GOING_ON = ("planned", "active", "onhold")


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a piece of advice."""

    id: int
    decision: str
    reason: str
    actor: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class CourseAdvice:
    """The advice of now, with the decision on it; None as long as nobody decided, or the picture has changed since."""

    advice: Advice
    decision: Decision | None


def standing_of(unit: Unit, course: CourseRow, snapshot: CourseSnapshot) -> Standing:
    """How far a course is, as progress is judged."""
    treated = sorted(each.current.starts_at for each in snapshot.live if each.done and each.current)
    phases = phases_from_json(list(course.phases)) if course.phases else ()
    return Standing(tuple(treated), phases, len(ahead(unit, snapshot)))


def advice_of(
    unit: Unit, course: CourseRow, snapshot: CourseSnapshot, measured: Sequence[Recorded]
) -> CourseAdvice | None:
    """What is advised, with what was decided on it (one query); None for a course that is over, or hardly measured."""
    if course.status not in _GOING_ON:
        return None
    evidence = Evidence.load(unit.clinic.evidence_overrides)
    advice = advise(standing_of(unit, course, snapshot), [each.outcome for each in measured], evidence)
    if advice is None:
        return None
    row = _latest(unit, course.id, advice.key)
    decided = Decision(row.id, row.decision, row.reason, row.actor, row.decided_at) if row else None
    return CourseAdvice(advice, decided)


def dismiss(runtime: Runtime, actor: Actor, course_id: int, key: str, reason: str) -> int:
    """Decide against the advice; it stays silent until the picture changes. Gives the decision.

    Raises:
        InvalidInput: no reason is given.
        StaleForm: something else is advised by now.
    """
    said = reason.strip()
    if not said:
        raise InvalidInput(say("Say why you decide otherwise."), field="advice_reason")
    if len(said) > LONGEST_REASON:
        raise InvalidInput(say("At most %(most)s characters.", most=LONGEST_REASON), field="advice_reason")
    with runtime.writing(actor) as unit:
        return _decide(unit, course_id, key, DISMISSED, said)


def act(runtime: Runtime, actor: Actor, course_id: int, key: str, reason: str = "") -> int:
    """Keep that the advice was followed. Gives the decision. Raises: StaleForm, as `dismiss`."""
    with runtime.writing(actor) as unit:
        return _decide(unit, course_id, key, ACTED, reason.strip()[:LONGEST_REASON])


def is_current(runtime: Runtime, actor: Actor, course_id: int, key: str) -> bool:
    """Whether this is what is advised, and nobody decided on it."""
    with runtime.reading(actor) as unit:
        course = unit.get(CourseRow, course_id)
        snapshot = take(unit, course)
        found = advice_of(unit, course, snapshot, of_course(unit, snapshot, course.id))
        return found is not None and found.decision is None and found.advice.key == key


def note_acted(runtime: Runtime, actor: Actor, course_id: int, key: str, reason: str) -> None:
    """Keep that advice which was current was followed by a change made just now, whatever is advised after it."""
    with runtime.writing(actor) as unit:
        _write(unit, unit.get(CourseRow, course_id), key, ACTED, reason.strip()[:LONGEST_REASON])


def take_back(runtime: Runtime, actor: Actor, decision_id: int) -> int:
    """Let the advice stand again; gives the course."""
    with runtime.writing(actor) as unit:
        row = unit.get(AdviceDecisionRow, decision_id)
        course_id = row.course_id
        unit.audit("advice.take-back", f"course/{course_id}", advice=row.advice)
        unit.session.delete(row)
        return course_id


def take_back_with(runtime: Runtime, actor: Actor, revision_id: int) -> None:
    """Let advice stand again whose change was undone: what was acted on since the change was made."""
    with runtime.writing(actor) as unit:
        revision = unit.get(RevisionRow, revision_id)
        rows = unit.session.scalars(
            select(AdviceDecisionRow).where(
                AdviceDecisionRow.course_id == revision.course_id,
                AdviceDecisionRow.decision == ACTED,
                AdviceDecisionRow.decided_at >= revision.made_at,
            )
        )
        for row in rows:
            unit.session.delete(row)


def thinned_out_now(
    phases: Sequence[Phase], done: int, assessed: RecordedAssessment, evidence: Evidence
) -> tuple[Phase, ...]:
    """The phases with the taper from the next session on. Source: E22; its gap: the phases', else the protocol's."""
    found = assessed.assessment
    row = protocol_row(found.protocol, found.symptom_weeks, evidence)
    counted = sum(phase.sessions or 0 for phase in phases if phase.name is not PhaseName.MAINTENANCE)
    if not 1 <= done < counted or not any(phase.name is PhaseName.INTENSIVE for phase in phases):
        return tuple(phases)
    return with_taper_from(phases, done + 1, gap_of(evidence[row.pattern().taper]))


def _decide(unit: Unit, course_id: int, key: str, decision: str, reason: str) -> int:
    course = unit.get(CourseRow, course_id)
    snapshot = take(unit, course)
    found = advice_of(unit, course, snapshot, of_course(unit, snapshot, course.id))
    if found is None or found.advice.key != key:
        raise StaleForm(say("Something else is advised by now. Look at it again."))
    if found.decision is not None:
        raise StaleForm(say("This was decided already, by %(who)s.", who=found.decision.actor))
    return _write(unit, course, key, decision, reason)


def _write(unit: Unit, course: CourseRow, key: str, decision: str, reason: str) -> int:
    unit.actor.must_be("therapist", "reception")
    done = sum(each.done for each in take(unit, course).live)
    row = AdviceDecisionRow(
        course_id=course.id,
        advice=key,
        sessions_done=done,
        decision=decision,
        reason=reason,
        actor=unit.actor.name,
        staff_id=unit.actor.staff_id,
        decided_at=unit.now,
    )
    unit.session.add(row)
    unit.session.flush()
    unit.audit(f"advice.{decision}", f"course/{course.id}", advice=key)
    return row.id


def _latest(unit: Unit, course_id: int, key: str) -> AdviceDecisionRow | None:
    return unit.session.scalar(
        select(AdviceDecisionRow)
        .where(AdviceDecisionRow.course_id == course_id, AdviceDecisionRow.advice == key)
        .order_by(AdviceDecisionRow.decided_at.desc(), AdviceDecisionRow.id.desc())
        .limit(1)
    )
