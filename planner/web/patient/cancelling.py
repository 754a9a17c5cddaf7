"""I can't come: first what would follow, then exactly that."""

from flask import redirect, render_template, request

from planner.errors import PlannerError
from planner.services import patient_changes, patient_plan
from planner.services.patient_changes import Consequence, SomethingElse
from planner.services.patient_plan import PatientPlan
from planner.web.context import actor, runtime
from planner.web.errors import status_of
from planner.web.patient.routes import REFUSALS, Page, flash_with_undo, home, patient, plan_page, version, when_said
from planner.words import Text, say, say_many


@patient.get("/appointments/<int:appointment_id>/cancel")
def cancelling(token: str, appointment_id: int) -> Page:
    """The date that would come instead, and what else would move; nothing has happened yet."""
    return _page(token, appointment_id)


@patient.post("/appointments/<int:appointment_id>/cancel")
def cancel(token: str, appointment_id: int) -> Page:
    """Cancel as it was shown; where something else would follow by now, that is shown instead."""
    seen = request.form.get("seen")
    try:
        done = patient_changes.cancel_as_seen(runtime(), actor(), appointment_id, version=version(), seen=seen)
    except SomethingElse as refusal:
        return _page(token, appointment_id, refusal)
    except REFUSALS as refusal:
        return plan_page(token, refusal)
    seen_now = patient_plan.plan_of(runtime(), actor())
    words = _done_words(done, seen_now)
    if done.late:
        words = say("%(cancelled)s It counts as a late cancellation.", cancelled=words)
    flash_with_undo(token, done.revision_id, words)
    return redirect(home(token))


def _page(token: str, appointment_id: int, refusal: PlannerError | None = None) -> Page:
    try:
        would = patient_changes.if_cancelled(runtime(), actor(), appointment_id)
    except REFUSALS as fact:
        return plan_page(token, fact)
    seen = patient_plan.plan_of(runtime(), actor())
    page = render_template(
        "patient/cancel.html", plan=seen, token=token, would=would, refusal=refusal, home_url=home(token)
    )
    return (page, status_of(refusal)) if refusal else page


def _done_words(done: Consequence, plan: PatientPlan) -> Text:
    if done.after is None:
        return say("Your visit is cancelled. We will find a new date with you and get in touch.")
    if not done.shifts:
        return say("Your visit is cancelled. The new date is %(when)s.", when=when_said(done.after.starts_at, plan))
    return say_many(
        "Your visit is cancelled. The new date is %(when)s; %(num)s other visit moved too.",
        "Your visit is cancelled. The new date is %(when)s; %(num)s other visits moved too.",
        len(done.shifts),
        when=when_said(done.after.starts_at, plan),
    )
