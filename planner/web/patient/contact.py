"""Another e-mail address or phone number; it holds when it is proved by a code to the old address."""

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, PlannerError, TooManyTries
from planner.services import contact_changes, patient_plan
from planner.web.context import actor, runtime
from planner.web.errors import status_of
from planner.web.patient.routes import Page, home, patient
from planner.words import say


@patient.get("/contact")
def contact(token: str) -> Page:
    """How the clinic reaches the patient, hidden for the most part, and a form for another way."""
    return _page(token)


@patient.post("/contact")
def change_contact(token: str) -> Page:
    """Ask for another address or number."""
    form = request.form
    try:
        asked = contact_changes.ask(runtime(), actor(), form.get("email", ""), form.get("phone", ""))
    except (InvalidInput, TooManyTries) as refusal:
        return _page(token, refusal)
    if asked == "code":
        flash(say("We sent a code to the address that you have used until now. Type it here."), "good")
        return redirect(url_for("patient.contact", token=token))
    flash(say("Thank you. We call you about it before we change anything."), "good")
    return redirect(home(token))


@patient.post("/contact/code")
def prove_contact(token: str) -> Page:
    """Prove it by the code."""
    try:
        contact_changes.prove(runtime(), actor(), request.form.get("code", ""))
    except InvalidInput as refusal:
        return _page(token, refusal)
    flash(say("It is changed. From now on we reach you there."), "good")
    return redirect(home(token))


@patient.post("/contact/leave")
def drop_contact(token: str) -> Page:
    """Leave everything as it is."""
    contact_changes.drop(runtime(), actor())
    return redirect(home(token))


def _page(token: str, refusal: PlannerError | None = None) -> Page:
    seen = patient_plan.plan_of(runtime(), actor())
    page = render_template(
        "patient/contact.html",
        plan=seen,
        token=token,
        known=contact_changes.contact_of(runtime(), actor()),
        form=request.form,
        errors={refusal.field or "": refusal.message} if refusal else {},
        home_url=home(token),
    )
    return (page, status_of(refusal)) if refusal else page
