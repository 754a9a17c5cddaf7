"""My account: the page, and ending sessions in other browsers."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for

from planner.services import sessions
from planner.services.my_account import account_of
from planner.web.account.routes import Page, account
from planner.web.auth import this_site
from planner.web.context import actor, runtime
from planner.words import say


@account.get("")
def show() -> Page:
    """Where one is signed in, and what opens the account."""
    return render_template(
        "account/show.html",
        mine=account_of(runtime(), actor()),
        needed=actor().factor_missing,
        may_have_passkeys=this_site() is not None,
        factor_words={
            "totp": say("with the authenticator app"),
            "passkey": say("with a passkey"),
            "recovery": say("with a recovery code"),
        },
    )


@account.post("/sessions/<int:login_id>/end")
def end_session(login_id: int) -> Page:
    """Sign out another browser."""
    sessions.end_session(runtime(), actor(), login_id)
    flash(say("That browser is signed out."), "good")
    return redirect(url_for("account.show"))


@account.post("/sessions/end-others")
def end_others() -> Page:
    """Sign out all other browsers."""
    sessions.end_others(runtime(), actor())
    flash(say("Everywhere else you are signed out."), "good")
    return redirect(url_for("account.show"))
