"""The blueprint of the course pages, and what their modules share: the form's version, the way back, news, refusals."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask import Response as JsonResponse
from werkzeug.wrappers import Response

from planner.errors import AppointmentLocked, InvalidInput, SlotTaken, StaleForm, UndoRefused
from planner.services.course_history import WhatHappened, what_happened
from planner.web.access import safe_next
from planner.web.context import actor, runtime
from planner.web.courses.words import happened_words
from planner.web.errors import wants_json
from planner.web.reader import language
from planner.words import in_language, say

courses = Blueprint("courses", __name__)

Page = str | Response | tuple[str, int]
News = str | dict[str, Any]
"""What templates/macros/flash.html shows: words, or words with an undo_url or a go_url beside them."""

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


def tell(revision_id: int) -> None:
    """Say on the next page what a revision did, with a way to undo it while there is one."""
    flash_news(news_of(revision_id))


def news_of(revision_id: int, *, appointment_id: int | None = None) -> News:
    """What a revision did, with a way to undo it while there is one."""
    happened = what_happened(runtime(), actor(), revision_id, appointment_id=appointment_id)
    return undoable(happened, happened_words(happened))


def undoable(happened: WhatHappened, words: str) -> News:
    """Words on what happened, with the way back to how it was."""
    if not happened.undoable:
        return words
    undo_url = url_for("courses.undo", revision_id=happened.revision_id, next=way_back())
    return {"text": words, "undo_url": undo_url, "undo_label": say("Undo")}


def flash_news(news: News, category: str = "good") -> None:
    """Show it on the next page."""
    # The session keeps any JSON value; flash.html knows this one.
    flash(news, category)  # type: ignore[arg-type]


def answer(course_id: int, news: News, category: str = "good") -> Response:
    """What a change did: to a script as JSON, to a form on the page that it leads back to."""
    if wants_json():
        return told(news, category)
    flash_news(news, category)
    return go_on(course_id)


def told(news: News, category: str = "good") -> JsonResponse:
    """News for a script that stays on its page: {"says": in words, "told": as it is shown}."""
    words = news["text"] if isinstance(news, dict) else news
    shown = render_template("courses/_told.html", news=news, category=category)
    return jsonify({"says": in_language(words, language()), "told": shown})
