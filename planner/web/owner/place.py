"""The clinic's name and place, as patients and calendars are told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.languages import LANGUAGES
from planner.services import clinic_place
from planner.services.clinic_place import ClinicFacts
from planner.services.countries import all_zones, countries, currencies, regions_of
from planner.web.context import actor, runtime
from planner.web.overtaken import overtaken
from planner.web.owner.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, owner
from planner.web.reader import language
from planner.words import say


@owner.route("/settings/clinic", methods=["GET", "POST"])
def clinic() -> Page:
    """Show the facts, or keep other ones."""
    facts, seen = clinic_place.facts_of(runtime(), actor())
    if request.method == "GET":
        return _page({**asdict(facts), "seen": seen})
    form = request.form
    try:
        clinic_place.change_facts(runtime(), actor(), facts_from(form), seen=form.get("seen", ""))
    except StaleForm:
        return _page(*_overtaken(form, facts, seen)), CONFLICT
    except InvalidInput as refusal:
        return _page(form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Kept."), "good")
    return redirect(url_for("owner.settings"))


def facts_from(form: Mapping[str, str]) -> ClinicFacts:
    """The facts as a form tells them."""
    return ClinicFacts(**{field.name: form.get(field.name, "").strip() for field in fields(ClinicFacts)})


def _overtaken(form: Mapping[str, str], facts: ClinicFacts, seen: str) -> tuple[dict[str, str], Errors]:
    names: dict[str, Mapping[str, str]] = {
        "country": dict(countries(language())),
        "currency": dict(currencies(language())),
        "language": LANGUAGES,
    }
    return overtaken(form, asdict(facts), seen, names)


def _page(form: Mapping[str, str], errors: Errors | None = None) -> str:
    return render_template(
        "owner/clinic.html",
        form=form,
        errors=errors or {},
        languages=tuple(LANGUAGES.items()),
        countries=countries(language()),
        currencies=currencies(language()),
        zones=[(zone, "") for zone in all_zones()],
        regions=regions_of(form.get("country", "")),
    )
