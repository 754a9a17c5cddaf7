"""Notes on a course: writing, removing, putting back."""

from __future__ import annotations

from flask import flash, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.services import notes
from planner.web.context import actor, runtime
from planner.web.courses.page import Typed, course_page
from planner.web.courses.routes import Page, courses, go_on
from planner.web.errors import status_of
from planner.web.numbers import row_id
from planner.words import say


@courses.post("/courses/<int:course_id>/notes")
def write_note(course_id: int) -> Page:
    """Keep a note. Form: note, and session where it is about one."""
    text = request.form.get("note", "")
    try:
        notes.write(runtime(), actor(), course_id, text, session_id=row_id(request.form.get("session", "")))
    except InvalidInput as refusal:
        return course_page(course_id, note=Typed(text, refusal.message)), status_of(refusal)
    flash(say("The note is kept."), "good")
    return go_on(course_id)


@courses.post("/notes/<int:note_id>/remove")
def remove_note(note_id: int) -> Page:
    """Take a note away, with a way back."""
    try:
        course_id = notes.remove(runtime(), actor(), note_id)
    except StaleForm as refusal:
        return course_page(notes.course_of(runtime(), actor(), note_id), refusal.message), status_of(refusal)
    words = {
        "text": say("The note is removed."),
        "undo_url": url_for("courses.restore_note", note_id=note_id),
        "undo_label": say("Undo"),
    }
    flash(words, "good")  # type: ignore[arg-type]  # The session keeps any JSON value; flash.html knows this one.
    return go_on(course_id)


@courses.post("/notes/<int:note_id>/restore")
def restore_note(note_id: int) -> Page:
    """Put a removed note back."""
    course_id = notes.restore(runtime(), actor(), note_id)
    flash(say("The note is back."), "good")
    return go_on(course_id)
