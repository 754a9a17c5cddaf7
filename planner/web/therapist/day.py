"""My day."""

from __future__ import annotations

from datetime import date

from flask import render_template, request

from planner.services import my_day_view
from planner.web.context import actor, runtime
from planner.web.therapist.routes import Page, therapist


@therapist.get("/my-day")
def my_day() -> Page:
    """The visits of ?day=2026-03-09, else of today."""
    return render_template("therapist/my_day.html", view=my_day_view.my_day(runtime(), actor(), _day()))


def _day() -> date | None:
    """The day to show; nonsense in the address counts as today."""
    try:
        return date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
