"""Which roles sign in with a second factor."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput
from planner.services import second_factor, staff_desk
from planner.web.context import actor, runtime
from planner.web.owner.routes import UNPROCESSABLE, Errors, Page, errors_of, owner
from planner.web.owner.staff import ROLE_CHOICES
from planner.words import say


@owner.route("/settings/signing-in", methods=["GET", "POST"])
def signing_in() -> Page:
    """Show or keep them."""
    if request.method == "GET":
        return _page(second_factor.needed_roles(runtime(), actor()))
    roles = request.form.getlist("roles")
    try:
        staff_desk.require_factor(runtime(), actor(), roles, request.form.get("password", ""))
    except InvalidInput as refusal:
        return _page(tuple(roles), errors_of(refusal)), UNPROCESSABLE
    flash(say("Kept."), "good")
    return redirect(url_for("owner.signing_in"))


def _page(roles: tuple[str, ...], errors: Errors | None = None) -> str:
    return render_template("owner/signing_in.html", needed=roles, roles=ROLE_CHOICES, errors=errors or {})
