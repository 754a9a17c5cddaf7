"""A clinic's own numbers over the shipped evidence: kept with a reason, used by the next estimate, taken back."""

import pytest
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.care.evidence import Evidence
from planner.errors import InvalidInput, NotAllowed, NotFound, StaleForm
from planner.services import assessments, evidence_edit
from planner.storage.audit_rows import AuditRow

FRESH = {"protocol": "acute_injury", "symptom_weeks": 2, "severity": "moderate", "goal": "relief"}


def change(runtime, person, row_id="E1", numbers=None, wording="", reason="Our own figures", seen=None):
    """Keep numbers as the page does, all of the row's unless others are given."""
    desk = evidence_edit.row_desk(runtime, person.actor, row_id)
    whole = {number.name: number.now for number in desk.numbers} | (numbers or {})
    evidence_edit.change_row(runtime, person.actor, row_id, whole, wording, reason, seen=seen or desk.seen)


def test_the_next_estimate_follows_the_clinics_own_number_and_says_so(runtime, clinic, other_clinic):
    """Another clinic's stays as it was."""
    found = Assessment.from_json(FRESH)
    before = assessments.clinic_estimate(runtime, clinic.ben.actor, found)
    change(runtime, clinic.mo, numbers={"sessions_low": 4, "sessions_high": 6})
    after = assessments.clinic_estimate(runtime, clinic.ben.actor, found)
    assert (before.sessions.low, after.sessions.low) == (3, 4)
    assert any(reason.evidence == "E1" and "This clinic’s own" in reason.says for reason in after.reasons)
    assert not any("This clinic’s own" in reason.says for reason in before.reasons)
    assert assessments.clinic_estimate(runtime, other_clinic.ben.actor, found) == before


def test_only_what_differs_is_kept_and_the_change_stands_in_the_history(runtime, clinic):
    """With who made it and why; also in the audit."""
    change(runtime, clinic.mo, numbers={"sessions_high": 6}, reason="Audit of 2025")
    desk = evidence_edit.row_desk(runtime, clinic.mo.actor, "E1")
    assert desk.row.own
    assert [(each.actor, each.reason, each.again) for each in desk.history] == [("Mo Adeyemi", "Audit of 2025", False)]
    with runtime.reading(clinic.system) as unit:
        assert unit.clinic.evidence_overrides == {"E1": {"sessions_high": 6}}
        assert "change evidence" in unit.session.scalars(select(AuditRow.action)).all()


def test_words_of_ones_own_stand_as_they_are(runtime, clinic):
    """Braces in them name no number."""
    change(runtime, clinic.mo, wording="  With us {three} to five  ")
    says = evidence_edit.row_desk(runtime, clinic.mo.actor, "E1").row.says
    assert says == "With us {three} to five (This clinic’s own.)"


def test_one_goes_back_to_what_was_shipped(runtime, clinic):
    """That has its reason too, and nothing is left of the change."""
    change(runtime, clinic.mo, numbers={"sessions_high": 6})
    seen = evidence_edit.row_desk(runtime, clinic.mo.actor, "E1").seen
    evidence_edit.as_shipped(runtime, clinic.mo.actor, "E1", "It was a mistake", seen=seen)
    desk = evidence_edit.row_desk(runtime, clinic.mo.actor, "E1")
    assert desk.row == Evidence.load()["E1"]
    assert [each.again for each in desk.history] == [True, False]
    with runtime.reading(clinic.system) as unit:
        assert unit.clinic.evidence_overrides == {}


def test_a_number_as_it_was_shipped_is_no_change(runtime, clinic):
    """The row is not marked."""
    change(runtime, clinic.mo)
    with runtime.reading(clinic.system) as unit:
        assert unit.clinic.evidence_overrides == {}


@pytest.mark.parametrize(
    ("row", "numbers", "field"),
    [
        ("E1", {"sessions_low": 9}, "E1.sessions_low"),
        ("E1", {"sessions_high": 60, "weeks_high": 3}, "E1.weeks_high"),
        ("E25", {"rest_hours": 336}, "J8.min"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused_at_their_field(runtime, clinic, row, numbers, field):
    """Also where the other number stands in another row."""
    with pytest.raises(InvalidInput) as refusal:
        change(runtime, clinic.mo, row, numbers)
    assert refusal.value.field == field
    with runtime.reading(clinic.system) as unit:
        assert unit.clinic.evidence_overrides == {}


@pytest.mark.parametrize("reason", ["", "  ", "x" * 401])
def test_a_change_has_a_reason(runtime, clinic, reason):
    """The next reader will ask."""
    with pytest.raises(InvalidInput) as refusal:
        change(runtime, clinic.mo, numbers={"sessions_high": 6}, reason=reason)
    assert refusal.value.field == "reason"


def test_two_who_change_one_row_do_not_overwrite_each_other(runtime, clinic):
    """The second sees the first's numbers before."""
    seen = evidence_edit.row_desk(runtime, clinic.mo.actor, "E1").seen
    change(runtime, clinic.mo, numbers={"sessions_high": 6})
    with pytest.raises(StaleForm):
        change(runtime, clinic.mo, numbers={"sessions_high": 7}, seen=seen)


def test_only_a_manager_changes_evidence_and_only_rows_that_there_are(runtime, clinic):
    """A therapist sees it."""
    with pytest.raises(NotAllowed):
        change(runtime, clinic.ben)
    with pytest.raises(NotFound):
        evidence_edit.row_desk(runtime, clinic.mo.actor, "E999")
