"""Everything that waits for a person, each line with its one or two obvious actions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from flask import flash, redirect, render_template, url_for

from planner.errors import StaleForm
from planner.services import busy_clashes
from planner.services import worklists as service
from planner.services.worklist_view import worklists_view
from planner.web.context import actor, runtime
from planner.web.reception.plannings import plannings
from planner.web.reception.routes import Page, reception

TONES: Final[Mapping[str, str]] = MappingProxyType(
    {
        service.TWO_MISSES: "bad",
        service.CATCH_UP: "warn",
        service.TO_PLACE: "warn",
        service.TELL_PATIENT: "warn",
        service.MESSAGE_FAILED: "bad",
        service.FREED_SLOT: "good",
        service.BUSY_CLASH: "warn",
        service.REPLY_DECLINED: "bad",
        service.REPLY_WISH: "warn",
        service.REPLY_REFUSED: "warn",
        service.CALENDAR_SILENT: "warn",
        service.UNRESOLVED: "bad",
        service.PROPOSAL: "warn",
        service.LEAVE_CLASH: "bad",
        service.WISH_CHANGED: "warn",
        service.WAITING_FOR_COURSE: "warn",
        service.UNDER_BOOKED: "warn",
        service.REVIEW_DUE: "warn",
        service.ENDS_SOON: "good",
    }
)
# What to do about each kind, for somebody who sees it for the first time.
_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        service.TWO_MISSES: "Nothing more is booked by itself. Call first; then let the planner go on.",
        service.CATCH_UP: "The course was interrupted for long. One more session may make up for it.",
        service.TO_PLACE: "These sessions found no date. Try again when the diary changes, or widen the wishes.",
        service.TELL_PATIENT: "These patients have no e-mail address. Tell them what changed.",
        service.MESSAGE_FAILED: "These messages did not go out. Look at the address, or call.",
        service.FREED_SLOT: "Somebody gave these places up, and others would be better off in them. Offer them.",
        service.BUSY_CLASH: "Booked before the therapist was busy. Nothing moves until somebody says so.",
        service.REPLY_DECLINED: "These patients declined an invitation. Cancel or move the session, or call.",
        service.REPLY_WISH: "These patients asked for another time in their calendar program.",
        service.REPLY_REFUSED: "These could not be proved, or came too late. If one looks genuine, call.",
        service.CALENDAR_SILENT: "Ask at the next visit whether it still shows their dates; a new address helps.",
    }
)
# How a line is closed by hand, where that is all there is to do.
_CLOSING: Final[Mapping[str, str]] = MappingProxyType(
    {
        service.CATCH_UP: "Not needed",
        service.TELL_PATIENT: "Told",
        service.MESSAGE_FAILED: "Seen",
        service.FREED_SLOT: "Leave it free",
        service.BUSY_CLASH: "Leave it",
        service.REPLY_DECLINED: "Seen to",
        service.REPLY_WISH: "Seen to",
        service.REPLY_REFUSED: "Seen",
        service.CALENDAR_SILENT: "Seen to",
    }
)


@reception.get("/worklists")
def worklists() -> Page:
    """All open lines by kind."""
    return render_template(
        "reception/worklists.html",
        view=worklists_view(runtime(), actor()),
        advice=_ADVICE,
        closing=_CLOSING,
        tones=TONES,
        plannings=plannings(),
    )


@reception.post("/worklists/<int:item_id>/dismiss")
def dismiss(item_id: int) -> Page:
    """Close one line, because a person has seen to it."""
    service.dismiss(runtime(), actor(), item_id)
    flash("Taken off the worklist.", "good")
    return redirect(url_for("reception.worklists"))


@reception.post("/worklists/<int:item_id>/move-away")
def move_away(item_id: int) -> Page:
    """Move a session out of its therapist's busy time, as the line proposes."""
    try:
        outcome = busy_clashes.move_away(runtime(), actor(), item_id)
    except StaleForm as refusal:
        flash(refusal.message, "warn")
        return redirect(url_for("reception.worklists"))
    undo = url_for("courses.undo", revision_id=outcome.revision_id)
    # The session keeps any JSON value; flash.html knows this one.
    flash({"text": f"{outcome.says}.", "undo_url": undo, "undo_label": "Undo"}, "good")  # type: ignore[arg-type]
    return redirect(url_for("reception.worklists"))
