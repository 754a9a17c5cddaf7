"""The access table: who may open which route. A route without a row stops the program from starting."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from flask import Flask, Response, g, redirect, request, session, url_for
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from planner.errors import NotAllowed, NotFound
from planner.services import accounts
from planner.services.runtime import Actor
from planner.web.context import runtime
from planner.web.errors import wants_json
from planner.web.guessing import looking_up

Who = Literal["public", "staff", "reception", "therapist", "manager", "patient-link", "feed-token"]
LOGIN_KEY: Final = "login"

# public: everybody. staff: everyone who is signed in. A role: that role, and managers. patient-link: whoever has the
# personal link in <token>. feed-token: the view itself looks up the address, because calendars know no sign-in.
ACCESS: Final[Mapping[str, Who]] = MappingProxyType(
    {
        "static": "public",
        "auth.sign_in": "public",
        "auth.sign_out": "staff",
        "auth.password": "staff",
        "courses.course": "staff",
        "courses.arrive": "staff",
        "courses.fulfil": "staff",
        "courses.miss": "staff",
        "courses.cancel": "staff",
        "courses.confirm": "staff",
        "courses.undo": "staff",
        "courses.resume": "staff",
        "courses.end": "staff",
        "courses.catch_up": "staff",
        "courses.dismiss": "staff",
        "courses.frequency": "staff",
        "courses.change_frequency": "staff",
        "courses.pause": "staff",
        "courses.end_pause": "staff",
        "courses.move": "staff",
        "courses.move_to": "staff",
        "reception.today": "reception",
        "reception.patients": "staff",
        "reception.new_patient": "staff",
        "reception.patient": "staff",
        "reception.edit_patient": "staff",
        "reception.link": "staff",
        "reception.book": "staff",
        "reception.book_several": "reception",
        "reception.job": "reception",
        "reception.stop_job": "reception",
        "reception.job_again": "reception",
        "reception.apply_job": "reception",
        "reception.freed_slots": "staff",
        "reception.freed_slot": "staff",
        "reception.offer_slot": "staff",
        "reception.accept_offer": "staff",
        "reception.decline_offer": "staff",
        "reception.worklists": "staff",
        "reception.dismiss": "staff",
        "reception.move_away": "staff",
        "reception.leave": "reception",
        "reception.withdraw_leave": "reception",
        "reception.hours": "reception",
        "reception.take_back_hours": "reception",
        "reception.rules": "manager",
        "therapist.my_day": "therapist",
        "therapist.assess": "therapist",
        "therapist.record_assessment": "therapist",
        "therapist.assessment": "staff",
        "therapist.my_calendar": "therapist",
        "therapist.new_calendar": "therapist",
        "therapist.add_busy": "therapist",
        "therapist.remove_busy": "therapist",
        "feeds.feed": "feed-token",
        "dav.resource": "feed-token",
        "patient.plan": "patient-link",
        "patient.confirm": "patient-link",
        "patient.cancel": "patient-link",
        "patient.move": "patient-link",
        "patient.move_to": "patient-link",
        "patient.undo": "patient-link",
        "patient.accept_offer": "patient-link",
        "patient.decline_offer": "patient-link",
        "patient.calendar": "patient-link",
        "patient.new_calendar": "patient-link",
        "patient.download": "patient-link",
        "patient.printed": "patient-link",
        "public.home": "public",
        "public.questions_again": "public",
        "public.estimate": "public",
        "public.dates_ics": "public",
        "public.evidence": "public",
        "calendars.overview": "reception",
        "calendars.make": "reception",
        "calendars.end": "reception",
        "calendars.help_page": "public",
        "take_over.show": "reception",
        "take_over.examine": "reception",
        "outtray.list": "reception",
        "outtray.message": "reception",
        "outtray.download": "reception",
    }
)


def install(app: Flask) -> None:
    """Admit every request by the table."""
    app.before_request(_admit)


def check_complete(app: Flask, table: Mapping[str, Who] = ACCESS) -> None:
    """Refuse a program whose routes and table do not match.

    Raises:
        ValueError: a route has no row, or a row has no route.
    """
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    without_row, without_route = sorted(routes - table.keys()), sorted(table.keys() - routes)
    if without_row:
        raise ValueError(f"not in the access table of planner/web/access.py: {', '.join(without_row)}")
    if without_route:
        raise ValueError(f"in the access table, but no route: {', '.join(without_route)}")
    for rule in app.url_map.iter_rules():
        if table[rule.endpoint] in ("patient-link", "feed-token") and "token" not in rule.arguments:
            raise ValueError(f"{rule.endpoint} is opened by a token, but {rule.rule} has no <token>")


def may(actor: Actor, who: Who) -> bool:
    """Whether a signed-in person may open a route with this entry."""
    return who in ("public", "staff", actor.role) or (actor.role == "manager" and who in ("reception", "therapist"))


def safe_next(target: str | None) -> str | None:
    """A path on this server to go on to after signing in; None for anything that could lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    # Browsers read a backslash as a slash, and drop tabs and line ends before they look.
    return target if target.isprintable() and "\\" not in target else None


def _admit() -> BaseResponse | None:
    g.actor = None
    if request.endpoint is None or request.endpoint == "static":
        return None
    who = ACCESS[request.endpoint]
    if who == "patient-link":
        token = _token()
        with looking_up(token):
            g.actor = accounts.patient_for_link(runtime(), token)
        return None
    if who == "feed-token":
        return None
    g.actor = _signed_in()
    if who == "public":
        return None
    if g.actor is None:
        return _to_sign_in()
    if not may(g.actor, who):
        raise NotAllowed("Your role does not include this page.")
    return None


def _token() -> str:
    token = (request.view_args or {}).get("token")
    if not isinstance(token, str):
        raise NotFound("This link is not valid.")
    return token


def _signed_in() -> Actor | None:
    token = session.get(LOGIN_KEY)
    actor = accounts.actor_for(runtime(), token) if isinstance(token, str) else None
    if token is not None and actor is None:
        session.pop(LOGIN_KEY)
    return actor


def _to_sign_in() -> BaseResponse:
    """Send a person to the sign-in page and back; a program is told 401."""
    page = request.full_path.rstrip("?") if request.method == "GET" else None
    address = url_for("auth.sign_in", next=page)
    if request.headers.get("HX-Request") == "true":
        return Response("", 401, {"HX-Redirect": url_for("auth.sign_in")})
    if wants_json():
        raise Unauthorized("Sign in first.")
    return redirect(address)
