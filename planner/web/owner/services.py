"""Services: what is offered, how long it takes, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, NotFound, StaleForm
from planner.services import services_offered
from planner.services.currencies import fee_words, written
from planner.services.services_offered import LONGEST, PROTOCOLS, SHORTEST, Service, ServiceDesk, ServiceDetails
from planner.web.context import actor, runtime
from planner.web.overtaken import overtaken
from planner.web.owner.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, owner, whole_number
from planner.web.reader import language
from planner.words import say

# What no protocol is called where it stands alone.
_NAMES: Final[Mapping[str, Mapping[str, str]]] = {"protocol": {**dict(PROTOCOLS), "": say("Anything")}}


@owner.route("/settings/services", methods=["GET", "POST"])
def services() -> Page:
    """List them, or offer something more."""
    if request.method == "GET":
        first, later = services_offered.service_desk(runtime(), actor()).usual_minutes
        return _list({"first_minutes": str(first), "visit_minutes": str(later)})
    details, errors = _read(request.form)
    if details is None:
        return _list(request.form, errors), UNPROCESSABLE
    try:
        services_offered.add(runtime(), actor(), details)
    except InvalidInput as refusal:
        return _list(request.form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Added."), "good")
    return redirect(url_for("owner.services"))


@owner.route("/settings/services/<int:service_id>", methods=["GET", "POST"])
def service(service_id: int) -> Page:
    """Show one, or change it."""
    desk = services_offered.service_desk(runtime(), actor())
    found = desk.of(service_id)
    if found is None:
        raise NotFound(say("There is no such service here."))
    if request.method == "GET":
        return _one(desk, found, _fields(found, desk.currency))
    form = request.form
    details, errors = _read(form)
    if details is None:
        return _one(desk, found, form, errors), UNPROCESSABLE
    try:
        services_offered.change(runtime(), actor(), service_id, details, seen=form.get("seen", ""))
    except StaleForm:
        return _one(desk, found, *overtaken(form, _fields(found, desk.currency), found.seen, _NAMES)), CONFLICT
    except InvalidInput as refusal:
        return _one(desk, found, form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Kept. Courses that are booked stay as they are."), "good")
    return redirect(url_for("owner.services"))


@owner.post("/settings/services/<int:service_id>/offer")
def offer_service(service_id: int) -> Page:
    """Offer it no more, or again."""
    active = request.form.get("active") == "1"
    services_offered.set_offered(runtime(), actor(), service_id, active=active)
    flash(say("It is offered again.") if active else say("It is offered no more. Booked courses stay."), "good")
    return redirect(url_for("owner.services"))


def _read(form: Mapping[str, str]) -> tuple[ServiceDetails | None, Errors]:
    errors: Errors = {}
    minutes = {}
    for field in ("first_minutes", "visit_minutes"):
        try:
            minutes[field] = whole_number(form, field, SHORTEST, LONGEST)
        except InvalidInput as refusal:
            errors |= errors_of(refusal)
    if errors:
        return None, errors
    name, protocol, fee = (form.get(field, "") for field in ("name", "protocol", "fee"))
    return ServiceDetails(name, protocol or None, minutes["first_minutes"], minutes["visit_minutes"], fee), {}


def _list(form: Mapping[str, str], errors: Errors | None = None) -> str:
    desk = services_offered.service_desk(runtime(), actor())
    return render_template(
        "owner/services.html",
        offered=[(each, _fee(each, desk.currency)) for each in desk.services if each.active],
        withdrawn=[each for each in desk.services if not each.active],
        **_form(desk, form, errors),
    )


def _one(desk: ServiceDesk, found: Service, form: Mapping[str, str], errors: Errors | None = None) -> str:
    return render_template("owner/service.html", service=found, **_form(desk, form, errors))


def _form(desk: ServiceDesk, form: Mapping[str, str], errors: Errors | None) -> dict[str, object]:
    shared = {"form": form, "errors": errors or {}, "protocols": PROTOCOLS, "protocol_words": dict(PROTOCOLS)}
    return {**shared, "currency": desk.currency, "usual": desk.usual_minutes}


def _fee(found: Service, currency: str) -> str:
    return fee_words(found.fee, currency, language()) if found.fee is not None and currency else ""


def _fields(found: Service, currency: str) -> dict[str, str]:
    return {
        "name": found.name,
        "protocol": found.protocol or "",
        "first_minutes": str(found.first_minutes),
        "visit_minutes": str(found.visit_minutes),
        "fee": written(found.fee, currency) if found.fee is not None and currency else "",
    }
