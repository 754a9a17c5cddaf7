"""The clinic's own words in letters, beside a letter as it would look."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from flask import Response, flash, make_response, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.languages import LANGUAGES
from planner.notify.visit import OwnWords
from planner.services import letter_words
from planner.services.letter_words import KINDS, LENGTH_MAX, LetterDesk
from planner.web.context import actor, runtime
from planner.web.overtaken import overtaken
from planner.web.owner.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, owner
from planner.web.security import CONTENT_SECURITY_POLICY
from planner.words import say

# The page may hold a frame of ours; what is in it is a letter with its own style, which loads, runs and sends nothing.
_WITH_FRAME: Final = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
_IN_FRAME: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@owner.route("/settings/letters", methods=["GET", "POST"])
def letters() -> Page:
    """Show the words of one kind of letter in one language, or keep others; only the preview for htmx."""
    kind = request.values.get("kind", next(iter(KINDS)))
    desk = letter_words.letter_desk(runtime(), actor(), kind, request.values.get("language", next(iter(LANGUAGES))))
    if request.method == "GET":
        return _page(desk, desk.own)
    words = OwnWords(request.form.get("opening", ""), request.form.get("closing", ""))
    if request.form.get("do") != "keep":
        return _preview(desk, words)
    try:
        letter_words.keep_words(runtime(), actor(), desk.kind, desk.language, words, seen=request.form.get("seen", ""))
    except StaleForm:
        _, errors = overtaken(asdict(words), asdict(desk.own), desk.seen)
        return _page(desk, words, errors, CONFLICT)
    except InvalidInput as refusal:
        return _page(desk, words, errors_of(refusal), UNPROCESSABLE)
    flash(say("Kept. Letters have these words from now on."), "good")
    return redirect(url_for("owner.letters", kind=desk.kind, language=desk.language))


@owner.get("/settings/letters/sample")
def letter_sample() -> Page:
    """A letter as a mail program shows it, for the frame beside the form."""
    if "kind" not in request.args:
        return redirect(url_for("owner.letters"))
    words = OwnWords(request.args.get("opening", ""), request.args.get("closing", ""))
    kind, language = request.args["kind"], request.args.get("language", "")
    response = make_response(letter_words.sample(runtime(), actor(), kind, language, words).html)
    response.headers["Content-Security-Policy"] = _IN_FRAME
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _preview(desk: LetterDesk, words: OwnWords) -> Page:
    """The letter as it would look: for htmx only that, without a script the whole page."""
    alone = request.headers.get("HX-Request") == "true"
    try:
        letter_words.checked(words)
    except InvalidInput as refusal:
        if not alone:
            return _page(desk, words, errors_of(refusal), UNPROCESSABLE)
        return render_template("owner/_letter.html", letter=None, says=refusal.message)
    return render_template("owner/_letter.html", **_shown(desk, words)) if alone else _page(desk, words)


def _shown(desk: LetterDesk, words: OwnWords) -> dict[str, object]:
    letter = letter_words.sample(runtime(), actor(), desk.kind, desk.language, words)
    frame = url_for(
        "owner.letter_sample", kind=desk.kind, language=desk.language, opening=words.opening, closing=words.closing
    )
    return {"letter": letter, "frame": frame, "says": ""}


def _page(desk: LetterDesk, words: OwnWords, errors: Errors | None = None, status: int = 200) -> Response:
    shown = {"letter": None, "says": ""} if errors and status == UNPROCESSABLE else _shown(desk, words)
    response = make_response(
        render_template(
            "owner/letters.html",
            desk=desk,
            words=words,
            seen=desk.seen if status == CONFLICT else request.form.get("seen") or desk.seen,
            errors=errors or {},
            kinds=KINDS,
            languages=LANGUAGES,
            most=LENGTH_MAX,
            **shown,
        ),
        status,
    )
    response.headers["Content-Security-Policy"] = _WITH_FRAME
    return response
