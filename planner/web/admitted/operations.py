"""Who may open what: the questions of programs that look after the server."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "operations.alive": "public",
    "operations.ready": "public",
    # The view itself looks who asks, by the settings.
    "operations.figures": "public",
}
