"""Links by which staff choose a password: the invitation of somebody new, and for whoever forgot theirs.

A link is signed, says whose it is and until when, and carries a stamp of the password it replaces: so it opens once,
and never after the password was changed in another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from planner.errors import NotFound
from planner.services import accounts, keys
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.second_factor import stamp_of
from planner.storage.people import ClinicRow, StaffRow
from planner.words import say

LinkKind = Literal["invitation", "reset", "handover"]
GOOD_FOR: Final[dict[LinkKind, timedelta]] = {
    "invitation": timedelta(days=7),
    "reset": timedelta(hours=1),
    # By a person, where no mail goes out: they may not meet today.
    "handover": timedelta(days=2),
}
_PURPOSE: Final = "account link"


@dataclass(frozen=True, slots=True)
class LinkHolder:
    """Whose password a link chooses.

    Args:
        clinic: its name.
        language: what the person reads.
    """

    kind: str
    name: str
    email: str
    clinic: str
    language: str


def link_for(runtime: Runtime, staff: StaffRow, kind: LinkKind, now: datetime) -> str:
    """The address to hand over; an inactive person's opens nothing."""
    until = int((now + GOOD_FOR[kind]).timestamp())
    token = keys.signed(runtime, _PURPOSE, [kind, staff.clinic_id, staff.id, until, stamp_of(staff)])
    return f"{runtime.base_url.rstrip('/')}/sign-in/link/{token}"


def holder_of(runtime: Runtime, token: str) -> LinkHolder:
    """Whom a link is for.

    Raises:
        NotFound: it is nobody's, was used, has expired or was overtaken by another password.
    """
    kind, actor, stamp = _read(runtime, token)
    with runtime.reading(actor) as unit:
        staff = _staff(unit, actor, stamp)
        return LinkHolder(kind, staff.name, staff.email, unit.clinic.name, staff.language or unit.clinic.language)


def choose_password(runtime: Runtime, token: str, password: str) -> None:
    """Give the holder of a link a password of their own; it ends the link, and all sessions.

    Raises:
        NotFound: see `holder_of`.
        InvalidInput: the password is unfit.
    """
    kind, actor, stamp = _read(runtime, token)
    with runtime.reading(actor) as unit:
        names = accounts.names_around(unit, _staff(unit, actor, stamp))
    fresh_hash = accounts.password_hash(password, names)
    with runtime.writing(actor) as unit:
        staff = _staff(unit, actor, stamp)
        accounts.set_password(unit, staff, fresh_hash)
        unit.audit(f"use {kind} link", f"staff/{staff.id}")


def _read(runtime: Runtime, token: str) -> tuple[str, Actor, str]:
    kind, clinic_id, staff_id, until, stamp = keys.read_signed(runtime, _PURPOSE, token)
    if runtime.clock.now() >= datetime.fromtimestamp(until, UTC):
        raise _ended()
    with runtime.database.reading(None) as session:
        if session.get(ClinicRow, clinic_id) is None:
            raise _ended()
    return kind, Actor(clinic_id=clinic_id, name="by link", staff_id=staff_id), stamp


def _staff(unit: Unit, actor: Actor, stamp: str) -> StaffRow:
    staff = unit.session.get(StaffRow, (actor.clinic_id, actor.staff_id))
    if staff is None or not staff.active or stamp_of(staff) != stamp:
        raise _ended()
    return staff


def _ended() -> NotFound:
    return NotFound(say("This link was used already or has ended. Ask for a new one."))
