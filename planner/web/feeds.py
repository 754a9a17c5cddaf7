"""Calendar feeds: what calendar programs fetch by a secret address, without signing in."""

from flask import Blueprint, Response, current_app, request

from planner.services.feed_memory import FeedMemory
from planner.services.feeds import feed_for_token, note_fetch
from planner.web.context import FEEDS, runtime
from planner.web.feed_answer import Asked, answer_to
from planner.web.guessing import looking_up

feeds = Blueprint("feeds", __name__)


@feeds.get("/f/<token>.ics")
def feed(token: str) -> Response:
    """The calendar behind a secret address, or 304 where the program's copy is still good.

    It never looks at Accept, which Google leaves out, and carries no Content-Disposition, with which some programs
    take a feed for a file.
    """
    program, running = request.headers.get("User-Agent", ""), runtime()
    memory: FeedMemory = current_app.extensions[FEEDS]
    with looking_up(token):
        served = feed_for_token(running, token, memory)
    sent = request.headers
    asked = Asked(sent.get("If-None-Match"), sent.get("If-Modified-Since"), sent.get("Accept-Encoding"))
    # How old it is, where the database that would say whether it still holds is silent.
    age = (("Age", str(round(served.stale_for.total_seconds()))),) if served.stale_for is not None else ()
    found = answer_to(asked, served.written, running.clock.now(), may_pack=current_app.config["FEED_GZIP"], always=age)
    response = Response(found.body, found.status, found.headers)
    # After the answer: noting who asked may have to wait for a turn to write.
    response.call_on_close(lambda: note_fetch(running, served, program))
    return response
