"""Where each kind of person can go from every page, and where they begin."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from flask import current_app, request, url_for

from planner.services.runtime import Actor
from planner.web.access import ACCESS, may
from planner.words import say


class NavItem(NamedTuple):
    """One link; it is shown to whom the access table admits."""

    endpoint: str
    words: str


class NavLink(NamedTuple):
    """One link as base.html draws it."""

    href: str
    words: str
    current: bool


@dataclass(frozen=True)
class Navigation:
    """The bar: what is used all day, what belongs to the clinic, and what is the person's own."""

    main: tuple[NavLink, ...] = ()
    clinic: tuple[NavLink, ...] = ()
    own: tuple[NavLink, ...] = ()


MAIN: Final = (
    NavItem("reception.today", say("Today")),
    NavItem("diary.show", say("Diary")),
    NavItem("therapist.my_day", say("My day")),
    NavItem("reception.patients", say("Patients")),
    NavItem("reception.worklists", say("Worklists")),
    NavItem("figures.dashboard", say("Figures")),
)
CLINIC: Final = (
    NavItem("reception.leave", say("Leave")),
    NavItem("reception.hours", say("Hours")),
    NavItem("calendars.overview", say("Calendars")),
    NavItem("outtray.list", say("Outtray")),
    NavItem("figures.calibration", say("Estimates")),
    NavItem("owner.settings", say("Settings")),
    NavItem("owner.system", say("System")),
)
OWN: Final = (
    NavItem("therapist.my_calendar", say("My calendar")),
    NavItem("account.show", say("My account")),
    NavItem("owner.my_language", say("Language")),
    NavItem("auth.password", say("My password")),
)

# The first of these that a person may open is where they begin.
HOMES: Final = (*MAIN[:1], *MAIN[2:], *MAIN[1:2], *OWN)


def navigation_for(actor: Actor | None) -> Navigation:
    """The bar of base.html; empty for who is not signed in, and for patients."""
    if actor is None or actor.role is None:
        return Navigation()
    return Navigation(*(tuple(_link(item) for item in _open_to(actor, items)) for items in (MAIN, CLINIC, OWN)))


def home_of(actor: Actor | None) -> str:
    """The page a person begins with."""
    if actor is not None and actor.role is not None:
        return url_for(_open_to(actor, HOMES)[0].endpoint)
    return "/"


def _link(item: NavItem) -> NavLink:
    return NavLink(url_for(item.endpoint), item.words, request.endpoint == item.endpoint)


def _open_to(actor: Actor, items: tuple[NavItem, ...]) -> list[NavItem]:
    # With a mail server there is no outtray to look into.
    unused = () if current_app.config["OUTTRAY"] else ("outtray.list",)
    return [item for item in items if item.endpoint not in unused and may(actor, ACCESS[item.endpoint])]
