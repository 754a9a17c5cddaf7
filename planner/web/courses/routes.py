"""The blueprint of the course pages, and what their modules share: the form's version, the way back, refusals."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from planner.errors import AppointmentLocked, InvalidInput, SlotTaken, StaleForm, UndoRefused
from planner.services.course_history import what_happened
from planner.web.access import safe_next
from planner.web.context import actor, runtime
from planner.web.courses.words import happened_words
from planner.words import say

courses = Blueprint("courses", __name__)

Page = str | Response | tuple[str, int]

# Refusals that are answered with the course as it stands now, so that the person sees what to do.
SHOWN: Final = (AppointmentLocked, InvalidInput, SlotTaken, StaleForm, UndoRefused)
_NO_VERSION: Final = -1


def form_version() -> int:
    """The version of the thing as the form showed it; a form without one counts as old."""
    return request.form.get("version", _NO_VERSION, type=int)


def way_back() -> str | None:
    """The page to return to, if the form named one of ours."""
    return safe_next(request.values.get("next"))


def go_on(course_id: int) -> Response:
    """Back to the page that sent the form, else to the course."""
    return redirect(way_back() or url_for("courses.course", course_id=course_id))


def tell(revision_id: int, *, appointment_id: int | None = None) -> None:
    """Say on the next page what a revision did, with a way to undo it while there is one."""
    happened = what_happened(runtime(), actor(), revision_id, appointment_id=appointment_id)
    words = happened_words(happened)
    if not happened.undoable:
        flash(words, "good")
        return
    undo_url = url_for("courses.undo", revision_id=revision_id, next=way_back())
    # The session keeps any JSON value; flash.html knows this one.
    flash({"text": words, "undo_url": undo_url, "undo_label": say("Undo")}, "good")  # type: ignore[arg-type]
