"""Pages for everybody, without signing in: the estimate with dates, and the evidence behind it. Nothing is kept."""

from datetime import date
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from planner.care.evidence import Kind
from planner.diary.free import to_utc
from planner.errors import InvalidInput
from planner.services.evidence_view import evidence_for
from planner.services.quick_plan import QuickPlan, plan_ics
from planner.web.context import actor_or_none, runtime
from planner.web.formats import day_short
from planner.web.navigation import Navigation, NavLink
from planner.web.public_form import PublicForm, empty_form, questions, read_form, zones
from planner.web.reader import language
from planner.web.timeline import Timeline, TimelineLine, TimelineSession, build_timeline
from planner.words import say

public = Blueprint("public", __name__)

Page = str | Redirect | tuple[str, int]
_HEADINGS: Final = (
    (Kind.PROTOCOL, say("How many sessions, by what is treated")),
    (Kind.GOAL, say("What the goal changes")),
    (Kind.FREQUENCY, say("How often, and how it thins out")),
    (Kind.FACTOR, say("What makes it more or fewer")),
    (Kind.ATTENDANCE, say("When visits are missed")),
    (Kind.SAFETY, say("Looking again, and stopping")),
    (Kind.ADVICE, say("What patients are told")),
    (Kind.JUDGEMENT, say("Our own judgement")),
)


@public.get("/")
def home() -> Page:
    """How many sessions might I need?"""
    return _page(empty_form(runtime().clock.now()))


@public.get("/estimate")
def questions_again() -> Page:
    """An address that was kept: the answers were not, so it begins anew."""
    return redirect(url_for("public.home"))


@public.post("/estimate")
def estimate() -> Page:
    """The estimate with its reasons and dates; for htmx only that part of the page."""
    form = _read()
    if request.headers.get("HX-Request") == "true":
        return render_template("public/_result.html", **_shown(form))
    return _page(form) if form.plan else (_page(form), 422)


@public.post("/dates.ics")
def dates_ics() -> Page | Response:
    """The dates as a file for any calendar."""
    form = _read()
    if form.plan is None:
        return _page(form), 422
    try:
        data = plan_ics(form.plan, runtime().clock.now())
    except InvalidInput as refusal:
        return _page(form, {"": refusal.message}), 422
    headers = {"Content-Disposition": 'attachment; filename="dates.ics"'}
    return Response(data, headers=headers, content_type="text/calendar; charset=utf-8")


@public.get("/evidence")
def evidence() -> Page:
    """Every number's source, each row at its own anchor."""
    known = evidence_for(runtime(), actor_or_none())
    sections = [(heading, known.of_kind(kind)) for kind, heading in _HEADINGS]
    return render_template("public/evidence.html", sections=sections, sources=known.sources, **_bar())


def _read() -> PublicForm:
    return read_form(request.form, runtime().clock.now())


def _page(form: PublicForm, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "public/home.html",
        **_shown(form),
        errors=errors or form.errors,
        required=questions(required=True),
        optional=questions(required=False),
        zones=zones(),
        **_bar(),
    )


def _bar() -> dict[str, object]:
    """The bar's links for who is not signed in; everybody else has their own."""
    if actor_or_none() is not None:
        return {}
    links = (
        ("public.home", say("How many sessions?")),
        ("public.evidence", say("Evidence")),
        ("auth.sign_in", say("Staff sign-in")),
    )
    items = tuple(NavLink(url_for(name), words, request.endpoint == name) for name, words in links)
    return {"navigation": Navigation(main=items)}


def _shown(form: PublicForm) -> dict[str, object]:
    plan = form.plan
    return {
        "form": form,
        "picture": _picture(plan, runtime().clock.now().astimezone(plan.hours.zone).date())
        if plan and plan.dates
        else None,
        # Wall-clock times as instants, which the pages' macros take.
        "starts": {each.number: to_utc(each.starts_at, plan.hours.zone) for each in plan.dates} if plan else {},
    }


def _picture(plan: QuickPlan, today: date) -> Timeline:
    sessions = tuple(
        TimelineSession(
            each.number,
            each.starts_at.date(),
            each.starts_at.date(),
            "proposed",
            each.phase,
            say("Session %(number)s, %(day)s", number=each.number, day=day_short(each.starts_at.date())),
        )
        for each in plan.dates
    )
    return build_timeline(say("The dates on a line"), [TimelineLine("", sessions)], today, language=language())
