"""Take appointments over from an earlier system: choose a file, see what would happen, then do it."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from planner.errors import InvalidInput, SlotTaken
from planner.services.planning import therapists
from planner.services.taken_courses import preview
from planner.services.taken_courses import take_over as book
from planner.services.taking_over import TakeOver, summary
from planner.web.context import actor, runtime
from planner.words import say

take_over = Blueprint("take_over", __name__)

Page = str | Response | tuple[str, int]
_MOST_BYTES: Final = 1024 * 1024
# A form field that is no file may hold so much.
_MOST_PACKED: Final = 400_000


@take_over.get("/take-over")
def show() -> Page:
    """The form."""
    return _page()


@take_over.post("/take-over")
def examine() -> Page:
    """Show what would happen with the file, or carry out what was shown."""
    try:
        if "confirmed" in request.form:
            return _confirmed(_unpacked(request.form.get("packed", "")))
        data = _chosen()
        return _page(preview(runtime(), actor(), data, _therapist()), packed=_packed(data))
    except InvalidInput as refusal:
        field = "therapist" if refusal.field == "therapist" else "file"
        return _page(errors={field: refusal.message}), 422
    except SlotTaken as taken:
        return _page(errors={"file": taken.message}), 409


def _confirmed(data: bytes) -> Page:
    booked = len(book(runtime(), actor(), data, _therapist()).places)
    flash(
        say("%(booked)s appointments are taken over.", booked=booked) if booked else say("All of it was here already."),
        "good",
    )
    return redirect(url_for("reception.today"))


def _chosen() -> bytes:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput(say("Choose the file that the earlier system exported."), field="file")
    data: bytes = file.read()
    return data


def _therapist() -> str:
    return request.form.get("therapist", "")


def _packed(data: bytes) -> str:
    """The file for the page's own form, so that what is carried out is what was shown."""
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    if len(packed) > _MOST_PACKED:
        raise InvalidInput(say("This file is too large for this page. Take it over in parts."), field="file")
    return packed


def _unpacked(packed: str) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(base64.b64decode(packed, validate=True), _MOST_BYTES)
    except (binascii.Error, zlib.error, ValueError):
        raise InvalidInput(say("This page could not be read. Choose the file again."), field="file") from None
    if not unpacking.eof:
        raise InvalidInput(say("This file is too large for this page. Take it over in parts."), field="file")
    return data


def _page(found: TakeOver | None = None, packed: str = "", errors: dict[str, str] | None = None) -> str:
    with runtime().reading(actor()) as unit:
        people = [(row.name, row.name) for row in therapists(unit)]
    return render_template(
        "take_over/take_over.html",
        found=found,
        says=summary(found) if found else "",
        packed=packed,
        people=people,
        typed=request.form,
        errors=errors or {},
    )
