"""Who may open what: reception's day, worklists, freed slots, leave and hours."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "reception.today": "reception",
    "reception.freed_slots": "staff",
    "reception.freed_slot": "staff",
    "reception.free_place": "staff",
    "reception.offer_place": "staff",
    "reception.offer_slot": "staff",
    "reception.accept_offer": "staff",
    "reception.decline_offer": "staff",
    "reception.worklists": "staff",
    "reception.worklist": "staff",
    "reception.dismiss": "staff",
    "reception.send_again": "staff",
    "reception.apply_proposal": "staff",
    "reception.leave_proposal": "staff",
    "reception.move_away": "staff",
    "reception.leave": "reception",
    "reception.withdraw_leave": "reception",
    "reception.hours": "reception",
    "reception.take_back_hours": "reception",
}
