"""The page of a pause: whose course it is, on which days it pauses already, and who treats here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from planner.services.course_view import names
from planner.services.pause import GOING_ON, other_courses
from planner.services.runtime import Actor, Runtime
from planner.services.snapshot import Days
from planner.services.wishes import Wishes
from planner.storage.courses import CourseRow
from planner.storage.people import PatientRow, StaffRow


@dataclass(frozen=True, slots=True)
class PauseDesk:
    """What the page shows.

    Args:
        away: present and coming days on which the course pauses.
        other_courses: how many other courses of the patient go on.
        goes_on: whether there is anything to pause.
    """

    course_id: int
    patient: str
    zone: str
    today: date
    away: tuple[Days, ...]
    other_courses: int
    goes_on: bool
    staff: dict[int, str]

    def name_of(self, staff_id: int) -> str:
        """A therapist's name."""
        return self.staff.get(staff_id, "")


def pause_desk(runtime: Runtime, actor: Actor, course_id: int) -> PauseDesk:
    """The course as its pause sees it (four queries). Raises NotFound."""
    with runtime.reading(actor) as unit:
        course = unit.get(CourseRow, course_id)
        return PauseDesk(
            course_id=course.id,
            patient=unit.get(PatientRow, course.patient_id).name,
            zone=unit.clinic.timezone,
            today=unit.today,
            away=tuple(days for days in sorted(Wishes.from_json(course.wishes).away) if days[1] >= unit.today),
            other_courses=len(other_courses(unit, course)),
            goes_on=course.status in GOING_ON,
            staff=names(unit, StaffRow),
        )
