"""Second factors: the authenticator app, passkeys and recovery codes; each change asks for the password again."""

from __future__ import annotations

from typing import Final, NamedTuple

import segno
from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, NotFound
from planner.services import authenticator, passkeys, recovery_codes
from planner.services.authenticator import Setup
from planner.services.my_account import account_of
from planner.services.passkeys import Passkey
from planner.web.account.routes import UNPROCESSABLE, Errors, Page, account
from planner.web.auth import remember, taken_challenge, this_site
from planner.web.context import actor, runtime
from planner.words import Text, say


class _Question(NamedTuple):
    """A page that asks for the password before something is changed."""

    title: Text
    lead: Text
    button: Text
    kind: str = "primary"
    names: bool = False


_APP: Final = _Question(
    say("Set up an authenticator app"),
    say("An app on your phone shows a new code every half minute, and signing in asks for it after the password."),
    say("Go on"),
)
_NO_APP: Final = _Question(
    say("Remove the authenticator app"), say("Its codes open nothing any more."), say("Remove it"), "danger"
)
_PASSKEY: Final = _Question(
    say("Add a passkey"),
    say("Your phone, computer or key signs you in by fingerprint, face or PIN. Nobody can guess or phish it."),
    say("Go on"),
    names=True,
)
_NO_PASSKEY: Final = _Question(
    say("Remove the passkey"), say("It opens nothing here any more."), say("Remove it"), "danger"
)
_CODES: Final = _Question(
    say("New recovery codes"), say("You get ten new ones; the old ones open nothing any more."), say("Make new codes")
)


@account.route("/app", methods=["GET", "POST"])
def app() -> Page:
    """Show the picture for the app, after the password."""
    if request.method == "GET":
        return _ask(_APP)
    try:
        return _picture(authenticator.begin(runtime(), actor(), _password()))
    except InvalidInput as refusal:
        return _ask(_APP, refusal), UNPROCESSABLE


@account.post("/app/confirm")
def confirm_app() -> Page:
    """Take the app into use by its first code."""
    try:
        codes = authenticator.confirm(runtime(), actor(), request.form.get("code", ""))
    except InvalidInput as refusal:
        begun = authenticator.begun(runtime(), actor())
        if begun is None:
            return _ask(_APP, InvalidInput(refusal.message)), UNPROCESSABLE
        return _picture(begun, {"code": refusal.message}), UNPROCESSABLE
    return _done(say("From now on signing in asks for a code of your app."), codes)


@account.route("/app/remove", methods=["GET", "POST"])
def remove_app() -> Page:
    """Do without the app."""
    if request.method == "GET":
        return _ask(_NO_APP)
    try:
        authenticator.remove(runtime(), actor(), _password())
    except InvalidInput as refusal:
        return _ask(_NO_APP, refusal), UNPROCESSABLE
    return _done(say("The authenticator app is removed."))


@account.route("/passkeys", methods=["GET", "POST"])
def passkey() -> Page:
    """Let the browser make a passkey, after the password."""
    site = this_site()
    if site is None:
        return redirect(url_for("account.show"))  # Which says why.
    if request.method == "GET":
        return _ask(_PASSKEY)
    name = request.form.get("name", "")
    try:
        asked = passkeys.ask_to_add(runtime(), actor(), site, _password())
    except InvalidInput as refusal:
        return _ask(_PASSKEY, refusal), UNPROCESSABLE
    return render_template("account/passkey.html", options=remember(asked, "add"), name=name)


@account.post("/passkeys/add")
def add_passkey() -> Page:
    """Keep the passkey that the browser made."""
    site = this_site()
    if site is None:
        return redirect(url_for("account.show"))  # Which says why.
    form = request.form
    try:
        challenge = taken_challenge("add")
        codes = passkeys.add(runtime(), actor(), site, challenge, form.get("answer", ""), form.get("name", ""))
    except InvalidInput as refusal:
        return _ask(_PASSKEY, InvalidInput(refusal.message)), UNPROCESSABLE
    return _done(say("The passkey is added. You can sign in with it from now on."), codes)


@account.route("/passkeys/<int:passkey_id>/remove", methods=["GET", "POST"])
def remove_passkey(passkey_id: int) -> Page:
    """Do without a passkey."""
    known = _own_passkey(passkey_id)
    question = _NO_PASSKEY._replace(title=say("Remove the passkey “%(name)s”", name=known.name))
    if request.method == "GET":
        return _ask(question)
    try:
        passkeys.remove(runtime(), actor(), passkey_id, _password())
    except InvalidInput as refusal:
        return _ask(question, refusal), UNPROCESSABLE
    return _done(say("The passkey is removed."))


@account.route("/recovery-codes", methods=["GET", "POST"])
def codes() -> Page:
    """Make ten new recovery codes and show them, once."""
    if request.method == "GET":
        return _ask(_CODES)
    try:
        made = recovery_codes.renew(runtime(), actor(), _password())
    except InvalidInput as refusal:
        return _ask(_CODES, refusal), UNPROCESSABLE
    return render_template("account/codes.html", codes=made)


def _password() -> str:
    return request.form.get("password", "")


def _own_passkey(passkey_id: int) -> Passkey:
    for each in account_of(runtime(), actor()).passkeys:
        if each.id == passkey_id:
            return each
    raise NotFound(say("There is no such thing here."))


def _ask(question: _Question, refusal: InvalidInput | None = None) -> str:
    errors = {refusal.field or "": refusal.message} if refusal else {}
    return render_template("account/ask.html", asked=question, form=request.form, errors=errors)


def _picture(setup: Setup, errors: Errors | None = None) -> str:
    picture = segno.make(setup.uri, error="m").svg_data_uri(scale=5, border=3, dark="#16212b", light="#ffffff")
    groups = [setup.secret[start : start + 4] for start in range(0, len(setup.secret), 4)]
    return render_template("account/app.html", picture=picture, secret=" ".join(groups), errors=errors or {})


def _done(words: Text, codes: tuple[str, ...] = ()) -> Page:
    if not codes:
        flash(words, "good")
        return redirect(url_for("account.show"))
    # Never kept for a page that follows: they would lie about in a cookie.
    return render_template("account/codes.html", codes=codes, first=words)
