"""Moving one appointment: the free places of a week, or any time that breaks no rule."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

from flask import render_template, request

from planner.errors import AppointmentLocked, InvalidInput, PlannerError, SlotTaken, StaleForm
from planner.services import moving
from planner.services.best_moves import best_moves
from planner.services.course_history import WhatHappened, what_happened
from planner.services.course_view import course_of_appointment
from planner.services.move_view import move_view
from planner.services.place_rules import length_of
from planner.web.context import actor, runtime
from planner.web.courses.page import course_page
from planner.web.courses.routes import News, Page, courses, flash_news, form_version, go_on, undoable, way_back
from planner.web.courses.words import happened_words
from planner.web.errors import status_of
from planner.web.formats import local
from planner.web.numbers import read_id, whole
from planner.words import listing, moment_said, say


class _Wanted(NamedTuple):
    start: datetime
    practitioner_id: int
    minutes: int | None = None
    room_id: int | None = None


@courses.get("/appointments/<int:appointment_id>/move")
def move(appointment_id: int) -> Page:
    """Where it could go, in the week of ?week=2026-03-09."""
    try:
        return _page(appointment_id)
    except (AppointmentLocked, StaleForm) as refusal:
        return _course(appointment_id, refusal)


@courses.post("/appointments/<int:appointment_id>/move")
def move_to(appointment_id: int) -> Page:
    """Move it to the button pressed (slot=2026-03-12T10:00/therapist), or as typed.

    Typed are day, time, practitioner, minutes and room; without minutes it stays as long, without room it takes any.
    """
    course_of_appointment(runtime(), actor(), appointment_id)
    try:
        wanted = _wanted()
        outcome = moving.move(
            runtime(),
            actor(),
            appointment_id,
            wanted.start,
            wanted.practitioner_id,
            version=form_version(),
            minutes=wanted.minutes,
            room_id=wanted.room_id,
        )
    except (AppointmentLocked, StaleForm) as refusal:
        return _course(appointment_id, refusal)
    except (InvalidInput, SlotTaken) as refusal:
        try:
            return _page(appointment_id, refusal), status_of(refusal)
        except (AppointmentLocked, StaleForm) as stale:
            return _course(appointment_id, stale)
    flash_news(moved_news(outcome.revision_id, appointment_id))
    return go_on(outcome.course_id)


def moved_news(revision_id: int, appointment_id: int) -> News:
    """What a move did, with a way to undo it while there is one."""
    happened = what_happened(runtime(), actor(), revision_id, appointment_id=appointment_id)
    return undoable(happened, moved_words(happened))


def moved_words(happened: WhatHappened) -> str:
    """Such as: Session 2 is moved to Thursday 12 March, 10:00. Session 2 now takes 60 minutes."""
    own = next((each for each in happened.difference.changes if each.number == happened.number), None)
    if own is None or own.before is None or own.after is None:
        return happened_words(happened)
    (was_at, _, was_with, _), (is_at, _, is_with, _) = own.before.place, own.after.place
    when = moment_said(local(is_at, happened.zone), "long")
    said: list[str] = []
    if was_with != is_with:
        who = happened.practitioners.get(is_with, "")
        said.append(say("Session %(number)s is moved to %(when)s with %(who)s.", number=own.number, when=when, who=who))
    elif was_at != is_at:
        said.append(say("Session %(number)s is moved to %(when)s.", number=own.number, when=when))
    if (minutes := length_of(own.after)) != length_of(own.before):
        said.append(say("Session %(number)s now takes %(minutes)s minutes.", number=own.number, minutes=minutes))
    return listing(said or [say("Session %(number)s is now in another room.", number=own.number)], " ")


def _course(appointment_id: int, refusal: PlannerError) -> tuple[str, int]:
    """The course as it stands, where this appointment can't be moved (any more)."""
    course_id = course_of_appointment(runtime(), actor(), appointment_id)
    return course_page(course_id, refusal.message), status_of(refusal)


def _wanted() -> _Wanted:
    slot = request.form.get("slot", "")
    if slot:
        start, _, practitioner = slot.partition("/")
        day, _, clock = start.partition("T")
        return _Wanted(_start(day, clock), _therapist(practitioner))
    start_at = _start(request.form.get("day", "").strip(), request.form.get("time", "").strip())
    room = request.form.get("room", "")
    return _Wanted(
        start_at,
        _therapist(request.form.get("practitioner", "")),
        read_minutes(request.form.get("minutes", "")),
        read_id(room, say("Choose a room."), "room") if room else None,
    )


def read_minutes(text: str) -> int | None:
    """A length as forms send it; None where nothing is said of it.

    Raises:
        InvalidInput: it is no number.
    """
    if not text.strip():
        return None
    number = whole(text.strip())
    if number is None:
        raise InvalidInput(say("Write the length in minutes, like 45."), field="minutes")
    return number


def _start(day: str, clock: str) -> datetime:
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise InvalidInput(say("Write the day like 2026-03-12."), field="day") from None
    try:
        at = time.fromisoformat(clock)
    except ValueError:
        raise InvalidInput(say("Write the time like 14:30."), field="time") from None
    if at.tzinfo is not None:
        raise InvalidInput(say("Write the time like 14:30."), field="time")
    return datetime.combine(on, at)


def _therapist(text: str) -> int:
    return read_id(text, say("Choose a therapist."), "practitioner")


def _page(appointment_id: int, refusal: PlannerError | None = None) -> str:
    view = move_view(
        runtime(), actor(), appointment_id, week_of=_week(), all_therapists=request.values.get("all") == "yes"
    )
    # The services speak of the start; on this page that is the time.
    errors = {"time" if refusal.field in (None, "start") else refusal.field: refusal.message} if refusal else {}
    return render_template(
        "courses/move.html",
        view=view,
        best=best_moves(runtime(), actor(), appointment_id),
        errors=errors,
        typed=request.form,
        everybody=request.values.get("all") == "yes",
        back=way_back(),
    )


def _week() -> date | None:
    """The week to show; nonsense in the address counts as none."""
    try:
        return date.fromisoformat(request.values.get("week", ""))
    except ValueError:
        return None
