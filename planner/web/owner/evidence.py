"""The evidence with the clinic's own numbers: every row, and the page where one is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import flash, redirect, render_template, request, url_for

from planner.care.evidence import Kind
from planner.errors import InvalidInput, StaleForm
from planner.services import evidence_edit
from planner.services.evidence_edit import Number, RowDesk
from planner.web.context import actor, runtime
from planner.web.overtaken import overtaken
from planner.web.owner.routes import CONFLICT, UNPROCESSABLE, Errors, Page, owner
from planner.words import say

_HEADINGS: Final = (
    (Kind.PROTOCOL, say("Protocols: sessions and weeks")),
    (Kind.GOAL, say("Goals")),
    (Kind.FREQUENCY, say("Frequency, phases and gaps")),
    (Kind.FACTOR, say("Factors: which way each moves the number of sessions")),
    (Kind.ATTENDANCE, say("Misses")),
    (Kind.SAFETY, say("Monitoring and safety")),
    (Kind.ADVICE, say("What a patient is told")),
    (Kind.JUDGEMENT, say("Our own judgement")),
)
LABELS: Final = {
    "sessions_low": say("Fewest sessions"),
    "sessions_high": say("Most sessions"),
    "weeks_low": say("Fewest weeks"),
    "weeks_high": say("Most weeks"),
    "below_weeks": say("Below so many weeks"),
    "to_weeks": say("Up to so many weeks"),
    "rest_hours": say("Hours of rest"),
    "larger_change_to": say("Largest change in sessions"),
    "review_from": say("Review from session"),
    "review_to": say("Review until session"),
    "minutes": say("Minutes"),
    "start_share": say("Share of the sessions"),
    "extra_sessions": say("Extra sessions"),
    "sessions_ahead": say("Sessions ahead"),
    "target": say("Days wanted"),
    "min": say("Fewest days"),
    "max": say("Most days"),
    "sessions_sooner": say("Sessions sooner"),
    "sessions_later": say("Sessions later"),
    "target_days": say("Days about the wanted one"),
    "range_days": say("Days about the range"),
    "chronic_below_weeks": say("Long-standing below so many weeks"),
    "acute_above_weeks": say("Fresh above so many weeks"),
    "younger_below": say("Younger: below the age of"),
    "older_from": say("Older: from the age of"),
    "acute_from_weeks": say("Fresh: from so many weeks"),
    "chronic_from_weeks": say("Long-standing: from so many weeks"),
    "other_from_weeks": say("Others: from so many weeks"),
    "misses": say("Misses in a row"),
    "catch_up_sessions": say("Sessions to catch up"),
    "size": say("Sessions"),
    "points": say("Points of 10"),
    "degrees": say("Degrees"),
    "percent": say("Percent"),
    "by_session": say("Up to session"),
}


@owner.get("/settings/evidence")
def evidence() -> Page:
    """Every row, with those that are the clinic's own marked."""
    known = evidence_edit.evidence_rows(runtime(), actor())
    sections = [(heading, known.of_kind(kind)) for kind, heading in _HEADINGS]
    return render_template(
        "owner/evidence.html", sections=sections, own=[row for row in known if row.own], labels=LABELS
    )


@owner.route("/settings/evidence/row", methods=["GET", "POST"])
def evidence_row() -> Page:
    """Show the row `row_id`, keep the clinic's own numbers, or go back to what was shipped (`do=shipped`)."""
    row_id = request.args.get("row_id", "")
    if not row_id:
        return redirect(url_for("owner.evidence"))
    desk = evidence_edit.row_desk(runtime(), actor(), row_id)
    if request.method == "GET":
        return _page(desk, _fields(desk))
    form = request.form
    reason, seen = form.get("reason", ""), form.get("seen", "")
    numbers, errors = _read(desk, form)
    back = form.get("do") == "shipped"
    if errors and not back:
        return _page(desk, form, errors), UNPROCESSABLE
    try:
        if back:
            evidence_edit.as_shipped(runtime(), actor(), row_id, reason, seen=seen)
        else:
            wording = form.get(f"{row_id}.says", "")
            evidence_edit.change_row(runtime(), actor(), row_id, numbers, wording, reason, seen=seen)
    except StaleForm:
        return _page(desk, *overtaken(form, _fields(desk), desk.seen)), CONFLICT
    except InvalidInput as refusal:
        return _page(desk, form, _here(refusal, form)), UNPROCESSABLE
    flash(say("As shipped again.") if back else say("Kept. The next estimate follows it, and says so."), "good")
    return redirect(url_for("owner.evidence", _anchor=row_id))


def _page(desk: RowDesk, form: Mapping[str, str], errors: Errors | None = None) -> str:
    return render_template(
        "owner/evidence_row.html",
        desk=desk,
        form=form,
        errors=errors or {},
        labels=[(f"{desk.row.id}.{each.name}", LABELS.get(each.name, each.name), each) for each in desk.numbers],
    )


def _fields(desk: RowDesk) -> dict[str, str]:
    numbers = {f"{desk.row.id}.{number.name}": f"{number.now:g}" for number in desk.numbers}
    return {**numbers, f"{desk.row.id}.says": desk.wording}


def _read(desk: RowDesk, form: Mapping[str, str]) -> tuple[dict[str, int | float], Errors]:
    numbers: dict[str, int | float] = {}
    errors: Errors = {}
    for number in desk.numbers:
        field = f"{desk.row.id}.{number.name}"
        try:
            numbers[number.name] = _number(form.get(field, ""), number)
        except ValueError:
            low, high = f"{number.low:g}", f"{number.high:g}"
            errors[field] = say("Write a number from %(low)s to %(high)s.", low=low, high=high)
            if not number.fractional:
                errors[field] = say("Write a whole number from %(low)s to %(high)s.", low=low, high=high)
    return numbers, errors


def _number(text: str, number: Number) -> int | float:
    """The number as it was typed, with a point or a comma. Raises ValueError."""
    spelled = text.strip().replace(",", ".")
    value = float(spelled) if number.fractional else int(spelled)
    # Written so that NaN fails too.
    if not number.low <= value <= number.high:
        raise ValueError(text)
    return value


def _here(refusal: InvalidInput, form: Mapping[str, str]) -> Errors:
    """At its field where that is on this page, else above the form: another row contradicts it."""
    known = {*form, "reason"}
    return {refusal.field if refusal.field in known else "": refusal.message}
