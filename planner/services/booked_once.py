"""A form that books carries the number its course will have: sent twice it books once, changed it books nothing."""

from __future__ import annotations

import hashlib

from planner.errors import InvalidInput
from planner.services.runtime import Unit
from planner.storage.courses import CourseRow
from planner.words import say


def fingerprint(*asked: object) -> str:
    """The same for the same values, and for no others.

    Args:
        asked: values whose repr shows all of them, in one order: frozen dataclasses, tuples, lists.
    """
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def booked_before(unit: Unit, course_id: int, asked_for: str) -> bool:
    """Whether this very form has booked its course already.

    Args:
        asked_for: its fingerprint.
    Raises:
        InvalidInput: a form with this number has, but asked for something else: after the browser's Back, for instance.
    """
    course = unit.session.get(CourseRow, (unit.clinic.id, course_id))
    if course is None:
        return False
    # Courses from before forms were remembered, and those that a plan for several booked, have none.
    if course.asked_for not in ("", asked_for):
        raise InvalidInput(
            say(
                "This form has booked a course already, with other entries. Open the patient's page to see it; to book"
                " another course begin anew there."
            )
        )
    return True
