"""Book a course, its first step: who it is for, found by a few letters or added, with likely doubles noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput
from planner.services import patients as service
from planner.services.patient_view import search
from planner.services.patients import MOST_FOUND, Likely, PatientDetails
from planner.web.context import actor, runtime
from planner.web.reception.booking import place_asked_for
from planner.web.reception.patients import read_birth_date
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, is_htmx, reception
from planner.words import say


@reception.get("/book")
def begin_booking() -> Page:
    """Find the patient by `?q=`; htmx asks for those found alone while the person types."""
    query = request.args.get("q", "")
    return _page(query, _typed_already(query))


@reception.post("/book")
def add_and_book() -> Page:
    """Add the patient and go on; `anyway` although somebody like them is known. htmx only asks who is like them."""
    form = request.form
    try:
        details = PatientDetails(
            name=form.get("name", ""),
            phone=form.get("phone", ""),
            email=form.get("email", ""),
            birth_date=read_birth_date(form.get("birth_date", "").strip()),
        )
    except InvalidInput as refusal:
        # While somebody types, half an address is no mistake.
        return ("", 204) if is_htmx() else (_page("", form, errors_of(refusal)), UNPROCESSABLE)
    same = service.duplicates_of(runtime(), actor(), details)
    if is_htmx():
        return render_template("reception/_same.html", same=same, place=place_asked_for())
    if same and not form.get("anyway"):
        return _page("", form, same=same), CONFLICT
    patient_id = service.add(runtime(), actor(), details)
    flash(say("%(name)s is added.", name=details.name), "good")
    return redirect(url_for("reception.book", patient_id=patient_id, **place_asked_for()))


def _page(query: str, form: Mapping[str, str], errors: Errors | None = None, same: Sequence[Likely] = ()) -> str:
    values: dict[str, Any] = {
        "found": search(runtime(), actor(), query) if query.strip() else None,
        "most": MOST_FOUND,
        "form": form,
        "errors": errors or {},
        "same": same,
        "place": place_asked_for(),
    }
    return render_template("reception/_book_found.html" if is_htmx() else "reception/book_who.html", **values)


def _typed_already(query: str) -> dict[str, str]:
    """What was searched for, in the field of the form that it belongs in."""
    typed = query.strip()
    if "@" in typed:
        return {"email": typed}
    return {"phone" if any(sign.isdigit() for sign in typed) else "name": typed}
