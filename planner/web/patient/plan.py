"""The plan: the next visit, all dates, confirming, taking offers, taking back."""

from flask import flash, redirect

from planner.services import attendance, backfill, patient_plan
from planner.web.context import actor, runtime
from planner.web.patient.routes import REFUSALS, Page, flash_with_undo, home, patient, plan_page, version
from planner.words import say


@patient.get("", strict_slashes=False)
def plan(token: str) -> Page:
    """The next visit, the whole plan, and what else there is to know."""
    return plan_page(token)


@patient.post("/appointments/<int:appointment_id>/confirm")
def confirm(token: str, appointment_id: int) -> Page:
    """Yes, I will come."""
    try:
        attendance.confirm(runtime(), actor(), appointment_id, version=version())
    except REFUSALS as refusal:
        return plan_page(token, refusal)
    flash(say("Thank you. We look forward to seeing you."), "good")
    return redirect(home(token))


@patient.post("/revisions/<int:revision_id>/undo")
def undo(token: str, revision_id: int) -> Page:
    """Take back what was done a moment ago."""
    try:
        patient_plan.undo_own(runtime(), actor(), revision_id)
    except REFUSALS as refusal:
        return plan_page(token, refusal)
    flash(say("Taken back. Your dates are as they were."), "good")
    return redirect(home(token))


@patient.post("/offers/<int:offer_id>/accept")
def accept_offer(token: str, offer_id: int) -> Page:
    """Take a time that became free; the first who does has it."""
    try:
        outcome = backfill.accept(runtime(), actor(), offer_id)
    except REFUSALS as refusal:
        return plan_page(token, refusal)
    flash_with_undo(token, outcome.revision_id, say("It is yours. Your dates below are up to date."))
    return redirect(home(token))


@patient.post("/offers/<int:offer_id>/decline")
def decline_offer(token: str, offer_id: int) -> Page:
    """No thanks: everything stays."""
    try:
        backfill.decline(runtime(), actor(), offer_id)
    except REFUSALS as refusal:
        return plan_page(token, refusal)
    if patient_plan.plan_of(runtime(), actor()).upcoming:
        flash(say("Thank you for telling us. Your dates stay as they are."), "good")
    else:
        flash(say("Thank you for telling us. We look for another time for you."), "good")
    return redirect(home(token))
