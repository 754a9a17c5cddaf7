"""What is asked beside the password: whether somebody has it, whose roles need it, and the moment between the two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, exists, select

from planner.errors import InvalidInput, NotAllowed
from planner.services import sessions
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.tokens import hashed
from planner.storage.doors import PasskeyRow, RecoveryCodeRow, TotpRow
from planner.storage.people import LoginRow, StaffRow
from planner.words import say

HALF_WAY: Final = timedelta(minutes=10)
"""How long after the password the second factor is taken."""

_ROLES: Final = ("manager", "reception", "therapist")


class HalfWayLost(NotAllowed):
    """The password has to be typed again: it was too long ago, or changed meanwhile."""

    def __init__(self) -> None:
        super().__init__(say("Please sign in again from the start."))


@dataclass(frozen=True, slots=True)
class Half:
    """Somebody whose password was right. It opens nothing; it lies signed in the browser's cookie until the factor.

    Args:
        stamp: of the password's hash, so that a new password ends it.
        at: when the password was right.
    """

    clinic_id: int
    staff_id: int
    stamp: str
    at: datetime

    def as_json(self) -> list[Any]:
        """For the cookie."""
        return [self.clinic_id, self.staff_id, self.stamp, self.at.isoformat()]

    @classmethod
    def from_json(cls, kept: object) -> Half:
        """From the cookie.

        Raises:
            HalfWayLost: there is none in it.
        """
        if not isinstance(kept, list) or len(kept) != 4:
            raise HalfWayLost
        return cls(kept[0], kept[1], kept[2], datetime.fromisoformat(kept[3]))


def half_of(staff: StaffRow, now: datetime) -> Half:
    """The moment after the password."""
    return Half(staff.clinic_id, staff.id, stamp_of(staff), now)


def stamp_of(staff: StaffRow) -> str:
    """Changes with the password; says nothing of it."""
    return hashed(f"{staff.password_hash}/{staff.email}")[:20]


def staff_of(unit: Unit, half: Half) -> StaffRow:
    """Whose password was right.

    Raises:
        HalfWayLost: too long ago, or the person left or has another password.
    """
    staff = unit.session.get(StaffRow, (half.clinic_id, half.staff_id))
    late = not unit.now - HALF_WAY < half.at <= unit.now
    if late or staff is None or not staff.active or stamp_of(staff) != half.stamp:
        raise HalfWayLost
    return staff


def actor_half_way(half: Half) -> Actor:
    """For the transaction in which the factor is looked at."""
    return Actor(clinic_id=half.clinic_id, name="", staff_id=half.staff_id)


def has_factor(unit: Unit, staff_id: int) -> bool:
    """Whether somebody has an authenticator app or a passkey (one query)."""
    app = exists().where(
        TotpRow.clinic_id == unit.clinic.id, TotpRow.staff_id == staff_id, TotpRow.confirmed_at.is_not(None)
    )
    passkey = exists().where(PasskeyRow.clinic_id == unit.clinic.id, PasskeyRow.staff_id == staff_id)
    return bool(unit.session.scalar(select(app | passkey)))


def was_added(unit: Unit, staff_id: int, proved: str) -> None:
    """A factor is there now: this browser has shown it, all others show it at their next sign-in."""
    sessions.end_sessions(unit, staff_id, but=unit.actor.login_id)
    here = unit.session.get(LoginRow, (unit.clinic.id, unit.actor.login_id or 0))
    if here is not None:
        here.proved = proved


def was_removed(unit: Unit, staff_id: int) -> None:
    """One is gone; with the last one the recovery codes go too."""
    unit.session.flush()
    if not has_factor(unit, staff_id):
        unit.session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == staff_id))


def reset(runtime: Runtime, actor: Actor, staff_id: int) -> None:
    """Take all second factors from a colleague who lost them, and sign them out everywhere.

    Raises:
        NotAllowed: by somebody who is no manager.
        InvalidInput: one's own are removed under "My account".
    """
    with runtime.writing(actor) as unit:
        actor.must_be("manager")
        if staff_id == actor.staff_id:
            raise InvalidInput(say("Remove your own under “My account”."), field="factors")
        staff = unit.get(StaffRow, staff_id)
        for row in (TotpRow, PasskeyRow, RecoveryCodeRow):
            unit.session.execute(delete(row).where(row.staff_id == staff.id))
        sessions.end_sessions(unit, staff.id)
        unit.audit("reset second factor", f"staff/{staff.id}")


def needed_roles(runtime: Runtime, actor: Actor) -> tuple[str, ...]:
    """The roles that sign in with a second factor."""
    with runtime.reading(actor) as unit:
        return tuple(unit.clinic.second_factor)


def set_needed_roles(runtime: Runtime, actor: Actor, roles: Iterable[str]) -> None:
    """Say whose roles need one; whoever has none is led to set it up, from the next page on.

    Raises:
        InvalidInput: there is no such role.
        NotAllowed: by somebody who is no manager.
    """
    wanted = set(roles)
    with runtime.writing(actor) as unit:
        actor.must_be("manager")
        if wanted - set(_ROLES):
            raise InvalidInput(say("Choose one of the roles."), field="roles")
        unit.clinic.second_factor = [role for role in _ROLES if role in wanted]
        unit.audit("change policies", f"clinic/{unit.clinic.id}", second_factor=unit.clinic.second_factor)


@dataclass(frozen=True, slots=True)
class Ways:
    """What somebody may show beside the password; a recovery code stands in for each."""

    app: bool
    passkey: bool


def ways_of(runtime: Runtime, half: Half) -> Ways:
    """Those that the person whose password was right has set up.

    Raises:
        HalfWayLost: the password has to be typed again.
    """
    with runtime.reading(actor_half_way(half)) as unit:
        staff = staff_of(unit, half)
        app = exists().where(
            TotpRow.clinic_id == staff.clinic_id, TotpRow.staff_id == staff.id, TotpRow.confirmed_at.is_not(None)
        )
        passkey = exists().where(PasskeyRow.clinic_id == staff.clinic_id, PasskeyRow.staff_id == staff.id)
        return Ways(*unit.session.execute(select(app, passkey)).one())
