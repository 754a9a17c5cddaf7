"""The clinic's policies as sentences with blanks, and beside each what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.services import backfill_rounds
from planner.services.clinic_setup import AUTOMATED, POLICY_LIMITS
from planner.services.policies import PolicyDesk, PolicyValues, keep_policies, policy_desk
from planner.web.context import actor, runtime
from planner.web.numbers import whole
from planner.web.overtaken import overtaken
from planner.web.owner.follows import follows
from planner.web.owner.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, owner, whole_number
from planner.words import say

# What can be chosen: (value, words, what follows from it).
_ROOM: Final = (
    ("never", say("Nobody else"), say("Only the courses that lost a visit are planned anew.")),
    (
        "unconfirmed",
        say("Visits that are not confirmed"),
        say("Where it saves a long wait, a visit of another patient moves."),
    ),
    ("any", say("Confirmed visits too"), say("They move last, and only where it saves much.")),
)
_OFF, _PROPOSE, _APPLY = say("Do nothing"), say("Propose it"), say("Do it")
_LOST: Final = (
    ("off", _OFF, say("The session waits under “Still to place”. All other visits stay where they are.")),
    ("propose", _PROPOSE, say("New dates stand on the worklist. They hold once somebody agrees.")),
)
_ROUNDS: Final[Mapping[str, str | int]] = {
    "from": f"{backfill_rounds.MESSAGE_HOURS[0]:%H:%M}",
    "to": f"{backfill_rounds.MESSAGE_HOURS[1]:%H:%M}",
    "few": backfill_rounds.AT_ONCE,
    "times": backfill_rounds.MOST_ROUNDS,
    "again": backfill_rounds.ASKED_AGAIN_AFTER // timedelta(hours=1),
    "least": backfill_rounds.LEAST_AHEAD // timedelta(hours=1),
}
_LEVELS: Final = {
    "miss": (
        *_LOST,
        (
            "apply",
            _APPLY,
            say(
                "The session is booked again as soon as it may be; other visits move only where they must. "
                "After too many misses in a row a person talks to the patient first, whatever is set here."
            ),
        ),
    ),
    "cancel": (
        *_LOST,
        ("apply", _APPLY, say("The session is booked again near its date; other visits move only where they must.")),
    ),
    "leave": (
        ("off", _OFF, say("The visits stay where they are and stand on the worklist, each with “Move” and “Cancel”.")),
        (
            "propose",
            _PROPOSE,
            say(
                "The page of the leave shows new dates; those that somebody ticks are taken. "
                "The others wait on the worklist with theirs."
            ),
        ),
        ("apply", _APPLY, say("The page of the leave shows new dates, all ticked; recording it moves the visits.")),
    ),
    "backfill": (
        ("off", _OFF, say("The place stays free and stands in the list of freed places only.")),
        ("propose", _PROPOSE, say("It stands on the worklist with those who would gain; somebody offers it.")),
        (
            "apply",
            _APPLY,
            say(
                "Between %(from)s and %(to)s it is offered by message to those who gain most and have an e-mail "
                "address, %(few)s at a time; the first to accept has it. When all let it pass, the next are asked, "
                "%(times)s times at most; then it stands on the worklist. Nobody is asked who wants no earlier times, "
                "twice within %(again)s hours, or for a place less than %(least)s hours away.",
                **_ROUNDS,
            ),
        ),
    ),
}
_QUESTIONS: Final = {
    "miss": say("A patient misses a visit"),
    "cancel": say("A patient cancels a visit"),
    "leave": say("A therapist is away"),
    "backfill": say("A place in the diary becomes free"),
}

# What each choice is called where it stands alone.
_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "displacing": {value: words for value, words, _ in _ROOM},
    **{f"automation_{about}": {value: words for value, words, _ in levels} for about, levels in _LEVELS.items()},
}


@owner.route("/settings/policies", methods=["GET", "POST"])
def policies() -> Page:
    """Show the policies, or keep new ones."""
    desk = policy_desk(runtime(), actor())
    if request.method == "GET":
        return _page(desk, _fields(desk.values))
    form = request.form
    wanted, errors = _read(form)
    if wanted is None:
        return _page(desk, form, errors), UNPROCESSABLE
    try:
        keep_policies(runtime(), actor(), wanted, seen=form.get("seen", ""))
    except StaleForm:
        return _page(desk, *overtaken(form, _fields(desk.values), desk.seen, _NAMES)), CONFLICT
    except InvalidInput as refusal:
        return _page(desk, form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Kept. It holds from the next change on."), "good")
    return redirect(url_for("owner.policies"))


@owner.get("/settings/policies/follows")
def policy_follows() -> Page:
    """What would follow from one number that is being typed: words only, to stand beside it."""
    if request.headers.get("HX-Request") != "true":
        return redirect(url_for("owner.policies"))
    name = next((name for name in POLICY_LIMITS if name in request.args), "")
    return render_template("owner/_follows.html", words=_follows(name, request.args, _wall_now()))


def _page(desk: PolicyDesk, form: Mapping[str, str], errors: Errors | None = None) -> str:
    return render_template(
        "owner/policies.html",
        form=form,
        errors=errors or {},
        seen=form.get("seen") or desk.seen,
        limits=POLICY_LIMITS,
        follows={name: _follows(name, form, desk.wall_now) for name in POLICY_LIMITS},
        room=_ROOM,
        automated=[(about, _QUESTIONS[about], _LEVELS[about]) for about in AUTOMATED],
    )


def _follows(name: str, form: Mapping[str, str], wall_now: datetime) -> str:
    """What follows from a number as it is typed; nothing while it makes no sense."""
    number = whole(form.get(name, "").strip())
    low, high = POLICY_LIMITS.get(name, (1, 0))
    return follows(name, number, wall_now) if number is not None and low <= number <= high else ""


def _wall_now() -> datetime:
    return policy_desk(runtime(), actor()).wall_now


def _fields(values: PolicyValues) -> dict[str, str]:
    levels = {f"automation_{about}": level for about, level in values.levels.items()}
    return {**{name: str(number) for name, number in values.numbers.items()}, "displacing": values.displacing, **levels}


def _read(form: Mapping[str, str]) -> tuple[PolicyValues | None, Errors]:
    """The policies that a form asks for, or what is wrong with it, every field at once."""
    errors: Errors = {}
    numbers: dict[str, int] = {}
    for name, (low, high) in POLICY_LIMITS.items():
        try:
            numbers[name] = whole_number(form, name, low, high)
        except InvalidInput as refusal:
            errors |= errors_of(refusal)
    levels = {about: form.get(f"automation_{about}", "") for about in AUTOMATED}
    return (None if errors else PolicyValues(numbers, form.get("displacing", ""), levels)), errors
