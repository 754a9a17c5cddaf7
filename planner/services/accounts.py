"""Who may come in: passwords, sign-in, and the sessions that the server keeps."""

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session

from planner.errors import DatabaseBusy, InvalidInput, NotAllowed, NotFound
from planner.services.runtime import Actor, Role, Runtime, Unit
from planner.services.tokens import hashed, new_token
from planner.storage.people import ClinicRow, LoginRow, PatientRow, StaffRow
from planner.words import say

IDLE: Final = timedelta(hours=12)
LONGEST: Final = timedelta(days=7)
FREE_FAILURES: Final = 5
LONGEST_BLOCK: Final = timedelta(hours=1)
PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 200
_SEEN_EVERY: Final = timedelta(minutes=1)
_USER_AGENT_LENGTH: Final = 200

# OWASP's second recommended setting: 19 MiB, so that eight threads signing in at once do not exhaust a small machine.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")


class SignInRefused(NotAllowed):
    """The sign-in failed. It says the same for an unknown person, a wrong password and a blocked account."""

    def __init__(self) -> None:
        super().__init__(
            "This e-mail address and password do not match. "
            f"After {FREE_FAILURES} failures an account has to wait some minutes.",
            field="password",
        )


def normal_email(email: str) -> str:
    """The one spelling under which a staff e-mail address is kept: case does not count.

    Raises:
        InvalidInput: it has no single @ with something on both sides.
    """
    spelled = unicodedata.normalize("NFC", email).strip().casefold()
    if not _EMAIL.fullmatch(spelled):
        raise InvalidInput(f"“{email.strip()}” is no e-mail address.", field="email")
    return spelled


def password_hash(password: str) -> str:
    """What is stored of a password (argon2id).

    Raises:
        InvalidInput: see `password_fits`.
    """
    password_fits(password)
    return _HASHER.hash(_spelled(password))


def password_fits(password: str) -> None:
    """Refuse a password that is unfit.

    Raises:
        InvalidInput: too short to be safe, or absurdly long.
    """
    if len(password) < PASSWORD_LENGTH_MIN:
        raise InvalidInput(f"A password needs at least {PASSWORD_LENGTH_MIN} characters.", field="new_password")
    if len(password) > PASSWORD_LENGTH_MAX:
        raise InvalidInput(f"A password has at most {PASSWORD_LENGTH_MAX} characters.", field="new_password")


def sign_in(runtime: Runtime, email: str, password: str, user_agent: str = "") -> tuple[str, Actor]:
    """Let a person in.

    Args:
        email: case does not count.
        user_agent: what the browser calls itself, shown to the person in the list of their sessions.
    Returns:
        the token for the cookie, new every time, and who it stands for.
    Raises:
        SignInRefused: unknown, inactive, wrong password or blocked; all cost the same time.
    """
    staff = _staff_by_email(runtime, email)
    # Outside the transaction: a slow hash must not keep everybody else from writing.
    right = _matches(staff.password_hash if staff else "", password)
    if staff is None:
        raise SignInRefused
    with runtime.writing(_actor(staff)) as unit:
        fresh = unit.get(StaffRow, staff.id)
        token = _count_attempt(unit, fresh, right and fresh.password_hash == staff.password_hash, user_agent)
    if token is None:
        raise SignInRefused
    return token, _actor(fresh)


def actor_for(runtime: Runtime, token: str) -> Actor | None:
    """Who a cookie's token stands for; None when the session ended, the person left or there never was one."""
    now = runtime.clock.now()
    with runtime.database.reading(None) as session:
        found = _login(session, token)
    if found is None:
        return None
    login, staff, clinics_language = found
    if login.expires_at <= now or not staff.active:
        return None
    if now - login.seen_at >= _SEEN_EVERY:
        _mark_seen(runtime, login, now)
    return replace(_actor(staff), language=staff.language or clinics_language)


def sign_out(runtime: Runtime, token: str) -> None:
    """End one session; an unknown token ends nothing."""
    with runtime.database.writing(None) as session:
        session.execute(delete(LoginRow).where(LoginRow.token_hash == hashed(token)))


def change_password(runtime: Runtime, actor: Actor, current: str, new: str, user_agent: str = "") -> str:
    """Give the signed-in person a new password and end all their sessions.

    Returns:
        the token of a new session for this browser.
    Raises:
        InvalidInput: the current password is wrong (`current_password`), or the new one unfit (`new_password`).
    """
    if actor.staff_id is None:
        raise NotAllowed("Only staff have a password.")
    with runtime.reading(actor) as unit:
        stored = unit.get(StaffRow, actor.staff_id).password_hash
    if not _matches(stored, current):
        raise InvalidInput("The current password is wrong.", field="current_password")
    if _spelled(new) == _spelled(current):
        raise InvalidInput(say("This is your current password; choose another one."), field="new_password")
    fresh_hash = password_hash(new)
    with runtime.writing(actor) as unit:
        staff = unit.get(StaffRow, actor.staff_id)
        set_password(unit, staff, fresh_hash)
        return _new_login(unit, staff, user_agent)


def set_password(unit: Unit, staff: StaffRow, fresh_hash: str) -> None:
    """Store a new password's hash; every session opened with the old one ends."""
    staff.password_hash = fresh_hash
    staff.password_once = False
    staff.failed_sign_ins = 0
    staff.sign_in_blocked_until = None
    end_sessions(unit, staff.id)
    unit.audit("change password", f"staff/{staff.id}")


def end_sessions(unit: Unit, staff_id: int) -> None:
    """Sign a person out everywhere."""
    unit.session.execute(delete(LoginRow).where(LoginRow.staff_id == staff_id))


def patient_for_link(runtime: Runtime, token: str) -> Actor:
    """The patient whose personal link carries this token.

    Raises:
        NotFound: the link is unknown or was replaced; the two look the same.
    """
    with runtime.database.reading(None) as session:
        patient = session.scalar(select(PatientRow).where(PatientRow.link_hash == hashed(token)))
    if patient is None:
        raise NotFound("This link is not valid, or a newer one has replaced it.")
    return Actor(clinic_id=patient.clinic_id, name="patient", patient_id=patient.id, language=patient.language)


def _spelled(password: str) -> str:
    # Keyboards differ in how they compose an accented letter; the person typed the same.
    return unicodedata.normalize("NFC", password)


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(new_token())


def _matches(stored: str, password: str) -> bool:
    """Whether the password belongs to the stored hash; always takes the time of one verification."""
    try:
        _HASHER.verify(stored or _nobodys_hash(), _spelled(password)[: PASSWORD_LENGTH_MAX + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def _staff_by_email(runtime: Runtime, email: str) -> StaffRow | None:
    spelled = unicodedata.normalize("NFC", email).strip().casefold()
    if "\x00" in spelled:
        return None  # Nobody's address has it, and PostgreSQL can't even be asked for it.
    with runtime.database.reading(None) as session:
        return session.scalar(select(StaffRow).where(StaffRow.email == spelled, StaffRow.active))


def _count_attempt(unit: Unit, staff: StaffRow, right: bool, user_agent: str) -> str | None:
    """Open a session, or count a failure; None when refused.

    It decides inside the transaction, so guesses made at the same moment can't pass the limit together.
    """
    if not staff.active or (staff.sign_in_blocked_until and staff.sign_in_blocked_until > unit.now):
        return None
    if not right:
        staff.failed_sign_ins += 1
        staff.sign_in_blocked_until = _blocked_until(staff.failed_sign_ins, unit.now)
        unit.audit("sign-in failed", f"staff/{staff.id}", failures=staff.failed_sign_ins)
        return None
    staff.failed_sign_ins = 0
    staff.sign_in_blocked_until = None
    unit.audit("sign in", f"staff/{staff.id}")
    return _new_login(unit, staff, user_agent)


def _blocked_until(failures: int, now: datetime) -> datetime | None:
    """One minute after the fifth failure, then twice as long each time, up to an hour."""
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 10)
    return now + min(timedelta(minutes=2**doublings), LONGEST_BLOCK)


def _new_login(unit: Unit, staff: StaffRow, user_agent: str) -> str:
    token = new_token()
    unit.session.add(
        LoginRow(
            token_hash=hashed(token),
            staff_id=staff.id,
            created_at=unit.now,
            seen_at=unit.now,
            expires_at=unit.now + IDLE,
            user_agent=user_agent[:_USER_AGENT_LENGTH],
        )
    )
    return token


def _login(session: Session, token: str) -> Row[LoginRow, StaffRow, str] | None:
    same_person = (StaffRow.clinic_id == LoginRow.clinic_id) & (StaffRow.id == LoginRow.staff_id)
    query = (
        select(LoginRow, StaffRow, ClinicRow.language)
        .join(StaffRow, same_person)
        .join(ClinicRow, ClinicRow.id == LoginRow.clinic_id)
        .where(LoginRow.token_hash == hashed(token))
    )
    return session.execute(query).one_or_none()


def _mark_seen(runtime: Runtime, login: LoginRow, now: datetime) -> None:
    """Prolong a session that is used; at most once a minute, because pages should not have to write."""
    try:
        with runtime.database.writing(login.clinic_id) as session:
            row = session.get(LoginRow, (login.clinic_id, login.id))
            if row is not None:
                row.seen_at = now
                row.expires_at = min(now + IDLE, row.created_at + LONGEST)
    except DatabaseBusy:
        return  # The next request prolongs it; reading a page must not fail for this.


def _actor(staff: StaffRow) -> Actor:
    return Actor(
        clinic_id=staff.clinic_id,
        name=staff.name,
        role=cast(Role, staff.role),
        staff_id=staff.id,
        password_once=staff.password_once,
    )
