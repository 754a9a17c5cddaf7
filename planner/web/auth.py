"""Signing in and out, and changing one's own password."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from planner.errors import InvalidInput
from planner.services import accounts
from planner.web.access import LOGIN_KEY, safe_next
from planner.web.context import actor, actor_or_none, runtime
from planner.web.navigation import home_of
from planner.words import say

auth = Blueprint("auth", __name__)

Page = str | Response | tuple[str, int]


@auth.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Page:
    """Ask for e-mail address and password; then go on to where the person wanted to be."""
    target = safe_next(request.values.get("next"))
    if request.method == "GET":
        known = actor_or_none()
        if known is not None:
            return redirect(target or home_of(known))
        return _sign_in_page(target)
    email = request.form.get("email", "")
    try:
        token, person = accounts.sign_in(runtime(), email, request.form.get("password", ""), _user_agent())
    except accounts.SignInRefused as refusal:
        return _sign_in_page(target, email, {"": refusal.message}), 422
    _keep(token)
    return redirect(target or home_of(person))


@auth.post("/sign-out")
def sign_out() -> Response:
    """End this browser's session."""
    accounts.sign_out(runtime(), session[LOGIN_KEY])
    session.clear()
    return redirect(url_for("auth.sign_in"))


@auth.route("/account/password", methods=["GET", "POST"])
def password() -> Page:
    """Change one's own password; every other browser is signed out."""
    if request.method == "GET":
        return render_template("auth/password.html", errors={})
    new = request.form.get("new_password", "")
    try:
        if new != request.form.get("repeated", ""):
            raise InvalidInput(say("The two new passwords differ."), field="repeated")
        token = accounts.change_password(
            runtime(), actor(), request.form.get("current_password", ""), new, _user_agent()
        )
    except InvalidInput as refusal:
        return render_template("auth/password.html", errors={refusal.field or "": refusal.message}), 422
    _keep(token)
    flash(say("Your password is changed. Everywhere else you are signed out."), "good")
    return redirect(url_for("auth.password"))


def _sign_in_page(target: str | None, email: str = "", errors: dict[str, str] | None = None) -> str:
    return render_template("auth/sign_in.html", target=target or "", email=email, errors=errors or {})


def _keep(token: str) -> None:
    """Put the new session into the cookie; nothing of what was in it before survives, not even the CSRF token."""
    session.clear()
    session[LOGIN_KEY] = token


def _user_agent() -> str:
    return request.headers.get("User-Agent", "")
