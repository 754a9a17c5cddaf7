"""The buttons of a visit and of a course: arrived, done, missed, cancelled, confirmed, undone, resumed."""

from __future__ import annotations

from typing import Protocol

from flask import flash, redirect, request, url_for

from planner.errors import InvalidInput, PlannerError
from planner.services import attendance, course_advice, course_view, frequency, notes, undoing, worklists
from planner.services.attendance import Outcome
from planner.services.runtime import Actor, Runtime
from planner.web.context import actor, runtime
from planner.web.courses.page import Ending, course_page
from planner.web.courses.routes import (
    SHOWN,
    News,
    Page,
    answer,
    courses,
    flash_news,
    form_version,
    go_on,
    news_of,
    tell,
    told,
    way_back,
)
from planner.web.errors import status_of, wants_json
from planner.words import listing, say, say_many


class _Event(Protocol):
    def __call__(
        self, runtime: Runtime, actor: Actor, appointment_id: int, *, version: int | None = None
    ) -> Outcome: ...


@courses.post("/appointments/<int:appointment_id>/arrive")
def arrive(appointment_id: int) -> Page:
    """The patient is here."""
    return _happen(attendance.arrive, appointment_id)


@courses.post("/appointments/<int:appointment_id>/fulfil")
def fulfil(appointment_id: int) -> Page:
    """The treatment was given; whoever gave it goes on to what was measured."""
    return _happen(attendance.fulfil, appointment_id, measure=actor().role == "therapist")


@courses.post("/appointments/<int:appointment_id>/miss")
def miss(appointment_id: int) -> Page:
    """The patient did not come; the rest is repaired."""
    return _happen(attendance.miss, appointment_id)


@courses.post("/appointments/<int:appointment_id>/cancel")
def cancel(appointment_id: int) -> Page:
    """The visit is called off. Form: reason; rebook "no" where the session is not wanted again."""
    reason, rebook = request.form.get("reason", "").strip(), request.form.get("rebook") != "no"

    def cancelled(runtime: Runtime, actor: Actor, appointment_id: int, *, version: int | None = None) -> Outcome:
        return attendance.cancel(runtime, actor, appointment_id, version=version, rebook=rebook, reason=reason)

    return _happen(cancelled, appointment_id)


@courses.post("/appointments/<int:appointment_id>/confirm")
def confirm(appointment_id: int) -> Page:
    """The patient said that they will come."""
    return _happen(attendance.confirm, appointment_id)


@courses.post("/revisions/<int:revision_id>/undo")
def undo(revision_id: int) -> Page:
    """Take a change back, with those made together with it."""
    course_id = course_view.course_of_revision(runtime(), actor(), revision_id)
    try:
        restored = undoing.undo(runtime(), actor(), revision_id)
    except SHOWN as refusal:
        return _refused(course_id, refusal)
    course_advice.take_back_with(runtime(), actor(), revision_id)
    words = say("Undone: everything is as it was before.")
    if others := len(restored) - 1:
        also = say_many(
            "The other course that was changed with it, too.",
            "%(num)s other courses that were changed with it, too.",
            others,
        )
        words = listing([words, also], " ")
    return answer(course_id, words)


@courses.post("/courses/<int:course_id>/resume")
def resume(course_id: int) -> Page:
    """Let the planner book again by itself, and place what is owed."""
    return _change(attendance.resume(runtime(), actor(), course_id))


@courses.post("/courses/<int:course_id>/end")
def end(course_id: int) -> Page:
    """Call off all that is still ahead of a course. Form: reason, and advice where it follows some."""
    reason, key = request.form.get("reason", "").strip(), request.form.get("advice", "")
    advised = bool(key) and course_advice.is_current(runtime(), actor(), course_id, key)
    try:
        outcome = attendance.end_course(runtime(), actor(), course_id, reason=reason)
    except InvalidInput as refusal:
        if refusal.field == "reason":
            return course_page(course_id, ending=Ending(reason, refusal.message, key)), status_of(refusal)
        return course_page(course_id, refusal.message), status_of(refusal)
    if advised:
        course_advice.note_acted(runtime(), actor(), course_id, key, reason)
        notes.write(runtime(), actor(), course_id, reason[: notes.LONGEST])
    return _change(outcome)


@courses.post("/courses/<int:course_id>/catch-up")
def catch_up(course_id: int) -> Page:
    """Add a session. Form: reason, or proposed "yes" where the planner proposed it."""
    reason = request.form.get("reason", "").strip()
    if request.form.get("proposed") == "yes":
        reason = say("Catch-up session added, as proposed")
    try:
        outcome = frequency.add_session(runtime(), actor(), course_id, reason=reason)
    except SHOWN as refusal:
        return course_page(course_id, refusal.message), status_of(refusal)
    return _change(outcome)


@courses.post("/courses/<int:course_id>/notices/<int:item_id>/dismiss")
def dismiss(course_id: int, item_id: int) -> Page:
    """Take a line off the worklist, because a person has seen to it."""
    worklists.dismiss(runtime(), actor(), item_id)
    flash(say("Taken off the worklist."), "good")
    return go_on(course_id)


def _happen(event: _Event, appointment_id: int, *, measure: bool = False) -> Page:
    try:
        outcome = event(runtime(), actor(), appointment_id, version=form_version())
    except SHOWN as refusal:
        return _refused(course_view.course_of_appointment(runtime(), actor(), appointment_id), refusal)
    if not outcome.revision_id:
        news: News = say("%(words)s.", words=outcome.says)
    else:
        news = news_of(outcome.revision_id, appointment_id=appointment_id)
    category = "good" if outcome.revision_id else "info"
    if not measure:
        return answer(outcome.course_id, news, category)
    session_id = course_view.session_of_appointment(runtime(), actor(), appointment_id)
    further = url_for("courses.measure", course_id=outcome.course_id, session=session_id, next=way_back())
    if wants_json():
        words = news if isinstance(news, dict) else {"text": news}
        return told({**words, "go_url": further, "go_label": say("What was measured")}, category)
    flash_news(news, category)
    return redirect(further)


def _refused(course_id: int, refusal: PlannerError) -> Page:
    """The course as it stands, with the reason above it; a script says the reason on the page it is on."""
    if wants_json():
        raise refusal
    return course_page(course_id, refusal.message), status_of(refusal)


def _change(outcome: Outcome) -> Page:
    tell(outcome.revision_id)
    return go_on(outcome.course_id)
