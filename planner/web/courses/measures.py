"""Outcome measures on pages: the form, recording, removing, and the charts of a course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Final

from flask import flash, render_template, request, url_for

from planner.care.outcomes import LONGEST_ABOUT, MEASURES, Kind, read_value
from planner.errors import InvalidInput, NotFound, StaleForm
from planner.services import notes, outcomes_measured
from planner.services.course_view import CourseView, SessionLine, course_view
from planner.services.outcomes_measured import NewOutcome
from planner.web.context import actor, runtime
from planner.web.courses.page import course_page
from planner.web.courses.routes import Page, courses, go_on, way_back
from planner.web.days import read_day
from planner.web.errors import status_of
from planner.web.formats import day_short, local_day
from planner.web.numbers import row_id
from planner.words import Text, say, say_many

# One value each, and several told apart by what was measured.
ONE_OF: Final = (Kind.PAIN, Kind.TENSION, Kind.SLEEP, Kind.PERFORMANCE)
MANY_OF: Final = (Kind.FUNCTION, Kind.RANGE)
_MOST_ROWS: Final = 12


@dataclass(frozen=True)
class MeasureRow:
    """One line of the form: the name of its fields before "-about" and "-value", and what stands in them."""

    name: str
    about: str
    value: str
    known: bool = False


@dataclass(frozen=True)
class MeasureForm:
    """What was typed, what it makes, and what is wrong with it by field."""

    rows: Mapping[Kind, tuple[MeasureRow, ...]]
    values: tuple[NewOutcome, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


@courses.get("/courses/<int:course_id>/measure")
def measure(course_id: int) -> Page:
    """The form, for the session of ?session=7 if it says one."""
    view = course_view(runtime(), actor(), course_id)
    return _page(view, MeasureForm(_blank_rows(view)), {"session": request.args.get("session", "")})


@courses.post("/courses/<int:course_id>/measure")
def record_measures(course_id: int) -> Page:
    """Record all that was filled in, with a note if one was written."""
    view = course_view(runtime(), actor(), course_id)
    form = _read(view)
    errors = dict(form.errors)
    note = request.form.get("note", "").strip()
    if len(note) > notes.LONGEST:
        errors["note"] = say("At most %(most)s characters.", most=notes.LONGEST)
    session_id = row_id(request.form.get("session", ""))
    try:
        day = _day(view, session_id)
    except InvalidInput as refusal:
        errors["day"] = refusal.message
        day = None
    if not errors and not form.values and not note:
        errors[""] = say("Fill in one value at least.")
    if errors:
        return _page(view, MeasureForm(form.rows, (), errors), request.form), 422
    try:
        if form.values:
            outcomes_measured.record(runtime(), actor(), course_id, form.values, session_id=session_id, day=day)
    except InvalidInput as refusal:
        typed = MeasureForm(form.rows, (), {refusal.field or "": refusal.message})
        return _page(view, typed, request.form), status_of(refusal)
    if note:
        notes.write(runtime(), actor(), course_id, note, session_id=session_id)
    flash(_recorded_words(len(form.values), bool(note)), "good")
    return go_on(course_id)


@courses.post("/outcomes/<int:outcome_id>/remove")
def remove_outcome(outcome_id: int) -> Page:
    """Take a value back that was recorded wrongly."""
    try:
        course_id = outcomes_measured.remove(runtime(), actor(), outcome_id)
    except StaleForm as refusal:
        course_id = outcomes_measured.course_of(runtime(), actor(), outcome_id)
        return course_page(course_id, refusal.message), status_of(refusal)
    words = {
        "text": say("The value is removed."),
        "undo_url": url_for("courses.restore_outcome", outcome_id=outcome_id),
        "undo_label": say("Undo"),
    }
    flash(words, "good")  # type: ignore[arg-type]  # The session keeps any JSON value; flash.html knows this one.
    return go_on(course_id)


@courses.post("/outcomes/<int:outcome_id>/restore")
def restore_outcome(outcome_id: int) -> Page:
    """Put a removed value back."""
    course_id = outcomes_measured.restore(runtime(), actor(), outcome_id)
    flash(say("The value is back."), "good")
    return go_on(course_id)


def _recorded_words(values: int, note: bool) -> Text:
    if not values:
        return say("The note is kept.")
    if note:
        return say_many("%(num)s value recorded, and the note.", "%(num)s values recorded, and the note.", values)
    return say_many("%(num)s value recorded.", "%(num)s values recorded.", values)


def _page(view: CourseView, form: MeasureForm, typed: Mapping[str, str]) -> str:
    return render_template(
        "courses/measure.html",
        view=view,
        form=form,
        measures=MEASURES,
        typed=typed,
        back=way_back(),
        longest_about=LONGEST_ABOUT,
        scale=[("", "–"), *((str(value), str(value)) for value in range(11))],
        sessions=[(line.session_id, _session_words(view, line)) for line in reversed(view.given)],
    )


def _session_words(view: CourseView, line: SessionLine) -> Text:
    day = local_day(line.booked.starts_at, view.zone) if line.booked else view.today
    return say("Session %(number)s, %(day)s", number=line.number, day=day_short(day))


def _blank_rows(view: CourseView) -> dict[Kind, tuple[MeasureRow, ...]]:
    """What was measured of each kind so far, without values, and a free line where several are told apart."""
    abouts: dict[Kind, dict[str, str]] = {}
    for recorded in view.measured:
        # The latest spelling of the same thing.
        abouts.setdefault(recorded.outcome.kind, {})[recorded.outcome.thing[1]] = recorded.outcome.about
    rows: dict[Kind, tuple[MeasureRow, ...]] = {}
    for kind in ONE_OF:
        latest = list(abouts.get(kind, {}).values())[-1:] or [""]
        rows[kind] = (MeasureRow(kind.value, latest[0], ""),)
    for kind in MANY_OF:
        known = list(abouts.get(kind, {}).values())[: _MOST_ROWS - 1]
        named = [MeasureRow(f"{kind}-{index}", about, "", known=True) for index, about in enumerate(known)]
        free = [MeasureRow(f"{kind}-{index}", "", "") for index in range(len(named), max(len(named) + 1, 2))]
        rows[kind] = (*named, *free)
    return rows


def _read(view: CourseView) -> MeasureForm:
    known = {row.name: row.known for rows in _blank_rows(view).values() for row in rows}
    errors: dict[str, str] = {}
    values: list[NewOutcome] = []
    rows: dict[Kind, tuple[MeasureRow, ...]] = {}
    for kind in (*ONE_OF, *MANY_OF):
        names = [kind.value] if kind in ONE_OF else list(_names(kind))
        rows[kind] = tuple(_typed(name, known.get(name, False)) for name in names)
        for row in rows[kind]:
            made = _value(kind, row, errors)
            values += [made] if made else []
    return MeasureForm(rows, () if errors else tuple(values), errors)


def _names(kind: Kind) -> Iterator[str]:
    for index in count():
        name = f"{kind}-{index}"
        if index >= _MOST_ROWS or f"{name}-value" not in request.form:
            return
        yield name


def _typed(name: str, known: bool) -> MeasureRow:
    about = request.form.get(f"{name}-about", "").strip()
    return MeasureRow(name, about, request.form.get(f"{name}-value", "").strip(), known)


def _value(kind: Kind, row: MeasureRow, errors: dict[str, str]) -> NewOutcome | None:
    if not row.value:
        if row.about and kind in MANY_OF and not row.known:
            errors[f"{row.name}-value"] = say("Give a value for it, or leave both empty.")
        return None
    try:
        value = read_value(kind, row.value)
    except InvalidInput as refusal:
        errors[f"{row.name}-value"] = refusal.message
        return None
    if MEASURES[kind].about_required and not row.about:
        errors[f"{row.name}-about"] = say("Say what was measured, such as climbing stairs.")
        return None
    if len(row.about) > LONGEST_ABOUT:
        errors[f"{row.name}-about"] = say("At most %(most)s characters.", most=LONGEST_ABOUT)
        return None
    return NewOutcome(kind, value, row.about)


def _day(view: CourseView, session_id: int | None) -> date | None:
    """The day as typed, else that of the session, else None for today."""
    text = request.form.get("day", "").strip()
    if text:
        return read_day(text, "day")
    if session_id is None:
        return None
    line = next((each for each in view.given if each.session_id == session_id), None)
    if line is None or line.booked is None:
        raise NotFound(say("This session is not one of the course."))
    return local_day(line.booked.starts_at, view.zone)
