"""Letters about accounts: inviting a colleague, and the link for whoever forgot the password.

What is owed is a row with an address; who has it is looked up only when the letter goes out, by a timer. So asking for
a link takes the same time and says the same, whether the address has an account or not.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final, cast
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from planner.config import template_folder
from planner.errors import InvalidInput, TooManyTries
from planner.notify.delivery import DeliveryFailure, PermanentFailure
from planner.notify.letters import AccountInvitation, PasswordLink
from planner.notify.message import Message
from planner.notify.outtray import OuttrayMailer
from planner.notify.render import MailTemplates
from planner.notify.visit import Letterhead
from planner.services import accounts, keys, throttle
from planner.services.account_links import GOOD_FOR, LinkKind, link_for
from planner.services.addressing import mail_domain
from planner.services.runtime import Runtime, Unit
from planner.services.sweeping import SweepReport, each
from planner.services.throttle import Counter, Limit
from planner.storage.doors import AccountLetterRow
from planner.storage.people import ClinicRow, StaffRow
from planner.words import say

MOST_ATTEMPTS: Final = 12
_LEASE: Final = timedelta(minutes=5)
_FROM_ONE_PLACE: Final = Limit(10, timedelta(hours=1))
_TO_ONE_ADDRESS: Final = timedelta(minutes=10)
_log = logging.getLogger("planner.messages")


@dataclass(frozen=True, slots=True)
class _Owed:
    id: int
    due_at: datetime


def sends_mail(runtime: Runtime) -> bool:
    """Whether letters leave the house. Reception reads the outtray, and must not find a manager's link there."""
    return not isinstance(runtime.mailer, OuttrayMailer)


def owe_letter(unit: Unit, staff: StaffRow, kind: LinkKind) -> None:
    """Owe a colleague the letter with the link."""
    _owe(unit.session, kind, staff.email, unit.now)


def ask_for_link(runtime: Runtime, email: str, network: str = "") -> None:
    """Owe whoever has this address a link to choose a new password; the same in every way if nobody has it.

    Raises:
        InvalidInput: it is no address.
        TooManyTries: too many were asked for from the same place.
    """
    address = accounts.normal_email(email)
    now = runtime.clock.now()
    place = (Counter(keys.blinded(runtime, "links from", network), _FROM_ONE_PLACE),)
    with runtime.database.outside() as session:
        wait = throttle.wait_left(session, place, now)
        if not wait:
            throttle.count_failure(session, place, now)
            if throttle.spend(session, keys.blinded(runtime, "link to", address), now, _TO_ONE_ADDRESS):
                _owe(session, "reset", address, now)
    if wait:
        raise TooManyTries(say("Too many links were asked for from here."), seconds=accounts.seconds_of(wait))


def send_account_letters(runtime: Runtime) -> SweepReport:
    """Send those that are due. One may go out twice, if a worker dies while it sends: both hold the same link."""
    if not sends_mail(runtime):
        return SweepReport()
    return each(
        runtime, "account-letters", _due(runtime), key=lambda owed: owed.id, work=lambda owed: _send(runtime, owed)
    )


def _owe(session: Session, kind: LinkKind, address: str, now: datetime) -> None:
    row = AccountLetterRow(kind=kind, address=address, due_at=now, expires_at=now + GOOD_FOR[kind], created_at=now)
    session.add(row)


def _due(runtime: Runtime) -> Sequence[_Owed]:
    row = AccountLetterRow
    with runtime.database.reading(None) as session:
        due = select(row.id, row.due_at).where(row.due_at <= runtime.clock.now()).order_by(row.due_at, row.id)
        return [_Owed(*found) for found in session.execute(due)]


def _send(runtime: Runtime, owed: _Owed) -> None:
    message = _leased(runtime, owed)
    if message is None:
        return
    try:
        runtime.mailer.send(message)
    except DeliveryFailure as failure:
        # Not its words: they may name the address.
        _log.warning("account letter %s was not delivered: %s", owed.id, type(failure).__name__)
        if not isinstance(failure, PermanentFailure):
            return  # Its lease ends, and it is tried again.
    _drop(runtime, owed)


def _drop(runtime: Runtime, owed: _Owed) -> None:
    with runtime.database.outside() as session:
        session.execute(delete(AccountLetterRow).where(AccountLetterRow.id == owed.id))


def _leased(runtime: Runtime, owed: _Owed) -> Message | None:
    """Take the row for some minutes and write its letter; None where nothing is to be sent."""
    row, now = AccountLetterRow, runtime.clock.now()
    with runtime.database.outside() as session:
        still = update(row).where(row.id == owed.id, row.due_at == owed.due_at)
        taken = session.execute(still.values(due_at=now + _LEASE, attempts=row.attempts + 1))
        if cast(CursorResult[object], taken).rowcount != 1:
            return None
        letter = session.get(row, owed.id)
        if letter is None:
            return None
    with runtime.database.reading(None) as session:
        staff = session.scalar(select(StaffRow).where(StaffRow.email == letter.address, StaffRow.active))
        clinic = session.get(ClinicRow, staff.clinic_id) if staff is not None else None
    if staff is None or clinic is None or letter.expires_at <= now or letter.attempts > MOST_ATTEMPTS:
        _drop(runtime, owed)
        return None
    return _message(runtime, letter, staff, clinic)


def _message(runtime: Runtime, letter: AccountLetterRow, staff: StaffRow, clinic: ClinicRow) -> Message | None:
    kind: LinkKind = "invitation" if letter.kind == "invitation" else "reset"
    zone = ZoneInfo(clinic.timezone)
    head = Letterhead(
        clinic_name=clinic.name,
        clinic_phone=clinic.phone,
        clinic_zone=zone,
        greeting=staff.name,
        patient_zone=zone,
        plan_url=link_for(runtime, staff, kind, letter.created_at),
        language=staff.language or clinic.language,
    )
    written = AccountInvitation(head) if kind == "invitation" else PasswordLink(head)
    try:
        return (
            _templates()
            .render(written)
            .addressed(
                to=staff.email,
                to_name=staff.name,
                from_name=clinic.name,
                key=f"account/{letter.id}",
                domain=mail_domain(clinic.email, runtime.base_url),
                date=letter.created_at,
                reply_to=clinic.email,
            )
        )
    except InvalidInput:
        return None  # An address that can sign in, but that no mail can be sent to.


@cache
def _templates() -> MailTemplates:
    return MailTemplates(template_folder())
