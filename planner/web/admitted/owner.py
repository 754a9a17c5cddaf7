"""Who may open what: settings and the first run."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {}
