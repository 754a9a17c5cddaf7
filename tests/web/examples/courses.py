"""Examples for course pages."""

from collections.abc import Mapping
from typing import Final

from planner.care.outcomes import Kind
from planner.services import course_advice, notes, outcomes_measured
from planner.services.course_view import course_view
from planner.services.outcomes_measured import NewOutcome
from tests.web.examples.scene import Example, Scene, anas_course, work_item


def measured(scene: Scene) -> int:
    """A value of Ana's pain."""
    course = anas_course(scene)
    return outcomes_measured.record(scene.runtime, scene.clinic.ben.actor, course.id, [NewOutcome(Kind.PAIN, 5)])[0]


def noted(scene: Scene) -> int:
    """A note of Ben's."""
    return notes.write(scene.runtime, scene.clinic.ben.actor, anas_course(scene).id, "Left side.")


def dismissed(scene: Scene) -> int:
    """Advice that Ben dismissed: pain got worse."""
    course, ben = anas_course(scene), scene.clinic.ben.actor
    for pain, function in ((4, 4), (8, 4)):
        values = [NewOutcome(Kind.PAIN, pain), NewOutcome(Kind.FUNCTION, function, "Stairs")]
        outcomes_measured.record(scene.runtime, ben, course.id, values)
    advised = course_view(scene.runtime, ben, course.id).advice
    assert advised is not None
    if advised.decision is not None:
        return advised.decision.id
    return course_advice.dismiss(scene.runtime, ben, course.id, advised.advice.key, "It was the garden.")


EXAMPLES: Final[Mapping[str, Example]] = {
    "courses.course": lambda scene: {"course_id": anas_course(scene).id},
    "courses.resume": lambda scene: {"course_id": anas_course(scene).id},
    "courses.catch_up": lambda scene: {"course_id": anas_course(scene).id},
    "courses.dismiss": lambda scene: {"course_id": anas_course(scene).id, "item_id": work_item(scene)},
    "courses.frequency": lambda scene: {"course_id": anas_course(scene).id},
    "courses.change_frequency": lambda scene: {"course_id": anas_course(scene).id},
    "courses.pause": lambda scene: {"course_id": anas_course(scene).id},
    "courses.end_pause": lambda scene: {"course_id": anas_course(scene).id},
    "courses.older": lambda scene: {"course_id": anas_course(scene).id},
    "courses.measure": lambda scene: {"course_id": anas_course(scene).id},
    "courses.record_measures": lambda scene: {"course_id": anas_course(scene).id},
    "courses.write_note": lambda scene: {"course_id": anas_course(scene).id},
    "courses.act_on_advice": lambda scene: {"course_id": anas_course(scene).id},
    "courses.dismiss_advice": lambda scene: {"course_id": anas_course(scene).id},
    "courses.remove_outcome": lambda scene: {"outcome_id": measured(scene)},
    "courses.restore_outcome": lambda scene: {"outcome_id": measured(scene)},
    "courses.remove_note": lambda scene: {"note_id": noted(scene)},
    "courses.restore_note": lambda scene: {"note_id": noted(scene)},
    "courses.take_back_decision": lambda scene: {"decision_id": dismissed(scene)},
    "courses.move": lambda scene: {"appointment_id": anas_course(scene).appointment(1).id},
    "courses.move_to": lambda scene: {"appointment_id": anas_course(scene).appointment(1).id},
    "courses.undo": lambda scene: {"revision_id": anas_course(scene).revisions()[0][0]},
    "courses.end": lambda scene: {"course_id": anas_course(scene).id},
    "courses.arrive": lambda scene: {"appointment_id": anas_course(scene).appointment(1).id},
    "courses.fulfil": lambda scene: {"appointment_id": anas_course(scene).appointment(1).id},
    "courses.miss": lambda scene: {"appointment_id": anas_course(scene).appointment(1).id},
    "courses.cancel": lambda scene: {"appointment_id": anas_course(scene).appointment(1).id},
    "courses.confirm": lambda scene: {"appointment_id": anas_course(scene).appointment(1).id},
}
