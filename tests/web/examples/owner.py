"""Examples for settings and the first run."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from planner.diary.hours import Closure
from planner.services import clinic_setup, services_offered
from planner.services.first_run import setup_address
from planner.services.services_offered import ServiceDetails
from tests.web.examples.scene import Example, Scene


def _closure(scene: Scene) -> int:
    """Days on which the clinic is closed."""
    with scene.runtime.writing(scene.clinic.system) as unit:
        return clinic_setup.add_closure(unit, Closure(date(2026, 12, 24), date(2026, 12, 31))).id


def _service(scene: Scene) -> int:
    """Something that is offered."""
    mo = scene.clinic.mo.actor
    services_offered.add(scene.runtime, mo, ServiceDetails("Dry needling", None, 60, 45))
    return services_offered.service_desk(scene.runtime, mo).services[0].id


def _setup_token(scene: Scene) -> str:
    """It leads to the sign-in, once there is a clinic."""
    return setup_address(scene.runtime).rpartition("/")[2]


EXAMPLES: Final[Mapping[str, Example]] = {
    "owner.setup": lambda scene: {"token": _setup_token(scene)},
    "owner.person": lambda scene: {"staff_id": scene.clinic.ben.id},
    "owner.let_go": lambda scene: {"staff_id": scene.clinic.rosa.id},
    "owner.take_back": lambda scene: {"staff_id": scene.clinic.rosa.id},
    "owner.account_link": lambda scene: {"staff_id": scene.clinic.rosa.id},
    "owner.reset_factors": lambda scene: {"staff_id": scene.clinic.rosa.id},
    "owner.room": lambda scene: {"room_id": scene.clinic.rooms[0]},
    "owner.close_room": lambda scene: {"room_id": scene.clinic.rooms[0]},
    "owner.reopen_room": lambda scene: {"room_id": scene.clinic.rooms[0]},
    "owner.remove_closure": lambda scene: {"closure_id": _closure(scene)},
    "owner.service": lambda scene: {"service_id": _service(scene)},
    "owner.privacy_person": lambda scene: {"patient_id": scene.clinic.ana},
    "owner.export_person": lambda scene: {"patient_id": scene.clinic.ana},
    "owner.erase_person": lambda scene: {"patient_id": scene.clinic.ana},
    "owner.offer_service": lambda scene: {"service_id": _service(scene)},
}
