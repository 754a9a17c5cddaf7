"""The course page: the picture, the sessions, the notices, the history."""

from __future__ import annotations

from typing import Final, NamedTuple

from flask import render_template

from planner.care.course import phases_to_json
from planner.services.course_view import course_view
from planner.web.context import actor, runtime
from planner.web.courses.picture import course_picture
from planner.web.courses.routes import Page, courses, way_back
from planner.web.links import link_to
from planner.web.protocols import protocol_words


class Ending(NamedTuple):
    """What stands in the form that ends a course; an error where it was sent and refused."""

    reason: str
    error: str


NO_ENDING: Final = Ending("", "")


@courses.get("/courses/<int:course_id>")
def course(course_id: int) -> Page:
    """One course as it stands."""
    return course_page(course_id)


def course_page(course_id: int, refusal: str = "", *, ending: Ending = NO_ENDING) -> str:
    """The page, headed by why something was refused where it was.

    Args:
        ending: what was typed to end the course, and what is wrong with it.
    """
    view = course_view(runtime(), actor(), course_id)
    return render_template(
        "courses/course.html",
        view=view,
        protocol=protocol_words(view.protocol),
        phases=phases_to_json(view.phases),
        estimated=phases_to_json(view.assessment.estimate.phases),
        picture=course_picture(view),
        patient_url=link_to("reception.patient", patient_id=view.patient_id),
        assess_url=link_to("therapist.assess", patient_id=view.patient_id),
        book_url=link_to("reception.book", patient_id=view.patient_id, assessment=view.assessment.id),
        evidence_url=link_to("public.evidence"),
        refusal=refusal,
        ending=ending,
        back=way_back() if refusal else None,
    )
