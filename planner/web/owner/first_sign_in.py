"""What has to be done before any other page opens: a password of one's own, and the second factor that a role needs."""

from __future__ import annotations

from typing import Final

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from planner.web.context import actor_or_none
from planner.web.owner.routes import owner
from planner.words import Text, say

# What somebody may open who has not chosen a password of their own yet.
_OPEN: Final = ("auth.password", "auth.sign_out", "auth.sign_in", "static")
# And who has no second factor yet.
_FOR_FACTORS: Final = (*_OPEN, "owner.my_language")


@owner.before_app_request
def first_things_first() -> BaseResponse | None:
    """Lead whoever has something to do before to where it is done."""
    person = actor_or_none()
    if person is None or request.endpoint is None:
        return None
    if person.password_once and request.endpoint not in _OPEN:
        return _lead("auth.password", say("Choose a password of your own first: somebody else has seen this one."))
    if person.factor_missing and not (request.blueprint == "account" or request.endpoint in _FOR_FACTORS):
        return _lead("account.show")  # That page says why.
    return None


def _lead(endpoint: str, words: Text | None = None) -> BaseResponse:
    address = url_for(endpoint)
    if request.headers.get("HX-Request") == "true":
        return Response("", 403, {"HX-Redirect": address})
    if words is not None:
        flash(words, "warn")
    return redirect(address)
