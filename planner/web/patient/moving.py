"""Another time for one visit: those at which all others stay, and those at which later ones move too."""

from datetime import date, datetime, timedelta

from flask import redirect, render_template, request

from planner.errors import AppointmentLocked, InvalidInput, PlannerError, StaleForm
from planner.services import moving, patient_moving, patient_plan
from planner.services.patient_changes import SomethingElse
from planner.services.patient_plan import FreeDays
from planner.services.patient_visits import PlanVisit
from planner.web.context import actor, runtime
from planner.web.errors import status_of
from planner.web.numbers import read_id
from planner.web.patient.routes import REFUSALS, Page, flash_with_undo, home, patient, plan_page, version, when_said
from planner.words import say, say_many


@patient.get("/appointments/<int:appointment_id>/move")
def move(token: str, appointment_id: int) -> Page:
    """Other times for one visit."""
    return _move_page(token, appointment_id)


@patient.post("/appointments/<int:appointment_id>/move")
def move_to(token: str, appointment_id: int) -> Page:
    """Take one at which all others stay."""
    try:
        start, practitioner_id = _slot(request.form.get("slot", ""))
        outcome = moving.move(runtime(), actor(), appointment_id, start, practitioner_id, version=version())
    except REFUSALS as refusal:
        return _move_page(token, appointment_id, refusal)
    seen = patient_plan.plan_of(runtime(), actor())
    moved = seen.visit(appointment_id)
    words = say("Your visit has its new time. Your other dates stay.")
    if moved is not None:
        words = say("Your visit is now on %(when)s. Your other dates stay.", when=when_said(moved.starts_at, seen))
    flash_with_undo(token, outcome.revision_id, words)
    return redirect(home(token))


@patient.get("/appointments/<int:appointment_id>/together")
def together(token: str, appointment_id: int) -> Page:
    """What else would move with a visit; nothing has happened yet."""
    return _together_page(token, appointment_id, request.args.get("slot", ""))


@patient.post("/appointments/<int:appointment_id>/together")
def move_together(token: str, appointment_id: int) -> Page:
    """Move them as it was shown; where something else would move by now, that is shown instead."""
    wanted, seen = request.form.get("slot", ""), request.form.get("seen", "")
    try:
        start, practitioner_id = _slot(wanted)
        done = patient_moving.move_as_seen(
            runtime(), actor(), appointment_id, start, practitioner_id, version=version(), seen=seen
        )
    except SomethingElse as refusal:
        return _together_page(token, appointment_id, wanted, refusal)
    except REFUSALS as refusal:
        return _move_page(token, appointment_id, refusal)
    words = say_many(
        "Your visit has its new time, and %(num)s other visit moved with it. The plan below is up to date.",
        "Your visit has its new time, and %(num)s other visits moved with it. The plan below is up to date.",
        len(done.shifts),
    )
    flash_with_undo(token, done.revision_id, words)
    return redirect(home(token))


def _together_page(token: str, appointment_id: int, wanted: str, refusal: PlannerError | None = None) -> Page:
    try:
        start, practitioner_id = _slot(wanted)
        would = patient_moving.if_moved(runtime(), actor(), appointment_id, start, practitioner_id)
    except REFUSALS as fact:
        return _move_page(token, appointment_id, fact)
    seen = patient_plan.plan_of(runtime(), actor())
    page = render_template(
        "patient/together.html",
        plan=seen, token=token, would=would, slot=wanted, refusal=refusal, home_url=home(token),
    )  # fmt: skip
    return (page, status_of(refusal)) if refusal else page


def _move_page(token: str, appointment_id: int, refusal: PlannerError | None = None) -> Page:
    """The free times as they are now. A visit that can't be moved says whom to call instead."""
    seen = patient_plan.plan_of(runtime(), actor())
    first = _first_day()
    free, locked = FreeDays(), None
    try:
        free = patient_plan.free_days(runtime(), actor(), appointment_id, from_day=first)
    except AppointmentLocked as fact:
        locked = fact.message
    except StaleForm as fact:
        return plan_page(token, refusal or fact)
    visit = seen.visit(appointment_id)
    if visit is None:
        gone = StaleForm(say("This visit is not ahead any more. Here is your plan as it is."))
        return plan_page(token, refusal or gone)
    page = render_template(
        "patient/move.html",
        plan=seen, token=token, visit=visit, free=free, locked=locked, refusal=refusal, home_url=home(token),
        later=_later(free, visit), from_day=first,
    )  # fmt: skip
    return (page, status_of(refusal)) if refusal else page


def _later(free: FreeDays, visit: PlanVisit) -> date | None:
    """The day to look on from, if anything is free there that the visit may move to."""
    days = (*free.alone, *free.together)
    if not days:
        return None
    on_from = max(*(day.clinic_day for day in days), visit.starts_at.date()) + timedelta(days=1)
    more = patient_plan.free_days(runtime(), actor(), visit.appointment_id, from_day=on_from)
    return on_from if more.alone or more.together else None


def _first_day() -> date | None:
    """The day to look from, as the link says; nonsense counts as no wish."""
    try:
        return date.fromisoformat(request.args.get("from", ""))
    except ValueError:
        return None


def _slot(wanted: str) -> tuple[datetime, int]:
    start, _, practitioner = wanted.partition(" ")
    words = say("Choose one of the times.")
    try:
        return datetime.fromisoformat(start), read_id(practitioner, words, "slot")
    except ValueError:
        raise InvalidInput(words, field="slot") from None
