"""Another e-mail address or phone number, asked for by the patient: proved by a code to the old address, or a request.

Whoever has found a personal link must not be able to turn the messages to themselves. So the code goes to where the
messages went until now; where nothing can be sent to, a person at reception decides.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import func, select

from planner.errors import InvalidInput, NotAllowed, NotFound, TooManyTries
from planner.notify.letters import ContactCode
from planner.services import keys, patients, worklists
from planner.services.account_letters import sends_mail
from planner.services.addressing import Addressee, NothingToSend, Outgoing
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.doors import ContactChangeRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from planner.words import say

CONTACT_CODE: Final = "contact_code"
GOOD_FOR: Final = timedelta(minutes=30)
MOST_TRIES: Final = 5
MOST_A_DAY: Final = 5
_DIGITS: Final = 6
_DAY: Final = timedelta(days=1)
Asked = Literal["code", "request"]


@dataclass(frozen=True, slots=True)
class Contact:
    """How a patient is reached, as their page shows it: whoever found the link learns nothing from it.

    Args:
        email: with all but its first letter and its host hidden; "" for none.
        phone: its last two digits; "" for none.
        waiting: a change waits for the code that was sent to this address.
    """

    email: str
    phone: str
    waiting: bool


def contact_of(runtime: Runtime, actor: Actor) -> Contact:
    """What the page shows."""
    with runtime.reading(actor) as unit:
        row = unit.get(PatientRow, actor.patient_id or 0)
        return Contact(_hidden_email(row.email), _hidden_phone(row.phone), _waiting(unit) is not None)


def ask(runtime: Runtime, actor: Actor, email: str, phone: str) -> Asked:
    """Ask for another address, another number or both; "" leaves one as it is.

    Returns:
        whether a code was sent to the old address, or reception was asked.
    Raises:
        InvalidInput: nothing would change, or it is no address or number.
        TooManyTries: five times today already.
    """
    _with_the_plans_link(actor)
    with runtime.writing(actor) as unit:
        row = unit.get(PatientRow, actor.patient_id or 0)
        known = patients.patient_from(row).details
        patients.refuse_no_number(phone)
        wanted = replace(known, email=email.strip() or known.email, phone=phone.strip() or known.phone)
        if (wanted.email, wanted.phone) == (known.email, known.phone):
            raise InvalidInput(say("Write a new e-mail address or phone number."), field="email")
        _not_too_often(unit, row)
        for change in _open(unit):
            change.status = "dropped"
        change = ContactChangeRow(
            patient_id=row.id,
            email=wanted.email if wanted.email != known.email else "",
            phone=wanted.phone if wanted.phone != known.phone else "",
            asked_at=unit.now,
            expires_at=unit.now + GOOD_FOR,
        )
        unit.session.add(change)
        unit.session.flush()
        unit.audit("patient.ask_contact_change", f"patient/{row.id}")
        if known.email and sends_mail(runtime):
            _send_code(unit, change)
            return "code"
        _ask_reception(unit, row, change)
        return "request"


def prove(runtime: Runtime, actor: Actor, code: str) -> None:
    """Change what was asked for, by the code.

    Raises:
        InvalidInput: the code is wrong; after five wrong ones, or half an hour, it has to be asked for anew.
    """
    _with_the_plans_link(actor)
    typed = "".join(code.split())
    with runtime.writing(actor) as unit:
        change = _waiting(unit)
        right = change is not None and any(
            hmac.compare_digest(each.encode(), typed.encode()) for each in _codes(runtime, change)
        )
        if change is not None and right:
            _apply(unit, change)
            return
        if change is not None:
            change.tries += 1
            unit.audit("patient.contact_code_wrong", f"patient/{change.patient_id}", tries=change.tries)
        left = change is not None and change.tries < MOST_TRIES
    if left:
        raise InvalidInput(say("This code is wrong. Look at the newest message from us."), field="code")
    raise InvalidInput(say("No code is waited for any more. Ask for the change once more."), field="email")


def drop(runtime: Runtime, actor: Actor) -> None:
    """Leave everything as it is."""
    with runtime.writing(actor) as unit:
        for change in _open(unit):
            change.status = "dropped"


def contact_code_letter(runtime: Runtime, unit: Unit, row: OutboxRow) -> Outgoing | NothingToSend:
    """The letter with the code, unless it is not waited for any more."""
    change = unit.session.get(ContactChangeRow, (unit.clinic.id, row.facts["change_id"]))
    if change is None or change.status != "waiting" or change.expires_at <= unit.now:
        return NothingToSend(say("The change is not waited for any more."))
    to = Addressee(runtime, unit, unit.get(PatientRow, row.patient_id))
    # Whoever asks has the link; a letter that may go to somebody else's hands need not hold it.
    letter = ContactCode(replace(to.head(), plan_url=None), next(_codes(runtime, change)))
    return to.outgoing(letter, key=row.key, dated=row.created_at, says=say("code to change the contact"))


def _with_the_plans_link(actor: Actor) -> None:
    if actor.patient_id is None:
        raise NotFound(say("There is no such thing here."))
    if actor.purpose != "plan":
        raise NotAllowed(say("This link was made for one thing only. Open your plan by its own link."))


def _open(unit: Unit) -> Iterator[ContactChangeRow]:
    row = ContactChangeRow
    yield from unit.session.scalars(select(row).where(row.patient_id == unit.actor.patient_id, row.status == "waiting"))


def _waiting(unit: Unit) -> ContactChangeRow | None:
    good = (each for each in _open(unit) if each.expires_at > unit.now and each.tries < MOST_TRIES)
    return next(good, None)


def _not_too_often(unit: Unit, patient: PatientRow) -> None:
    row = ContactChangeRow
    today = select(func.count()).where(row.patient_id == patient.id, row.asked_at > unit.now - _DAY)
    if (unit.session.scalar(today) or 0) >= MOST_A_DAY:
        raise TooManyTries(
            say("You asked for a change often today. Call us, please."), seconds=int(_DAY.total_seconds())
        )


def _send_code(unit: Unit, change: ContactChangeRow) -> None:
    unit.session.add(
        OutboxRow(
            key=f"contact-code-{change.id}",
            kind=CONTACT_CODE,
            patient_id=change.patient_id,
            facts={"change_id": change.id},
            due_at=unit.now,
            expires_at=change.expires_at,
            created_at=unit.now,
        )
    )


def _ask_reception(unit: Unit, patient: PatientRow, change: ContactChangeRow) -> None:
    """Nothing can prove it, so a person calls and looks; the details are changed by hand."""
    change.status = "dropped"
    new = ", ".join(part for part in (change.email, change.phone) if part)
    says = say("asks by the personal link to be reached in another way from now on: %(new)s", new=new)
    key = f"contact-change-{patient.id}"
    worklists.open_item(unit, worklists.CONTACT_CHANGE, key, says, None, patient_id=patient.id)


def _apply(unit: Unit, change: ContactChangeRow) -> None:
    row = unit.get(PatientRow, change.patient_id)
    row.email, row.phone = change.email or row.email, change.phone or row.phone
    change.status = "done"
    kept = [name for name in ("email", "phone") if getattr(change, name)]
    unit.audit("patient.change_contact", f"patient/{row.id}", changed=kept)


def _codes(runtime: Runtime, change: ContactChangeRow) -> Iterator[str]:
    """The code, derived, so that the database does not hold it; by earlier keys of the instance too."""
    for digest in keys.digests(runtime, f"contact code/{change.clinic_id}/{change.id}"):
        yield f"{int.from_bytes(digest[:8], 'big') % 10**_DIGITS:0{_DIGITS}}"


def _hidden_email(email: str) -> str:
    name, sign, host = email.partition("@")
    return f"{name[:1]}…{sign}{host}" if email else ""


def _hidden_phone(phone: str) -> str:
    return f"… {phone[-2:]}" if phone else ""
