"""Examples for personal links."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from planner.services import patient_moving, patient_wishes, worklists
from planner.services.runtime import Actor
from tests.web.examples.scene import LINK, Example, Scene, anas_course, link_with_a_course


def _another_time(scene: Scene) -> dict[str, Any]:
    """Where her second visit could be instead."""
    booked = anas_course(scene).appointment(2).id
    slot = patient_moving.times_for(scene.runtime, _ana(scene), booked).alone[0]
    return {"appointment_id": booked, "slot": f"{slot.start.isoformat(timespec='minutes')} {slot.practitioner_id}"}


def _ana(scene: Scene) -> Actor:
    return Actor(clinic_id=scene.clinic.id, name="patient", patient_id=scene.clinic.ana)


def _wishes_left(scene: Scene) -> int:
    """The line about Ana, who can't come on Mondays any more."""
    course = anas_course(scene)
    ana = _ana(scene)
    form = patient_wishes.known(scene.runtime, ana).form
    assert form is not None
    days = tuple(day for day in form.weekdays if day != "0")
    if days != form.weekdays:
        patient_wishes.leave(scene.runtime, ana, replace(form, weekdays=days))
    return next(item.id for item in course.notices() if item.kind == worklists.WISH_CHANGED)


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
    "patient.together": lambda scene: {"token": LINK, **_another_time(scene)},
    "patient.move_together": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.log": lambda scene: {"token": link_with_a_course(scene)},
    "patient.earlier": lambda scene: {"token": link_with_a_course(scene)},
    "patient.language": lambda scene: {"token": link_with_a_course(scene)},
    "patient.contact": lambda scene: {"token": link_with_a_course(scene)},
    "patient.wishes": lambda scene: {"token": link_with_a_course(scene)},
    "patient.leave_wishes": lambda scene: {"token": link_with_a_course(scene)},
    "patient.move": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "patient.move_to": lambda scene: {"token": LINK, "appointment_id": anas_course(scene).appointment(2).id},
    "reception.wish_change": lambda scene: {"item_id": _wishes_left(scene)},
    "reception.take_over_wishes": lambda scene: {"item_id": _wishes_left(scene)},
    "patient.undo": lambda scene: {"token": LINK, "revision_id": anas_course(scene).revisions()[0][0]},
}
