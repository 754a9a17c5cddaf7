"""My calendar: the address by which a therapist's own calendar program follows the diary."""

from __future__ import annotations

from flask import redirect, render_template, request, session, url_for

from planner.services import feeds
from planner.web.context import actor, runtime
from planner.web.subscribing import subscribing
from planner.web.therapist.routes import Page, therapist

_NEW_ADDRESS = "new-calendar-address"


@therapist.get("/my-calendar")
def my_calendar() -> Page:
    """The address in use; a new one is shown this once."""
    with runtime().reading(actor()) as unit:
        state = feeds.feed_state(unit, practitioner_id=actor().staff_id)
        zone, clinic = unit.clinic.timezone, unit.clinic.name
    address = session.pop(_NEW_ADDRESS, None)
    return render_template(
        "therapist/my_calendar.html",
        state=state,
        zone=zone,
        ways=subscribing(address, clinic, request.headers.get("User-Agent", "")) if address else None,
    )


@therapist.post("/my-calendar")
def new_calendar() -> Page:
    """Make an address; an earlier one stops working."""
    session[_NEW_ADDRESS] = feeds.create_feed(runtime(), actor(), practitioner_id=actor().staff_id)
    return redirect(url_for("therapist.my_calendar"))
