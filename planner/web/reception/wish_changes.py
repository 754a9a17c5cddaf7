"""Wishes that a patient changed: beside the old ones, with what would move; taken over only by a person."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from planner.errors import StaleForm
from planner.services import patient_wish_change
from planner.web.context import actor, runtime
from planner.web.reception.routes import CONFLICT, Page, reception
from planner.words import say


@reception.get("/worklists/wishes/<int:item_id>")
def wish_change(item_id: int) -> Page:
    """The wishes before and after, and what would move; nothing has happened yet."""
    return _page(item_id)


@reception.post("/worklists/wishes/<int:item_id>/take-over")
def take_over_wishes(item_id: int) -> Page:
    """Let the new wishes hold and plan anew, as it was shown."""
    try:
        outcome = patient_wish_change.take_over(runtime(), actor(), item_id, digest=request.form.get("digest", ""))
    except StaleForm as refusal:
        return _page(item_id, refusal), CONFLICT
    undo = url_for("courses.undo", revision_id=outcome.revision_id)
    words = say("The new wishes hold, and the course is planned with them.")
    # The session keeps any JSON value; flash.html knows this one.
    flash({"text": words, "undo_url": undo, "undo_label": say("Undo")}, "good")  # type: ignore[arg-type]
    return redirect(url_for("courses.course", course_id=outcome.course_id))


def _page(item_id: int, refusal: StaleForm | None = None) -> str:
    change = patient_wish_change.change_of(runtime(), actor(), item_id)
    return render_template("patient/wish_change.html", change=change, refusal=refusal)
