"""What the patient tells the clinic: how it is, whether earlier is welcome, in which language, what wishes changed."""

from datetime import date
from typing import Final

from flask import flash, redirect, render_template, request

from planner.errors import InvalidInput
from planner.services import patient_log, patient_plan, patient_wishes
from planner.services.patient_wishes import WishForm
from planner.web.context import actor, runtime
from planner.web.errors import status_of
from planner.web.numbers import read_id
from planner.web.patient.routes import REFUSALS, Page, home, patient, plan_page
from planner.words import day_said, say

# A week that begins on a Monday: its days are named like every other's.
_WEEKDAYS: Final = tuple((str(day), day_said(date(2026, 3, 2 + day), "weekday")) for day in range(7))


@patient.post("/log")
def log(token: str) -> Page:
    """Pain or exercises of today; the same button once more takes it back."""
    wrong = say("Choose one of the buttons.")
    try:
        after = read_id(request.form.get("session", ""), wrong)
        kind, _, value = request.form.get("told", "").partition(" ")
        told = patient_log.tell(runtime(), actor(), after, kind, _number(value))
    except REFUSALS as refusal:
        return plan_page(token, refusal)
    flash(say("Thank you, noted.") if told else say("Taken back."), "good")
    return redirect(f"{home(token)}#log")


@patient.post("/earlier")
def earlier(token: str) -> Page:
    """Hear of times that become free, or not."""
    wanted = request.form.get("wanted") == "yes"
    patient_plan.set_earlier(runtime(), actor(), wanted)
    if wanted:
        flash(say("We tell you when something earlier becomes free."), "good")
    else:
        flash(say("Your dates stay. We do not write to you about earlier ones."), "good")
    return redirect(f"{home(token)}#earlier")


@patient.post("/language")
def language(token: str) -> Page:
    """Pages, messages and calendars in another language."""
    try:
        patient_plan.set_language(runtime(), actor(), request.form.get("language", ""))
    except REFUSALS as refusal:
        return plan_page(token, refusal)
    return redirect(home(token))


@patient.get("/wishes")
def wishes(token: str) -> Page:
    """When and with whom the patient can come, to be changed."""
    return _wishes_page(token, None)


@patient.post("/wishes")
def leave_wishes(token: str) -> Page:
    """Leave the changed wishes with the clinic; no date moves by itself."""
    form = WishForm.read(request.form)
    try:
        left = patient_wishes.leave(runtime(), actor(), form)
    except InvalidInput as refusal:
        return _wishes_page(token, form, refusal)
    if left:
        flash(say("Thank you. We look at your wishes and tell you before a date changes."), "good")
    else:
        flash(say("Taken back. Your wishes are as they were."), "good")
    return redirect(home(token))


def _wishes_page(token: str, form: WishForm | None, refusal: InvalidInput | None = None) -> Page:
    seen = patient_plan.plan_of(runtime(), actor())
    known = patient_wishes.known(runtime(), actor())
    page = render_template(
        "patient/wishes.html",
        plan=seen, token=token, known=known, form=form or known.form, weekdays=_WEEKDAYS, home_url=home(token),
        errors={refusal.field or "": refusal.message} if refusal else {},
    )  # fmt: skip
    return (page, status_of(refusal)) if refusal else page


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0
