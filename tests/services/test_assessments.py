"""Assessments keep what was found, what the planner estimated, and what the therapist decided instead."""

from dataclasses import replace

import pytest

from planner.care.assessment import Assessment
from planner.errors import InvalidInput, NotFound
from planner.services import assessments
from planner.services.assessments import Override

FINDINGS = Assessment.from_json(
    {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"}
)


def test_an_assessment_is_kept_with_its_estimate(runtime, clinic):
    """What was recorded is read back whole."""
    recorded = assessments.record(runtime, clinic.ben.actor, clinic.ana, FINDINGS, notes=" worse in the morning ")
    kept = assessments.get(runtime, clinic.rosa.actor, recorded)
    assert kept.assessment == FINDINGS
    assert kept.estimate == assessments.clinic_estimate(runtime, clinic.ben.actor, FINDINGS)
    assert (kept.notes, kept.phases) == ("worse in the morning", kept.estimate.phases)


def test_the_therapist_decides_and_says_why(runtime, clinic):
    """An override without a reason is refused; with one, its phases are booked."""
    made = assessments.clinic_estimate(runtime, clinic.ben.actor, FINDINGS)
    fewer = (replace(made.phases[0], sessions=3),)
    with pytest.raises(InvalidInput) as refusal:
        assessments.record(runtime, clinic.ben.actor, clinic.ana, FINDINGS, override=Override(fewer, " "))
    assert refusal.value.field == "override_reason"
    decided = Override(fewer, "answered well last time")
    recorded = assessments.record(runtime, clinic.ben.actor, clinic.ana, FINDINGS, override=decided)
    kept = assessments.get(runtime, clinic.ben.actor, recorded)
    assert kept.phases == fewer
    assert kept.override == decided


def test_a_clinics_own_numbers_are_used(runtime, clinic):
    """The clinic books an hour for each visit: the estimate says so."""
    with runtime.writing(clinic.mo.actor) as unit:
        unit.clinic.evidence_overrides = {"J3": {"minutes": 45}}
    assert assessments.clinic_estimate(runtime, clinic.ben.actor, FINDINGS).visit_minutes == 45


def test_another_clinic_records_and_reads_nothing_here(runtime, clinic, other_clinic):
    """Cy's therapist gets the answer that nothing is there."""
    recorded = assessments.record(runtime, clinic.ben.actor, clinic.ana, FINDINGS)
    with pytest.raises(NotFound):
        assessments.get(runtime, other_clinic.ben.actor, recorded)
    with pytest.raises(NotFound):
        assessments.record(runtime, other_clinic.ben.actor, clinic.ana, FINDINGS)
