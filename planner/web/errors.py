"""Refusals as people and programs see them: the only place that knows their HTTP status."""

import logging
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import BadHost, HTTPException, SecurityError

from planner.errors import (
    AppointmentLocked,
    DatabaseBusy,
    InvalidInput,
    NotAllowed,
    NotFound,
    PlannerError,
    QueueFull,
    SlotTaken,
    StaleForm,
    StorageFailed,
    TooManyTries,
    UndoRefused,
)
from planner.notify.delivery import DeliveryFailure
from planner.services.fetching import FetchFailed
from planner.web.reader import language
from planner.words import in_language

STATUS: Final[Mapping[type[PlannerError], int]] = MappingProxyType(
    {
        InvalidInput: 422,
        QueueFull: 503,
        NotFound: 404,
        NotAllowed: 403,
        SlotTaken: 409,
        StaleForm: 409,
        AppointmentLocked: 409,
        UndoRefused: 409,
        TooManyTries: 429,
        DatabaseBusy: 503,
        StorageFailed: 503,
        DeliveryFailure: 503,
        FetchFailed: 422,
    }
)
RETRY_SECONDS: Final = 5
_log = logging.getLogger("planner.web")


def install(app: Flask) -> None:
    """Answer every refusal and every bug with a page, a fragment or JSON, whichever was asked for."""
    app.register_error_handler(PlannerError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SecurityError, _foreign_host)
    app.register_error_handler(BadHost, _foreign_host)
    app.register_error_handler(Exception, _bug)


def status_of(error: PlannerError) -> int:
    """The HTTP status of a refusal.

    Raises:
        ValueError: its class has no row in STATUS.
    """
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    raise ValueError(f"{type(error).__name__} has no HTTP status in planner/web/errors.py")


def wants_json() -> bool:
    """Whether the client is a program that would rather read JSON."""
    return request.accept_mimetypes.best_match(("text/html", "application/json")) == "application/json"


def _refused(error: PlannerError) -> Response:
    response = _answer(status_of(error), error.message, field=error.field)
    if isinstance(error, DatabaseBusy | QueueFull):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, TooManyTries):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def _http(error: HTTPException) -> Response | HTTPException:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    # Werkzeug's own words are for programmers; the page has better ones for each status.
    message = error.description or "" if error.code == 400 or wants_json() else ""
    response = _answer(error.code, message)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _foreign_host(_: SecurityError | BadHost) -> Response:
    # In words alone: every link of a page would carry the host name that nobody trusts.
    return Response("This address is not served here.\n", 400, mimetype="text/plain")


def _bug(error: Exception) -> Response:
    reference = secrets.token_hex(4)
    route = request.url_rule.rule if request.url_rule else "(no such route)"
    _log.error("bug %s in %s %s", reference, request.method, route, exc_info=error)
    return _answer(500, "", reference=reference)


def _answer(status: int, message: str, *, field: str | None = None, reference: str = "") -> Response:
    if wants_json():
        facts = {"status": status, "error": in_language(message, language()), "field": field, "reference": reference}
        response = jsonify({name: value for name, value in facts.items() if value})
    elif request.headers.get("HX-Request") == "true":
        response = make_response(
            render_template("errors/_fragment.html", status=status, message=message, reference=reference)
        )
        # The refusal stands where news stand; what the person was looking at stays.
        response.headers["HX-Retarget"] = "#flashes"
        response.headers["HX-Reswap"] = "innerHTML"
    else:
        response = make_response(
            render_template(
                "errors/error.html",
                status=status,
                message=message,
                reference=reference,
                personal=request.blueprint == "patient",
            )
        )
    response.status_code = status
    return response
