"""Who may open what: personal links."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "patient.plan": "patient-link",
    "patient.confirm": "patient-link",
    "patient.cancel": "patient-link",
    "patient.move": "patient-link",
    "patient.move_to": "patient-link",
    "patient.undo": "patient-link",
    "patient.accept_offer": "patient-link",
    "patient.decline_offer": "patient-link",
    "patient.calendar": "patient-link",
    "patient.new_calendar": "patient-link",
    "patient.download": "patient-link",
}
