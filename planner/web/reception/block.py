"""Book several patients at once: choose them, let dates for all be found together, then book them on the job's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from planner.care.course import fixed_sessions, open_ended
from planner.errors import InvalidInput, StaleForm
from planner.services.block_booking import plan_block
from planner.services.block_view import BlockDesk, block_desk
from planner.services.leave_view import leave_desk
from planner.services.solve_jobs import new_job_id
from planner.services.waiting import Waiting
from planner.services.wishes import Wishes
from planner.web.context import actor, runtime
from planner.web.numbers import read_id
from planner.web.protocols import protocol_words
from planner.web.reception.booking_form import wishes_fields
from planner.web.reception.booking_rows import wishes_line
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, reception
from planner.words import say

_UNREADABLE: Final = "This page could not be read. Please begin again."


@dataclass(frozen=True)
class WaitingRow:
    """One patient of the list.

    Args:
        ticked: whether they are to be booked.
        fields: what the form shows of their wishes, by the wish's own name; `weekdays` are those ticked.
        summary: the same in words.
        error: what is wrong with them.
    """

    waiting: Waiting
    ticked: bool
    fields: dict[str, str]
    weekdays: list[str]
    summary: str
    error: str

    @property
    def id(self) -> int:
        """The assessment's, which tells the rows' fields apart."""
        return self.waiting.recorded.id


@reception.route("/book-several", methods=["GET", "POST"])
def book_several() -> Page:
    """Tick patients and a first day; sending begins one job for all of them. `?tick=all` ticks everybody."""
    if request.method == "GET":
        return _page(MultiDict())
    form = request.form
    try:
        job_id = read_id(form.get("job_id", ""), _UNREADABLE)
        chosen = [read_id(text, _UNREADABLE, "assessments") for text in form.getlist("assessments")]
        wishes = _wishes(form, chosen)
        plan_block(runtime(), actor(), chosen, _day(form.get("first_day", "")), job_id=job_id, wishes=wishes)
    except InvalidInput as refusal:
        errors = errors_of(refusal)
        if "earliest_day" in errors:  # The service's name for what the form calls the first day.
            errors["first_day"] = errors.pop("earliest_day")
        return _page(form, errors), UNPROCESSABLE
    except StaleForm as refusal:
        return _page(form, errors_of(refusal)), CONFLICT
    return redirect(url_for("reception.job", job_id=job_id))


def _page(form: MultiDict[str, str], errors: Errors | None = None) -> str:
    desk = block_desk(runtime(), actor())
    return render_template(
        "reception/book_several.html",
        desk=desk,
        rows=list(_rows(desk, form, errors or {})),
        first_day=form.get("first_day") or (desk.today + timedelta(days=1)).isoformat(),
        job_id=new_job_id(),
        errors=errors or {},
        protocol_words=protocol_words,
        sessions_of=fixed_sessions,
        goes_on=lambda phases: open_ended(phases) is not None,
    )


def _rows(desk: BlockDesk, form: MultiDict[str, str], errors: Errors) -> Iterator[WaitingRow]:
    """The list as it is known, or as it was typed."""
    chosen, everybody = set(form.getlist("assessments")), request.args.get("tick") == "all"
    names = dict(desk.therapists)
    for each in desk.waiting:
        number = each.recorded.id
        typed = _typed(form, number)
        yield WaitingRow(
            waiting=each,
            ticked=str(number) in chosen or (not form and everybody),
            fields=typed or wishes_fields(each.wishes),
            weekdays=form.getlist(f"weekdays-{number}") if typed else [str(day) for day in each.wishes.weekdays],
            summary=wishes_line(each.wishes, names),
            error=errors.get(_field(number), ""),
        )


def _typed(form: MultiDict[str, str], number: int) -> dict[str, str]:
    """The wishes that a form carries for an assessment, by the wish's own name; empty where it carries none."""
    if f"practitioner-{number}" not in form:
        return {}
    wanted = ("practitioner", "only_preferred", "earliest", "latest", "preferred")
    return {name: form.get(f"{name}-{number}", "") for name in wanted}


def _wishes(form: MultiDict[str, str], chosen: Iterable[int]) -> dict[int, Wishes]:
    """The wishes of those chosen, as far as the form carries them.

    Raises:
        InvalidInput: they make no sense; the field is the row's.
    """
    others = [staff_id for staff_id, _ in leave_desk(runtime(), actor()).therapists]
    found = {}
    for number in chosen:
        typed = _typed(form, number)
        if not typed:
            continue
        try:
            found[number] = Wishes.from_form(typed, form.getlist(f"weekdays-{number}"), others)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, field=_field(number)) from refusal
    return found


def _field(number: int) -> str:
    """The name of a row's wishes, for what is wrong with them."""
    return f"wishes-{number}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(say("Give the first day on which they can come."), field="first_day") from None
