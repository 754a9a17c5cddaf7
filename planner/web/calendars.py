"""The clinic's calendar addresses: those of rooms and the whole clinic are made here, all are seen and ended here."""

import struct
from pathlib import Path
from typing import Final, cast

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from planner.services import feeds as service
from planner.services.calendar_events import Privacy
from planner.services.feed_list import feed_list
from planner.web.context import actor, runtime
from planner.web.numbers import read_id
from planner.web.subscribing import subscribing
from planner.words import say

calendars = Blueprint("calendars", __name__)

Page = str | Response
_NEW_ADDRESS: Final = "new-clinic-calendar"
# The programs that have a page of help, with how often each looks for changes, said truthfully.
HELP: Final = {
    "apple": ("Apple Calendar", say("Every 15 minutes at best; on a Mac you choose it, on a phone the settings do.")),
    "google": ("Google Calendar", say("Every 8 to 24 hours. It can't be made faster, whatever the settings say.")),
    "outlook": ("Outlook", say("Every 3 to 24 hours, both at home and at work.")),
    "thunderbird": ("Thunderbird", say("As often as you choose, every 30 minutes if you change nothing.")),
    "android": ("ICSx⁵ on Android", say("As often as you choose, from every 15 minutes to once a day.")),
}


def _size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its first block."""
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    return width, height


# How large each picture is, so that the page keeps it free and does not jump when the picture comes.
_PICTURES: Final = {
    name: _size(Path(__file__).parents[1] / "static" / "help" / f"{name}.png") for name in ("make", *HELP)
}


@calendars.get("/calendars")
def overview() -> Page:
    """All addresses in use: whose, how much they tell, and who last asked."""
    fresh = session.pop(_NEW_ADDRESS, None)
    seen = feed_list(runtime(), actor())
    ways = subscribing(fresh, say("The clinic's calendar"), request.headers.get("User-Agent", "")) if fresh else None
    return render_template("calendars/overview.html", view=seen, ways=ways)


@calendars.post("/calendars")
def make() -> Page:
    """Make the address of a room's or the clinic's calendar; an earlier one stops working."""
    privacy = cast(Privacy, request.form.get("privacy") or "neutral")
    whose = request.form.get("owner", "")
    if whose == "clinic":
        address = service.create_feed(runtime(), actor(), whole_clinic=True, privacy=privacy)
    else:
        address = service.create_feed(runtime(), actor(), room_id=_room(whose), privacy=privacy)
    session[_NEW_ADDRESS] = address
    return redirect(url_for("calendars.overview"))


@calendars.post("/calendars/<int:feed_id>/end")
def end(feed_id: int) -> Page:
    """End one address."""
    service.end_feed(runtime(), actor(), feed_id)
    flash(say("This address answers nobody any more."), "good")
    return redirect(url_for("calendars.overview"))


@calendars.get("/calendar-help/<program>")
def help_page(program: str) -> Page:
    """How one program subscribes, and how often it really looks."""
    if program not in HELP:
        abort(404)
    name, refresh = HELP[program]
    return render_template(
        f"calendars/help_{program}.html", name=name, refresh=refresh, program=program, programs=HELP, pictures=_PICTURES
    )


def _room(text: str) -> int:
    return read_id(text, "Choose a room, or the whole clinic.", "owner")
