"""Assessments: what a therapist found, the estimate made of it, and what the therapist decided instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.care.course import Phase, phases_from_json, phases_to_json
from planner.care.estimate import estimate
from planner.care.estimate_values import Estimate
from planner.care.evidence import Evidence
from planner.errors import InvalidInput
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.courses import AssessmentRow
from planner.storage.people import PatientRow


@dataclass(frozen=True, slots=True)
class Override:
    """What the therapist decided otherwise than the estimate, and why."""

    phases: tuple[Phase, ...]
    reason: str


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


def clinic_estimate(runtime: Runtime, actor: Actor, assessment: Assessment) -> Estimate:
    """An estimate by the clinic's own evidence; nothing is stored."""
    with runtime.reading(actor) as unit:
        return estimate(assessment, Evidence.load(unit.clinic.evidence_overrides))


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
        raise InvalidInput("Say why you decided otherwise than the estimate.", field="override_reason")
    with runtime.writing(actor) as unit:
        actor.must_be("therapist", "reception")
        unit.get(PatientRow, patient_id)
        made = estimate(assessment, Evidence.load(unit.clinic.evidence_overrides))
        row = AssessmentRow(
            patient_id=patient_id,
            findings=assessment.to_json(),
            estimate=made.to_json(),
            overrides=_override_json(override),
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
        override=Override(phases_from_json(kept["phases"]), kept["reason"]) if kept else None,
        notes=row.notes,
        recorded_at=row.recorded_at,
    )


def _override_json(override: Override | None) -> dict[str, object]:
    if override is None:
        return {}
    return {"phases": phases_to_json(override.phases), "reason": override.reason.strip()}
