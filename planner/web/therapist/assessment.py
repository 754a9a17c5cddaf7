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
from planner.web.reader import language
from planner.web.therapist.routes import Page, therapist
from planner.web.timeline import Timeline, TimelineLine, TimelineSession, build_timeline
from planner.words import say, say_many


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
    low, expected, high = estimate.courses.low, estimate.courses.expected, estimate.courses.high
    named = (
        (say_many("Fewest: %(num)s session", "Fewest: %(num)s sessions", low.sessions), low),
        (say_many("Expected: %(num)s session", "Expected: %(num)s sessions", expected.sessions), expected),
        (say_many("Most: %(num)s session", "Most: %(num)s sessions", high.sessions), high),
    )
    lines = [TimelineLine(words, _sessions(outline, today)) for words, outline in named]
    fixed = tuple(phase for phase in decided if phase.sessions is not None)
    if fixed:
        own = CourseOutline(fixed)
        words = say_many("Decided: %(num)s session", "Decided: %(num)s sessions", own.sessions)
        lines.append(TimelineLine(words, _sessions(own, today)))
    title = say("The course at its shortest, as expected, and at its longest")
    return build_timeline(title, lines, today, moves=False, language=language())


def _sessions(outline: CourseOutline, first: date) -> tuple[TimelineSession, ...]:
    phases = [phase.name.value for phase in outline.phases for _ in range(phase.sessions or 0)]
    days = [first + timedelta(days=offset) for offset in outline.targets]
    numbered = enumerate(zip(days, phases, strict=True), start=1)
    return tuple(
        TimelineSession(number, day, day, "proposed", phase, _label(number, day)) for number, (day, phase) in numbered
    )


def _label(number: int, day: date) -> str:
    return say("Session %(number)s, %(day)s", number=number, day=day_short(day))
