"""Everything that waits for a person, by how urgent it is, each line with its one or two obvious actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.services import attendance_proposals as proposals
from planner.services import busy_clashes, worklist_messages
from planner.services import worklists as service
from planner.services.attendance import Outcome
from planner.services.attendance_proposals import Applied
from planner.services.worklist_view import WorkLine, Worklist, worklists_view
from planner.web.context import actor, runtime
from planner.web.reception.plannings import plannings
from planner.web.reception.routes import Page, reception
from planner.web.reception.worklists_actions import LOOKS, URGENCIES, KindLook, Offered, offered
from planner.words import Text, say, text_from

MOST_SHOWN: Final = 50
"""So many lines of one kind stand on the page of all kinds."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line with its actions, and what it proposes row by row."""

    line: WorkLine
    actions: list[Offered]
    proposed: list[Text]


@dataclass(frozen=True, slots=True)
class ShownList:
    """One kind of lines; `more` stand on a page of their own."""

    kind: str
    title: str
    look: KindLook
    count: int
    lines: list[ShownLine]
    more: int


@dataclass(frozen=True, slots=True)
class Group:
    """The lists that are equally urgent."""

    urgency: str
    title: Text
    lists: list[ShownList]


@reception.get("/worklists")
def worklists() -> Page:
    """All open lines by kind, the urgent kinds first."""
    return _page("")


@reception.get("/worklists/<kind>")
def worklist(kind: str) -> Page:
    """All open lines of one kind; every kind for a word that is none."""
    return _page(kind if kind in LOOKS else "")


@reception.post("/worklists/<int:item_id>/dismiss")
def dismiss(item_id: int) -> Page:
    """Close one line, because a person has seen to it."""
    service.dismiss(runtime(), actor(), item_id)
    flash(say("Taken off the worklist."), "good")
    return redirect(url_for("reception.worklists"))


@reception.post("/worklists/<int:item_id>/send-again")
def send_again(item_id: int) -> Page:
    """Owe a message anew that did not go out."""
    try:
        worklist_messages.send_again(runtime(), actor(), item_id)
    except (InvalidInput, StaleForm) as refusal:
        flash(refusal.message, "warn")
    else:
        flash(say("The message goes out again in a moment."), "good")
    return redirect(url_for("reception.worklists"))


@reception.post("/worklists/<int:item_id>/move-away")
def move_away(item_id: int) -> Page:
    """Move a session out of its therapist's busy time, as the line proposes."""
    try:
        outcome = busy_clashes.move_away(runtime(), actor(), item_id)
    except StaleForm as refusal:
        flash(refusal.message, "warn")
        return redirect(url_for("reception.worklists"))
    return _done(outcome)


@reception.post("/worklists/<int:item_id>/apply")
def apply_proposal(item_id: int) -> Page:
    """Do what the planner proposed, if it would still propose the same."""
    try:
        done = proposals.apply_proposal(runtime(), actor(), item_id, digest=request.form.get("digest"))
    except StaleForm as refusal:
        flash(refusal.message, "warn")
        return redirect(url_for("reception.worklists"))
    return _done(done)


@reception.post("/worklists/<int:item_id>/leave")
def leave_proposal(item_id: int) -> Page:
    """Leave the course as it is; what is owed stays to be placed."""
    try:
        proposals.leave_proposal(runtime(), actor(), item_id)
    except StaleForm as refusal:
        flash(refusal.message, "warn")
    else:
        flash(say("Left as it is."), "good")
    return redirect(url_for("reception.worklists"))


def cards(waiting: Mapping[str, int]) -> list[dict[str, object]]:
    """The worklists as counted cards, by how urgent they are.

    Args:
        waiting: open lines by kind.
    """
    return [
        {
            "title": title,
            "cards": [
                {
                    "count": waiting[kind],
                    "label": service.KINDS[kind],
                    "href": url_for("reception.worklists", _anchor=kind),
                    "tone": look.tone,
                }
                for kind, look in LOOKS.items()
                if look.urgency == urgency
            ],
        }
        for urgency, title in URGENCIES.items()
    ]


def _page(only: str) -> str:
    view = worklists_view(runtime(), actor())
    by_kind = {each.kind: each for each in view.lists}
    shown = {
        kind: _shown(by_kind[kind], look, most=len(by_kind[kind].lines) if only else MOST_SHOWN)
        for kind, look in LOOKS.items()
        if only in ("", kind)
    }
    groups = [
        Group(urgency, title, [each for each in shown.values() if each.lines and each.look.urgency == urgency])
        for urgency, title in URGENCIES.items()
    ]
    return render_template(
        "reception/worklists.html",
        zone=view.zone,
        groups=[group for group in groups if group.lists],
        clear=[each for each in shown.values() if not each.lines],
        only=shown.get(only),
        plannings=[] if only else plannings(),
    )


def _shown(found: Worklist, look: KindLook, most: int) -> ShownList:
    back = url_for("reception.worklists")
    lines = [
        ShownLine(line, offered(line, back), [text_from(kept) for kept in line.item.details.get("lines", ())])
        for line in found.lines[:most]
    ]
    return ShownList(found.kind, found.title, look, len(found.lines), lines, len(found.lines) - len(lines))


def _done(outcome: Outcome | Applied) -> Page:
    undo = url_for("courses.undo", revision_id=outcome.revision_id, next=url_for("reception.worklists"))
    words = say("%(what)s.", what=outcome.says)
    # The session keeps any JSON value; flash.html knows this one.
    flash({"text": words, "undo_url": undo, "undo_label": say("Undo")}, "good")  # type: ignore[arg-type]
    return redirect(url_for("reception.worklists"))
