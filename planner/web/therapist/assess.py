"""Assessing a patient: the questions, the estimate that follows every answer, and what the therapist decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import redirect, render_template, request, url_for

from planner.care.estimate_values import Estimate
from planner.errors import InvalidInput
from planner.services import assessments, patients
from planner.services.assessments import Override
from planner.services.patients import Patient
from planner.services.rhythms import usual_rhythms
from planner.web.assessment_form import OPTIONAL_FIELDS, REQUIRED_FIELDS, AssessmentForm, options, read_assessment_form
from planner.web.context import actor, runtime
from planner.web.links import link_to
from planner.web.phase_form import PhaseForm, PhaseRow, changed_rows, read_rows, rows_of, typed_rows
from planner.web.therapist.routes import Page, therapist


@dataclass(frozen=True)
class _Sheet:
    """All that the page holds.

    Args:
        decided: the rows of the therapist's own phases; None where the estimate stands.
        typed: everything that was sent, for the fields beside the questions.
    """

    form: AssessmentForm
    estimate: Estimate | None = None
    decided: PhaseForm | None = None
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
        return render_template("therapist/_estimate.html", sheet=sheet, evidence_url=link_to("public.evidence"))
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
    return _Sheet(form, estimate, _decided(button, estimate), request.form)


def _decided(button: str, estimate: Estimate | None) -> PhaseForm | None:
    rows: tuple[PhaseRow, ...] | None = typed_rows(request.form)
    if button == "override" and estimate is not None:
        return read_rows(rows_of(estimate.phases))
    if not rows or button == "as-estimated":
        return None
    edited = changed_rows(rows, button, usual_rhythms(runtime(), actor()))
    return read_rows(rows if edited is None else edited)


def _errors(sheet: _Sheet) -> dict[str, str]:
    errors = {**sheet.form.errors, **(sheet.decided.errors if sheet.decided else {})}
    if sheet.decided is not None and not request.form.get("override_reason", "").strip():
        errors["override_reason"] = "Say why you decided otherwise than the estimate."
    return errors


def _record(patient_id: int, sheet: _Sheet) -> int:
    if sheet.form.assessment is None:
        raise InvalidInput("Answer the questions first.")
    reason = request.form.get("override_reason", "").strip()
    return assessments.record(
        runtime(),
        actor(),
        patient_id,
        sheet.form.assessment,
        notes=request.form.get("notes", ""),
        override=Override(sheet.decided.phases, reason) if sheet.decided else None,
    )


def _page(patient: Patient, sheet: _Sheet, errors: Mapping[str, str] | None = None) -> str:
    return render_template(
        "therapist/assess.html",
        patient=patient,
        sheet=sheet,
        errors=errors or {},
        required=[(each, options(each)) for each in REQUIRED_FIELDS],
        optional=[(each, options(each)) for each in OPTIONAL_FIELDS],
        rhythms=usual_rhythms(runtime(), actor()),
        patient_url=link_to("reception.patient", patient_id=patient.id),
        evidence_url=link_to("public.evidence"),
    )
