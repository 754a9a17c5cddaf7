"""The blueprint of reception's pages, and what their modules share."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from planner.errors import PlannerError

reception = Blueprint("reception", __name__)

Page = str | Response | tuple[str, int]
Errors = dict[str, str]

UNPROCESSABLE: Final = 422
CONFLICT: Final = 409


def errors_of(refusal: PlannerError) -> Errors:
    """A refusal as a form shows it: {field: message}; under "" where it concerns the whole form."""
    return {refusal.field or "": refusal.message}


def is_htmx() -> bool:
    """Whether only a part of the page is asked for."""
    return request.headers.get("HX-Request") == "true"
