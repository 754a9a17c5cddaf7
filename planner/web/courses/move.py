"""Moving one appointment: the free places of a week, or any time that breaks no rule."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

from flask import render_template, request

from planner.errors import AppointmentLocked, InvalidInput, PlannerError, SlotTaken, StaleForm
from planner.services import moving
from planner.services.best_moves import best_moves
from planner.services.course_view import course_of_appointment
from planner.services.move_view import move_view
from planner.web.context import actor, runtime
from planner.web.courses.page import course_page
from planner.web.courses.routes import Page, courses, form_version, go_on, tell, way_back
from planner.web.errors import status_of
from planner.web.numbers import read_id


class _Wanted(NamedTuple):
    start: datetime
    practitioner_id: int


@courses.get("/appointments/<int:appointment_id>/move")
def move(appointment_id: int) -> Page:
    """Where it could go, in the week of ?week=2026-03-09."""
    try:
        return _page(appointment_id)
    except (AppointmentLocked, StaleForm) as refusal:
        return _course(appointment_id, refusal)


@courses.post("/appointments/<int:appointment_id>/move")
def move_to(appointment_id: int) -> Page:
    """Move it to the button pressed (slot=2026-03-12T10:00/therapist), or to day, time and therapist as typed."""
    course_of_appointment(runtime(), actor(), appointment_id)
    try:
        wanted = _wanted()
        outcome = moving.move(
            runtime(), actor(), appointment_id, wanted.start, wanted.practitioner_id, version=form_version()
        )
    except (AppointmentLocked, StaleForm) as refusal:
        return _course(appointment_id, refusal)
    except (InvalidInput, SlotTaken) as refusal:
        try:
            return _page(appointment_id, refusal), status_of(refusal)
        except (AppointmentLocked, StaleForm) as stale:
            return _course(appointment_id, stale)
    tell(outcome.revision_id, appointment_id=appointment_id)
    return go_on(outcome.course_id)


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
    return _Wanted(start_at, _therapist(request.form.get("practitioner", "")))


def _start(day: str, clock: str) -> datetime:
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise InvalidInput("Write the day like 2026-03-12.", field="day") from None
    try:
        at = time.fromisoformat(clock)
    except ValueError:
        raise InvalidInput("Write the time like 14:30.", field="time") from None
    if at.tzinfo is not None:
        raise InvalidInput("Write the time like 14:30.", field="time")
    return datetime.combine(on, at)


def _therapist(text: str) -> int:
    return read_id(text, "Choose a therapist.", "practitioner")


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
