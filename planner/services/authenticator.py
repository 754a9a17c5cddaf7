"""The authenticator app (TOTP, RFC 6238): set up with a first code, asked at sign-in; no code opens twice."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import pyotp
from sqlalchemy import delete, select

from planner.errors import InvalidInput, TooManyTries
from planner.services import accounts, keys, recovery_codes, second_factor, sessions, throttle
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.second_factor import Half
from planner.services.throttle import Counter, Limit
from planner.storage.doors import TotpRow
from planner.storage.people import StaffRow
from planner.words import say

STEP_SECONDS: Final = 30
_PURPOSE: Final = "totp"
_FREE_CODES: Final = Limit(5, timedelta(hours=24))


@dataclass(frozen=True, slots=True)
class Setup:
    """What an app needs to know, shown once.

    Args:
        secret: to be typed where no camera is at hand.
        uri: what the picture says.
    """

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def begin(runtime: Runtime, actor: Actor, password: str) -> Setup:
    """A new secret for the app of the person who asks; it counts only after `confirm`.

    Raises:
        InvalidInput: the password is wrong, or there is an app already.
    """
    accounts.confirm_password(runtime, actor, password, "password")
    with runtime.writing(actor) as unit:
        row = _row(unit, actor.staff_id)
        if row is not None and row.confirmed_at is not None:
            raise InvalidInput(say("You have an authenticator app already. Remove it first."), field="password")
        if row is None:
            row = TotpRow(staff_id=actor.staff_id, sealed_secret="", created_at=unit.now)
            unit.session.add(row)
        secret = pyotp.random_base32()
        row.sealed_secret, row.created_at = keys.sealed(runtime, _PURPOSE, secret), unit.now
        return _setup(unit, secret)


def begun(runtime: Runtime, actor: Actor) -> Setup | None:
    """What `begin` made, for the page that asks for the first code again; None where nothing waits."""
    with runtime.reading(actor) as unit:
        row = _row(unit, actor.staff_id)
        if row is None or row.confirmed_at is not None or unit.now - row.created_at > second_factor.HALF_WAY:
            return None
        return _setup(unit, keys.unsealed(runtime, _PURPOSE, row.sealed_secret)[0])


def confirm(runtime: Runtime, actor: Actor, code: str) -> tuple[str, ...]:
    """Take the app into use by a first code; gives the recovery codes, if they were made just now.

    Raises:
        InvalidInput: the code is wrong, or nothing waits for one.
    """
    with runtime.writing(actor) as unit:
        row = _row(unit, actor.staff_id)
        if row is None or row.confirmed_at is not None:
            raise InvalidInput(say("Begin again: there is no app to set up."), field="code")
        if not _is_right(runtime, unit, row, code):
            raise InvalidInput(say("This code is wrong. Type the one that the app shows now."), field="code")
        row.confirmed_at = unit.now
        unit.session.flush()
        second_factor.was_added(unit, row.staff_id, "totp")
        unit.audit("add authenticator app", f"staff/{row.staff_id}")
        return recovery_codes.first_codes(unit, row.staff_id)


def remove(runtime: Runtime, actor: Actor, password: str) -> None:
    """Do without the app from now on.

    Raises:
        InvalidInput: the password is wrong.
    """
    accounts.confirm_password(runtime, actor, password, "password")
    with runtime.writing(actor) as unit:
        unit.session.execute(delete(TotpRow).where(TotpRow.staff_id == actor.staff_id))
        second_factor.was_removed(unit, actor.staff_id or 0)
        unit.audit("remove authenticator app", f"staff/{actor.staff_id}")


def prove(runtime: Runtime, half: Half, code: str, user_agent: str = "") -> tuple[str, Actor]:
    """Let somebody in by a code of their app, or by a recovery code.

    Raises:
        HalfWayLost: the password has to be typed again.
        InvalidInput: the code is wrong, or was used before.
        TooManyTries: too many were wrong.
    """
    counters = (Counter(keys.blinded(runtime, "code", half.staff_id), _FREE_CODES),)
    with runtime.writing(second_factor.actor_half_way(half)) as unit:
        staff = second_factor.staff_of(unit, half)
        wait = throttle.wait_left(unit.session, counters, unit.now)
        proved = "" if wait else _proved_by(runtime, unit, staff, code)
        if proved:
            throttle.forget(unit.session, counters)
            _note(unit, staff, f"sign in with {proved}")
            return sessions.open_session(unit, staff, user_agent, proved), sessions.actor_of(staff)
        if not wait:
            throttle.count_failure(unit.session, counters, unit.now)
            _note(unit, staff, "second factor failed")
    if wait:
        raise TooManyTries(say("Too many codes were wrong."), field="code", seconds=accounts.seconds_of(wait))
    raise InvalidInput(say("This code is wrong, or was used before. Each code opens once."), field="code")


def _note(unit: Unit, staff: StaffRow, action: str) -> None:
    named = Unit(session=unit.session, clinic=unit.clinic, actor=sessions.actor_of(staff), now=unit.now)
    named.audit(action, f"staff/{staff.id}")


def _proved_by(runtime: Runtime, unit: Unit, staff: StaffRow, code: str) -> str:
    row = _row(unit, staff.id)
    if row is not None and row.confirmed_at is not None and _is_right(runtime, unit, row, code):
        return "totp"
    return "recovery" if recovery_codes.use(unit, staff.id, code) else ""


def _is_right(runtime: Runtime, unit: Unit, row: TotpRow, code: str) -> bool:
    """Whether it is the code of now, of the half minute before or after, and was not used; uses it up."""
    secret, up_to_date = keys.unsealed(runtime, _PURPOSE, row.sealed_secret)
    if not up_to_date:
        row.sealed_secret = keys.sealed(runtime, _PURPOSE, secret)
    typed = "".join(code.split())
    step = int(unit.now.timestamp()) // STEP_SECONDS
    for candidate in (step - 1, step, step + 1):
        right = pyotp.HOTP(secret).at(candidate)
        if hmac.compare_digest(right.encode(), typed.encode()) and candidate > row.last_step:
            row.last_step = candidate
            return True
    return False


def _row(unit: Unit, staff_id: int | None) -> TotpRow | None:
    return unit.session.scalar(select(TotpRow).where(TotpRow.staff_id == staff_id))


def _setup(unit: Unit, secret: str) -> Setup:
    staff = unit.get(StaffRow, unit.actor.staff_id or 0)
    return Setup(secret, pyotp.TOTP(secret).provisioning_uri(name=staff.email, issuer_name=unit.clinic.name))
