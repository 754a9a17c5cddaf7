"""Days on which the whole clinic is closed, beside the public holidays."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for

from planner.diary.hours import Closure
from planner.errors import InvalidInput
from planner.services import clinic_place
from planner.web.context import actor, runtime
from planner.web.days import read_day
from planner.web.owner.routes import UNPROCESSABLE, Errors, Page, errors_of, owner
from planner.words import say

REASON_LENGTH_MAX = 200


@owner.route("/settings/closures", methods=["GET", "POST"])
def closures() -> Page:
    """List them, or close the clinic for some more days."""
    if request.method == "GET":
        return _page({})
    try:
        booked = clinic_place.add_closure(runtime(), actor(), read_closure(request.form))
    except InvalidInput as refusal:
        return _page(request.form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Nothing is booked on these days from now on."), "good")
    if booked:
        flash(clinic_place.stay_words(booked), "warn")
    return redirect(url_for("owner.closures"))


@owner.post("/settings/closures/<int:closure_id>/remove")
def remove_closure(closure_id: int) -> Page:
    """Open again on those days."""
    clinic_place.remove_closure(runtime(), actor(), closure_id)
    flash(say("The clinic is open on these days again."), "good")
    return redirect(url_for("owner.closures"))


def read_closure(form: Mapping[str, str]) -> Closure:
    """The days that a form asks for; without a last day it is one.

    Raises:
        InvalidInput: naming the field.
    """
    first = read_day(form.get("first_day", ""), "first_day")
    last = read_day(form["last_day"], "last_day") if form.get("last_day", "").strip() else first
    reason = " ".join(form.get("reason", "").split())
    if len(reason) > REASON_LENGTH_MAX:
        raise InvalidInput(say("A reason has at most %(most)s characters.", most=REASON_LENGTH_MAX), field="reason")
    return Closure(first, last, reason)


def _page(form: Mapping[str, str], errors: Errors | None = None) -> str:
    return render_template(
        "owner/closures.html", desk=clinic_place.closure_desk(runtime(), actor()), form=form, errors=errors or {}
    )
