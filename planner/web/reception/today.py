"""Reception's home: today by time, and what waits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from flask import render_template, request, url_for

from planner.services.today_view import DayView, day_view
from planner.web.context import actor, runtime
from planner.web.reception.plannings import plannings
from planner.web.reception.routes import Page, reception
from planner.web.reception.worklists import cards
from planner.words import Text, listing, say, say_many

# Diaries reach further in no direction.
_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(2100, 1, 1)


@reception.get("/today")
def today() -> Page:
    """The visits of today, or of `?day=2026-03-04`; a day nobody can read is today."""
    view = day_view(runtime(), actor(), _asked_day())
    return render_template(
        "reception/today.html",
        view=view,
        day_words=_words(view),
        earlier=_address(view, -1),
        later=_address(view, 1),
        here=url_for("reception.today", day=None if view.day == view.today else view.day.isoformat()),
        worklists=cards(view.waiting),
        plannings=plannings(),
    )


def _asked_day() -> date | None:
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    return day if _FIRST_DAY < day < _LAST_DAY else None


def _address(view: DayView, days: int) -> str:
    """The page of a neighbouring day."""
    day = view.day + timedelta(days=days)
    return url_for("reception.today", day=None if day == view.today else day.isoformat())


def _words(view: DayView) -> Text:
    """`8 visits: 3 done, 1 missed, 4 to come`."""
    done, here, missed = view.count("fulfilled"), view.count("arrived", "checked-in"), view.count("noshow")
    to_come = view.count("booked", "pending") - view.overdue
    counts = {
        say("%(count)s done", count=done): done,
        say("%(count)s here", count=here): here,
        say("%(count)s missed", count=missed): missed,
        say("%(count)s to be marked", count=view.overdue): view.overdue,
        say("%(count)s to come", count=to_come): to_come,
    }
    total = say_many("%(num)s visit", "%(num)s visits", len(view.visits))
    said = listing([words for words, count in counts.items() if count], ", ")
    return say("%(total)s: %(said)s", total=total, said=said) if said else total
