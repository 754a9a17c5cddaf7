"""Signed-in browsers, kept in rows: opened, recognised on any server, listed to their owner, ended.

The cookie holds a random secret and the row its hash, so whichever process answers finds the session, and a session
that was ended is ended everywhere at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session

from planner.errors import DatabaseBusy, NotFound, StorageFailed
from planner.services.devices import device_words
from planner.services.origin import at_the_door, roughly
from planner.services.runtime import Actor, Role, Runtime, Unit
from planner.services.tokens import hashed, new_token
from planner.storage.people import ClinicRow, LoginRow, StaffRow
from planner.words import Text, say

IDLE: Final = timedelta(hours=12)
LONGEST: Final = timedelta(days=7)
SEEN_EVERY: Final = timedelta(minutes=5)
PASSWORD_ALONE: Final = "password"  # noqa: S105 - what was proved, not a secret
_USER_AGENT_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Entered:
    """Who a cookie stands for.

    Args:
        seen_due: the row does not know of this request yet; `note_seen` tells it.
    """

    actor: Actor
    seen_due: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One of a person's browsers, as they see it.

    Args:
        device: in plain words.
        here: the one that shows the list.
        factor: totp, passkey or recovery where it was opened with more than the password.
    """

    id: int
    device: Text
    since: datetime
    seen_at: datetime
    here: bool
    factor: str


def open_session(unit: Unit, staff: StaffRow, user_agent: str, proved: str = PASSWORD_ALONE) -> str:
    """The token for the cookie of a browser that has just proved who uses it; new every time."""
    token = new_token()
    unit.session.add(
        LoginRow(
            token_hash=hashed(token),
            staff_id=staff.id,
            created_at=unit.now,
            seen_at=unit.now,
            expires_at=unit.now + IDLE,
            user_agent=user_agent[:_USER_AGENT_LENGTH],
            proved=proved,
        )
    )
    return token


def note_at_the_door(unit: Unit, staff: StaffRow, action: str, network: str, token: str = "") -> None:
    """Keep in the audit who came in or did not, from which provider's network, and as which browser.

    Args:
        network: see `origin.at_the_door`.
        token: of the session that was opened; the audit shows later lines of the same browser under the same sign.
    """
    actor = replace(actor_of(staff), origin=at_the_door(network, token))
    named = Unit(session=unit.session, clinic=unit.clinic, actor=actor, now=unit.now)
    details: dict[str, Any] = {"network": rough} if (rough := roughly(network)) else {}
    named.audit(action, f"staff/{staff.id}", **details)


def entered(runtime: Runtime, token: str) -> Entered | None:
    """Who a cookie's token stands for; None when the session ended, the person left or there never was one.

    One query, also for what the clinic asks of the role.
    """
    now = runtime.clock.now()
    with runtime.database.reading(None) as session:
        found = _login(session, token)
    if found is None:
        return None
    login, staff, clinics_language, needed = found
    if login.expires_at <= now or not staff.active:
        return None
    actor = replace(
        actor_of(staff),
        language=staff.language or clinics_language,
        login_id=login.id,
        factor_missing=staff.role in needed and login.proved == PASSWORD_ALONE,
    )
    return Entered(actor, now - login.seen_at >= SEEN_EVERY)


def actor_for(runtime: Runtime, token: str) -> Actor | None:
    """The person alone."""
    found = entered(runtime, token)
    return found.actor if found is not None else None


def note_seen(runtime: Runtime, actor: Actor) -> None:
    """Prolong a session that is used; every few minutes, because pages should not have to write.

    A database that can't be written now costs nothing: the next request prolongs it.
    """
    try:
        with runtime.database.writing(actor.clinic_id) as session:
            row = session.get(LoginRow, (actor.clinic_id, actor.login_id))
            if row is not None:
                row.seen_at = runtime.clock.now()
                row.expires_at = min(row.seen_at + IDLE, row.created_at + LONGEST)
    except (DatabaseBusy, StorageFailed):
        return


def proved_here(unit: Unit) -> str:
    """What the browser that asks has shown beside the password."""
    row = unit.session.get(LoginRow, (unit.clinic.id, unit.actor.login_id or 0))
    return row.proved if row is not None else PASSWORD_ALONE


def sign_out(runtime: Runtime, token: str) -> None:
    """End one session; a token that opens nothing ends nothing."""
    actor = actor_for(runtime, token)
    if actor is not None:
        with runtime.writing(actor) as unit:
            unit.session.execute(delete(LoginRow).where(LoginRow.token_hash == hashed(token)))
            unit.audit("sign out", f"staff/{actor.staff_id}")


def end_sessions(unit: Unit, staff_id: int, *, but: int | None = None) -> None:
    """Sign a person out everywhere, or everywhere but in one browser."""
    unit.session.execute(delete(LoginRow).where(LoginRow.staff_id == staff_id, LoginRow.id != (but or 0)))


def sessions_of(unit: Unit) -> Iterator[SignedIn]:
    """The browsers in which the person who asks is signed in: this one first, then those used last."""
    mine = select(LoginRow).where(LoginRow.staff_id == unit.actor.staff_id, LoginRow.expires_at > unit.now)
    rows = unit.session.scalars(mine.order_by(LoginRow.seen_at.desc(), LoginRow.id)).all()
    here = unit.actor.login_id
    for row in sorted(rows, key=lambda row: row.id != here):
        factor = "" if row.proved == PASSWORD_ALONE else row.proved
        yield SignedIn(row.id, device_words(row.user_agent), row.created_at, row.seen_at, row.id == here, factor)


def end_session(runtime: Runtime, actor: Actor, login_id: int) -> None:
    """End another browser's session.

    Raises:
        NotFound: it is none of this person's.
    """
    with runtime.writing(actor) as unit:
        row = unit.get(LoginRow, login_id)
        if row.staff_id != actor.staff_id:
            raise NotFound(say("There is no such thing here."))
        unit.session.delete(row)
        unit.audit("end session", f"staff/{row.staff_id}")


def end_others(runtime: Runtime, actor: Actor) -> None:
    """End all sessions of the person but this one."""
    with runtime.writing(actor) as unit:
        end_sessions(unit, actor.staff_id or 0, but=actor.login_id)
        unit.audit("end other sessions", f"staff/{actor.staff_id}")


def actor_of(staff: StaffRow) -> Actor:
    """A person of staff as they ask."""
    return Actor(
        clinic_id=staff.clinic_id,
        name=staff.name,
        role=cast(Role, staff.role),
        staff_id=staff.id,
        password_once=staff.password_once,
    )


def _login(session: Session, token: str) -> Row[LoginRow, StaffRow, str, list[str]] | None:
    same_person = (StaffRow.clinic_id == LoginRow.clinic_id) & (StaffRow.id == LoginRow.staff_id)
    query = (
        select(LoginRow, StaffRow, ClinicRow.language, ClinicRow.second_factor)
        .join(StaffRow, same_person)
        .join(ClinicRow, ClinicRow.id == LoginRow.clinic_id)
        .where(LoginRow.token_hash == hashed(token))
    )
    return session.execute(query).one_or_none()
