"""Assessing a patient: the questions, the estimate that follows every answer, and what the therapist decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import redirect, render_template, request, url_for

from planner.care.course import LONGEST_VISIT_MINUTES
from planner.care.estimate_values import Estimate
from planner.errors import InvalidInput
from planner.services import assessments, patients
from planner.services.patients import Patient
from planner.services.rhythms import usual_rhythms
from planner.web.assessment_form import OPTIONAL_FIELDS, REQUIRED_FIELDS, AssessmentForm, options, read_assessment_form
from planner.web.context import actor, runtime
from planner.web.links import link_to
from planner.web.phase_form import PhaseRow, changed_rows, read_rows, rows_of, typed_rows
from planner.web.therapist.assessment import three_courses
from planner.web.therapist.decision import Decision, answered, begin, read_decision, read_sessions, with_error
from planner.web.therapist.routes import Page, therapist
from planner.words import say


@dataclass(frozen=True)
class _Sheet:
    """All that the page holds.

    Args:
        decided: what the therapist decides otherwise; None where the estimate stands.
        typed: everything that was sent, for the fields beside the questions.
    """

    form: AssessmentForm
    estimate: Estimate | None = None
    decided: Decision | None = None
    typed: Mapping[str, str] = field(default_factory=dict)


@therapist.get("/patients/<int:patient_id>/assess")
def assess(patient_id: int) -> Page:
    """The questions."""
    patient = patients.get(runtime(), actor(), patient_id)
    return _page(patient, _Sheet(read_assessment_form({})))


@therapist.post("/patients/<int:patient_id>/assess")
def record_assessment(patient_id: int) -> Page:
    """Estimate, edit the therapist's own phases, or record, as the button "do" says."""
    patient = patients.get(runtime(), actor(), patient_id)
    button = request.form.get("do", "")
    sheet = _read(button)
    if request.headers.get("HX-Request") == "true":
        return render_template("therapist/_live.html", **_beside(sheet))
    if button != "record":
        asked = button in ("estimate", "override") and sheet.form.assessment is None
        return _page(patient, sheet, sheet.form.errors if asked else {}), 422 if asked else 200
    errors = _errors(sheet)
    if errors:
        return _page(patient, sheet, errors), 422
    return redirect(url_for("therapist.assessment", assessment_id=_record(patient_id, sheet)))


def _read(button: str) -> _Sheet:
    form = read_assessment_form(request.form)
    estimate = assessments.clinic_estimate(runtime(), actor(), form.assessment) if form.assessment else None
    return _Sheet(form, estimate, _decided(button, form, estimate), request.form)


def _decided(button: str, form: AssessmentForm, estimate: Estimate | None) -> Decision | None:
    rows: tuple[PhaseRow, ...] | None = typed_rows(request.form)
    if button == "override" and estimate is not None:
        return read_decision(read_rows(rows_of(estimate.phases)), begin(estimate), estimate)
    if not rows or button == "as-estimated":
        return None
    if button == "spread":
        return _spread(rows, form, estimate)
    edited = changed_rows(rows, button, usual_rhythms(runtime(), actor()))
    return read_decision(read_rows(rows if edited is None else edited), request.form, estimate)


def _spread(rows: tuple[PhaseRow, ...], form: AssessmentForm, estimate: Estimate | None) -> Decision:
    """The phases anew, for the number of sessions typed."""
    try:
        phases = assessments.spread(runtime(), actor(), answered(form.assessment), read_sessions(request.form))
    except InvalidInput as refusal:
        kept = read_decision(read_rows(rows), request.form, estimate)
        return with_error(kept, "sessions", refusal.message)
    return read_decision(read_rows(rows_of(phases)), request.form, estimate)


def _errors(sheet: _Sheet) -> dict[str, str]:
    errors = {**sheet.form.errors, **(sheet.decided.all_errors if sheet.decided else {})}
    if sheet.decided is not None and not request.form.get("override_reason", "").strip():
        errors["override_reason"] = say("Say why you decided otherwise than the estimate.")
    return errors


def _record(patient_id: int, sheet: _Sheet) -> int:
    found = answered(sheet.form.assessment)
    reason = request.form.get("override_reason", "").strip()
    return assessments.record(
        runtime(),
        actor(),
        patient_id,
        found,
        notes=request.form.get("notes", ""),
        override=sheet.decided.override(reason) if sheet.decided else None,
    )


def _page(patient: Patient, sheet: _Sheet, errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "therapist/assess.html",
        patient=patient,
        **_beside(sheet),
        errors={**(sheet.decided.errors if sheet.decided else {}), **(errors or {})},
        required=[(each, options(each)) for each in REQUIRED_FIELDS],
        optional=[(each, options(each)) for each in OPTIONAL_FIELDS],
        rhythms=usual_rhythms(runtime(), actor()),
        patient_url=link_to("reception.patient", patient_id=patient.id),
        shortest_visit=assessments.SHORTEST_VISIT_MINUTES,
        longest_visit=LONGEST_VISIT_MINUTES,
    )


def _beside(sheet: _Sheet) -> dict[str, Any]:
    """The estimate and what is decided otherwise, with the courses drawn over the same days."""
    today = assessments.clinic_today(runtime(), actor())
    decided = sheet.decided.phases.phases if sheet.decided else ()
    picture = three_courses(sheet.estimate, today, decided) if sheet.estimate else None
    return {"sheet": sheet, "picture": picture, "evidence_url": link_to("public.evidence")}
