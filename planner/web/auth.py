"""Signing in and out, the second step of it, links to choose a password, and changing one's own."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from planner.errors import InvalidInput, TooManyTries
from planner.services import account_letters, account_links, accounts, authenticator, passkeys, second_factor, sessions
from planner.services.account_links import LinkHolder
from planner.services.opening import any_clinic
from planner.services.passkeys import Asked, Site
from planner.services.runtime import Actor
from planner.services.second_factor import Half, HalfWayLost
from planner.web.access import LOGIN_KEY, safe_next
from planner.web.context import actor, actor_or_none, runtime
from planner.web.guessing import looking_up, network_of
from planner.web.navigation import home_of
from planner.words import say

auth = Blueprint("auth", __name__)

Page = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]
Errors = dict[str, str]
HALF_KEY = "half"
CHALLENGE_KEY = "passkey"
ChallengePurpose = Literal["enter", "add"]


@auth.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Page:
    """Ask for e-mail address and password; then go on to the second factor, or to where the person wanted to be."""
    target = safe_next(request.values.get("next"))
    if request.method == "GET":
        known = actor_or_none()
        if known is not None:
            return redirect(target or home_of(known))
        return _sign_in_page(target)
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        found = accounts.enter(runtime(), email, password, user_agent(), network())
    except accounts.SignInRefused as refusal:
        page = _sign_in_page(target, email, {"": refusal.message})
        return (page, 429, {"Retry-After": str(refusal.seconds)}) if refusal.seconds else (page, 422)
    if isinstance(found, Half):
        session.clear()
        session[HALF_KEY] = found.as_json()
        return redirect(url_for("auth.second_factor", next=target))
    return _entered(*found, target)


@auth.route("/sign-in/second", methods=["GET", "POST"], endpoint="second_factor")
def second_factor_step() -> Page:
    """Ask for the second factor of somebody whose password was right."""
    target = safe_next(request.values.get("next"))
    try:
        half = Half.from_json(session.get(HALF_KEY))
        if request.method == "GET":
            return _second_page(half, target)
        found = authenticator.prove(runtime(), half, request.form.get("code", ""), user_agent(), network())
    except HalfWayLost as refusal:
        return _from_the_start(refusal, target)
    except InvalidInput as refusal:
        return _second_page(half, target, _errors_of(refusal)), 422
    except TooManyTries as refusal:
        return _second_page(half, target, _errors_of(refusal)), 429, {"Retry-After": str(refusal.seconds)}
    return _entered(*found, target)


@auth.post("/sign-in/passkey")
def passkey() -> Page:
    """Sign in with the passkey that the browser has just used, alone or after the password."""
    target = safe_next(request.values.get("next"))
    half = Half.from_json(session[HALF_KEY]) if HALF_KEY in session else None
    try:
        site, challenge = _site_or_refuse(), taken_challenge("enter")
        answer = request.form.get("answer", "")
        found = passkeys.enter(runtime(), site, challenge, answer, half, user_agent(), network())
    except HalfWayLost as refusal:
        return _from_the_start(refusal, target)
    except InvalidInput as refusal:
        errors = {"": refusal.message}
        return (_second_page(half, target, errors) if half else _sign_in_page(target, "", errors)), 422
    return _entered(*found, target)


@auth.route("/sign-in/forgotten", methods=["GET", "POST"])
def forgotten() -> Page:
    """Send a link to choose a new password; it says the same whether the address has an account or not."""
    by_mail = account_letters.sends_mail(runtime())
    if request.method == "GET" or not by_mail:
        return render_template("auth/forgotten.html", by_mail=by_mail, email="", errors={}, asked=False)
    email = request.form.get("email", "")
    try:
        account_letters.ask_for_link(runtime(), email, network())
    except InvalidInput as refusal:
        errors = _errors_of(refusal)
        return render_template("auth/forgotten.html", by_mail=True, email=email, errors=errors, asked=False), 422
    return render_template("auth/forgotten.html", by_mail=True, email=email.strip(), errors={}, asked=True)


@auth.route("/sign-in/link/<token>", methods=["GET", "POST"])
def link(token: str) -> Page:
    """Choose a password by the link that was sent or handed over."""
    with looking_up(token):
        holder = account_links.holder_of(runtime(), token)
    if request.method == "GET":
        return _link_page(holder, token)
    new = request.form.get("new_password", "")
    try:
        _must_be_the_same(new)
        account_links.choose_password(runtime(), token, new)
    except InvalidInput as refusal:
        return _link_page(holder, token, _errors_of(refusal)), 422
    session.clear()
    flash(say("Your password is chosen. Sign in with it."), "good")
    return redirect(url_for("auth.sign_in"))


@auth.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session."""
    sessions.sign_out(runtime(), session[LOGIN_KEY])
    session.clear()
    answer = redirect(url_for("auth.sign_in"))
    # Pages are never kept, so this is for what a script or an extension of the browser put beside them.
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


@auth.route("/account/password", methods=["GET", "POST"])
def password() -> Page:
    """Change one's own password; every other browser is signed out."""
    if request.method == "GET":
        return render_template("auth/password.html", errors={})
    new = request.form.get("new_password", "")
    try:
        _must_be_the_same(new)
        current = request.form.get("current_password", "")
        token = accounts.change_password(runtime(), actor(), current, new, user_agent())
    except InvalidInput as refusal:
        return render_template("auth/password.html", errors=_errors_of(refusal)), 422
    keep(token)
    flash(say("Your password is changed. Everywhere else you are signed out."), "good")
    return redirect(url_for("auth.password"))


def keep(token: str) -> None:
    """Put the new session into the cookie; nothing of what was in it before survives, not even the CSRF token."""
    session.clear()
    session[LOGIN_KEY] = token


def user_agent() -> str:
    """What the browser calls itself."""
    return request.headers.get("User-Agent", "")


def network() -> str:
    """Where the request comes from, as tries are counted."""
    return network_of(request.remote_addr)


def this_site() -> Site | None:
    """The site that passkeys belong to; None where there can be none."""
    return passkeys.site_of(runtime().base_url, request.host)


def remember(asked: Asked, purpose: ChallengePurpose) -> str:
    """Keep the challenge in the browser's signed cookie; gives the options for the page.

    Args:
        purpose: anybody is asked to enter, but only whoever has just typed the password to add a passkey.
    """
    session[CHALLENGE_KEY] = [purpose, asked.challenge, runtime().clock.now().isoformat()]
    return asked.options


def taken_challenge(purpose: ChallengePurpose) -> str:
    """The challenge that the browser has to answer, which is then gone.

    Raises:
        InvalidInput: there is none for this purpose, or it is too old.
    """
    kept = session.pop(CHALLENGE_KEY, None)
    # One of an earlier version of the program had no purpose.
    asked_for, challenge, asked_at = kept if isinstance(kept, list) and len(kept) == 3 else ("", "", "")
    if asked_for != purpose or runtime().clock.now() - datetime.fromisoformat(asked_at) > second_factor.HALF_WAY:
        raise InvalidInput(say("This took too long. Try once more."), field="passkey")
    return str(challenge)


def _site_or_refuse() -> Site:
    site = this_site()
    if site is None:
        raise InvalidInput(say("Passkeys need an address with a name."), field="passkey")
    return site


def _must_be_the_same(new: str) -> None:
    if new != request.form.get("repeated", ""):
        raise InvalidInput(say("The two new passwords differ."), field="repeated")


def _entered(token: str, person: Actor, target: str | None) -> Response:
    keep(token)
    return redirect(target or home_of(person))


def _from_the_start(refusal: HalfWayLost, target: str | None) -> Response:
    session.clear()
    flash(refusal.message, "warn")
    return redirect(url_for("auth.sign_in", next=target))


def _errors_of(refusal: InvalidInput | TooManyTries) -> Errors:
    return {refusal.field or "": refusal.message}


def _sign_in_page(target: str | None, email: str = "", errors: Errors | None = None) -> str:
    # A second step that was left does not belong to whoever signs in now.
    session.pop(HALF_KEY, None)
    site = this_site()
    options = remember(passkeys.ask_to_enter(runtime(), site, None), "enter") if site else ""
    return render_template(
        "auth/sign_in.html",
        target=target or "",
        email=email,
        errors=errors or {},
        passkey_options=options,
        nobody_yet=not any_clinic(runtime()),
    )


def _second_page(half: Half, target: str | None, errors: Errors | None = None) -> str:
    ways, site = second_factor.ways_of(runtime(), half), this_site()
    options = remember(passkeys.ask_to_enter(runtime(), site, half), "enter") if site and ways.passkey else ""
    return render_template(
        "auth/second.html", target=target or "", ways=ways, errors=errors or {}, passkey_options=options
    )


def _link_page(holder: LinkHolder, token: str, errors: Errors | None = None) -> str:
    return render_template("auth/link.html", holder=holder, token=token, errors=errors or {})
