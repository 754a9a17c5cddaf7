"""Who may come in: passwords, and what guessing one costs."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from planner.errors import InvalidInput, NotAllowed, TooManyTries
from planner.services import common_passwords, sessions, throttle
from planner.services.keys import blinded
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.second_factor import Half, half_of, has_factor
from planner.services.throttle import Counter, Limit
from planner.services.tokens import new_token
from planner.storage.people import StaffRow
from planner.words import say

FREE_FAILURES: Final = 5
ONE_FROM_ONE_PLACE: Final = Limit(FREE_FAILURES, timedelta(hours=24))
ONE_FROM_ANYWHERE: Final = Limit(30, timedelta(hours=24))
MANY_FROM_ONE_PLACE: Final = Limit(50, timedelta(hours=1))
PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 200

# OWASP's second recommended setting: 19 MiB, so that eight threads signing in at once do not exhaust a small machine.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")


class SignInRefused(NotAllowed):
    """The sign-in failed. It says the same for an unknown person, a wrong password and a blocked account.

    Args:
        seconds: after which the next try is looked at; 0: at once.
    """

    def __init__(self, seconds: int = 0) -> None:
        super().__init__(
            say(
                "This e-mail address and password do not match. After %(failures)s failures an account has to wait "
                "some minutes.",
                failures=FREE_FAILURES,
            ),
            field="password",
        )
        self.seconds = seconds


class SecondFactorNeeded(NotAllowed):
    """The password was right, and this account is opened with a second factor too."""

    def __init__(self) -> None:
        super().__init__(say("This account is opened with a second factor too."))


def normal_email(email: str) -> str:
    """The one spelling under which a staff e-mail address is kept: case does not count.

    Raises:
        InvalidInput: it has no single @ with something on both sides.
    """
    spelled = unicodedata.normalize("NFC", email).strip().casefold()
    if not _EMAIL.fullmatch(spelled):
        raise InvalidInput(say("“%(email)s” is no e-mail address.", email=email.strip()), field="email")
    return spelled


def password_hash(password: str, names: Iterable[str] = ()) -> str:
    """What is stored of a password (argon2id).

    Raises:
        InvalidInput: see `password_fits`.
    """
    password_fits(password, names)
    return _HASHER.hash(_spelled(password))


def password_fits(password: str, names: Iterable[str] = ()) -> None:
    """Refuse a password that is unfit.

    Args:
        names: of the clinic and the person, which whoever guesses knows.
    Raises:
        InvalidInput: too short to be safe, absurdly long, one of those that everybody uses, or made of those names.
    """
    if len(password) < PASSWORD_LENGTH_MIN:
        raise InvalidInput(
            say("A password needs at least %(number)s characters.", number=PASSWORD_LENGTH_MIN), field="new_password"
        )
    if len(password) > PASSWORD_LENGTH_MAX:
        raise InvalidInput(
            say("A password has at most %(number)s characters.", number=PASSWORD_LENGTH_MAX), field="new_password"
        )
    if common_passwords.is_common(_spelled(password)):
        raise InvalidInput(
            say("Many people use this password, so it is among the first to be guessed. Choose another one."),
            field="new_password",
        )
    if common_passwords.is_made_of(password, names):
        raise InvalidInput(
            say("This is only your name or the clinic’s, which everybody knows. Choose another one."),
            field="new_password",
        )


def enter(
    runtime: Runtime, email: str, password: str, user_agent: str = "", network: str = ""
) -> tuple[str, Actor] | Half:
    """Let a person in, or on to the second factor where the account has one.

    Args:
        email: case does not count.
        user_agent: what the browser calls itself, shown to the person in the list of their sessions.
        network: where it comes from; "" where nobody knows.
    Returns:
        the token for the cookie, new every time, and who it stands for; or who still has to show the factor.
    Raises:
        SignInRefused: unknown, inactive, wrong password or blocked; all cost the same hash.
    """
    staff = _staff_by_email(runtime, email)
    # Outside the transaction: a slow hash must not keep everybody else from writing.
    right = _matches(staff.password_hash if staff else "", password)
    counters = _counters(runtime, email, network)
    if staff is None:
        with runtime.database.outside() as session:
            refusal = _refusal(session, counters, runtime.clock.now(), right=False)
        raise refusal or SignInRefused
    with runtime.writing(sessions.actor_of(staff)) as unit:
        fresh = unit.get(StaffRow, staff.id)
        right = right and fresh.active and fresh.password_hash == staff.password_hash
        refusal = _refusal(unit.session, counters, unit.now, right=right)
        if refusal is None:
            return _let_in(unit, fresh, counters, user_agent, network)
        sessions.note_at_the_door(unit, fresh, "sign-in failed", network)
    raise refusal


def sign_in(runtime: Runtime, email: str, password: str, user_agent: str = "", network: str = "") -> tuple[str, Actor]:
    """Let a person in by the password alone.

    Raises:
        SignInRefused: see `enter`.
        SecondFactorNeeded: that is not enough for this account.
    """
    entered = enter(runtime, email, password, user_agent, network)
    if isinstance(entered, Half):
        raise SecondFactorNeeded
    return entered


def confirm_password(runtime: Runtime, actor: Actor, password: str, field: str = "current_password") -> None:
    """Ask the signed-in person for the password once more, before what could take the account over.

    Raises:
        InvalidInput: it is wrong; `field` is the form's.
        TooManyTries: it was wrong too often.
    """
    if actor.staff_id is None:
        raise NotAllowed(say("Only staff have a password."))
    counters = (Counter(blinded(runtime, "confirm", actor.staff_id), ONE_FROM_ONE_PLACE),)
    with runtime.reading(actor) as unit:
        stored = unit.get(StaffRow, actor.staff_id).password_hash
    right = _matches(stored, password)
    with runtime.writing(actor) as unit:
        wait = throttle.wait_left(unit.session, counters, unit.now)
        if right and not wait:
            throttle.forget(unit.session, counters)
            return
        if not wait:
            throttle.count_failure(unit.session, counters, unit.now)
        unit.audit("password refused", f"staff/{actor.staff_id}")
    if wait:
        raise TooManyTries(say("The password was wrong too often."), field=field, seconds=seconds_of(wait))
    raise InvalidInput(say("The current password is wrong."), field=field)


def seconds_of(wait: timedelta) -> int:
    """Whole seconds for Retry-After, rounded up."""
    return -int(-wait.total_seconds() // 1)


def change_password(runtime: Runtime, actor: Actor, current: str, new: str, user_agent: str = "") -> str:
    """Give the signed-in person a new password and end all their sessions.

    Returns:
        the token of a new session for this browser.
    Raises:
        InvalidInput: the current password is wrong (`current_password`), or the new one unfit (`new_password`).
        TooManyTries: the current one was wrong too often.
    """
    confirm_password(runtime, actor, current)
    if _spelled(new) == _spelled(current):
        raise InvalidInput(say("This is your current password; choose another one."), field="new_password")
    with runtime.reading(actor) as unit:
        names = names_around(unit, unit.get(StaffRow, actor.staff_id or 0))
    fresh_hash = password_hash(new, names)
    with runtime.writing(actor) as unit:
        staff = unit.get(StaffRow, actor.staff_id or 0)
        proved = sessions.proved_here(unit)
        set_password(unit, staff, fresh_hash)
        return sessions.open_session(unit, staff, user_agent, proved)


def names_around(unit: Unit, staff: StaffRow) -> tuple[str, ...]:
    """What may not be all that there is to a password."""
    return unit.clinic.name, staff.name, staff.email


def set_password(unit: Unit, staff: StaffRow, fresh_hash: str) -> None:
    """Store a new password's hash; every session opened with the old one ends."""
    staff.password_hash = fresh_hash
    staff.password_once = False
    sessions.end_sessions(unit, staff.id)
    unit.audit("change password", f"staff/{staff.id}")


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


def _counters(runtime: Runtime, email: str, network: str) -> tuple[Counter, ...]:
    """Whose failures count: this account's from here, from anywhere, and everybody's from here.

    An address without an account counts like any other, or the wait would tell who has one.
    """
    account = unicodedata.normalize("NFC", email).strip().casefold()
    counters = (
        Counter(blinded(runtime, "sign-in", account, network), ONE_FROM_ONE_PLACE),
        Counter(blinded(runtime, "sign-in", account), ONE_FROM_ANYWHERE),
    )
    if not network:
        return counters
    return (*counters, Counter(blinded(runtime, "sign-in from", network), MANY_FROM_ONE_PLACE))


def _refusal(session: Session, counters: tuple[Counter, ...], now: datetime, *, right: bool) -> SignInRefused | None:
    """Why not, with a failure counted.

    It decides inside the transaction, so guesses made at the same moment can't pass the limit together.
    """
    wait = throttle.wait_left(session, counters, now)
    if wait:
        return SignInRefused(seconds_of(wait))
    if right:
        return None
    throttle.count_failure(session, counters, now)
    return SignInRefused()


def _let_in(
    unit: Unit, staff: StaffRow, counters: tuple[Counter, ...], user_agent: str, network: str
) -> tuple[str, Actor] | Half:
    # What others tried from the same place goes on counting.
    throttle.forget(unit.session, counters[:2])
    if has_factor(unit, staff.id):
        return half_of(staff, unit.now)
    token = sessions.open_session(unit, staff, user_agent)
    sessions.note_at_the_door(unit, staff, "sign in", network, token)
    return token, sessions.actor_of(staff)
