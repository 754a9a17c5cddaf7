"""The blueprint of the owner's pages, under /settings and /setup, and what their modules share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Blueprint
from werkzeug.wrappers import Response

from planner.errors import InvalidInput, PlannerError
from planner.web.numbers import whole
from planner.words import say

owner = Blueprint("owner", __name__)

Page = str | Response | tuple[str, int]
Errors = dict[str, str]

UNPROCESSABLE: Final = 422
CONFLICT: Final = 409


def errors_of(refusal: PlannerError) -> Errors:
    """A refusal as a form shows it: {field: message}; under "" where it concerns the whole form."""
    return {refusal.field or "": refusal.message}


def whole_number(form: Mapping[str, str], field: str, low: int, high: int) -> int:
    """A whole number within its limits, as somebody typed it.

    Raises:
        InvalidInput: it is none; `field` names it.
    """
    number = whole(form.get(field, "").strip())
    if number is None or not low <= number <= high:
        raise InvalidInput(say("Write a whole number from %(low)s to %(high)s.", low=low, high=high), field=field)
    return number
