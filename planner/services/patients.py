"""Patients: found by a few letters, added with likely duplicates noticed, reached by a personal link."""

from __future__ import annotations

import base64
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr
from zoneinfo import available_timezones

from sqlalchemy import select

from planner.errors import InvalidInput, StaleForm
from planner.languages import LANGUAGES, spoken
from planner.services.clinic_setup import checked_name
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.tokens import hashed
from planner.storage.people import PatientRow
from planner.words import say

_MOST_FOUND = 20
CONTACTS = ("feed", "invitations", "mail")


@dataclass(frozen=True, slots=True)
class PatientDetails:
    """What is kept of a person.

    Args:
        timezone: IANA name if they live in another zone than the clinic.
        language: that messages and calendar entries are written in; "" for the clinic's.
        contact: how dates reach their calendar: feed (they subscribe), invitations (by e-mail), mail (only in words).
    Raises:
        InvalidInput: naming the field.
    """

    name: str
    email: str = ""
    phone: str = ""
    birth_date: date | None = None
    timezone: str | None = None
    language: str = ""
    notes: str = ""
    contact: str = "feed"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", checked_name(self.name))
        object.__setattr__(self, "email", self.email.strip())
        object.__setattr__(self, "phone", " ".join(self.phone.split()))
        address = parseaddr(self.email)[1]
        if self.email and (address != self.email or "@" not in address or not address.rpartition("@")[2].strip(".")):
            raise InvalidInput(
                say("“%(email)s” is not an e-mail address; it looks like ana@example.org.", email=self.email),
                field="email",
            )
        if any(unicodedata.category(sign) == "Cc" for sign in self.email + self.phone):
            raise InvalidInput(say("There is a control character in the address or phone number."), field="email")
        if len(self.phone) > 40:
            raise InvalidInput(say("A phone number has at most 40 characters."), field="phone")
        if self.timezone and self.timezone not in available_timezones():
            raise InvalidInput(say("There is no time zone “%(timezone)s”.", timezone=self.timezone), field="timezone")
        if self.language and self.language not in LANGUAGES:
            raise InvalidInput(say("Choose one of the languages that there are texts in."), field="language")
        if self.contact not in CONTACTS:
            raise InvalidInput(say("Choose how dates reach the patient's calendar."), field="contact")
        if self.contact == "invitations" and not self.email:
            raise InvalidInput(
                say("Invitations go by e-mail; give an address, or choose another way."), field="contact"
            )
        if len(self.notes) > 4000:
            raise InvalidInput(say("Notes have at most 4,000 characters."), field="notes")


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as the pages show them."""

    id: int
    details: PatientDetails
    has_link: bool
    version: int


def search_key(text: str) -> str:
    """Letters only, without case and accents, so that "Muller" finds "Müller"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())


def find(runtime: Runtime, actor: Actor, query: str) -> Sequence[Patient]:
    """Patients whose name has every word of the query, or whose e-mail or phone begins with it; at most 20."""
    with runtime.reading(actor) as unit:
        wanted = select(PatientRow).order_by(PatientRow.search_name, PatientRow.id).limit(_MOST_FOUND)
        words = search_key(query).split()
        by_name = wanted
        for word in words:
            by_name = by_name.where(PatientRow.search_name.contains(word, autoescape=True))
        found = list(unit.session.scalars(by_name))
        if not found and query.strip():
            start = query.strip()
            found = list(
                unit.session.scalars(
                    wanted.where(
                        PatientRow.email.istartswith(start, autoescape=True)
                        | PatientRow.phone.startswith(start, autoescape=True)
                    )
                )
            )
        return [patient_from(row) for row in found]


def get(runtime: Runtime, actor: Actor, patient_id: int) -> Patient:
    """One patient. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return patient_from(unit.get(PatientRow, patient_id))


def duplicates_of(runtime: Runtime, actor: Actor, details: PatientDetails) -> Sequence[Patient]:
    """Patients that may be the same person: the same name, e-mail or phone."""
    with runtime.reading(actor) as unit:
        same = PatientRow.search_name == search_key(details.name)
        if details.email:
            same = same | (PatientRow.email.ilike(details.email))
        if details.phone:
            same = same | (PatientRow.phone == details.phone)
        return [patient_from(row) for row in unit.session.scalars(select(PatientRow).where(same).limit(_MOST_FOUND))]


def add(runtime: Runtime, actor: Actor, details: PatientDetails) -> int:
    """Add a patient; gives the id."""
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        return row_for(unit, details).id


def row_for(unit: Unit, details: PatientDetails) -> PatientRow:
    """A new patient inside a transaction."""
    row = PatientRow(created_at=unit.now, name="", search_name="")
    _fill(unit, row, details)
    unit.session.add(row)
    unit.session.flush()
    unit.audit("patient.add", f"patient/{row.id}")
    return row


def update(runtime: Runtime, actor: Actor, patient_id: int, details: PatientDetails, *, version: int) -> None:
    """Change a patient's details. Raises StaleForm when somebody else did meanwhile."""
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        row = unit.get(PatientRow, patient_id)
        if row.version != version:
            raise StaleForm(say("Somebody changed this patient meanwhile. Here is how it stands now."))
        _fill(unit, row, details)
        unit.audit("patient.change", f"patient/{row.id}")


def new_link(runtime: Runtime, actor: Actor, patient_id: int) -> str:
    """A fresh personal address for a patient; an older one stops working."""
    with runtime.writing(actor) as unit:
        row = unit.get(PatientRow, patient_id)
        row.link_generation += 1
        unit.audit("patient.link", f"patient/{row.id}")
        return _address(runtime, row)


def personal_link(runtime: Runtime, unit: Unit, patient_id: int) -> str:
    """The patient's personal address; the first call in a writing transaction makes it valid.

    It is derived from the instance's secret, so that a message can hold it although the database keeps only its hash.
    """
    row = unit.get(PatientRow, patient_id)
    if row.link_generation == 0:
        row.link_generation = 1
    return _address(runtime, row)


def _address(runtime: Runtime, row: PatientRow) -> str:
    wording = f"personal link/{row.clinic_id}/{row.id}/{row.link_generation}"
    digest = hmac.digest(runtime.secret_key.encode(), wording.encode(), "sha256")
    token = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if row.link_hash != hashed(token):
        row.link_hash = hashed(token)
    return f"{runtime.base_url.rstrip('/')}/p/{token}"


def _fill(unit: Unit, row: PatientRow, details: PatientDetails) -> None:
    row.name, row.search_name = details.name, search_key(details.name)
    row.email, row.phone, row.birth_date = details.email, details.phone, details.birth_date
    row.timezone, row.notes = details.timezone or None, details.notes
    row.language = details.language or spoken(unit.clinic.language)
    row.contact = details.contact


def patient_from(row: PatientRow) -> Patient:
    """The value of a patient row."""
    details = PatientDetails(
        name=row.name,
        email=row.email,
        phone=row.phone,
        birth_date=row.birth_date,
        timezone=row.timezone,
        language=spoken(row.language),
        notes=row.notes,
        contact=row.contact,
    )
    return Patient(row.id, details, has_link=row.link_hash is not None, version=row.version)
