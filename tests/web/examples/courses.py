"""Examples for course pages."""

from collections.abc import Mapping
from typing import Final

from tests.web.examples.scene import Example, anas_course, work_item

EXAMPLES: Final[Mapping[str, Example]] = {
    "courses.course": lambda scene: {"course_id": anas_course(scene).id},
    "courses.resume": lambda scene: {"course_id": anas_course(scene).id},
    "courses.catch_up": lambda scene: {"course_id": anas_course(scene).id},
    "courses.dismiss": lambda scene: {"course_id": anas_course(scene).id, "item_id": work_item(scene)},
    "courses.frequency": lambda scene: {"course_id": anas_course(scene).id},
    "courses.change_frequency": lambda scene: {"course_id": anas_course(scene).id},
    "courses.pause": lambda scene: {"course_id": anas_course(scene).id},
    "courses.end_pause": lambda scene: {"course_id": anas_course(scene).id},
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
