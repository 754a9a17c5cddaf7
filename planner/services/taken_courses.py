"""Books what is taken over from an earlier system: one course for each patient, all in one transaction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.care.course import GapDays, Phase, PhaseName, phases_to_json
from planner.care.estimate import estimate
from planner.care.evidence import Evidence
from planner.errors import InvalidInput, SlotTaken
from planner.scheduling.problem import Gap
from planner.services.busy_clashes import note_clashes
from planner.services.diary_writer import CourseChange, write_change
from planner.services.patients import row_for
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked, CourseSnapshot, SessionState
from planner.services.taking_over import Place, TakeOver, by_patient, examine
from planner.services.wishes import Wishes
from planner.storage.courses import AssessmentRow, CourseRow, SessionRow
from planner.storage.ids import new_id
from planner.words import say

REASON: Final = say("Taken over from the clinic's earlier system; not assessed here yet.")
# An estimate needs findings. These are the most ordinary ones; the override and its reason stand above what follows.
_UNASSESSED: Final = {"protocol": "chronic_condition", "symptom_weeks": 12, "severity": "moderate", "goal": "lasting"}
_USUAL_GAP_DAYS: Final = 7


def preview(runtime: Runtime, actor: Actor, data: bytes, therapist: str = "") -> TakeOver:
    """What `take_over` would do with this export; nothing is written.

    Raises:
        InvalidInput: the file can't be read, or there is no such therapist.
        NotAllowed: by somebody who is neither of reception nor a manager.
    """
    with runtime.reading(actor) as unit:
        _allow(actor)
        return examine(unit, data, therapist)


def take_over(runtime: Runtime, actor: Actor, data: bytes, therapist: str = "") -> TakeOver:
    """Book every appointment of the export that is ahead, or nothing.

    Once more with the same export it books nothing: what is here already is known by its identity there. Patients
    get no message, for they know their dates.

    Raises:
        InvalidInput: as for `preview`, or a line has a problem.
        SlotTaken: a time was taken meanwhile, or lies too near another visit of its patient; nothing is booked.
    """
    with runtime.writing(actor) as unit:
        _allow(actor)
        found = examine(unit, data, therapist)
        problems = found.count("problem")
        if problems:
            first = next(line for line in found.lines if line.outcome == "problem")
            words = say(
                "Nothing was taken over: %(lines)s of the lines can't be, the first is line %(line)s. %(says)s",
                lines=problems,
                line=first.line,
                says=first.says,
            )
            raise InvalidInput(words, field="file")
        for places in by_patient(found.places):
            _book(unit, places)
        for practitioner_id in sorted({place.practitioner_id for place in found.places}):
            note_clashes(unit, practitioner_id)
        unit.audit("appointments.take_over", f"clinic/{unit.clinic.id}", booked=len(found.places))
        return found


def _allow(actor: Actor) -> None:
    if not actor.is_system:
        actor.must_be("reception")


def _book(unit: Unit, places: Sequence[Place]) -> None:
    patient_id = places[0].patient_id
    if patient_id is None:
        patient = row_for(unit, places[0].details)
        patient_id = patient.id
    phase = Phase(PhaseName.INTENSIVE, len(places), _gap(places))
    course = _course(unit, patient_id, places, phase)
    target = CourseSnapshot("active", "apply", tuple(phases_to_json([phase])), _sessions(places, phase))
    words = say("%(visits)s taken over from the earlier system", visits=len(places))
    try:
        write_change(unit, CourseChange(course, target, "booked", words, quiet=True))
    except SlotTaken as taken:
        raise type(taken)(
            say("%(name)s: %(message)s Nothing was taken over.", name=places[0].details.name, message=taken.message),
            field="file",
        ) from taken
    rows = unit.session.scalars(select(SessionRow).where(SessionRow.course_id == course.id))
    for row in rows:
        row.uid = places[row.position].uid


def _course(unit: Unit, patient_id: int, places: Sequence[Place], phase: Phase) -> CourseRow:
    assessment = _assessment(unit, patient_id, phase)
    people = tuple(dict.fromkeys(place.practitioner_id for place in places))
    course = CourseRow(
        id=new_id(),
        patient_id=patient_id,
        assessment_id=assessment.id,
        protocol=str(assessment.findings["protocol"]),
        status="planned",
        phases=[],
        wishes=Wishes(people).to_json(),
        earliest_day=unit.today,
        first_visit_minutes=places[0].minutes,
        visit_minutes=places[-1].minutes,
        started_at=unit.now,
    )
    unit.session.add(course)
    return course


def _assessment(unit: Unit, patient_id: int, phase: Phase) -> AssessmentRow:
    findings = Assessment.from_json(_UNASSESSED)
    row = AssessmentRow(
        patient_id=patient_id,
        findings=findings.to_json(),
        estimate=estimate(findings, Evidence.load(unit.clinic.evidence_overrides)).to_json(),
        overrides={"phases": phases_to_json([phase]), "reason": REASON},
        notes=REASON,
        recorded_by=unit.actor.staff_id,
        recorded_at=unit.now,
    )
    unit.session.add(row)
    unit.session.flush()
    return row


def _gap(places: Sequence[Place]) -> GapDays:
    """The distance that these appointments keep, so that a repair keeps it too."""
    days = [(after.starts_at - before.starts_at).days for before, after in pairwise(places)]
    rest = Evidence.load().rest_days()
    usual = min(max(rest, round(median(days)) if days else _USUAL_GAP_DAYS), 180)
    return GapDays(usual, max(rest, usual // 2), math.ceil(usual * 1.5))


def _sessions(places: Sequence[Place], phase: Phase) -> tuple[SessionState, ...]:
    gap = Gap(phase.gap_days.target, phase.gap_days.min, phase.gap_days.max)
    return tuple(
        SessionState(
            id=None,
            position=position,
            phase=phase.name.value,
            minutes=place.minutes,
            gap=gap if position else None,
            appointments=(Booked(None, place.practitioner_id, place.room_id, place.starts_at, place.ends_at),),
        )
        for position, place in enumerate(places)
    )
