"""A browser for tests without a screen: it keeps cookies and sends the CSRF token with every form."""

from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from planner.services import accounts, sessions
from planner.storage.people import StaffRow
from planner.web.access import LOGIN_KEY
from planner.web.context import EXTENSION
from tests.factories import Person

_SECRET = "the secret of this browser's forms"


class Browser:
    """Wraps Flask's test client; forms are sent as htmx or a page would send them."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.raw = app.test_client()

    def sign_in(self, person: Person) -> None:
        """Sign in through the service, put the token into the cookie as the sign-in page does.

        Whoever has a second factor counts as having shown it.
        """
        running = self.app.extensions[EXTENSION]
        try:
            token, _ = accounts.sign_in(running, person.email, person.password)
        except accounts.SecondFactorNeeded:
            with running.writing(person.actor) as unit:
                token = sessions.open_session(unit, unit.get(StaffRow, person.id), "", "passkey")
        with self.raw.session_transaction() as session:
            session[LOGIN_KEY] = token

    def get(self, address: str, **options: Any) -> TestResponse:
        """Open a page."""
        return self.raw.get(address, buffered=True, **options)

    def post(self, address: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form with its token."""
        return self.raw.post(address, data={**(data or {}), "csrf_token": self.csrf_token()}, **options)

    def csrf_token(self) -> str:
        """A token that belongs to this browser's session."""
        with self.raw.session_transaction() as session:
            session["csrf_token"] = _SECRET
        signer = URLSafeTimedSerializer(str(self.app.secret_key), salt="wtf-csrf-token")
        return str(signer.dumps(_SECRET))
