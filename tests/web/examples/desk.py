"""Examples for reception's desk."""

from collections.abc import Mapping
from typing import Final

from planner.services import worklists
from tests.web.examples.scene import Example, bens_leave, change_of_hours, clash, freed_slot, work_item

EXAMPLES: Final[Mapping[str, Example]] = {
    "reception.freed_slot": lambda scene: {"slot_id": freed_slot(scene)},
    "reception.free_place": lambda scene: {"practitioner": scene.clinic.ben.id, "start": "2026-03-04T10:00"},
    "reception.offer_slot": lambda scene: {"slot_id": freed_slot(scene)},
    "reception.accept_offer": lambda scene: {"slot_id": freed_slot(scene)},
    "reception.decline_offer": lambda scene: {"slot_id": freed_slot(scene)},
    "reception.worklist": lambda scene: {"kind": worklists.CATCH_UP},
    "reception.send_again": lambda scene: {"item_id": work_item(scene)},
    "reception.apply_proposal": lambda scene: {"item_id": work_item(scene)},
    "reception.leave_proposal": lambda scene: {"item_id": work_item(scene)},
    "reception.dismiss": lambda scene: {"item_id": work_item(scene)},
    "reception.move_away": lambda scene: {"item_id": clash(scene)},
    "reception.withdraw_leave": lambda scene: {"leave_id": bens_leave(scene)},
    "reception.take_back_hours": lambda scene: {"change_id": change_of_hours(scene)},
}
