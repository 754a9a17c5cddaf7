"""A therapist is away: what that does to each course is shown before it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from planner.diary.hours import Leave
from planner.errors import InvalidInput, StaleForm
from planner.services.leave import (
    chosen_first,
    left_to_people,
    plan_leave,
    planned_at_once,
    preview_leave,
    preview_some,
    record_leave,
    record_some,
)
from planner.services.leave_view import LeaveLine, Withdrawn, leave_desk, withdraw
from planner.services.replan import Replan
from planner.services.solve_jobs import new_job_id
from planner.web.context import actor, runtime
from planner.web.days import read_day
from planner.web.numbers import read_id, row_id
from planner.web.reception.replans import tell_replan
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, reception
from planner.words import Text, day_said, say, say_many

LEAVE_RECORDED: Final = say("The leave is recorded.")
TICKS: Final = "ticks"
"""Sent along where each course has a box of its own."""


@reception.route("/leave", methods=["GET", "POST"])
def leave() -> Page:
    """List leave; preview a new one (`do=preview`), or record it (`do=record`).

    Where it touches many courses or others may make room, the plan is made outside the request, and its own page shows
    and records it.
    """
    if request.method == "GET":
        return _leave_page({})
    form = request.form
    try:
        staff_id, wanted = _read(form)
        stays = left_to_people(runtime(), actor(), staff_id, wanted)
        if stays is None and not planned_at_once(runtime(), actor(), staff_id, wanted):
            job_id = read_id(form.get("job_id", ""), say("This page could not be read. Please begin again."))
            plan_leave(runtime(), actor(), staff_id, wanted, job_id=job_id)
            return redirect(url_for("reception.job", job_id=job_id))
        if form.get("do") != "record":
            plan = None if stays is not None else preview_leave(runtime(), actor(), staff_id, wanted)
            return _leave_page(form, plan=plan, stays=stays)
        plan = _record(form, staff_id, wanted, nobody=stays is not None)
    except InvalidInput as refusal:
        return _leave_page(form, errors_of(refusal)), UNPROCESSABLE
    except StaleForm as refusal:
        return _leave_page(form, {"": refusal.message}, plan=_preview_now(form, staff_id, wanted)), CONFLICT
    tell_replan(plan, LEAVE_RECORDED)
    return redirect(url_for("reception.leave"))


def _record(form: MultiDict[str, str], staff_id: int, wanted: Leave, *, nobody: bool) -> Replan:
    """Record it as it was shown, for all courses it touches, for those that are ticked, or for nobody."""
    if nobody:
        return record_some(runtime(), actor(), staff_id, wanted, {})
    if TICKS not in form:
        return record_leave(runtime(), actor(), staff_id, wanted, digest=form.get("digest"))
    return record_some(runtime(), actor(), staff_id, wanted, {each: form.get(f"shown-{each}", "") for each in ticked()})


def ticked() -> list[int]:
    """The courses whose boxes are ticked in this form."""
    return [each for text in request.form.getlist("course") if (each := row_id(text)) is not None]


@reception.post("/leave/<int:leave_id>/withdraw")
def withdraw_leave(leave_id: int) -> Page:
    """Take leave back, with the changes it made where nobody was told of them yet."""
    try:
        taken_back = withdraw(runtime(), actor(), leave_id)
    except InvalidInput as refusal:
        return _leave_page({}, errors_of(refusal)), UNPROCESSABLE
    flash(_withdrawn_words(taken_back), "good" if not taken_back.kept else "warn")
    return redirect(url_for("reception.leave"))


def _preview_now(form: Mapping[str, str], staff_id: int, wanted: Leave) -> Replan | None:
    """What would happen now, where it was to be recorded as shown; a large plan is made by its job alone."""
    if form.get("do") != "record":
        return None
    if TICKS in form:
        return preview_some(runtime(), actor(), staff_id, wanted, ticked())
    return preview_leave(runtime(), actor(), staff_id, wanted)


def _leave_page(
    form: Mapping[str, str], errors: Errors | None = None, plan: Replan | None = None, stays: int | None = None
) -> str:
    desk = leave_desk(runtime(), actor())
    chosen = row_id(form.get("staff_id", ""))
    return render_template(
        "reception/leave.html",
        desk=desk,
        lines=[(line, span_words(line)) for line in desk.leave],
        form=form,
        errors=errors or {},
        plan=plan,
        # The first look; after that the boxes are as somebody left them.
        all_ticked=TICKS in form or chosen_first(runtime(), actor()),
        stays=stays,
        away=desk.name_of(chosen) if chosen is not None else "",
        # Every form shown has a number of its own, so that sending it twice plans once.
        job_id=new_job_id(),
    )


def span_words(line: LeaveLine) -> Text:
    """`Tue 3 Mar 2026`, `Tue 3 Mar 2026 to Fri 6 Mar 2026`, or with times where it is a part of a day."""
    first, last = line.starts.date(), line.ends.date()
    first_said = day_said(first, "year")
    if line.starts.time() == line.ends.time() == time():
        last -= timedelta(days=1)
        if first == last:
            return first_said
        return say("%(first)s to %(last)s", first=first_said, last=day_said(last, "year"))
    begins, ends = f"{line.starts:%H:%M}", f"{line.ends:%H:%M}"
    if first == last:
        return say("%(first)s %(begins)s to %(ends)s", first=first_said, begins=begins, ends=ends)
    return say("%(first)s %(begins)s to %(last)s %(ends)s",
               first=first_said, begins=begins, last=day_said(last, "year"), ends=ends)  # fmt: skip


def _read(form: Mapping[str, str]) -> tuple[int, Leave]:
    """Whose leave, and when: whole days, or a part of one day. Raises InvalidInput naming the field."""
    chosen = read_id(form.get("staff_id", ""), say("Choose who is away."), "staff_id")
    first = read_day(form.get("first_day", ""), "first_day")
    last = read_day(form.get("last_day", "") or first.isoformat(), "last_day")
    if last < first:
        raise InvalidInput(say("The last day is before the first one."), field="last_day")
    reason = " ".join(form.get("reason", "").split())
    if len(reason) > 200:
        raise InvalidInput(say("The reason has at most 200 characters."), field="reason")
    from_time, to_time = form.get("from_time", "").strip(), form.get("to_time", "").strip()
    if not from_time and not to_time:
        return chosen, Leave.whole_days(first, last, reason)
    begins = datetime.combine(first, _clock(from_time or "00:00", "from_time"))
    ends = datetime.combine(last, _clock(to_time or "23:59", "to_time"))
    if ends <= begins:
        raise InvalidInput(say("The time until which must be after the time from which."), field="to_time")
    return chosen, Leave(begins, ends, reason)


def _clock(text: str, where: str) -> time:
    try:
        read = time.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise InvalidInput(say("“%(text)s” is no time of day; write it like 14:30.", text=text), field=where)
    return read


def _withdrawn_words(taken_back: Withdrawn) -> Text:
    said = say("The leave of %(name)s is taken back.", name=taken_back.therapist)
    if taken_back.kept:
        return say("%(said)s The appointments stay where they are now. %(why)s", said=said, why=taken_back.kept)
    if taken_back.restored:
        return say_many(
            "%(said)s %(num)s course stands as before.", "%(said)s %(num)s courses stand as before.",
            taken_back.restored, said=said,
        )  # fmt: skip
    return said
