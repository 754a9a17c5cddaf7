"""Examples for the therapist's pages."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example, anas_course, block_bens_time

EXAMPLES: Final[Mapping[str, Example]] = {
    "therapist.assess": lambda scene: {"patient_id": scene.clinic.ana},
    "therapist.record_assessment": lambda scene: {"patient_id": scene.clinic.ana},
    "therapist.assessment": lambda scene: {"assessment_id": anas_course(scene).assessment_id},
    "therapist.remove_busy": lambda scene: {"calendar_id": block_bens_time(scene.runtime, scene.clinic)},
}
