"""One assessment as it was recorded, with its estimate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from flask import render_template

from planner.care.course import Phase
from planner.care.estimate_values import CourseOutline, Estimate
from planner.services.assessment_view import assessment_view
from planner.web.context import actor, runtime
from planner.web.formats import day_short
from planner.web.links import link_to
from planner.web.protocols import findings_words
from planner.web.therapist.routes import Page, therapist
from planner.web.timeline import Timeline, TimelineLine, TimelineSession, build_timeline
from planner.words import say_many


@therapist.get("/assessments/<int:assessment_id>")
def assessment(assessment_id: int) -> Page:
    """What was found, the estimate with its reasons, the low, expected and high course side by side."""
    view = assessment_view(runtime(), actor(), assessment_id)
    patient_id = view.recorded.patient_id
    return render_template(
        "therapist/assessment.html",
        view=view,
        findings=findings_words(view.recorded.assessment),
        phases=[phase.to_json() for phase in view.recorded.phases],
        picture=three_courses(
            view.recorded.estimate, view.today, view.recorded.phases if view.recorded.override else ()
        ),
        patient_url=link_to("reception.patient", patient_id=patient_id),
        book_url=link_to("reception.book", patient_id=patient_id, assessment=assessment_id),
        assess_url=link_to("therapist.assess", patient_id=patient_id),
        evidence_url=link_to("public.evidence"),
    )


def three_courses(estimate: Estimate, today: date, decided: Sequence[Phase] = ()) -> Timeline:
    """The low, the expected and the high course, as if each began today, and what is decided instead of them."""
    named = (
        ("Fewest", estimate.courses.low),
        ("Expected", estimate.courses.expected),
        ("Most", estimate.courses.high),
    )
    lines = [TimelineLine(f"{name}: {outline.sessions} sessions", _sessions(outline, today)) for name, outline in named]
    fixed = tuple(phase for phase in decided if phase.sessions is not None)
    if fixed:
        own = CourseOutline(fixed)
        words = say_many("Decided: %(num)s session", "Decided: %(num)s sessions", own.sessions)
        lines.append(TimelineLine(words, _sessions(own, today)))
    return build_timeline("The course at its shortest, as expected, and at its longest", lines, today, moves=False)


def _sessions(outline: CourseOutline, first: date) -> tuple[TimelineSession, ...]:
    phases = [phase.name.value for phase in outline.phases for _ in range(phase.sessions or 0)]
    days = [first + timedelta(days=offset) for offset in outline.targets]
    return tuple(
        TimelineSession(number, day, day, "proposed", phase, f"Session {number}, {day_short(day)}")
        for number, (day, phase) in enumerate(zip(days, phases, strict=True), start=1)
    )
