"""What the law lets a person ask for: a copy of everything, and to be erased; and how long the clinic keeps what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.services import erasure, retention
from planner.services.person_file import person_archive
from planner.services.retention import LIMITS, PrivacyDesk
from planner.web.context import actor, runtime
from planner.web.owner.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, owner, whole_number
from planner.words import say

LEVELS: Final = (
    ("off", say("Do nothing"), say("Everybody is kept until you erase them by hand.")),
    ("propose", say("Propose it"), say("Those whose time is over stand on this page, and you decide.")),
    ("apply", say("Do it"), say("They are erased by themselves, at night as well.")),
)


@owner.route("/settings/privacy", methods=["GET", "POST"])
def privacy() -> Page:
    """Show how long what is kept, or set it."""
    desk = retention.privacy_desk(runtime(), actor())
    if request.method == "GET":
        return _page(desk, _fields(desk))
    form = request.form
    numbers, errors = _read(form)
    if errors:
        return _page(desk, form, errors), UNPROCESSABLE
    try:
        level = form.get("retention", "")
        retention.keep_settings(runtime(), actor(), numbers, level, seen=form.get("seen", ""))
    except StaleForm as refusal:
        return _page(desk, _fields(desk), errors_of(refusal)), CONFLICT
    except InvalidInput as refusal:
        return _page(desk, form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Kept."), "good")
    return redirect(url_for("owner.privacy"))


@owner.get("/patients/<int:patient_id>/privacy")
def privacy_person(patient_id: int) -> Page:
    """What would be taken out or erased, before it is."""
    return _person(patient_id)


@owner.post("/patients/<int:patient_id>/privacy/export")
def export_person(patient_id: int) -> FlaskResponse:
    """Everything about the person, in one archive."""
    archive = person_archive(runtime(), actor(), patient_id)
    headers = {"Content-Disposition": f'attachment; filename="person-{patient_id}.zip"'}
    return FlaskResponse(archive, headers=headers, content_type="application/zip")


@owner.post("/patients/<int:patient_id>/privacy/erase")
def erase_person(patient_id: int) -> Page:
    """Erase the person, once the box is ticked that says it can't be taken back."""
    form = request.form
    if not form.get("sure"):
        return _person(patient_id, {"sure": say("Tick this if you are sure: it can’t be taken back.")}), UNPROCESSABLE
    try:
        erasure.erase(runtime(), actor(), patient_id, cancel_visits=bool(form.get("cancel_visits")))
    except InvalidInput as refusal:
        return _person(patient_id, errors_of(refusal)), UNPROCESSABLE
    flash(say("The person is erased."), "good")
    return redirect(url_for("owner.privacy"))


def _person(patient_id: int, errors: Errors | None = None) -> str:
    found = erasure.look(runtime(), actor(), patient_id)
    return render_template("owner/privacy_person.html", found=found, errors=errors or {})


def _page(desk: PrivacyDesk, form: Mapping[str, str], errors: Errors | None = None) -> str:
    return render_template(
        "owner/privacy.html", desk=desk, form=form, errors=errors or {}, limits=LIMITS, levels=LEVELS,
        most=retention.MOST_SHOWN,
    )  # fmt: skip


def _fields(desk: PrivacyDesk) -> dict[str, str]:
    return {**{name: str(number) for name, number in desk.numbers.items()}, "retention": desk.level}


def _read(form: Mapping[str, str]) -> tuple[dict[str, int], Errors]:
    """The numbers of the form, or what is wrong with them, every field at once."""
    numbers: dict[str, int] = {}
    errors: Errors = {}
    for name, (low, high) in LIMITS.items():
        try:
            numbers[name] = whole_number(form, name, low, high)
        except InvalidInput as refusal:
            errors |= errors_of(refusal)
    return numbers, errors
