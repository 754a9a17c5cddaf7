"""The course page: the picture, the sessions, the notices, the history."""

from __future__ import annotations

from typing import Final, NamedTuple

from flask import render_template, request

from planner.care.course import phases_to_json
from planner.care.outcomes import MEASURES
from planner.care.progress import AdviceKind
from planner.services.course_view import course_view
from planner.web.context import actor, runtime
from planner.web.courses.picture import course_picture
from planner.web.courses.progress_charts import progress_charts
from planner.web.courses.routes import Page, courses, way_back
from planner.web.links import link_to
from planner.web.protocols import protocol_words
from planner.web.reader import language
from planner.words import in_language, say


class Ending(NamedTuple):
    """What stands in the form that ends a course; an error where it was sent and refused.

    Args:
        advice: the key of the advice that is followed by it, empty where nobody follows any.
    """

    reason: str
    error: str
    advice: str = ""


class Typed(NamedTuple):
    """What stands in a field, and why it was refused."""

    text: str = ""
    error: str = ""


NO_ENDING: Final = Ending("", "")
NOTHING_TYPED: Final = Typed()


@courses.get("/courses/<int:course_id>")
def course(course_id: int) -> Page:
    """One course as it stands. ?refer=KEY opens the form that ends it, filled in by the advice of that key."""
    key = request.args.get("refer", "")
    if not key.startswith(f"{AdviceKind.STOP_AND_REFER}:"):
        return course_page(course_id)
    reason = in_language(say("Referred for further evaluation."), language())
    return course_page(course_id, ending=Ending(reason, "", key))


def course_page(
    course_id: int,
    refusal: str = "",
    *,
    ending: Ending = NO_ENDING,
    note: Typed = NOTHING_TYPED,
    decision: Typed = NOTHING_TYPED,
) -> str:
    """The page, headed by why something was refused where it was.

    Args:
        ending: what was typed to end the course, and what is wrong with it.
        note: the same of a note; `decision`: of why the advice is not followed.
    """
    view = course_view(runtime(), actor(), course_id)
    errors = {"reason": ending.error, "note": note.error, "advice_reason": decision.error}
    return render_template(
        "courses/course.html",
        view=view,
        protocol=protocol_words(view.protocol),
        phases=phases_to_json(view.phases),
        estimated=phases_to_json(view.assessment.estimate.phases),
        picture=course_picture(view),
        charts=progress_charts(view),
        measures=MEASURES,
        errors={name: error for name, error in errors.items() if error},
        patient_url=link_to("reception.patient", patient_id=view.patient_id),
        assess_url=link_to("therapist.assess", patient_id=view.patient_id),
        book_url=link_to("reception.book", patient_id=view.patient_id, assessment=view.assessment.id),
        evidence_url=link_to("public.evidence"),
        refusal=refusal,
        ending=ending,
        note=note,
        decision=decision,
        back=way_back() if refusal else None,
    )
