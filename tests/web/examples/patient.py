"""Examples for personal links."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import LINK, Example, anas_course, link_with_a_course

EXAMPLES: Final[Mapping[str, Example]] = {
    "patient.accept_offer": lambda scene: {"token": link_with_a_course(scene), "offer_id": 1},
    "patient.decline_offer": lambda scene: {"token": link_with_a_course(scene), "offer_id": 1},
    "patient.plan": lambda scene: {"token": link_with_a_course(scene)},
    "patient.calendar": lambda scene: {"token": link_with_a_course(scene)},
    "patient.download": lambda scene: {"token": link_with_a_course(scene)},
    "patient.printed": lambda scene: {"token": link_with_a_course(scene)},
    "patient.confirm": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.cancel": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.cancelling": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.together": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.move_together": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.log": lambda scene: {"token": link_with_a_course(scene)},
    "patient.earlier": lambda scene: {"token": link_with_a_course(scene)},
    "patient.language": lambda scene: {"token": link_with_a_course(scene)},
    "patient.wishes": lambda scene: {"token": link_with_a_course(scene)},
    "patient.leave_wishes": lambda scene: {"token": link_with_a_course(scene)},
    "patient.move": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.move_to": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.undo": lambda scene: {"token": LINK, "revision_id": anas_course(scene).revisions()[0][0]},
}
