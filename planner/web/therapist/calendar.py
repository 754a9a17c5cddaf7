"""My calendar: the address by which a therapist's own calendar program follows the diary."""

from __future__ import annotations

from typing import cast

from flask import flash, redirect, render_template, request, session, url_for

from planner.errors import InvalidInput
from planner.services import busy_calendars, feeds
from planner.services.calendar_events import Privacy
from planner.services.fetching import FetchFailed
from planner.web.context import actor, runtime
from planner.web.subscribing import subscribing
from planner.web.therapist.routes import Page, therapist
from planner.words import say

_NEW_ADDRESS = "new-calendar-address"


@therapist.get("/my-calendar")
def my_calendar() -> Page:
    """The address in use, a new one shown this once, and the calendars that block time."""
    return _page()


@therapist.post("/my-calendar")
def new_calendar() -> Page:
    """Make an address; an earlier one stops working."""
    privacy = request.form.get("privacy") or None
    session[_NEW_ADDRESS] = feeds.create_feed(
        runtime(), actor(), practitioner_id=actor().staff_id, privacy=cast(Privacy | None, privacy)
    )
    return redirect(url_for("therapist.my_calendar"))


@therapist.post("/my-calendar/busy")
def add_busy() -> Page:
    """Let another calendar block time: its address, or a file."""
    try:
        _add_busy()
    except (InvalidInput, FetchFailed) as refusal:
        return _page({refusal.field or "address": refusal.message}), 422
    flash(say("Your own calendar blocks time now. What is private stays there; only the times are kept."), "good")
    return redirect(url_for("therapist.my_calendar"))


@therapist.post("/my-calendar/busy/<int:calendar_id>/remove")
def remove_busy(calendar_id: int) -> Page:
    """Stop a calendar from blocking time."""
    busy_calendars.remove(runtime(), actor(), calendar_id)
    flash(say("It blocks no time any more."), "good")
    return redirect(url_for("therapist.my_calendar"))


def _add_busy() -> None:
    form, file = request.form, request.files.get("file")
    staff_id, all_day_busy = actor().staff_id or 0, form.get("all_day") == "yes"
    if file is not None and file.filename:
        data, name = file.read(), file.filename
        busy_calendars.upload(runtime(), actor(), staff_id, data, name=name, all_day_busy=all_day_busy)
        return
    if not form.get("address", "").strip():
        raise InvalidInput(say("Give the calendar's address, or choose a file."), field="address")
    busy_calendars.add_address(runtime(), actor(), staff_id, form["address"], all_day_busy=all_day_busy)


def _page(errors: dict[str, str] | None = None) -> str:
    with runtime().reading(actor()) as unit:
        state = feeds.feed_state(unit, practitioner_id=actor().staff_id)
        zone, clinic = unit.clinic.timezone, unit.clinic.name
        busy = busy_calendars.calendars_of(unit, actor().staff_id or 0)
    address = session.pop(_NEW_ADDRESS, None)
    # What is wrong with a calendar stands at the field it came through.
    found = {
        ("file" if name == "calendar" and request.files else name): words for name, words in (errors or {}).items()
    }
    return render_template(
        "therapist/my_calendar.html",
        state=state,
        zone=zone,
        busy=busy,
        ways=subscribing(address, clinic, request.headers.get("User-Agent", "")) if address else None,
        errors={("address" if name in ("calendar", "name") else name): words for name, words in found.items()},
        typed=request.form,
    )
