"""Who may open what: personal links, and the wishes that reception takes over from them."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "patient.plan": "patient-link",
    "patient.confirm": "patient-link",
    "patient.cancel": "patient-link",
    "patient.cancelling": "patient-link",
    "patient.move": "patient-link",
    "patient.move_to": "patient-link",
    "patient.together": "patient-link",
    "patient.move_together": "patient-link",
    "patient.log": "patient-link",
    "patient.earlier": "patient-link",
    "patient.language": "patient-link",
    "patient.wishes": "patient-link",
    "patient.leave_wishes": "patient-link",
    "patient.undo": "patient-link",
    "patient.contact": "patient-link",
    "patient.change_contact": "patient-link",
    "patient.prove_contact": "patient-link",
    "patient.drop_contact": "patient-link",
    "reception.wish_change": "reception",
    "reception.take_over_wishes": "reception",
    "patient.accept_offer": "patient-link",
    "patient.decline_offer": "patient-link",
    "patient.calendar": "patient-link",
    "patient.new_calendar": "patient-link",
    "patient.download": "patient-link",
    "patient.printed": "patient-link",
}
