"""A therapist's working hours change: what that does to each course is shown before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm, UndoRefused
from planner.services.hours_view import HoursDesk, TakenBack, hours_desk, take_back
from planner.services.new_hours import NewWeek, plan_hours, planned_at_once, preview_hours, record_hours
from planner.services.replan import Replan
from planner.services.solve_jobs import new_job_id
from planner.web.context import actor, runtime
from planner.web.errors import status_of
from planner.web.formats import day_year
from planner.web.numbers import read_id
from planner.web.overtaken import overtaken
from planner.web.reception.hours_form import WEEKDAYS, day_field, fields_of, read_week, week_words
from planner.web.reception.replans import tell_replan
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, reception
from planner.words import listing, say, say_many

HOURS_SET: Final = say("The hours are set.")


@reception.route("/hours", methods=["GET", "POST"])
def hours() -> Page:
    """List hours; preview new ones (`do=preview`), or set them (`do=record`).

    Where they touch many courses or others may make room, the plan is made outside the request, and its own page shows
    and records it.
    """
    if request.method == "GET":
        return _page({"staff_id": request.args.get("staff_id", "")}, fresh=True)
    form = request.form
    week, errors = read_week(form)
    if week is None:
        return _page(form, errors), UNPROCESSABLE
    desk = hours_desk(runtime(), actor())
    if week.seen not in (None, desk.seen_of(week.staff_id)):
        now = fields_of(desk.week_of(week.staff_id, week.first_day))
        return _page(*overtaken({**form, **fields_of(week.lines)}, now, desk.seen_of(week.staff_id))), CONFLICT
    try:
        if not planned_at_once(runtime(), actor(), week):
            job_id = read_id(form.get("job_id", ""), say("This page could not be read. Please begin again."))
            plan_hours(runtime(), actor(), week, job_id=job_id)
            return redirect(url_for("reception.job", job_id=job_id))
        if form.get("do") != "record":
            return _page(form, plan=preview_hours(runtime(), actor(), week))
        plan = record_hours(runtime(), actor(), week, digest=form.get("digest"))
    except InvalidInput as refusal:
        return _page(form, errors_of(refusal)), UNPROCESSABLE
    except StaleForm as refusal:
        # Whoever was faster at the last moment: what would happen now is shown, and the form's own answer comes next.
        shown = preview_hours(runtime(), actor(), replace(week, seen=None)) if form.get("do") == "record" else None
        return _page(form, {"": refusal.message}, plan=shown), CONFLICT
    tell_replan(plan, HOURS_SET)
    return redirect(url_for("reception.hours"))


@reception.post("/hours/<int:change_id>/take-back")
def take_back_hours(change_id: int) -> Page:
    """Let hours be as before, with the courses that were changed with them where nobody was told of that yet."""
    try:
        taken_back = take_back(runtime(), actor(), change_id)
    except UndoRefused as refusal:
        return _page({}, {"": refusal.message}, fresh=True), status_of(refusal)
    flash(_taken_back_words(taken_back), "warn" if taken_back.kept else "good")
    return redirect(url_for("reception.hours"))


def _page(
    form: Mapping[str, str], errors: Errors | None = None, plan: Replan | None = None, *, fresh: bool = False
) -> str:
    """The page.

    Args:
        fresh: nothing was typed yet, so that the form shows the hours as they are.
    """
    desk = hours_desk(runtime(), actor())
    chosen = _chosen(form, desk)
    shown = dict(form)
    if fresh:
        first = _next_monday(desk.today)
        shown = {"staff_id": str(chosen), "first_day": first.isoformat(), **fields_of(desk.week_of(chosen, first))}
    week, _ = read_week(shown) if plan else (None, {})
    return render_template(
        "reception/hours.html",
        desk=desk,
        form=shown,
        chosen=chosen,
        errors=errors or {},
        seen=shown.get("seen") or desk.seen_of(chosen),
        plan=plan,
        job_id=new_job_id(),
        preview=_preview(desk, week) if week else None,
        days=[(day_field(number), name) for number, name in enumerate(WEEKDAYS)],
        lines=[(staff_id, name, week_words(desk.week_of(staff_id, desk.today))) for staff_id, name in desk.therapists],
        recent=[(line, week_words(line.hours)) for line in desk.changes],
    )


def _preview(desk: HoursDesk, week: NewWeek) -> tuple[str, str, str]:
    """The title over what would change, and the week before and after in words."""
    before = week_words(desk.week_of(week.staff_id, week.first_day))
    return hours_title(desk.name_of(week.staff_id), week.first_day), before, week_words(week.lines)


def _chosen(form: Mapping[str, str], desk: HoursDesk) -> int:
    """Whose hours the form is about; 0 where nobody of the clinic is chosen, unless there is only one."""
    text = form.get("staff_id") or (str(desk.therapists[0][0]) if len(desk.therapists) == 1 else "")
    return next((staff_id for staff_id, _ in desk.therapists if str(staff_id) == text), 0)


def _next_monday(today: date) -> date:
    return today + timedelta(days=7 - today.weekday())


def hours_title(name: str, first_day: date) -> str:
    """The words over what new hours change."""
    return say("%(name)s works other hours from %(day)s", name=name, day=day_year(first_day))


def _taken_back_words(taken_back: TakenBack) -> str:
    said: list[str] = [say("The hours of %(name)s are as before.", name=taken_back.therapist)]
    if taken_back.kept:
        said += [say("The appointments stay where they are now."), taken_back.kept]
    elif taken_back.restored:
        restored = taken_back.restored
        said += [say_many("%(num)s course stands as before, too.", "%(num)s courses stand as before, too.", restored)]
    return listing(said, " ")
