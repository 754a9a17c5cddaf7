"""The clinic's rules, for whoever manages it: whose appointments may move to make room for others."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput
from planner.services.rules_view import change_rules, rules_of
from planner.web.context import actor, runtime
from planner.web.reception.routes import UNPROCESSABLE, Errors, Page, errors_of, reception

_CHOICES: Final = (
    ("never", "Nobody else", "Only the courses that lost a visit are planned anew."),
    ("unconfirmed", "Visits that are not confirmed", "Where it saves a long wait, a visit of another patient moves."),
    ("any", "Confirmed visits too", "They move last, and only where it saves much."),
)


@reception.route("/rules", methods=["GET", "POST"])
def rules() -> Page:
    """Show the rules, or keep new ones."""
    if request.method == "GET":
        return _page(rules_of(runtime(), actor()).displacing)
    chosen = request.form.get("displacing", "")
    try:
        change_rules(runtime(), actor(), chosen)
    except InvalidInput as refusal:
        return _page(chosen, errors_of(refusal)), UNPROCESSABLE
    flash("Kept. It holds from the next change on.", "good")
    return redirect(url_for("reception.rules"))


def _page(chosen: str, errors: Errors | None = None) -> str:
    return render_template("reception/rules.html", chosen=chosen, choices=_CHOICES, errors=errors or {})
