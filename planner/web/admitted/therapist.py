"""Who may open what: the therapist's pages."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "therapist.my_day": "therapist",
    "therapist.assess": "therapist",
    "therapist.record_assessment": "therapist",
    "therapist.assessment": "staff",
    "therapist.my_calendar": "therapist",
    "therapist.new_calendar": "therapist",
    "therapist.add_busy": "therapist",
    "therapist.remove_busy": "therapist",
}
