"""Who may open what: calendar addresses."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "feeds.feed": "feed-token",
    "dav.resource": "feed-token",
}
