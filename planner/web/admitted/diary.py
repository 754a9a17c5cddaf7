"""Who may open what: the diary."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "diary.week": "staff",
    "diary.state": "staff",
    "diary.visit": "staff",
    "diary.places_of": "staff",
    "diary.move": "staff",
}
