"""Who may open what: course pages."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "courses.course": "staff",
    "courses.arrive": "staff",
    "courses.fulfil": "staff",
    "courses.miss": "staff",
    "courses.cancel": "staff",
    "courses.confirm": "staff",
    "courses.undo": "staff",
    "courses.resume": "staff",
    "courses.end": "staff",
    "courses.catch_up": "staff",
    "courses.dismiss": "staff",
    "courses.frequency": "staff",
    "courses.change_frequency": "staff",
    "courses.pause": "staff",
    "courses.end_pause": "staff",
    "courses.move": "staff",
    "courses.move_to": "staff",
}
