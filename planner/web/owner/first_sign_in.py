"""A password that somebody else has seen opens nothing but the page where it is changed."""

from __future__ import annotations

from typing import Final

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from planner.web.context import actor_or_none
from planner.web.owner.routes import owner
from planner.words import say

# What somebody may open who has not chosen a password of their own yet.
_OPEN: Final = ("auth.password", "auth.sign_out", "auth.sign_in", "static")


@owner.before_app_request
def change_it_first() -> BaseResponse | None:
    """Lead whoever signed in with a first password to where it is changed."""
    person = actor_or_none()
    if person is None or not person.password_once or request.endpoint in _OPEN or request.endpoint is None:
        return None
    address = url_for("auth.password")
    if request.headers.get("HX-Request") == "true":
        return Response("", 403, {"HX-Redirect": address})
    flash(say("Choose a password of your own first: somebody else has seen this one."), "warn")
    return redirect(address)
