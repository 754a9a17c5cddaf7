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
    "courses.older": "staff",
    "courses.measure": "staff",
    "courses.record_measures": "staff",
    "courses.remove_outcome": "staff",
    "courses.restore_outcome": "staff",
    "courses.write_note": "staff",
    "courses.remove_note": "staff",
    "courses.restore_note": "staff",
    "courses.act_on_advice": "staff",
    "courses.dismiss_advice": "staff",
    "courses.take_back_decision": "staff",
    "courses.move": "staff",
    "courses.move_to": "staff",
}
