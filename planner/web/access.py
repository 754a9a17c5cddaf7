"""The door: every request is let in, or not, by the access table of planner/web/admitted/."""

from typing import Final

from flask import Flask, Response, after_this_request, g, redirect, request, session, url_for
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from planner.errors import NotAllowed, NotFound
from planner.services import sessions
from planner.services.patient_links import patient_for_link
from planner.services.runtime import Actor
from planner.web.admitted import ACCESS
from planner.web.admitted.narrow import opens
from planner.web.admitted.who import Table, Who
from planner.web.context import runtime
from planner.web.errors import wants_json
from planner.web.guessing import looking_up
from planner.words import say

LOGIN_KEY: Final = "login"
# What a message's reader takes for the end of an address: no token ends with any of these.
_AFTER_A_LINK: Final = ".,;:!?)]}>'\"’”»… \xa0"

__all__ = ["ACCESS", "LOGIN_KEY", "Who", "check_complete", "install", "may", "safe_next"]


def install(app: Flask) -> None:
    """Admit every request by the table."""
    app.before_request(_admit)


def check_complete(app: Flask, table: Table = ACCESS) -> None:
    """Refuse a program whose routes and table do not match.

    Raises:
        ValueError: a route has no row, or a row has no route.
    """
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    without_row, without_route = sorted(routes - table.keys()), sorted(table.keys() - routes)
    if without_row:
        raise ValueError(f"not in the access table of planner/web/admitted: {', '.join(without_row)}")
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
        if request.endpoint == "patient.plan" and (clean := token.rstrip(_AFTER_A_LINK)) != token and clean:
            return redirect(url_for("patient.plan", token=clean))
        with looking_up(token):
            g.actor = patient_for_link(runtime(), token)
        if not opens(g.actor.purpose, request.endpoint):
            raise NotAllowed(say("This link was made for one thing only. Open your plan by its own link."))
        return None
    if who == "feed-token":
        return None
    g.actor = _signed_in()
    if who == "public":
        return None
    if g.actor is None:
        return _to_sign_in()
    if not may(g.actor, who):
        raise NotAllowed(say("Your role does not include this page."))
    return None


def _token() -> str:
    token = (request.view_args or {}).get("token")
    if not isinstance(token, str):
        raise NotFound(say("This link is not valid."))
    return token


def _signed_in() -> Actor | None:
    token = session.get(LOGIN_KEY)
    found = sessions.entered(runtime(), token) if isinstance(token, str) else None
    if token is not None and found is None:
        session.pop(LOGIN_KEY)
    if found is None:
        return None
    if found.seen_due:
        _note_seen_later(found.actor)
    return found.actor


def _note_seen_later(actor: Actor) -> None:
    """After the answer: noting it may have to wait for a turn to write."""
    running = runtime()

    @after_this_request
    def later(response: Response) -> Response:
        response.call_on_close(lambda: sessions.note_seen(running, actor))
        return response


def _to_sign_in() -> BaseResponse:
    """Send a person to the sign-in page and back; a program is told 401."""
    page = request.full_path.rstrip("?") if request.method == "GET" else None
    address = url_for("auth.sign_in", next=page)
    if request.headers.get("HX-Request") == "true":
        return Response("", 401, {"HX-Redirect": url_for("auth.sign_in")})
    if wants_json():
        raise Unauthorized(say("Sign in first."))
    return redirect(address)
