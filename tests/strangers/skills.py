"""What nobody guesses: codes of an app, the answers of a passkey, the code in a message. Done once in each town."""

import re
from contextlib import suppress
from datetime import timedelta
from html import unescape
from typing import Final

import pyotp
from sqlalchemy import select
from werkzeug.test import TestResponse

from planner.errors import PlannerError
from planner.services import moving
from planner.services.account_links import link_for
from planner.services.messages import send_outbox
from planner.storage.courses import AppointmentRow
from planner.storage.people import StaffRow
from tests.factories import PASSWORD, FakeMailer, Person
from tests.services.software_passkey import SoftwarePasskey
from tests.strangers.forms import page_of
from tests.strangers.town import BASE_URL
from tests.strangers.visitor import Request, Visitor

_OPTIONS: Final = re.compile(r'data-options="([^"]+)"')
_SEED: Final = re.compile(r'class="secret">([^<]+)<')
_CODE: Final = re.compile(r"^(\d{6})$", re.MULTILINE)


def practise(visitor: Visitor) -> None:
    """Set up and use what proves who one is."""
    _chosen_password(visitor)
    person = visitor.role.person
    if person is not None:
        _app_with_codes(visitor, person)
        _passkey(visitor)
        _another_browser(visitor)
        _drag(visitor, person)
    elif visitor.role.holds == "patient-link":
        _new_address(visitor)


def _chosen_password(visitor: Visitor) -> None:
    """Choose a password for Rosa by a link that is still good."""
    with visitor.runtime.reading(visitor.town.own.system) as unit:
        link = link_for(visitor.runtime, unit.get(StaffRow, visitor.town.own.rosa.id), "reset", unit.now)
    path = link.removeprefix(BASE_URL)
    visitor.ask(Request("GET", path))
    _send(visitor, path, new_password=PASSWORD, repeated=PASSWORD)


def _send(visitor: Visitor, path: str, **fields: str) -> str:
    """The page that answers a form; "" where nothing did."""
    return _words(visitor.ask(Request("POST", path, list(fields.items()))))


def _words(answer: TestResponse | None) -> str:
    return answer.get_data(as_text=True) if answer is not None else ""


def _app_with_codes(visitor: Visitor, person: Person) -> None:
    seed = _SEED.search(_send(visitor, "/account/app", password=PASSWORD))
    if seed is None:
        return
    codes = pyotp.TOTP(seed[1].replace(" ", ""))
    _send(visitor, "/account/app/confirm", code=codes.at(visitor.runtime.clock.now()))
    _send(visitor, "/account/recovery-codes", password=PASSWORD)
    _send(visitor, "/sign-in", email=person.email, password=PASSWORD)
    # A code opens once, so the next one is needed.
    _send(visitor, "/sign-in/second", code=codes.at(visitor.runtime.clock.now() + timedelta(seconds=30)))
    _send(visitor, "/account/app/remove", password=PASSWORD)


def _passkey(visitor: Visitor) -> None:
    key = SoftwarePasskey(BASE_URL)
    asked = _OPTIONS.search(_send(visitor, "/account/passkeys", password=PASSWORD, name="Phone"))
    if asked is None:
        return
    _send(visitor, "/account/passkeys/add", answer=key.create(unescape(asked[1])), name="Phone")
    visitor.sign_out()
    asked = _OPTIONS.search(_words(visitor.ask(Request("GET", "/sign-in"))))
    if asked is not None:
        _send(visitor, "/sign-in/passkey", answer=key.get(unescape(asked[1])))
    for link in page_of(_words(visitor.ask(Request("GET", "/account")))).links:
        if link.startswith("/account/passkeys/"):
            visitor.ask(Request("GET", link))
            _send(visitor, link, password=PASSWORD)


def _another_browser(visitor: Visitor) -> None:
    """End the session that one has elsewhere."""
    visitor.sign_in()
    page = page_of(_words(visitor.ask(Request("GET", "/account"))))
    for form in page.forms:
        if form.action.endswith("/end"):
            _send(visitor, form.action)


def _drag(visitor: Visitor, person: Person) -> None:
    """Move a visit as the diary's script does."""
    with visitor.runtime.reading(person.actor) as unit:
        ahead = select(AppointmentRow).where(AppointmentRow.status == "booked", AppointmentRow.starts_at > unit.now)
        booked = [(row.id, row.version) for row in unit.session.scalars(ahead.order_by(AppointmentRow.id.desc()))]
    for appointment, version in booked[:3]:
        with suppress(PlannerError, IndexError):
            slot = moving.legal_slots(visitor.runtime, person.actor, appointment)[0]
            look = f"/diary/visits/{appointment}/places?first={slot.start.date()}&days=7"
            visitor.ask(Request("GET", look))
            where = {"start": slot.start.isoformat(timespec="minutes"), "practitioner": str(slot.practitioner_id)}
            _send(visitor, f"/diary/visits/{appointment}/move", version=str(version), **where)


def _new_address(visitor: Visitor) -> None:
    mailer = visitor.runtime.mailer
    assert isinstance(mailer, FakeMailer)
    _send(visitor, f"/p/{visitor.town.link}/contact", email="ana@new.example")
    send_outbox(visitor.runtime)
    codes = [_CODE.search(getattr(message, "text", "")) for message in mailer.sent]
    found = [each[1] for each in codes if each is not None]
    if found:
        _send(visitor, f"/p/{visitor.town.link}/contact/code", code=found[-1])
