"""The first run: whoever has the link opens the clinic in five steps, and ends signed in and ready to book."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, render_template, request, session, url_for

from planner.errors import InvalidInput, StaleForm
from planner.languages import LANGUAGES
from planner.services import accounts
from planner.services.countries import all_zones, countries, currencies, regions_of, zones_of
from planner.services.first_run import check_setup_token
from planner.services.opening import FirstPassword, any_clinic, open_clinic
from planner.web.access import LOGIN_KEY
from planner.web.context import runtime
from planner.web.guessing import looking_up
from planner.web.owner.rooms import DAYS
from planner.web.owner.routes import UNPROCESSABLE, Errors, Page, errors_of, owner
from planner.web.owner.setup_form import (
    CLOSURES,
    COLLEAGUES,
    FIELDS,
    STEPS,
    beginning,
    errors_in,
    opening_from,
    with_guesses,
)
from planner.web.owner.staff import ROLE_CHOICES
from planner.web.reader import language

_NAMES = tuple(name for name, _ in STEPS)


@owner.route("/setup/<token>", methods=["GET", "POST"])
def setup(token: str) -> Page:
    """Ask step by step; open the clinic at the end of the last one."""
    with looking_up(token):
        check_setup_token(runtime(), token)
    if any_clinic(runtime()):
        return redirect(url_for("auth.sign_in"))
    if request.method == "GET":
        return _step(token, _NAMES[0], beginning())
    form = request.form
    step = form.get("step", "")
    if step not in _NAMES:
        return _step(token, _NAMES[0], form)
    if form.get("go") == "back":
        return _step(token, _NAMES[max(0, _NAMES.index(step) - 1)], form)
    errors = errors_in(step, form)
    if errors:
        return _step(token, step, form, errors), UNPROCESSABLE
    if step == _NAMES[-1]:
        return _open(token, form)
    return _step(token, _NAMES[_NAMES.index(step) + 1], with_guesses(form))


def _open(token: str, form: Mapping[str, str]) -> Page:
    """Open the clinic, if every step is still right: they came back through the browser."""
    for step in _NAMES:
        errors = errors_in(step, form)
        if errors:
            return _step(token, step, form, errors), UNPROCESSABLE
    try:
        made = open_clinic(runtime(), opening_from(form), first=True)
    except StaleForm:
        return redirect(url_for("auth.sign_in"))
    except InvalidInput as refusal:
        return _step(token, _NAMES[-1], form, {"": errors_of(refusal).popitem()[1]}), UNPROCESSABLE
    return _ready(form, made)


def _ready(form: Mapping[str, str], made: tuple[FirstPassword, ...]) -> Page:
    """Sign the manager in, and show the colleagues' passwords, once."""
    agent = request.headers.get("User-Agent", "")
    cookie, _ = accounts.sign_in(runtime(), form["my_email"], form["my_password"], agent)
    session.clear()
    session[LOGIN_KEY] = cookie
    colleagues = [person for person in made if person.password]
    return render_template("owner/ready.html", clinic=form["name"], colleagues=colleagues)


def _step(token: str, step: str, form: Mapping[str, str], errors: Errors | None = None) -> str:
    number = _NAMES.index(step)
    country = form.get("country", "")
    return render_template(
        "owner/setup.html",
        token=token,
        step=step,
        steps=[(words, place - number) for place, (_, words) in enumerate(STEPS)],
        title=STEPS[number][1],
        first=number == 0,
        last=number == len(STEPS) - 1,
        carried={name: form.get(name, "") for each in FIELDS if each != step for name in FIELDS[each]},
        form=form,
        errors=errors or {},
        languages=tuple(LANGUAGES.items()),
        countries=countries(language()),
        currencies=currencies(language()),
        zones=[(zone, zone) for zone in zones_of(country) or all_zones()],
        regions=regions_of(country),
        days=DAYS,
        roles=ROLE_CHOICES,
        closures=range(CLOSURES),
        colleagues=range(COLLEAGUES),
    )
