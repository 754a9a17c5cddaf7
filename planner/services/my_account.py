"""What one's own account is opened by, and where it is open: the page "My account"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from planner.services.passkeys import Passkey, passkeys_of
from planner.services.runtime import Actor, Runtime
from planner.services.sessions import SignedIn, sessions_of
from planner.storage.doors import RecoveryCodeRow, TotpRow
from planner.storage.people import StaffRow


@dataclass(frozen=True, slots=True)
class Account:
    """One's own account.

    Args:
        app_since: when the authenticator app was set up; None: there is none.
        codes_left: recovery codes that were not used.
        zone: the clinic's, for the times.
    """

    name: str
    email: str
    app_since: datetime | None
    passkeys: tuple[Passkey, ...]
    codes_left: int
    sessions: tuple[SignedIn, ...]
    zone: str

    @property
    def has_factor(self) -> bool:
        """Whether more than the password is asked."""
        return self.app_since is not None or bool(self.passkeys)


def account_of(runtime: Runtime, actor: Actor) -> Account:
    """What the page shows (five queries)."""
    with runtime.reading(actor) as unit:
        staff = unit.get(StaffRow, actor.staff_id or 0)
        codes = select(func.count()).where(RecoveryCodeRow.staff_id == staff.id, RecoveryCodeRow.used_at.is_(None))
        return Account(
            name=staff.name,
            email=staff.email,
            app_since=unit.session.scalar(select(TotpRow.confirmed_at).where(TotpRow.staff_id == staff.id)),
            passkeys=passkeys_of(unit, staff.id),
            codes_left=unit.session.scalar(codes) or 0,
            sessions=tuple(sessions_of(unit)),
            zone=unit.clinic.timezone,
        )
