"""How the demo's patients are from visit to visit: measured by their therapist, and told by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from planner.care.outcomes import Kind
from planner.services import outcomes_measured, patient_log
from planner.services.demo import cast
from planner.services.demo.courses import Told
from planner.services.outcomes_measured import NewOutcome
from planner.services.runtime import Actor, Runtime

_AT_FIRST: Final = {"mild": 4, "moderate": 6, "severe": 8}
_WORST: Final = 10
_ACTIVITIES: Final = {
    "chronic_pain": "Sitting for an hour",
    "acute_injury": "Walking downstairs",
    "sports_rehabilitation": "Running 5 km",
    "post_surgery": "Climbing stairs",
    "chronic_condition": "Carrying shopping",
    "piriformis_syndrome": "Driving to work",
}
_FUNCTION_EVERY: Final = 2


def measure(runtime: Runtime, staff: Mapping[str, Actor], told: Told, session_id: int) -> None:
    """The therapist writes down what a visit showed; `told` has counted it already."""
    character, pain = told.character, _pain(told)
    if character.pain_a_visit is None:
        return
    values = [NewOutcome(Kind.PAIN, float(pain))]
    if told.visits_over % _FUNCTION_EVERY:
        values.append(NewOutcome(Kind.FUNCTION, float(_WORST - pain), _ACTIVITIES[character.findings[0]]))
    therapist = staff[character.therapist.name]
    outcomes_measured.record(runtime, therapist, told.course_id, values, session_id=session_id)


def feel(runtime: Runtime, told: Told, session_id: int) -> None:
    """In the evening the patient says how it is: a little sore, the exercises done or not."""
    character = told.character
    if character.pain_a_visit is None or not character.reachable:
        return
    patient_log.tell(runtime, told.patient, session_id, patient_log.PAIN, float(min(_WORST, _pain(told) + 1)))
    done = patient_log.PARTLY if (cast.CHARACTERS.index(character) + told.visits_over) % 3 == 0 else patient_log.DONE
    patient_log.tell(runtime, told.patient, session_id, patient_log.EXERCISES, done)


def _pain(told: Told) -> int:
    """Pain after so many visits, from 0 to 10, up and down by one as in life."""
    character = told.character
    first, wave = _AT_FIRST[character.findings[2]], (0, 0, 1, -1)[told.visits_over % 4]
    pain = first + (character.pain_a_visit or 0.0) * (told.visits_over - 1) + (wave if told.visits_over > 1 else 0)
    return max(0, min(_WORST, round(pain)))
