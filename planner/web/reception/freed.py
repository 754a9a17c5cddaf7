"""Places of the diary: freed ones and any other, whom each would help, and offers of them by message or telephone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, NotFound, SlotTaken, StaleForm
from planner.services import backfill
from planner.services.backfill_places import Place
from planner.services.freed_slots import freed_slots as all_freed
from planner.services.leave_view import leave_desk
from planner.services.offer_lines import offers_of_late
from planner.web.context import actor, runtime
from planner.web.numbers import row_id, whole
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Page, reception
from planner.words import Text, number_said, say, say_many


@reception.get("/freed-slots")
def freed_slots() -> Page:
    """All places ahead that were given up and are still free."""
    return render_template(
        "reception/freed_slots.html",
        slots=all_freed(runtime(), actor()),
        offers=offers_of_late(runtime(), actor()),
        zone=leave_desk(runtime(), actor()).zone,
    )


@reception.get("/freed-slots/<int:slot_id>")
def freed_slot(slot_id: int) -> Page:
    """Who fits it."""
    return _page(slot_id)


@reception.get("/slots")
def free_place() -> Page:
    """Who fits any free place: `?practitioner=7&start=2026-03-04T10:00&minutes=30`. Nothing is kept by looking."""
    return _page(place_in(request.args))


@reception.post("/slots/offer")
def offer_place() -> Page:
    """Offer a free place to somebody; from then on it is a slot with a page of its own."""
    place = place_in(request.form)
    try:
        hours = _hours()
        slot_id = backfill.offer_place(runtime(), actor(), place, _whom(), hours=hours)
    except InvalidInput as refusal:
        return _page(place, refusal.message), UNPROCESSABLE
    except (SlotTaken, StaleForm) as refusal:
        return _page(place, refusal.message), CONFLICT
    flash(_offered(hours), "good")
    return redirect(url_for("reception.freed_slot", slot_id=slot_id))


@reception.post("/freed-slots/<int:slot_id>/offer")
def offer_slot(slot_id: int) -> Page:
    """Offer it to a course (`course_id`), or to who waits for one (`assessment_id`); `hours` says for how long."""

    def step() -> Text:
        hours = _hours()
        backfill.offer(runtime(), actor(), slot_id, _whom(), hours=hours)
        return _offered(hours)

    return _do(slot_id, step)


@reception.post("/freed-slots/<int:slot_id>/accept")
def accept_offer(slot_id: int) -> Page:
    """The patient takes it: the first one has it."""
    offer_id = _number("offer_id")
    try:
        outcome = backfill.accept(runtime(), actor(), offer_id)
    except (SlotTaken, StaleForm) as refusal:
        return _page(slot_id, refusal.message), CONFLICT
    undo_url = url_for("courses.undo", revision_id=outcome.revision_id)
    words = {"text": say("%(what)s.", what=outcome.says), "undo_url": undo_url, "undo_label": say("Undo")}
    flash(words, "good")  # type: ignore[arg-type]
    return redirect(url_for("courses.course", course_id=outcome.course_id))


@reception.post("/freed-slots/<int:slot_id>/decline")
def decline_offer(slot_id: int) -> Page:
    """The patient does not want it."""
    offer_id = _number("offer_id")

    def step() -> Text:
        backfill.decline(runtime(), actor(), offer_id)
        return say("Declined. Others may still take it.")

    return _do(slot_id, step)


def place_in(values: Mapping[str, str]) -> Place:
    """The place that an address or a form names.

    Raises:
        NotFound: it names none; nobody types these by hand.
    """
    practitioner, minutes = row_id(values.get("practitioner", "")), whole(values.get("minutes", ""))
    try:
        start = datetime.fromisoformat(values.get("start", ""))
        if practitioner is not None and 2000 < start.year < 2100:
            return Place(practitioner, start, minutes)
    except (ValueError, InvalidInput):
        pass
    raise NotFound(say("There is no such place in the diary."))


def _number(field: str) -> int:
    """Whom or what a button names; 0, which nothing has, where it makes no sense."""
    return row_id(request.form.get(field, "")) or 0


def _whom() -> backfill.Whom:
    return backfill.Waits(_number("assessment_id")) if "assessment_id" in request.form else _number("course_id")


def _hours() -> int | None:
    """How long the offer stands; None where the form does not say.

    Raises:
        InvalidInput: it is no whole number.
    """
    typed = request.form.get("hours", "").strip()
    if not typed:
        return None
    hours = whole(typed)
    if hours is None:
        most = number_said(backfill.MOST_OFFER_HOURS)
        raise InvalidInput(say("An offer stands for up to %(hours)s hours.", hours=most), field="hours")
    return hours


def _offered(hours: int | None) -> Text:
    if hours is None:
        return say("It is offered; a message tells the patient.")
    return say_many(
        "The offer stands for %(num)s hour; a message tells the patient.",
        "The offer stands for %(num)s hours; a message tells the patient.",
        hours,
    )


def _do(slot_id: int, step: Callable[[], Text]) -> Page:
    try:
        said = step()
    except InvalidInput as refusal:
        return _page(slot_id, refusal.message), UNPROCESSABLE
    except (SlotTaken, StaleForm) as refusal:
        return _page(slot_id, refusal.message), CONFLICT
    flash(said, "good")
    return redirect(url_for("reception.freed_slot", slot_id=slot_id))


def _page(where: int | Place, notice: str = "") -> str:
    """A freed slot by its id, or any place."""
    if isinstance(where, int):
        desk = backfill.who_fits(runtime(), actor(), where)
        place: dict[str, object] = {}
        offer_url = url_for("reception.offer_slot", slot_id=where)
    else:
        desk = backfill.who_fits_place(runtime(), actor(), where)
        offer_url = url_for("reception.offer_place")
        place = {
            "practitioner": where.practitioner_id,
            "start": desk.slot.start.isoformat(timespec="minutes"),
            **({"minutes": where.minutes} if where.minutes is not None else {}),
        }
    return render_template(
        "reception/freed_slot.html",
        desk=desk,
        place=place,
        offer_url=offer_url,
        most_hours=int(backfill.MOST_OFFER_HOURS),
        hours=request.form.get("hours") or request.args.get("hours") or desk.offer_hours,
        notice=notice,
    )
