"""Book several patients at once: choose them, let dates for all be found together, then book them on the job's page."""

from __future__ import annotations

from datetime import date, timedelta

from flask import redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from planner.care.course import fixed_sessions, open_ended
from planner.errors import InvalidInput
from planner.services.block_booking import plan_block
from planner.services.block_view import block_desk
from planner.services.solve_jobs import new_job_id
from planner.web.context import actor, runtime
from planner.web.protocols import protocol_words
from planner.web.reception.routes import UNPROCESSABLE, Errors, Page, errors_of, reception


@reception.route("/book-several", methods=["GET", "POST"])
def book_several() -> Page:
    """Tick patients and a first day; sending begins one job for all of them."""
    if request.method == "GET":
        return _page(MultiDict())
    form = request.form
    try:
        job_id = _job_id(form)
        plan_block(runtime(), actor(), _chosen(form), _day(form.get("first_day", "")), job_id=job_id)
    except InvalidInput as refusal:
        errors = errors_of(refusal)
        if "earliest_day" in errors:  # The service's name for what the form calls the first day.
            errors["first_day"] = errors.pop("earliest_day")
        return _page(form, errors), UNPROCESSABLE
    return redirect(url_for("reception.job", job_id=job_id))


def _page(form: MultiDict[str, str], errors: Errors | None = None) -> str:
    desk = block_desk(runtime(), actor())
    return render_template(
        "reception/book_several.html",
        desk=desk,
        form=form,
        chosen=set(form.getlist("assessments")),
        first_day=form.get("first_day") or (desk.today + timedelta(days=1)).isoformat(),
        job_id=form.get("job_id") or new_job_id(),
        errors=errors or {},
        protocol_words=protocol_words,
        sessions_of=fixed_sessions,
        goes_on=lambda phases: open_ended(phases) is not None,
    )


def _chosen(form: MultiDict[str, str]) -> list[int]:
    texts = form.getlist("assessments")
    if not all(text.isascii() and text.isdecimal() and len(text) < 19 for text in texts):
        raise InvalidInput("This page could not be read. Please begin again.", field="assessments")
    return [int(text) for text in texts]


def _job_id(form: MultiDict[str, str]) -> int:
    text = form.get("job_id", "")
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 19):
        raise InvalidInput("This page could not be read. Please begin again.")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput("Give the first day on which they can come.", field="first_day") from None
