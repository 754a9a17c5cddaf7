"""One visit in the diary: its menu, the places it could have, and the move that follows a drag."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Response, jsonify, render_template, request, url_for

from planner.errors import InvalidInput
from planner.services import moving
from planner.services.diary_view import visit_card
from planner.services.places import Places, Run, places
from planner.web.access import safe_next
from planner.web.context import actor, runtime
from planner.web.courses.move import moved_news, read_minutes
from planner.web.courses.routes import form_version, told
from planner.web.days import read_day
from planner.web.diary.asked import asked
from planner.web.diary.routes import Page, diary
from planner.web.links import link_to
from planner.web.numbers import read_id, whole
from planner.web.reader import language
from planner.words import in_language, say


@diary.get("/visits/<int:appointment_id>")
def visit(appointment_id: int) -> Page:
    """What may be done to a visit: a page, or for the diary's script the menu alone."""
    card = visit_card(runtime(), actor(), appointment_id)
    back = safe_next(request.args.get("next"))
    facts = {
        "card": card,
        "visit": card.visit,
        "back": back or url_for("diary.show", day=card.visit.start.date().isoformat()),
        "patient_url": link_to("reception.patient", patient_id=card.visit.patient_id),
    }
    part = request.headers.get("X-Part") == "menu"
    return render_template("diary/_menu.html" if part else "diary/visit.html", **facts)


@diary.get("/visits/<int:appointment_id>/places")
def places_of(appointment_id: int) -> Response:
    """Where it may go in `?days=7` days from `?first=2026-03-02`, `by` therapist or room; `minutes` for a length."""
    minutes = request.args.get("minutes", "")
    found = places(
        runtime(),
        actor(),
        appointment_id,
        read_day(request.args.get("first", ""), "first"),
        whole(request.args.get("days", "")) or 1,
        columns=asked().by,
        minutes=whole(minutes) if minutes else None,
    )
    return jsonify(_as_json(found))


@diary.post("/visits/<int:appointment_id>/move")
def move(appointment_id: int) -> Response:
    """What a drag means. Form: start, practitioner, version; minutes and room where those change."""
    form = request.form
    outcome = moving.move(
        runtime(),
        actor(),
        appointment_id,
        _start(form.get("start", "")),
        read_id(form.get("practitioner", ""), say("Choose a therapist."), "practitioner"),
        version=form_version(),
        minutes=read_minutes(form.get("minutes", "")),
        room_id=read_id(form["room"], say("Choose a room."), "room") if form.get("room") else None,
    )
    return told(moved_news(outcome.revision_id, appointment_id))


def _as_json(found: Places) -> dict[str, Any]:
    """Runs of starts as numbers on the grid, and each sentence once."""
    words: dict[str, int] = {"": 0}

    def numbered(runs: tuple[Run, ...]) -> list[list[int]]:
        return [
            [found.number_of(run.first), found.number_of(run.last), words.setdefault(run.reason, len(words))]
            for run in runs
            if run.reason
        ]

    everywhere = numbered(found.everywhere)
    columns = {str(each.id): numbered(each.runs) for each in found.columns}
    return {
        "version": found.version,
        "practitioner": str(found.practitioner_id),
        "grid": found.grid_minutes,
        "minutes": found.minutes,
        "everywhere": everywhere,
        "columns": columns,
        "words": [in_language(each, language()) for each in words],
        "notes": {day.isoformat(): in_language(said, language()) for day, said in found.off_rhythm.items()},
        "ends_by": found.ends_by.isoformat(timespec="minutes"),
        "why_not_longer": in_language(found.why_not_longer, language()),
    }


def _start(text: str) -> datetime:
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(say("Write the time like 2026-03-12T14:30."), field="start") from None
    if start.tzinfo is not None or not date(2000, 1, 1) <= start.date() <= date(2100, 1, 1):
        raise InvalidInput(say("Write the time like 2026-03-12T14:30."), field="start")
    return start
