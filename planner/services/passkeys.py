"""Passkeys (WebAuthn): added with a name, removed, and signed in with, alone or after the password."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import select
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from planner.errors import InvalidInput, NotFound
from planner.notify.message import one_line
from planner.services import accounts, keys, recovery_codes, second_factor, sessions, throttle
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.second_factor import Half
from planner.storage.doors import PasskeyRow
from planner.storage.people import StaffRow
from planner.words import say

NAME_LENGTH_MAX: Final = 60
MOST: Final = 20
_PASSKEY: Final = "passkey"
# The library takes a browser's bytes apart without looking whether all is there.
_UNREADABLE: Final = (WebAuthnException, ValueError, LookupError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Site:
    """Which site a passkey belongs to; a browser shows it to no other.

    Args:
        id: the host's name.
        origin: as browsers write it, e.g. "https://planner.example.org".
    """

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """One of a person's, as they see it."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser is asked.

    Args:
        options: JSON for the browser.
        challenge: what its answer has to sign; it lies in the browser's signed cookie and is taken once.
    """

    options: str
    challenge: str


def site_of(base_url: str, asked_host: str) -> Site | None:
    """The site that passkeys are made for: that of `base_url`; on a trial under an address of numbers only localhost.

    Args:
        asked_host: what the browser asked for, with its port.
    """
    parts = urlsplit(base_url)
    name = parts.hostname or ""
    if not _is_number(name):
        return Site(name, f"{parts.scheme}://{parts.netloc}")
    return Site("localhost", f"http://{asked_host}") if asked_host.partition(":")[0] == "localhost" else None


def passkeys_of(unit: Unit, staff_id: int) -> tuple[Passkey, ...]:
    """A person's, the oldest first."""
    return tuple(Passkey(row.id, row.name, row.created_at, row.used_at) for row in _rows(unit, staff_id))


def ask_to_add(runtime: Runtime, actor: Actor, site: Site, password: str) -> Asked:
    """What to ask the browser for a new passkey.

    Raises:
        InvalidInput: the password is wrong, or there are twenty already.
    """
    accounts.confirm_password(runtime, actor, password, "password")
    with runtime.reading(actor) as unit:
        staff = unit.get(StaffRow, actor.staff_id or 0)
        known = _rows(unit, staff.id)
        if len(known) >= MOST:
            raise InvalidInput(say("You have %(number)s passkeys. Remove one first.", number=MOST), field="name")
        options = webauthn.generate_registration_options(
            rp_id=site.id,
            rp_name=unit.clinic.name,
            user_name=staff.email,
            user_display_name=staff.name,
            # Says nothing of the person, and is the same for all their passkeys.
            user_id=keys.digest(runtime, f"passkeys of/{staff.clinic_id}/{staff.id}"),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
            ),
            exclude_credentials=[_descriptor(row) for row in known],
        )
    return Asked(webauthn.options_to_json(options), bytes_to_base64url(options.challenge))


def add(runtime: Runtime, actor: Actor, site: Site, challenge: str, answer: str, name: str) -> tuple[str, ...]:
    """Keep a new passkey; gives the recovery codes, if they were made just now.

    Raises:
        InvalidInput: the browser's answer is none to this challenge, or belongs to another account.
    """
    try:
        verified = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=site.id,
            expected_origin=site.origin,
        )
    except _UNREADABLE as error:
        raise _unproved() from error
    credential_id = bytes_to_base64url(verified.credential_id)
    with runtime.database.reading(None) as everywhere:
        taken = everywhere.scalar(select(PasskeyRow.id).where(PasskeyRow.credential_id == credential_id))
    if taken is not None:
        raise InvalidInput(say("This passkey belongs to an account already."), field="name")
    with runtime.writing(actor) as unit:
        _spend(runtime, unit, challenge)
        staff_id = actor.staff_id or 0
        row = PasskeyRow(
            staff_id=staff_id,
            name=one_line(name)[:NAME_LENGTH_MAX] or "Passkey",
            credential_id=credential_id,
            public_key=bytes_to_base64url(verified.credential_public_key),
            sign_count=verified.sign_count,
            created_at=unit.now,
        )
        unit.session.add(row)
        unit.session.flush()
        second_factor.was_added(unit, staff_id, _PASSKEY)
        unit.audit("add passkey", f"staff/{staff_id}", passkey=row.id)
        return recovery_codes.first_codes(unit, staff_id)


def remove(runtime: Runtime, actor: Actor, passkey_id: int, password: str) -> None:
    """Do without one of the own passkeys.

    Raises:
        InvalidInput: the password is wrong.
        NotFound: it is none of this person's.
    """
    accounts.confirm_password(runtime, actor, password, "password")
    with runtime.writing(actor) as unit:
        row = unit.get(PasskeyRow, passkey_id)
        if row.staff_id != actor.staff_id:
            raise NotFound(say("There is no such thing here."))
        unit.session.delete(row)
        second_factor.was_removed(unit, row.staff_id)
        unit.audit("remove passkey", f"staff/{row.staff_id}", passkey=passkey_id)


def ask_to_enter(runtime: Runtime, site: Site, half: Half | None) -> Asked:
    """What to ask the browser of somebody who signs in.

    Args:
        half: who has typed the password; None: nobody, so the device itself must know its user, and names them.
    """
    allowed = []
    if half is not None:
        with runtime.reading(second_factor.actor_half_way(half)) as unit:
            allowed = [_descriptor(row) for row in _rows(unit, second_factor.staff_of(unit, half).id)]
    options = webauthn.generate_authentication_options(
        rp_id=site.id,
        allow_credentials=allowed,
        user_verification=UserVerificationRequirement.PREFERRED if half else UserVerificationRequirement.REQUIRED,
    )
    return Asked(webauthn.options_to_json(options), bytes_to_base64url(options.challenge))


def enter(
    runtime: Runtime, site: Site, challenge: str, answer: str, half: Half | None, user_agent: str = "",
    network: str = "",
) -> tuple[str, Actor]:  # fmt: skip
    """Let somebody in by a passkey.

    Args:
        network: where it comes from; "" where nobody knows.
    Raises:
        InvalidInput: it is unknown here, somebody else's than the password's, or does not prove itself.
    """
    with runtime.database.reading(None) as session:
        known = session.scalar(select(PasskeyRow).where(PasskeyRow.credential_id == _credential_id(answer)))
    if known is None or (half is not None and (known.clinic_id, known.staff_id) != (half.clinic_id, half.staff_id)):
        raise _unproved()
    whoever = Actor(clinic_id=known.clinic_id, name="", staff_id=known.staff_id)
    with runtime.writing(whoever) as unit:
        row = unit.get(PasskeyRow, known.id)
        staff = second_factor.staff_of(unit, half) if half is not None else unit.get(StaffRow, row.staff_id)
        if not staff.active:
            raise _unproved()
        row.sign_count = _verified_count(site, challenge, answer, row, alone=half is None)
        row.used_at = unit.now
        _spend(runtime, unit, challenge)
        token = sessions.open_session(unit, staff, user_agent, _PASSKEY)
        sessions.note_at_the_door(unit, staff, "sign in with passkey", network, token)
        return token, sessions.actor_of(staff)


def _verified_count(site: Site, challenge: str, answer: str, row: PasskeyRow, *, alone: bool) -> int:
    try:
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=webauthn.base64url_to_bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
            require_user_verification=alone,
        )
    except _UNREADABLE as error:
        raise _unproved() from error
    return verified.new_sign_count


def _spend(runtime: Runtime, unit: Unit, challenge: str) -> None:
    about = keys.blinded(runtime, "challenge", challenge)
    if not throttle.spend(unit.session, about, unit.now, second_factor.HALF_WAY):
        raise _unproved()


def _credential_id(answer: str) -> str:
    try:
        found = json.loads(answer)
    except _UNREADABLE:
        raise _unproved() from None
    known = str(found.get("id", "")) if isinstance(found, dict) else ""
    return known if known.isprintable() else ""


def _unproved() -> InvalidInput:
    return InvalidInput(say("This passkey could not be checked. Try again, or use another way."), field="passkey")


def _rows(unit: Unit, staff_id: int) -> list[PasskeyRow]:
    return list(unit.session.scalars(select(PasskeyRow).where(PasskeyRow.staff_id == staff_id).order_by(PasskeyRow.id)))


def _descriptor(row: PasskeyRow) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(row.credential_id))


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
