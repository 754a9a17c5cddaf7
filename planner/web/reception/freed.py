"""Freed slots: which places became free, whom each would help, and offers of them by message or telephone."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, SlotTaken, StaleForm
from planner.services import backfill
from planner.services.freed_slots import freed_slots as all_freed
from planner.services.leave_view import leave_desk
from planner.web.context import actor, runtime
from planner.web.numbers import row_id
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Page, reception


@reception.get("/freed-slots")
def freed_slots() -> Page:
    """All places ahead that were given up and are still free."""
    return render_template(
        "reception/freed_slots.html", slots=all_freed(runtime(), actor()), zone=leave_desk(runtime(), actor()).zone
    )


@reception.get("/freed-slots/<int:slot_id>")
def freed_slot(slot_id: int) -> Page:
    """Who fits it."""
    return _page(slot_id)


@reception.post("/freed-slots/<int:slot_id>/offer")
def offer_slot(slot_id: int) -> Page:
    """Keep that it was offered to a course; `course_id` says to which."""
    course_id = _number("course_id")
    return _do(
        slot_id,
        lambda: backfill.offer(runtime(), actor(), slot_id, course_id),
        "The offer stands for four hours; a message tells the patient.",
    )


@reception.post("/freed-slots/<int:slot_id>/accept")
def accept_offer(slot_id: int) -> Page:
    """The patient takes it: the first one has it."""
    offer_id = _number("offer_id")
    try:
        outcome = backfill.accept(runtime(), actor(), offer_id)
    except (SlotTaken, StaleForm) as refusal:
        return _page(slot_id, refusal.message), CONFLICT
    undo_url = url_for("courses.undo", revision_id=outcome.revision_id)
    flash({"text": f"{outcome.says}.", "undo_url": undo_url, "undo_label": "Undo"}, "good")  # type: ignore[arg-type]
    return redirect(url_for("courses.course", course_id=outcome.course_id))


@reception.post("/freed-slots/<int:slot_id>/decline")
def decline_offer(slot_id: int) -> Page:
    """The patient does not want it."""
    offer_id = _number("offer_id")
    return _do(slot_id, lambda: backfill.decline(runtime(), actor(), offer_id), "Declined. Others may still take it.")


def _number(field: str) -> int:
    """Whom or what a button names; 0, which nothing has, where it makes no sense."""
    return row_id(request.form.get(field, "")) or 0


def _do(slot_id: int, step: Callable[[], object], said: str) -> Page:
    try:
        step()
    except InvalidInput as refusal:
        return _page(slot_id, refusal.message), UNPROCESSABLE
    except (SlotTaken, StaleForm) as refusal:
        return _page(slot_id, refusal.message), CONFLICT
    flash(said, "good")
    return redirect(url_for("reception.freed_slot", slot_id=slot_id))


def _page(slot_id: int, notice: str = "") -> str:
    return render_template(
        "reception/freed_slot.html", desk=backfill.who_fits(runtime(), actor(), slot_id), notice=notice
    )
