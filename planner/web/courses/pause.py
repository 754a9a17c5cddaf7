"""A course pauses while its patient can't come: what that moves is shown before it is done."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, SlotTaken, StaleForm
from planner.services import pause as pauses
from planner.services.pause import DaysAway
from planner.services.pause_view import pause_desk
from planner.services.replan import Replan
from planner.web.context import actor, runtime
from planner.web.courses.page import course_page
from planner.web.courses.routes import Page, courses, go_on, tell
from planner.web.days import read_day
from planner.web.errors import status_of
from planner.web.formats import counted
from planner.words import listing, say, say_many

_BEGIN, _UNPROCESSABLE = "apply", 422


@courses.route("/courses/<int:course_id>/pause", methods=["GET", "POST"])
def pause(course_id: int) -> Page:
    """Ask for the days; preview what they move (`do=preview`), or do it (`do=apply`)."""
    if request.method == "GET":
        return _page(course_id, {})
    form = request.form
    try:
        days, also = _days(form), form.get("all_courses") == "yes"
        if form.get("do") != _BEGIN:
            plan = pauses.preview_pause(runtime(), actor(), course_id, days, all_courses=also)
            return _page(course_id, form, plan=plan)
        digest = form.get("digest", "")
        plan = pauses.pause(runtime(), actor(), course_id, days, all_courses=also, digest=digest)
    except InvalidInput as refusal:
        return _page(course_id, form, {refusal.field or "": refusal.message}), _UNPROCESSABLE
    except (StaleForm, SlotTaken) as refusal:
        now = pauses.preview_pause(runtime(), actor(), course_id, days, all_courses=also)
        return _page(course_id, form, {"": refusal.message}, now), status_of(refusal)
    _tell(plan, days)
    return redirect(url_for("courses.course", course_id=course_id))


@courses.post("/courses/<int:course_id>/pause/end")
def end_pause(course_id: int) -> Page:
    """The patient can come on these days after all. Form: first_day, last_day."""
    try:
        outcome = pauses.end_pause(runtime(), actor(), course_id, _days(request.form))
    except (InvalidInput, StaleForm) as refusal:
        return course_page(course_id, refusal.message), status_of(refusal)
    tell(outcome.revision_id)
    return go_on(course_id)


def _days(form: Mapping[str, str]) -> DaysAway:
    first = read_day(form.get("first_day", ""), "first_day")
    return DaysAway(first, read_day(form.get("last_day", "") or first.isoformat(), "last_day"))


def _tell(plan: Replan, days: DaysAway) -> None:
    """What was done, on the next page; with a way back, which takes all of it back."""
    moved = sum(len(course.difference.told) for course in plan.courses)
    changed = say("no visit was in the way")
    if moved:
        changed = say_many("%(num)s visit changed", "%(num)s visits changed", moved)
    unplaced = sum(course.unplaced for course in plan.courses)
    said = say("The patient can't come %(days)s: %(changed)s.", days=days.words, changed=changed)
    if unplaced:
        waits = say("%(sessions)s found no date and wait on the worklist.", sessions=counted(unplaced, "session"))
        said = listing([said, waits], " ")
    words = {
        "text": said,
        "undo_url": url_for("courses.undo", revision_id=plan.revision_ids[0]),
        "undo_label": say("Undo"),
    }
    flash(words, "good")  # type: ignore[arg-type]  # The session keeps any JSON value; flash.html knows this one.


def _page(
    course_id: int, form: Mapping[str, str], errors: Mapping[str, str] | None = None, plan: Replan | None = None
) -> str:
    desk = pause_desk(runtime(), actor(), course_id)
    return render_template("courses/pause.html", desk=desk, form=form, errors=errors or {}, plan=plan)
