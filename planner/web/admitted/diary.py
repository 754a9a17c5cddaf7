"""Who may open what: the diary."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {}
