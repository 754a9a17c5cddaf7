"""Changing the frequency: the phases to edit, what would move and cost, and the change itself."""

from __future__ import annotations

from collections.abc import Mapping

from flask import render_template, request

from planner.care.course import Phase
from planner.care.progress import AdviceKind
from planner.errors import InvalidInput, PlannerError, SlotTaken, StaleForm
from planner.services import course_advice
from planner.services import frequency as changes
from planner.services.course_view import CourseView, course_view
from planner.services.frequency import FrequencyPreview
from planner.services.rhythms import usual_rhythms
from planner.web.context import actor, runtime
from planner.web.courses.costs import cost_words
from planner.web.courses.picture import before_and_after
from planner.web.courses.routes import Page, courses, go_on, tell
from planner.web.errors import status_of
from planner.web.phase_form import (
    PhaseForm,
    border_of,
    changed_rows,
    moved_border,
    read_rows,
    rows_of,
    typed_rows,
)
from planner.web.reader import language
from planner.words import in_language, say


@courses.get("/courses/<int:course_id>/frequency")
def frequency(course_id: int) -> Page:
    """The phases as they are, to be changed; with ?advice=KEY as that advice would have them, and what that does."""
    view = course_view(runtime(), actor(), course_id)
    if not request.args.get("advice", "").startswith(f"{AdviceKind.TAPER_SOONER}:"):
        return _page(view, PhaseForm(rows_of(view.phases), {}, view.phases))
    phases = course_advice.thinned_out_now(view.phases, view.done, view.assessment, view.evidence)
    return _previewed(view, PhaseForm(rows_of(phases), {}, phases))


@courses.post("/courses/<int:course_id>/frequency")
def change_frequency(course_id: int) -> Page:
    """Edit the rows, move the taper's start, preview, or apply, as the button "do" says."""
    view = course_view(runtime(), actor(), course_id)
    rows, button = typed_rows(request.form), request.form.get("do", "")
    edited = changed_rows(rows, button, usual_rhythms(runtime(), actor()))
    form = read_rows(rows if edited is None else edited)
    if form.errors:
        # While somebody types, or has only just added a row, it may well be wrong still.
        unfinished = edited is not None or _is_live()
        return _page(view, form), 200 if unfinished else 422
    if button == "apply":
        return _apply(view, form)
    moved = moved_border(request.form, form.phases, view.done)
    return _previewed(view, _form_of(moved) if moved else form)


def _form_of(phases: tuple[Phase, ...]) -> PhaseForm:
    return PhaseForm(rows_of(phases), {}, phases)


def _apply(view: CourseView, form: PhaseForm) -> Page:
    reason, digest = request.form.get("reason", "").strip(), request.form.get("digest", "")
    if not reason:
        return _previewed(view, form, {"reason": say("Say why, for whoever reads the course's history.")}, 422)
    key = request.form.get("advice", "")
    advised = bool(key) and course_advice.is_current(runtime(), actor(), view.id, key)
    try:
        outcome = changes.apply(runtime(), actor(), view.id, form.phases, reason=reason, digest=digest)
    except (StaleForm, SlotTaken) as refusal:
        return _previewed(course_view(runtime(), actor(), view.id), form, {"": refusal.message}, status_of(refusal))
    except InvalidInput as refusal:
        return _page(view, _refused(form, refusal)), status_of(refusal)
    if advised:
        course_advice.note_acted(runtime(), actor(), view.id, key, reason)
    tell(outcome.revision_id)
    return go_on(view.id)


def _previewed(view: CourseView, form: PhaseForm, errors: dict[str, str] | None = None, status: int = 200) -> Page:
    try:
        seen = changes.preview(runtime(), actor(), view.id, form.phases)
    except InvalidInput as refusal:
        return _page(view, _refused(form, refusal)), status_of(refusal)
    return _page(view, form, seen, errors), status


def _is_live() -> bool:
    """Whether the page itself asks, for what stands in it just now."""
    return request.headers.get("HX-Request") == "true"


def _refused(form: PhaseForm, refusal: PlannerError) -> PhaseForm:
    return PhaseForm(form.rows, {"": refusal.message})


def _page(
    view: CourseView, form: PhaseForm, seen: FrequencyPreview | None = None, errors: Mapping[str, str] | None = None
) -> str:
    advice = request.values.get("advice", "")
    values = {
        "view": view,
        "form": form,
        "seen": seen,
        "picture": before_and_after(view, seen) if seen else None,
        "costs": cost_words(seen.cost) if seen else (),
        "errors": errors or {},
        "reason": request.form.get("reason", _reason(advice)),
        "advice": advice,
        "border": border_of(form.phases, view.done),
        # While the slider moves it is left alone, and the numbers follow it; otherwise it follows them.
        "slid": request.form.get("border") != request.form.get("border-was"),
    }
    values["rhythms"] = usual_rhythms(runtime(), actor())
    return render_template("courses/_live.html" if _is_live() else "courses/frequency.html", **values)


def _reason(advice: str) -> str:
    return in_language(say("Quick relief: thinned out sooner (E22)"), language()) if advice else ""
