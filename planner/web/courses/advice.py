"""The planner's advice on a course: following it, deciding otherwise, thinking again."""

from __future__ import annotations

from flask import flash, redirect, request, url_for

from planner.care.progress import AdviceKind
from planner.errors import InvalidInput, StaleForm
from planner.services import course_advice
from planner.web.context import actor, runtime
from planner.web.courses.page import Typed, course_page
from planner.web.courses.routes import Page, courses, go_on
from planner.web.errors import status_of
from planner.words import say


@courses.post("/courses/<int:course_id>/advice/act")
def act_on_advice(course_id: int) -> Page:
    """Follow the advice. Form: advice, its key.

    Thinning out sooner leads to the phases, prefilled; stopping to the form that ends the course, prefilled. Nothing is
    changed before that form is sent. Carrying on changes nothing and is kept at once.
    """
    key = request.form.get("advice", "")
    if not course_advice.is_current(runtime(), actor(), course_id, key):
        refusal = StaleForm(say("Something else is advised by now. Look at it again."))
        return course_page(course_id, refusal.message), status_of(refusal)
    if key.startswith(f"{AdviceKind.TAPER_SOONER}:"):
        return redirect(url_for("courses.frequency", course_id=course_id, advice=key))
    if key.startswith(f"{AdviceKind.STOP_AND_REFER}:"):
        return redirect(url_for("courses.course", course_id=course_id, refer=key, _anchor="end"))
    course_advice.act(runtime(), actor(), course_id, key)
    flash(say("It is kept that you carry on."), "good")
    return go_on(course_id)


@courses.post("/courses/<int:course_id>/advice/dismiss")
def dismiss_advice(course_id: int) -> Page:
    """Decide otherwise. Form: advice, its key, and advice_reason."""
    reason = request.form.get("advice_reason", "")
    try:
        course_advice.dismiss(runtime(), actor(), course_id, request.form.get("advice", ""), reason)
    except InvalidInput as refusal:
        return course_page(course_id, decision=Typed(reason, refusal.message)), status_of(refusal)
    except StaleForm as refusal:
        return course_page(course_id, refusal.message, decision=Typed(reason)), status_of(refusal)
    flash(say("Dismissed. It comes back when the measures change."), "good")
    return go_on(course_id)


@courses.post("/advice/<int:decision_id>/take-back")
def take_back_decision(decision_id: int) -> Page:
    """Let the advice stand again."""
    course_id = course_advice.take_back(runtime(), actor(), decision_id)
    flash(say("The advice stands again."), "good")
    return go_on(course_id)
