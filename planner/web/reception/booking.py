"""Book a course: who, what was found, wishes, dates; four steps on one page, each folding to its summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from planner.care.course import fixed_sessions, open_ended
from planner.care.estimate_values import Estimate
from planner.errors import InvalidInput, SlotTaken
from planner.scheduling.problem import Placed
from planner.services import assessments
from planner.services.booking import BookingRequest, book_course, propose
from planner.services.booking_view import (
    BookingDesk,
    booked_course,
    booking_desk,
    new_course_id,
    preferring,
    with_whoever_fits,
)
from planner.services.newcomers import beginning
from planner.services.proposal import Proposal
from planner.web.assessment_form import OPTIONAL_FIELDS, REQUIRED_FIELDS, AssessmentForm, options, read_assessment_form
from planner.web.context import actor, runtime
from planner.web.links import link_to
from planner.web.numbers import row_id, whole
from planner.web.protocols import protocol_words
from planner.web.reception.booking_form import (
    Dates,
    WishRows,
    first_in_slot,
    first_wishes,
    read_choice,
    read_dates,
    read_request,
    wishes_somebody,
)
from planner.web.reception.booking_rows import date_rows, picture, tally, verdict, wishes_words
from planner.web.reception.freed import place_in
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, is_htmx, reception
from planner.words import listing, say, say_many


@reception.route("/patients/<int:patient_id>/book", methods=["GET", "POST"])
def book(patient_id: int) -> Page:
    """The page, and each of its buttons: `do` estimate, record, dates, book; `pin` and `unpin` one session.

    Before an assessment is chosen there are only the questions; htmx sends them without a button.
    """
    desk = booking_desk(runtime(), actor(), patient_id)
    if request.method == "GET":
        return _first_page(desk)
    if "assessment" not in request.form:
        return _findings(desk, request.form)
    return _dates(desk, request.form)


def place_asked_for() -> dict[str, Any]:
    """The place of the diary that somebody clicked before *Book a course*, as the next address carries it."""
    return {name: request.args[name] for name in ("slot", "practitioner", "start", "minutes") if name in request.args}


def _first_page(desk: BookingDesk) -> Page:
    chosen = row_id(request.args.get("assessment", ""))
    if chosen is None:
        return _findings_page(desk, AssessmentForm({}))
    recorded = desk.assessment(chosen)
    where = row_id(request.args.get("slot", "")) or (place_in(request.args) if "start" in request.args else None)
    if where is not None:
        begins = beginning(runtime(), actor(), where, chosen)
        if begins.first is None:
            flash(
                say("This slot is not free any more, or too short for the first visit. These are the best dates."),
                "warn",
            )
        return _dates(desk, first_in_slot(begins, desk, recorded, new_course_id()))
    wishes = first_wishes(desk, recorded, actor().staff_id)
    wishes["assessment"], wishes["course_id"] = str(chosen), str(new_course_id())
    return _booking_page(desk, wishes)


def _findings(desk: BookingDesk, form: Mapping[str, str]) -> Page:
    """Show the estimate of what was entered, or record it and go on to the wishes."""
    found = read_assessment_form(form)
    if form.get("do") == "record" and found.assessment is not None:
        assessment_id = assessments.record(runtime(), actor(), desk.patient.id, found.assessment)
        return redirect(
            url_for("reception.book", patient_id=desk.patient.id, assessment=assessment_id, **place_asked_for())
        )
    shown = assessments.clinic_estimate(runtime(), actor(), found.assessment) if found.assessment else None
    if is_htmx():
        # While somebody types, a question left open is no mistake.
        return render_template("reception/_estimate.html", estimate=shown, evidence_url=link_to("public.evidence"))
    page = _findings_page(desk, found, shown)
    return (page, UNPROCESSABLE) if found.errors else page


def _dates(desk: BookingDesk, form: MultiDict[str, str]) -> Page:
    """Find dates, fix or free one, or book them all."""
    try:
        wanted = _with_therapist(form, desk, read_request(form, desk))
        dates = read_dates(form, wanted.course_id)
        if form.get("do") == "book":
            return _book(desk, form, wanted, dates)
        return _proposed(desk, form, wanted, *_held(form, wanted, dates))
    except InvalidInput as refusal:
        # The service calls by its own name what the form calls the first day.
        errors = {
            "first_day" if field == "earliest_day" else field: words for field, words in errors_of(refusal).items()
        }
        return _booking_page(desk, form, errors=errors), UNPROCESSABLE


def _with_therapist(form: Mapping[str, str], desk: BookingDesk, wanted: BookingRequest) -> BookingRequest:
    """Where any therapist will do, the one who fits best; once dates were shown, the one they were found for."""
    if wishes_somebody(form):
        return wanted
    chosen = row_id(form.get("with", ""))
    if form.get("do") != "dates" and chosen in dict(desk.therapists):
        return preferring(wanted, chosen)
    return with_whoever_fits(runtime(), actor(), wanted)


def _held(form: Mapping[str, str], wanted: BookingRequest, dates: Dates) -> tuple[dict[int, Placed], dict[int, Placed]]:
    """What the person fixed after this click, and what is to stay besides: the sessions before the one clicked."""
    fixed = dict(dates.fixed)
    clicked = _clicked(form)
    if clicked is not None:
        fixed.pop(clicked, None)
    if form.get("pin"):
        clicked, place = read_choice(form["pin"], wanted.course_id)
        fixed[clicked] = place
    if clicked is None or not fixed:
        return fixed, {}
    return fixed, {session: place for session, place in dates.shown.items() if session < clicked}


def _clicked(form: Mapping[str, str]) -> int | None:
    """The session whose date was just chosen or freed, counted from 0."""
    number = form.get("pin", form.get("unpin", "")).partition("=")[0]
    return whole(number)


def _proposed(
    desk: BookingDesk,
    form: MultiDict[str, str],
    wanted: BookingRequest,
    fixed: dict[int, Placed],
    before: Mapping[int, Placed],
    notice: str = "",
) -> Page:
    """The page with the best dates around those that are fixed; fixed ones that are impossible by now are let go."""
    kept, proposal = _propose(wanted, fixed, before)
    lost = sorted(session + 1 for session in fixed.keys() - kept.keys())
    if lost:
        notice = notice or say_many(
            "The date chosen for session %(numbers)s is not possible (any more). Here are the best ones.",
            "The dates chosen for sessions %(numbers)s are not possible (any more). Here are the best ones.",
            len(lost),
            numbers=listing(map(str, lost)),
        )
    page = _booking_page(desk, form, wanted=wanted, proposal=proposal, fixed=kept, notice=notice)
    return (page, CONFLICT) if notice else page


def _propose(
    wanted: BookingRequest, fixed: Mapping[int, Placed], before: Mapping[int, Placed]
) -> tuple[dict[int, Placed], Proposal]:
    """The best dates with as much kept as is possible: all; then only what was fixed; then one by one."""
    kept = dict(fixed)
    best = _try(wanted, {**before, **kept}) or _try(wanted, kept)
    if best is None:
        kept = {}
        for session, place in sorted(fixed.items()):
            if _try(wanted, {**kept, session: place}, quick=True):
                kept[session] = place
        best = propose(runtime(), actor(), wanted, kept)
    return kept, best


def _try(wanted: BookingRequest, fixed: Mapping[int, Placed], *, quick: bool = False) -> Proposal | None:
    """A proposal around fixed dates, None where these can't be. Raises InvalidInput for wishes that can't be."""
    try:
        return propose(runtime(), actor(), wanted, fixed, with_alternatives=not quick)
    except InvalidInput:
        if not fixed:
            raise
        return None


def _book(desk: BookingDesk, form: MultiDict[str, str], wanted: BookingRequest, dates: Dates) -> Page:
    try:
        course_id = book_course(runtime(), actor(), wanted, dates.shown)
    except SlotTaken as refusal:
        notice = say(
            "%(why)s Nothing is booked yet. These are the best dates now; please look at them again.",
            why=refusal.message,
        )
        return _proposed(desk, form, wanted, dict(dates.fixed), {}, notice)
    made = booked_course(runtime(), actor(), course_id)
    words = say_many(
        "%(num)s session booked for %(name)s.",
        "%(num)s sessions booked for %(name)s.",
        made.booked,
        name=desk.patient.details.name,
    )
    if made.to_place:
        waits = say_many("%(num)s session has no date yet.", "%(num)s sessions have no date yet.", made.to_place)
        words = listing([words, waits], " ")
    home = url_for("reception.patient", patient_id=desk.patient.id)
    undo_url = url_for("courses.undo", revision_id=made.undo_id, next=home) if made.undo_id is not None else ""
    flash({"text": words, "undo_url": undo_url, "undo_label": say("Undo the booking")}, "good")  # type: ignore[arg-type]
    return redirect(url_for("courses.course", course_id=course_id))


def _findings_page(desk: BookingDesk, found: AssessmentForm, shown: Estimate | None = None) -> str:
    return render_template(
        "reception/book_findings.html",
        desk=desk,
        found=found,
        estimate=shown,
        evidence_url=link_to("public.evidence"),
        required_fields=REQUIRED_FIELDS,
        optional_fields=OPTIONAL_FIELDS,
        options=options,
        protocol_words=protocol_words,
        sessions_of=fixed_sessions,
        place=place_asked_for(),
    )


def _booking_page(
    desk: BookingDesk,
    form: MultiDict[str, str],
    *,
    wanted: BookingRequest | None = None,
    proposal: Proposal | None = None,
    fixed: Mapping[int, Placed] | None = None,
    notice: str = "",
    errors: Errors | None = None,
) -> str:
    """Wishes, and the dates where there are any; only the dates for htmx."""
    names = {str(staff_id): name for staff_id, name in desk.therapists}
    recorded = desk.assessment(row_id(form.get("assessment", "")) or 0)
    rows = date_rows(proposal, fixed or {}, names) if proposal else ()
    return render_template(
        "reception/_dates.html" if is_htmx() and proposal else "reception/book.html",
        desk=desk,
        form=form,
        errors=errors or {},
        recorded=recorded,
        evidence_url=link_to("public.evidence"),
        sessions=fixed_sessions(recorded.phases),
        goes_on=open_ended(recorded.phases) is not None,
        protocol=protocol_words(recorded.assessment.protocol),
        wishes_summary=wishes_words(wanted.wishes, wanted.earliest_day, names, wishes_somebody(form)) if wanted else "",
        proposal=proposal,
        rows=rows,
        tally=tally(rows),
        wish_rows=WishRows.of(form, len(desk.therapists)),
        services=desk.services_for(recorded.assessment.protocol.value),
        length_words=_length_words,
        picture=picture(proposal, desk.today) if proposal else None,
        verdict=verdict(proposal, fixed or {}) if proposal else "",
        warning=notice,
        clicked=_clicked(form),
        chosen_therapist=wanted.wishes.practitioners[0] if wanted else "",
    )


def _length_words(first_minutes: int, visit_minutes: int, name: str = "") -> str:
    """How long the visits take: of a service, or without a name as it was estimated or decided."""
    lengths = {"first": first_minutes, "later": visit_minutes}
    if not name:
        return say("As estimated: first visit %(first)s min, then %(later)s min", **lengths)
    return say("%(name)s: first visit %(first)s min, then %(later)s min", name=name, **lengths)
