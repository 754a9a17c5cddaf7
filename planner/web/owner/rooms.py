"""Rooms and their hours."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for

from planner.diary.hours import WeeklyHours
from planner.errors import InvalidInput, StaleForm
from planner.services import clinic_place
from planner.services.clinic_place import Room
from planner.web.context import actor, runtime
from planner.web.overtaken import overtaken
from planner.web.owner.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, owner
from planner.web.reception.hours_form import WEEKDAYS, day_field, fields_of, read_hours, week_words
from planner.words import say

DAYS = tuple((day_field(number), name) for number, name in enumerate(WEEKDAYS))


@owner.route("/settings/rooms", methods=["GET", "POST"])
def rooms() -> Page:
    """List the rooms, or add one."""
    if request.method == "GET":
        return _list({})
    try:
        clinic_place.add_room(runtime(), actor(), request.form.get("name", ""))
    except InvalidInput as refusal:
        return _list(request.form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Added. It is open whenever somebody works, until you give it hours of its own."), "good")
    return redirect(url_for("owner.rooms"))


@owner.route("/settings/rooms/<int:room_id>", methods=["GET", "POST"])
def room(room_id: int) -> Page:
    """Show one room, or give it another name or other hours."""
    found = clinic_place.room(runtime(), actor(), room_id)
    if request.method == "GET":
        return _room(found, _fields(found))
    form = request.form
    hours, errors = read_days(form)
    if errors:
        return _room(found, form, errors), UNPROCESSABLE
    try:
        clinic_place.change_room(runtime(), actor(), room_id, form.get("name", ""), hours, seen=form.get("seen", ""))
    except StaleForm:
        typed = {"name": form.get("name", ""), **fields_of(hours)}
        return _room(found, *overtaken(typed, _fields(found), found.seen)), CONFLICT
    except InvalidInput as refusal:
        return _room(found, form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Kept."), "good")
    return redirect(url_for("owner.rooms"))


@owner.post("/settings/rooms/<int:room_id>/close")
def close_room(room_id: int) -> Page:
    """Book nothing into it any more."""
    staying = clinic_place.close_room(runtime(), actor(), room_id)
    flash(say("Nothing is booked into this room any more."), "good")
    if staying:
        flash(clinic_place.stay_words(staying), "warn")
    return redirect(url_for("owner.rooms"))


@owner.post("/settings/rooms/<int:room_id>/reopen")
def reopen_room(room_id: int) -> Page:
    """Book into it again."""
    clinic_place.reopen_room(runtime(), actor(), room_id)
    flash(say("It is booked again."), "good")
    return redirect(url_for("owner.rooms"))


def read_days(form: Mapping[str, str]) -> tuple[list[WeeklyHours], Errors]:
    """The week that a form asks for, and what is wrong with it by field."""
    lines: list[WeeklyHours] = []
    errors: Errors = {}
    for weekday, (name, _) in enumerate(DAYS):
        try:
            lines += read_hours(weekday, form.get(name, ""))
        except InvalidInput as refusal:
            errors[name] = refusal.message
    return lines, errors


def _list(form: Mapping[str, str], errors: Errors | None = None) -> str:
    everything = clinic_place.rooms(runtime(), actor())
    return render_template(
        "owner/rooms.html",
        rooms=[(each, week_words(each.hours) if each.hours else "") for each in everything if each.active],
        closed=[each for each in everything if not each.active],
        form=form,
        errors=errors or {},
    )


def _room(found: Room, form: Mapping[str, str], errors: Errors | None = None) -> str:
    return render_template("owner/room.html", room=found, form=form, errors=errors or {}, days=DAYS)


def _fields(found: Room) -> dict[str, str]:
    return {"name": found.name, **fields_of(found.hours)}
