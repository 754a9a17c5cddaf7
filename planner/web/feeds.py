"""Calendar feeds: what calendar programs fetch by a secret address, without signing in."""

from datetime import datetime
from email.utils import format_datetime
from typing import Final, cast

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from planner.calendars.feed import is_unchanged
from planner.services.feed_memory import FeedMemory, Written
from planner.services.feeds import feed_for_token, note_fetch
from planner.web.context import runtime

feeds = Blueprint("feeds", __name__)
_MEMORY: Final = "planner.feeds"


@feeds.record
def _give_memory(state: BlueprintSetupState) -> None:
    state.app.extensions[_MEMORY] = FeedMemory()


@feeds.get("/f/<token>.ics")
def feed(token: str) -> Response:
    """The calendar behind a secret address, or 304 where the program's copy is still good.

    It never looks at Accept, which Google leaves out, and carries no Content-Disposition, with which some programs
    take a feed for a file.
    """
    program, running = request.headers.get("User-Agent", ""), runtime()
    served = feed_for_token(running, token, cast(FeedMemory, current_app.extensions[_MEMORY]))
    response = _answer(served.written, running.clock.now())
    # After the answer: noting who asked may have to wait for a turn to write.
    response.call_on_close(lambda: note_fetch(running, served, program))
    return response


def _answer(written: Written, now: datetime) -> Response:
    unchanged = is_unchanged(
        request.headers.get("If-None-Match"),
        request.headers.get("If-Modified-Since"),
        written.etag,
        written.changed_at,
    )
    status, body = (304, b"") if unchanged else (200, written.data)
    # No answer may be dated later than it is given (RFC 9110 §8.8.2.1).
    dated = min(written.changed_at, now.replace(microsecond=0))
    return Response(
        body,
        status,
        {
            "ETag": written.etag,
            "Last-Modified": format_datetime(dated, usegmt=True),
            "Cache-Control": "private, no-cache",
            "Referrer-Policy": "no-referrer",
        },
        content_type="text/calendar; charset=utf-8",
    )
