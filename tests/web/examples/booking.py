"""Examples for patients and booking."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example, planned_job

EXAMPLES: Final[Mapping[str, Example]] = {
    "reception.patient": lambda scene: {"patient_id": scene.clinic.ana},
    "reception.edit_patient": lambda scene: {"patient_id": scene.clinic.ana},
    "reception.link": lambda scene: {"patient_id": scene.clinic.ana},
    "reception.end_link": lambda scene: {"patient_id": scene.clinic.ana},
    "reception.book": lambda scene: {"patient_id": scene.clinic.ana},
    "reception.job": lambda scene: {"job_id": planned_job(scene)},
    "reception.stop_job": lambda scene: {"job_id": planned_job(scene)},
    "reception.job_again": lambda scene: {"job_id": planned_job(scene)},
    "reception.apply_job": lambda scene: {"job_id": planned_job(scene)},
}
