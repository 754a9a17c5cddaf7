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
from planner.services.wishes import NOTE_LENGTH_MAX, Wishes
from planner.web.context import actor, runtime
from planner.web.numbers import read_id
from planner.web.protocols import protocol_words
from planner.web.reception.booking_form import WISH_FIELDS, WishRows, note_of, wishes_fields
from planner.web.reception.booking_rows import wishes_line
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, reception
from planner.words import say

_UNREADABLE: Final = say("This page could not be read. Please begin again.")


@dataclass(frozen=True)
class WaitingRow:
    """One patient of the list.

    Args:
        ticked: whether they are to be booked.
        fields: what the form shows of their wishes, by the wish's own name; `weekdays` are those ticked.
        summary: the same in words.
        errors: what is wrong with them, by the wish's own name.
        shown: which of the fields that can be given several times are shown.
    """

    waiting: Waiting
    ticked: bool
    fields: dict[str, str]
    weekdays: list[str]
    summary: str
    errors: Errors
    shown: WishRows

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
        wishes, wrong = _wishes(form, chosen)
        if wrong:
            return _page(form, wrong), UNPROCESSABLE
        notes = {each: note_of(typed) for each in chosen if (typed := _typed(form, each))}
        first_day = _day(form.get("first_day", ""))
        plan_block(runtime(), actor(), chosen, first_day, job_id=job_id, wishes=wishes, notes=notes)
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
        fields = typed or wishes_fields(each.wishes)
        ending = _field("", number)
        yield WaitingRow(
            waiting=each,
            ticked=str(number) in chosen or (not form and everybody),
            fields=fields,
            weekdays=form.getlist(f"weekdays-{number}") if typed else [str(day) for day in each.wishes.weekdays],
            summary=wishes_line(each.wishes, names),
            errors={name.removesuffix(ending): words for name, words in errors.items() if name.endswith(ending)},
            shown=WishRows.of(fields, len(desk.therapists)),
        )


def _typed(form: MultiDict[str, str], number: int) -> dict[str, str]:
    """The wishes that a form carries for an assessment, by the wish's own name; empty where it carries none."""
    if f"practitioner-{number}" not in form:
        return {}
    return {name: form.get(_field(name, number), "") for name in WISH_FIELDS}


def _wishes(form: MultiDict[str, str], chosen: Iterable[int]) -> tuple[dict[int, Wishes], Errors]:
    """The wishes of those chosen, as far as the form carries them, and what is wrong, row by row."""
    others = [staff_id for staff_id, _ in leave_desk(runtime(), actor()).therapists]
    found: dict[int, Wishes] = {}
    wrong: Errors = {}
    for number in chosen:
        typed = _typed(form, number)
        if not typed:
            continue
        try:
            found[number] = Wishes.from_form(typed, form.getlist(f"weekdays-{number}"), others)
        except InvalidInput as refusal:
            wrong[_field(refusal.field or "practitioner", number)] = refusal.message
        if len(note_of(typed)) > NOTE_LENGTH_MAX:
            wrong[_field("note", number)] = say("A note has at most %(most)s characters.", most=NOTE_LENGTH_MAX)
    return found, wrong


def _field(name: str, number: int) -> str:
    """The name of a wish's field in a row."""
    return f"{name}-{number}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(say("Give the first day on which they can come."), field="first_day") from None
