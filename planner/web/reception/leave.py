"""A therapist is away: what that does to each course is shown before it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from flask import flash, redirect, render_template, request, url_for

from planner.diary.hours import Leave
from planner.errors import InvalidInput, StaleForm
from planner.services.leave import plan_leave, planned_at_once, preview_leave, record_leave
from planner.services.leave_view import LeaveLine, Withdrawn, leave_desk, withdraw
from planner.services.replan import Replan
from planner.services.solve_jobs import new_job_id
from planner.web.context import actor, runtime
from planner.web.days import read_day
from planner.web.formats import counted, day_year
from planner.web.numbers import read_id, row_id
from planner.web.reception.replans import tell_replan
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, reception

LEAVE_RECORDED: Final = "The leave is recorded."


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
        if not planned_at_once(runtime(), actor(), staff_id, wanted):
            job_id = read_id(form.get("job_id", ""), "This page could not be read. Please begin again.")
            plan_leave(runtime(), actor(), staff_id, wanted, job_id=job_id)
            return redirect(url_for("reception.job", job_id=job_id))
        if form.get("do") != "record":
            return _leave_page(form, plan=preview_leave(runtime(), actor(), staff_id, wanted))
        plan = record_leave(runtime(), actor(), staff_id, wanted, digest=form.get("digest"))
    except InvalidInput as refusal:
        return _leave_page(form, errors_of(refusal)), UNPROCESSABLE
    except StaleForm as refusal:
        return _leave_page(form, {"": refusal.message}, plan=_preview_now(form, staff_id, wanted)), CONFLICT
    tell_replan(plan, LEAVE_RECORDED)
    return redirect(url_for("reception.leave"))


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
    return preview_leave(runtime(), actor(), staff_id, wanted) if form.get("do") == "record" else None


def _leave_page(form: Mapping[str, str], errors: Errors | None = None, plan: Replan | None = None) -> str:
    desk = leave_desk(runtime(), actor())
    chosen = row_id(form.get("staff_id", ""))
    return render_template(
        "reception/leave.html",
        desk=desk,
        lines=[(line, span_words(line)) for line in desk.leave],
        form=form,
        errors=errors or {},
        plan=plan,
        away=desk.name_of(chosen) if chosen is not None else "",
        # Every form shown has a number of its own, so that sending it twice plans once.
        job_id=new_job_id(),
    )


def span_words(line: LeaveLine) -> str:
    """`Tue 3 Mar 2026`, `Tue 3 Mar 2026 to Fri 6 Mar 2026`, or with times where it is a part of a day."""
    first, last = line.starts.date(), line.ends.date()
    if line.starts.time() == line.ends.time() == time():
        last -= timedelta(days=1)
        return day_year(first) if first == last else f"{day_year(first)} to {day_year(last)}"
    until = f"{line.ends:%H:%M}" if first == last else f"{day_year(last)} {line.ends:%H:%M}"
    return f"{day_year(first)} {line.starts:%H:%M} to {until}"


def _read(form: Mapping[str, str]) -> tuple[int, Leave]:
    """Whose leave, and when: whole days, or a part of one day. Raises InvalidInput naming the field."""
    chosen = read_id(form.get("staff_id", ""), "Choose who is away.", "staff_id")
    first = read_day(form.get("first_day", ""), "first_day")
    last = read_day(form.get("last_day", "") or first.isoformat(), "last_day")
    if last < first:
        raise InvalidInput("The last day is before the first one.", field="last_day")
    reason = " ".join(form.get("reason", "").split())
    if len(reason) > 200:
        raise InvalidInput("The reason has at most 200 characters.", field="reason")
    from_time, to_time = form.get("from_time", "").strip(), form.get("to_time", "").strip()
    if not from_time and not to_time:
        return chosen, Leave.whole_days(first, last, reason)
    begins = datetime.combine(first, _clock(from_time or "00:00", "from_time"))
    ends = datetime.combine(last, _clock(to_time or "23:59", "to_time"))
    if ends <= begins:
        raise InvalidInput("The time until which must be after the time from which.", field="to_time")
    return chosen, Leave(begins, ends, reason)


def _clock(text: str, where: str) -> time:
    try:
        read = time.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise InvalidInput(f"“{text}” is no time of day; write it like 14:30.", field=where)
    return read


def _withdrawn_words(taken_back: Withdrawn) -> str:
    said = f"The leave of {taken_back.therapist} is taken back."
    if taken_back.kept:
        return f"{said} The appointments stay where they are now. {taken_back.kept}"
    if taken_back.restored:
        return f"{said} {counted(taken_back.restored, 'course stands', 'courses stand')} as before."
    return said
