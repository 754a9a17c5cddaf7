"""What is noted of every request: its number, one line in the log without secrets, its time, and who asked."""

import logging
import re
import secrets
import time
from typing import Final

from flask import Flask, Response, g, request

from planner import logs, metrics
from planner.web.context import actor_or_none

HEADER: Final = "X-Request-ID"
FEED_ENDPOINTS: Final = frozenset({"feeds.feed"})
# Asked every few seconds by what looks after the server: nobody reads such lines.
_UNREAD: Final = frozenset({"operations.alive", "operations.ready", "operations.figures"})
# What a proxy gives; anything else could forge a line of the log.
_GIVEN: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_log = logging.getLogger("planner.access")


def install(app: Flask, *, behind_proxy: bool) -> None:
    """Watch every request.

    Args:
        behind_proxy: whether the number of a request is taken from the proxy in front, if it gives one.
    """

    def begin() -> None:
        g.started = time.monotonic()
        given = request.headers.get(HEADER, "") if behind_proxy else ""
        g.request_id = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        logs.begin(request=g.request_id)

    app.before_request(begin)
    app.after_request(_answered)
    app.teardown_request(lambda _error: logs.end())


def install_names(app: Flask) -> None:
    """Let the lines say who asks, by numbers; after the access table, which finds out."""
    app.before_request(_name)


def _name() -> None:
    person = actor_or_none()
    if person is not None:
        logs.also(clinic=person.clinic_id, staff=person.staff_id)


def _answered(response: Response) -> Response:
    """Log and count the route, not the address: addresses carry personal links, names searched for and row numbers."""
    rule = request.url_rule.rule if request.url_rule else metrics.NO_ROUTE
    seconds = time.monotonic() - g.started if "started" in g else 0.0
    metrics.request_answered(rule, response.status_code, seconds)
    if request.endpoint in FEED_ENDPOINTS:
        metrics.feed_answered(response.status_code)
    level = logging.DEBUG if request.endpoint in _UNREAD else logging.INFO
    log_answer(request.method, rule, response.status_code, seconds, level)
    if "request_id" in g:
        response.headers[HEADER] = g.request_id
    return response


def log_answer(method: str, rule: str, status: int, seconds: float, level: int = logging.INFO) -> None:
    """The line of one answered request.

    Handed over ready: to find out from which line of the program it comes would take as long as to write it.
    """
    if not _log.isEnabledFor(level):
        return
    ms = round(seconds * 1000, 1)
    words = "%s %s %s %.0f ms"
    record = logging.LogRecord(_log.name, level, __file__, 0, words, (method, rule, status, ms), None)
    record.__dict__.update(method=method, rule=rule, status=status, ms=ms)
    _log.handle(record)
