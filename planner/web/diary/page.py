"""The diary's page: some days with their columns, as a list that the script turns into a calendar."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from flask import Response, current_app, jsonify, render_template, request, url_for
from markupsafe import Markup

from planner.services.diary_view import ColumnDay, DiaryView, DiaryVisit, diary_tag, diary_view
from planner.web.context import actor, runtime
from planner.web.diary.asked import Asked, asked
from planner.web.diary.routes import Page, diary
from planner.web.links import link_to
from planner.web.looks import state_look

_FREE_PLACE: Final = "reception.free_place"


@diary.get("")
def show() -> Page:
    """A day or a week, by therapist or by room; to the diary's own script only the part that changes."""
    wanted = asked()
    view = diary_view(runtime(), actor(), wanted.day, wanted.days, by=wanted.by)
    part = request.headers.get("X-Part") == "days"
    return render_template("diary/_days.html" if part else "diary/diary.html", **_facts(wanted, view))


@diary.get("/state")
def state() -> Response:
    """Whether anything changed since: 304 while the tag that the browser sends is still the present one."""
    answer = jsonify({})
    answer.set_etag(diary_tag(runtime(), actor()))
    answer.make_conditional(request)
    return answer


def _facts(wanted: Asked, view: DiaryView) -> dict[str, Any]:
    first = view.days[0].day
    columns = dict(view.columns)
    only = wanted.only if wanted.only in columns else None
    wanted = replace(wanted, only=only)
    return {
        "view": view,
        "asked": wanted,
        "first": first,
        "last": view.days[-1].day,
        "only": only,
        "columns": [(str(key), name) for key, name in view.columns if only in (None, key)],
        "here": wanted.address(),
        "earlier": wanted.beside(first, -1).address(),
        "later": wanted.beside(first, 1).address(),
        "today": replace(wanted, day=None).address(),
        "spans": [(replace(wanted, week=week, day=_kept_day(wanted, view)).address(), week) for week in (False, True)],
        "sides": [(replace(wanted, by=by, only=None).address(), by) for by in ("therapist", "room")],
        "views": [(replace(wanted, as_list=each).address(), each) for each in (False, True)],
        "free_place": _free_places() if _FREE_PLACE in current_app.view_functions else None,
        "off_data": _off_data,
        "visit_link": url_for("diary.visit", appointment_id=0, next=wanted.address()).split("0", 1),
        "marks": _marks(),
        "book_url": link_to("reception.begin_booking"),
    }


class _Marks(NamedTuple):
    """What many visits have in common, drawn."""

    tone: str
    phase: Markup
    state: Markup


def _marks() -> Callable[[DiaryVisit], _Marks]:
    """Gives the marks of a visit. Each kind is drawn once, for a week has hundreds of visits."""
    drawn: dict[tuple[str, str, bool, bool], _Marks] = {}

    def marks(visit: DiaryVisit) -> _Marks:
        confirmed = visit.confirmed and visit.status == "booked"
        key = (visit.phase, visit.status, confirmed, visit.overdue)
        if key not in drawn:
            lines = render_template(
                "diary/_marks.html",
                phase_name=visit.phase,
                status=visit.status,
                confirmed=confirmed,
                overdue=visit.overdue,
            )
            phase, _, state = lines.strip().partition("\n")
            # Drawn by a template of ours, which has escaped what it shows.
            tone = state_look("unplaced" if visit.overdue else visit.status).tone
            drawn[key] = _Marks(tone, Markup(phase), Markup(state))  # noqa: S704
        return drawn[key]

    return marks


def _off_data(column: ColumnDay) -> str:
    """When nobody treats, as the script reads it: [[start, end, kind], …] with times of this one day."""
    spans = [[each.begins[11:], each.until, each.kind] for each in column.off]
    return json.dumps(spans, separators=(",", ":"))


def _kept_day(wanted: Asked, view: DiaryView) -> Any:
    """The day that day and week have in common: today, if it is in the week that is shown."""
    days = [each.day for each in view.days]
    return None if view.today in days else wanted.day or days[0]


def _free_places() -> Callable[[int, str], str]:
    """Gives the page of who fits a therapist's free place that begins at 2026-03-02T10:00."""
    page = url_for(_FREE_PLACE)
    return lambda practitioner, begins: f"{page}?practitioner={practitioner}&start={begins}"
