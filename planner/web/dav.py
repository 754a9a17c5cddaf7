"""Calendars by CalDAV, read only, under the same secret tokens as the feeds: for programs that prefer it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, current_app, request

from planner.calendars.dav import Collection, InvalidSyncToken, propfind, report
from planner.calendars.feed import download_bytes, etag
from planner.errors import InvalidInput
from planner.services.feed_memory import FeedMemory
from planner.services.feeds import feed_for_token, note_fetch
from planner.web.context import FEEDS, runtime
from planner.web.guessing import looking_up

dav = Blueprint("dav", __name__)

_WRITES: Final = (
    "PUT",
    "DELETE",
    "POST",
    "PATCH",
    "PROPPATCH",
    "MKCOL",
    "MKCALENDAR",
    "MOVE",
    "COPY",
    "LOCK",
    "UNLOCK",
)
_READS: Final = ("GET", "OPTIONS", "PROPFIND", "REPORT")
_ALLOW: Final = "OPTIONS, GET, HEAD, PROPFIND, REPORT"
_NO_STATE: Final = b'<?xml version="1.0" encoding="utf-8"?><d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>'


@dav.route("/dav/<token>/", methods=[*_READS, *_WRITES], provide_automatic_options=False)
@dav.route("/dav/<token>/<path:rest>", methods=[*_READS, *_WRITES], provide_automatic_options=False)
def resource(token: str, rest: str = "") -> Response:
    """The home, its one calendar, and each appointment in it. Whoever writes is refused."""
    running, program = runtime(), request.headers.get("User-Agent", "")
    memory: FeedMemory = current_app.extensions[FEEDS]
    with looking_up(token):
        served = feed_for_token(running, token, memory)
    feed = served.written.feed
    collection = Collection(f"/dav/{token}/", feed.name, served.written.etag, feed.events)
    response = _answer(collection, request.path)
    response.headers.update({"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"})
    response.headers["DAV"] = "1, calendar-access"
    response.call_on_close(lambda: note_fetch(running, served, program))
    return response


def _answer(collection: Collection, path: str) -> Response:
    if request.method in _WRITES:
        return Response("This calendar can only be read.\n", 403, content_type="text/plain; charset=utf-8")
    if request.method == "OPTIONS":
        return Response(b"", 200, {"Allow": _ALLOW})
    try:
        if request.method == "PROPFIND":
            return _xml(propfind(collection, path, request.headers.get("Depth", "0"), request.get_data()))
        if request.method == "REPORT":
            return _xml(report(collection, request.get_data()) if path == collection.path else None)
    except InvalidSyncToken:
        return Response(_NO_STATE, 403, content_type="application/xml; charset=utf-8")
    except InvalidInput as refusal:
        return Response(f"{refusal.message}\n", 400, content_type="text/plain; charset=utf-8")
    return _file(collection, path)


def _xml(body: bytes | None) -> Response:
    if body is None:
        abort(404)
    return Response(body, 207, content_type="application/xml; charset=utf-8")


def _file(collection: Collection, path: str) -> Response:
    """One appointment, as a file."""
    event = collection.event_at(path)
    if event is None:
        abort(404)
    data = download_bytes([event])
    tag = etag(data)
    if request.if_none_match.contains(tag.strip('"')):
        return Response(b"", 304, {"ETag": tag})
    return Response(data, 200, {"ETag": tag}, content_type="text/calendar; charset=utf-8")
