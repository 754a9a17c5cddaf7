"""What a patient can do with the personal link: see the plan, confirm, cancel or move a visit, subscribe."""

from datetime import date, datetime, timedelta
from typing import Final

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Redirect

from planner.errors import AppointmentLocked, InvalidInput, PlannerError, SlotTaken, StaleForm, UndoRefused
from planner.services import attendance, backfill, feeds, moving, patient_plan
from planner.services.attendance import Outcome
from planner.services.patient_plan import DayOfSlots, PatientPlan
from planner.services.patient_visits import PlanVisit
from planner.services.plan_pdf import plan_pdf
from planner.web.context import actor, runtime
from planner.web.errors import status_of
from planner.web.formats import counted, local_both
from planner.web.numbers import read_id
from planner.web.subscribing import subscribing

patient = Blueprint("patient", __name__, url_prefix="/p/<token>")

Page = str | Redirect | tuple[str, int]
# What a patient can do something about, and is told on the page where it happened.
_REFUSALS: Final = (AppointmentLocked, InvalidInput, SlotTaken, StaleForm, UndoRefused)
_LOOK_FURTHER: Final = timedelta(days=28)


@patient.get("")
def plan(token: str) -> Page:
    """The next visit, the whole plan, and what else there is to know."""
    return _plan_page(token)


@patient.post("/appointments/<int:appointment_id>/confirm")
def confirm(token: str, appointment_id: int) -> Page:
    """Yes, I will come."""
    try:
        attendance.confirm(runtime(), actor(), appointment_id, version=_version())
    except _REFUSALS as refusal:
        return _plan_page(token, refusal)
    flash("Thank you. We look forward to seeing you.", "good")
    return redirect(url_for("patient.plan", token=token))


@patient.post("/appointments/<int:appointment_id>/cancel")
def cancel(token: str, appointment_id: int) -> Page:
    """I can't come: another date is found at once, and shown."""
    before = patient_plan.plan_of(runtime(), actor())
    try:
        outcome = attendance.cancel(runtime(), actor(), appointment_id, version=_version())
    except _REFUSALS as refusal:
        return _plan_page(token, refusal)
    after = patient_plan.plan_of(runtime(), actor())
    _flash_with_undo(token, outcome, _cancelled_words(before, after, appointment_id, outcome))
    return redirect(url_for("patient.plan", token=token))


@patient.get("/appointments/<int:appointment_id>/move")
def move(token: str, appointment_id: int) -> Page:
    """Other times for one visit."""
    return _move_page(token, appointment_id)


@patient.post("/appointments/<int:appointment_id>/move")
def move_to(token: str, appointment_id: int) -> Page:
    """Take one of them."""
    try:
        start, practitioner_id = _slot()
        outcome = moving.move(runtime(), actor(), appointment_id, start, practitioner_id, version=_version())
    except _REFUSALS as refusal:
        return _move_page(token, appointment_id, refusal)
    seen = patient_plan.plan_of(runtime(), actor())
    moved = seen.visit(appointment_id)
    when = local_both(moved.starts_at, seen.zone, seen.clinic.zone) if moved else ""
    _flash_with_undo(token, outcome, f"Your visit is now on {when}. Your other dates stay.")
    return redirect(url_for("patient.plan", token=token))


@patient.post("/revisions/<int:revision_id>/undo")
def undo(token: str, revision_id: int) -> Page:
    """Take back what was done a moment ago."""
    try:
        patient_plan.undo_own(runtime(), actor(), revision_id)
    except _REFUSALS as refusal:
        return _plan_page(token, refusal)
    flash("Taken back. Your dates are as they were.", "good")
    return redirect(url_for("patient.plan", token=token))


@patient.post("/offers/<int:offer_id>/accept")
def accept_offer(token: str, offer_id: int) -> Page:
    """Take a time that became free; the first who does has it."""
    try:
        outcome = backfill.accept(runtime(), actor(), offer_id)
    except _REFUSALS as refusal:
        return _plan_page(token, refusal)
    _flash_with_undo(token, outcome, "It is yours. Your dates below are up to date.")
    return redirect(url_for("patient.plan", token=token))


@patient.post("/offers/<int:offer_id>/decline")
def decline_offer(token: str, offer_id: int) -> Page:
    """No thanks: everything stays."""
    try:
        backfill.decline(runtime(), actor(), offer_id)
    except _REFUSALS as refusal:
        return _plan_page(token, refusal)
    flash("Thank you for telling us. Your dates stay as they are.", "good")
    return redirect(url_for("patient.plan", token=token))


@patient.get("/calendar")
def calendar(token: str) -> Page:
    """The plan in the patient's own calendar."""
    seen = patient_plan.plan_of(runtime(), actor())
    address = session.get(_address_key())
    shown = isinstance(address, str) and feeds.is_in_use(runtime(), actor(), address)
    ways = subscribing(str(address), seen.clinic.name, request.headers.get("User-Agent", "")) if shown else None
    return render_template("patient/calendar.html", plan=seen, token=token, ways=ways, home_url=_home(token))


@patient.post("/calendar")
def new_calendar(token: str) -> Page:
    """Make the calendar's address; it stays in this browser alone, since the server keeps only its hash."""
    session[_address_key()] = feeds.create_feed(runtime(), actor(), patient_id=actor().patient_id)
    return redirect(url_for("patient.calendar", token=token))


@patient.get("/plan.ics")
def download(token: str) -> Page | Response:
    """The visits to come as a file to open once."""
    try:
        data = patient_plan.plan_file(runtime(), actor())
    except InvalidInput as refusal:
        return _plan_page(token, refusal)
    headers = {"Content-Disposition": 'attachment; filename="appointments.ics"'}
    return Response(data, headers=headers, content_type="text/calendar; charset=utf-8")


@patient.get("/plan.pdf")
def printed(token: str) -> Response:
    """The plan to print, with a code that leads back here."""
    seen = patient_plan.plan_of(runtime(), actor())
    pdf = plan_pdf(seen, runtime().base_url.rstrip("/") + _home(token), seen.language)
    headers = {"Content-Disposition": 'inline; filename="plan.pdf"'}
    return Response(pdf, headers=headers, content_type="application/pdf")


def _plan_page(token: str, refusal: PlannerError | None = None) -> Page:
    seen = patient_plan.plan_of(runtime(), actor())
    page = render_template("patient/plan.html", plan=seen, token=token, refusal=refusal, home_url=_home(token))
    return (page, status_of(refusal)) if refusal else page


def _move_page(token: str, appointment_id: int, refusal: PlannerError | None = None) -> Page:
    """The free times as they are now. A visit that can't be moved says whom to call instead."""
    seen = patient_plan.plan_of(runtime(), actor())
    first = _first_day()
    days: tuple[DayOfSlots, ...] = ()
    locked = None
    try:
        days = patient_plan.free_days(runtime(), actor(), appointment_id, from_day=first)
    except AppointmentLocked as fact:
        locked = fact.message
    except StaleForm as fact:
        return _plan_page(token, refusal or fact)
    visit = seen.visit(appointment_id)
    if visit is None:
        return _plan_page(token, refusal or StaleForm("This visit is not ahead any more. Here is your plan as it is."))
    page = render_template(
        "patient/move.html",
        plan=seen, token=token, visit=visit, days=days, locked=locked, refusal=refusal, home_url=_home(token),
        later=_later(days, visit), from_day=first,
    )  # fmt: skip
    return (page, status_of(refusal)) if refusal else page


def _later(days: tuple[DayOfSlots, ...], visit: PlanVisit) -> date | None:
    """The day to look on from, if anything is free there that the visit may move to."""
    if not days:
        return None
    on_from = max(days[-1].clinic_day, visit.starts_at.date()) + timedelta(days=1)
    return on_from if patient_plan.free_days(runtime(), actor(), visit.appointment_id, from_day=on_from) else None


def _first_day() -> date | None:
    """The day to look from, as the link says; nonsense counts as no wish."""
    try:
        return date.fromisoformat(request.args.get("from", ""))
    except ValueError:
        return None


def _slot() -> tuple[datetime, int]:
    start, _, practitioner = request.form.get("slot", "").partition(" ")
    try:
        return datetime.fromisoformat(start), read_id(practitioner, "Choose one of the times.", "slot")
    except ValueError:
        raise InvalidInput("Choose one of the times.", field="slot") from None


def _version() -> int:
    """The version of the visit which the form showed."""
    try:
        return int(request.form.get("version", ""))
    except ValueError:
        raise StaleForm("This page was not up to date. Here is how it stands now.") from None


def _cancelled_words(before: PatientPlan, after: PatientPlan, appointment_id: int, outcome: Outcome) -> str:
    """What is cancelled, when the visit is now, and what else moved for it."""
    lost = before.visit(appointment_id)
    words = [
        f"Your visit on {local_both(lost.starts_at, before.zone, before.clinic.zone)} is cancelled."
        if lost
        else "Cancelled."
    ]
    starts = {visit.session_id: visit.starts_at for visit in after.upcoming}
    if lost and lost.session_id in starts:
        words.append(f"The new date is {local_both(starts[lost.session_id], after.zone, after.clinic.zone)}.")
    else:
        words.append("We will find a new date with you and get in touch.")
    others = [visit for visit in before.upcoming if visit is not lost]
    moved = sum(starts.get(visit.session_id) != visit.starts_at for visit in others)
    if moved:
        words.append(f"{counted(moved, 'other visit')} moved too; the plan below is up to date.")
    if outcome.late:
        words.append(f"It was less than {before.clinic.notice_hours} hours ahead, so it counts as a late cancellation.")
    return " ".join(words)


def _flash_with_undo(token: str, outcome: Outcome, words: str) -> None:
    undo_url = url_for("patient.undo", token=token, revision_id=outcome.revision_id)
    # The session keeps any JSON value; flash.html knows this one.
    flash({"text": words, "undo_url": undo_url, "undo_label": "Take it back"}, "good")  # type: ignore[arg-type]


def _address_key() -> str:
    """Where this browser keeps the address of this patient's calendar."""
    return f"calendar-{actor().patient_id}"


def _home(token: str) -> str:
    return url_for("patient.plan", token=token)
