"""Where each kind of person can go from every page, and where they begin."""

from typing import Final, NamedTuple

from flask import current_app, request, url_for

from planner.services.runtime import Actor
from planner.web.access import ACCESS, may


class NavItem(NamedTuple):
    """One link of the bar; it is shown to whom the access table admits."""

    endpoint: str
    words: str


# In the order of the bar. The first one a person may open is where they begin.
NAV: Final[tuple[NavItem, ...]] = (
    NavItem("reception.today", "Today"),
    NavItem("therapist.my_day", "My day"),
    NavItem("reception.patients", "Patients"),
    NavItem("reception.worklists", "Worklists"),
    NavItem("reception.leave", "Leave"),
    NavItem("reception.hours", "Hours"),
    NavItem("calendars.overview", "Calendars"),
    NavItem("outtray.list", "Outtray"),
    NavItem("owner.settings", "Clinic"),
    NavItem("auth.password", "My password"),
)


def nav_items(actor: Actor | None) -> list[tuple[str, str, bool]]:
    """(address, words, whether it is this page) for the bar of base.html."""
    if actor is None or actor.role is None:
        return []
    return [(url_for(item.endpoint), item.words, request.endpoint == item.endpoint) for item in _open_to(actor)]


def home_of(actor: Actor | None) -> str:
    """The page a person begins with."""
    if actor is not None and actor.role is not None:
        return url_for(_open_to(actor)[0].endpoint)
    return "/"


def _open_to(actor: Actor) -> list[NavItem]:
    known = current_app.view_functions
    # With a mail server there is no outtray to look into.
    unused = () if current_app.config["OUTTRAY"] else ("outtray.list",)
    return [
        item
        for item in NAV
        if item.endpoint in known and item.endpoint not in unused and may(actor, ACCESS[item.endpoint])
    ]
