"""Changing the frequency: the phases to edit, what would move, and the change itself."""

from __future__ import annotations

from flask import render_template, request

from planner.errors import InvalidInput, PlannerError, SlotTaken, StaleForm
from planner.services import frequency as changes
from planner.services.course_view import CourseView, course_view
from planner.services.frequency import FrequencyPreview
from planner.services.rhythms import usual_rhythms
from planner.web.context import actor, runtime
from planner.web.courses.picture import before_and_after
from planner.web.courses.routes import Page, courses, go_on, tell
from planner.web.errors import status_of
from planner.web.phase_form import PhaseForm, changed_rows, read_rows, rows_of, typed_rows


@courses.get("/courses/<int:course_id>/frequency")
def frequency(course_id: int) -> Page:
    """The phases as they are, to be changed."""
    view = course_view(runtime(), actor(), course_id)
    return _page(view, PhaseForm(rows_of(view.phases), {}))


@courses.post("/courses/<int:course_id>/frequency")
def change_frequency(course_id: int) -> Page:
    """Edit the rows, preview, or apply, as the button "do" says."""
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
    return _previewed(view, form)


def _apply(view: CourseView, form: PhaseForm) -> Page:
    reason, digest = request.form.get("reason", "").strip(), request.form.get("digest", "")
    if not reason:
        return _previewed(view, form, {"reason": "Say why, for whoever reads the course's history."}, status=422)
    try:
        outcome = changes.apply(runtime(), actor(), view.id, form.phases, reason=reason, digest=digest)
    except (StaleForm, SlotTaken) as refusal:
        return _previewed(course_view(runtime(), actor(), view.id), form, {"": refusal.message}, status_of(refusal))
    except InvalidInput as refusal:
        return _page(view, _refused(form, refusal)), status_of(refusal)
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
    view: CourseView, form: PhaseForm, seen: FrequencyPreview | None = None, errors: dict[str, str] | None = None
) -> str:
    values = {
        "view": view,
        "form": form,
        "seen": seen,
        "picture": before_and_after(view, seen) if seen else None,
        "errors": errors or {},
        "reason": request.form.get("reason", ""),
    }
    if _is_live():
        return render_template("courses/_preview.html", **values)
    return render_template("courses/frequency.html", rhythms=usual_rhythms(runtime(), actor()), **values)
