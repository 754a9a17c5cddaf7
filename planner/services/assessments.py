"""Assessments: what a therapist found, the estimate made of it, and what the therapist decided instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.care.course import LONGEST_VISIT_MINUTES, MOST_SESSIONS, Phase, phases_from_json, phases_to_json
from planner.care.estimate import estimate, spread_over
from planner.care.estimate_values import Estimate
from planner.care.evidence import Evidence
from planner.care.reading import read_whole, within
from planner.errors import InvalidInput
from planner.services.patients import refuse_if_erased
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.courses import AssessmentRow
from planner.storage.people import PatientRow
from planner.words import say

SHORTEST_VISIT_MINUTES: Final = 5


@dataclass(frozen=True, slots=True)
class Override:
    """What the therapist decided otherwise than the estimate, and why; None where the estimate's number stands.

    Args:
        review_at_sessions: sessions counted from 1, rising.
    Raises:
        InvalidInput: a length or a session that can't be; `field` names it.
    """

    phases: tuple[Phase, ...]
    reason: str
    first_visit_minutes: int | None = None
    visit_minutes: int | None = None
    review_at_sessions: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("first_visit_minutes", "visit_minutes"):
            if getattr(self, name) is not None:
                within(name, read_whole, getattr(self, name), SHORTEST_VISIT_MINUTES, LONGEST_VISIT_MINUTES)
        for session in self.review_at_sessions or ():
            within("review_at_sessions", read_whole, session, 1, MOST_SESSIONS)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Override:
        """As `to_json` wrote it, or as it was written when only phases could be decided."""
        reviews = kept.get("review_at_sessions")
        return cls(
            phases=phases_from_json(kept["phases"]),
            reason=kept["reason"],
            first_visit_minutes=kept.get("first_visit_minutes"),
            visit_minutes=kept.get("visit_minutes"),
            review_at_sessions=None if reviews is None else tuple(reviews),
        )

    def to_json(self) -> dict[str, object]:
        """As `from_json` reads it, without what stands as estimated."""
        reviews = self.review_at_sessions
        others = {
            "first_visit_minutes": self.first_visit_minutes,
            "visit_minutes": self.visit_minutes,
            "review_at_sessions": None if reviews is None else list(reviews),
        }
        kept = {name: value for name, value in others.items() if value is not None}
        return {"phases": phases_to_json(self.phases), "reason": self.reason.strip(), **kept}


@dataclass(frozen=True, slots=True)
class RecordedAssessment:
    """An assessment as it was recorded."""

    id: int
    patient_id: int
    assessment: Assessment
    estimate: Estimate
    override: Override | None
    notes: str
    recorded_at: datetime

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases to book by: the therapist's if they decided, else the estimate's."""
        return self.override.phases if self.override else self.estimate.phases

    @property
    def first_visit_minutes(self) -> int:
        """The length of the first visit to book by."""
        decided = self.override.first_visit_minutes if self.override else None
        return self.estimate.first_visit_minutes if decided is None else decided

    @property
    def visit_minutes(self) -> int:
        """The length of each later visit to book by."""
        decided = self.override.visit_minutes if self.override else None
        return self.estimate.visit_minutes if decided is None else decided

    @property
    def review_at_sessions(self) -> tuple[int, ...]:
        """The sessions, counted from 1, after which the course is reviewed."""
        decided = self.override.review_at_sessions if self.override else None
        return self.estimate.review_at_sessions if decided is None else decided


def clinic_estimate(runtime: Runtime, actor: Actor, assessment: Assessment) -> Estimate:
    """An estimate by the clinic's own evidence; nothing is stored."""
    with runtime.reading(actor) as unit:
        return estimate(assessment, Evidence.load(unit.clinic.evidence_overrides))


def spread(runtime: Runtime, actor: Actor, assessment: Assessment, sessions: int) -> tuple[Phase, ...]:
    """The phases of that many sessions at this patient's rhythm. Raises: InvalidInput with field "sessions"."""
    with runtime.reading(actor) as unit:
        return spread_over(sessions, assessment, Evidence.load(unit.clinic.evidence_overrides))


def clinic_today(runtime: Runtime, actor: Actor) -> date:
    """The clinic's calendar day."""
    with runtime.reading(actor) as unit:
        return unit.today


def record(
    runtime: Runtime,
    actor: Actor,
    patient_id: int,
    assessment: Assessment,
    *,
    notes: str = "",
    override: Override | None = None,
) -> int:
    """Keep an assessment with its estimate; gives the id.

    Raises:
        InvalidInput: the estimate is overridden without a reason.
        NotFound: no such patient here.
    """
    if override is not None and not override.reason.strip():
        raise InvalidInput(say("Say why you decided otherwise than the estimate."), field="override_reason")
    with runtime.writing(actor) as unit:
        actor.must_be("therapist", "reception")
        refuse_if_erased(unit.get(PatientRow, patient_id))
        made = estimate(assessment, Evidence.load(unit.clinic.evidence_overrides))
        row = AssessmentRow(
            patient_id=patient_id,
            findings=assessment.to_json(),
            estimate=made.to_json(),
            overrides=override.to_json() if override else {},
            notes=notes.strip(),
            recorded_by=actor.staff_id,
            recorded_at=unit.now,
        )
        unit.session.add(row)
        unit.session.flush()
        unit.audit("assessment.record", f"assessment/{row.id}", patient=patient_id)
        return row.id


def get(runtime: Runtime, actor: Actor, assessment_id: int) -> RecordedAssessment:
    """One assessment. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return assessment_from(unit.get(AssessmentRow, assessment_id))


def of_patient(unit: Unit, patient_id: int) -> Sequence[RecordedAssessment]:
    """A patient's assessments, newest first."""
    rows = unit.session.scalars(
        select(AssessmentRow).where(AssessmentRow.patient_id == patient_id).order_by(AssessmentRow.recorded_at.desc())
    )
    return [assessment_from(row) for row in rows]


def assessment_from(row: AssessmentRow) -> RecordedAssessment:
    """The value of an assessment row."""
    kept = row.overrides
    return RecordedAssessment(
        id=row.id,
        patient_id=row.patient_id,
        assessment=Assessment.from_json(row.findings),
        estimate=Estimate.from_json(row.estimate),
        override=Override.from_json(kept) if kept else None,
        notes=row.notes,
        recorded_at=row.recorded_at,
    )
