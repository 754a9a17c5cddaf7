"""The blueprint of the personal link, and what all its pages do alike."""

from datetime import datetime
from typing import Final

from flask import Blueprint, flash, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from planner.errors import AppointmentLocked, InvalidInput, PlannerError, SlotTaken, StaleForm, UndoRefused
from planner.languages import LANGUAGES
from planner.services import patient_plan
from planner.services.patient_plan import PatientPlan
from planner.web.admitted.narrow import opens
from planner.web.context import actor, runtime
from planner.web.errors import status_of
from planner.web.formats import local_both
from planner.words import Text, say

patient = Blueprint("patient", __name__, url_prefix="/p/<token>")

Page = str | Redirect | tuple[str, int]
REFUSALS: Final = (AppointmentLocked, InvalidInput, SlotTaken, StaleForm, UndoRefused)
"""What a patient can do something about, and is told on the page where it happened."""


def plan_page(token: str, refusal: PlannerError | None = None) -> Page:
    """The plan as it is now, with what was refused on top."""
    seen = patient_plan.plan_of(runtime(), actor())
    page = render_template(
        "patient/plan.html",
        plan=seen,
        token=token,
        refusal=refusal,
        languages=LANGUAGES,
        home_url=home(token),
        may=_may,
    )
    return (page, status_of(refusal)) if refusal else page


def _may(page: str) -> bool:
    """Whether the link opens this page too: one that was made for a visit or an offer opens less."""
    return opens(actor().purpose, f"patient.{page}")


def home(token: str) -> str:
    """The address of the plan."""
    return url_for("patient.plan", token=token)


def version() -> int:
    """The version of the visit which the form showed."""
    try:
        return int(request.form.get("version", ""))
    except ValueError:
        raise StaleForm(say("This page was not up to date. Here is how it stands now.")) from None


def when_said(instant: datetime, plan: PatientPlan) -> Text:
    """A time as the patient reads it, with the clinic's where its clock shows another."""
    return local_both(instant, plan.zone, plan.clinic.zone)


def flash_with_undo(token: str, revision_id: int, words: Text) -> None:
    """Say what was done, with the way back."""
    undo_url = url_for("patient.undo", token=token, revision_id=revision_id)
    # The session keeps any JSON value; flash.html knows this one.
    flash({"text": words, "undo_url": undo_url, "undo_label": say("Take it back")}, "good")  # type: ignore[arg-type]
