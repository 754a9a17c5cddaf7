"""Ten codes for the day on which the phone is lost: shown once, kept as hashes, each opens once."""

from __future__ import annotations

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, select

from planner.errors import InvalidInput
from planner.services import accounts, second_factor
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.doors import RecoveryCodeRow
from planner.words import say

HOW_MANY: Final = 10
# Without what is read for something else: 0 and o, 1, i and l.
_SIGNS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH: Final = 10
# 49 bits are fewer than a plain hash is for (OWASP ASVS 5.0, 6.5.2); ten of these take as long as a sign-in.
_HASHER: Final = PasswordHasher(time_cost=1, memory_cost=7 * 1024, parallelism=1)


def renew(runtime: Runtime, actor: Actor, password: str) -> tuple[str, ...]:
    """Ten new ones for the person who asks; the old ones open nothing any more.

    Raises:
        InvalidInput: the password is wrong, or there is no second factor that they could stand in for.
    """
    accounts.confirm_password(runtime, actor, password, "password")
    with runtime.writing(actor) as unit:
        staff_id = actor.staff_id or 0
        if not second_factor.has_factor(unit, staff_id):
            raise InvalidInput(say("Set up an authenticator app or a passkey first."), field="password")
        unit.audit("renew recovery codes", f"staff/{staff_id}")
        return _fresh(unit, staff_id)


def first_codes(unit: Unit, staff_id: int) -> tuple[str, ...]:
    """Ten where a person has none yet; none where there are some."""
    known = select(RecoveryCodeRow.id).where(RecoveryCodeRow.staff_id == staff_id).limit(1)
    return () if unit.session.scalar(known) is not None else _fresh(unit, staff_id)


def use(unit: Unit, staff_id: int, code: str) -> bool:
    """Whether it is one of this person's that was not used; uses it up."""
    typed = "".join(code.split()).replace("-", "").lower()
    if len(typed) != _LENGTH:
        return False
    unused = select(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == staff_id, RecoveryCodeRow.used_at.is_(None))
    for row in unit.session.scalars(unused):
        try:
            _HASHER.verify(row.code_hash, typed)
        except VerificationError:
            continue
        row.used_at = unit.now
        return True
    return False


def _fresh(unit: Unit, staff_id: int) -> tuple[str, ...]:
    unit.session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == staff_id))
    codes = ["".join(secrets.choice(_SIGNS) for _ in range(_LENGTH)) for _ in range(HOW_MANY)]
    unit.session.add_all(RecoveryCodeRow(staff_id=staff_id, code_hash=_HASHER.hash(code)) for code in codes)
    half = _LENGTH // 2
    return tuple(f"{code[:half]}-{code[half:]}" for code in codes)
