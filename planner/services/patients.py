"""Patients: found by a few letters, added with likely duplicates noticed, reached by a personal link."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr
from zoneinfo import available_timezones

from sqlalchemy import ColumnElement, String, and_, func, or_, select

from planner.errors import InvalidInput, StaleForm
from planner.languages import LANGUAGES, spoken
from planner.services.clinic_setup import checked_name
from planner.services.keys import digests
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.tokens import hashed
from planner.storage.people import PatientRow
from planner.words import listing, say

MOST_FOUND = 20
_FEWEST_DIGITS = 4
"""Fewer digits than these would find half of all phone numbers."""

_WITHOUT_COUNTRY = 9
"""A search looks at these digits at most, so that it does not matter whether the country's stand before them."""

_FEWEST_LETTERS = 4
"""Shorter words one letter apart, such as Ali and Ari, are two names."""

_LOCAL_DIGITS = 7
"""Numbers that agree in these and all before them but for the country's are one number."""
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
        refuse_no_address(self.email)
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
class Likely:
    """Somebody known who may be the person that is being added; `why` says what is the same."""

    patient: Patient
    why: str


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
    """Patients whose name has every word of the query, whose e-mail begins with it or whose phone has its digits.

    At most 20, by name.
    """
    with runtime.reading(actor) as unit:
        wanted = select(PatientRow).order_by(PatientRow.search_name, PatientRow.id).limit(MOST_FOUND)
        words = _words(query) or search_key(query).split()
        wanted = wanted.where(PatientRow.erased_at.is_(None))
        found = list(unit.session.scalars(wanted.where(*_named(words))))
        if not found and query.strip():
            ways = [PatientRow.email.istartswith(query.strip(), autoescape=True)]
            if len(digits := _digits(query)) >= _FEWEST_DIGITS:
                ways.append(_phone_digits().contains(digits.lstrip("0")[-_WITHOUT_COUNTRY:]))
            found = list(unit.session.scalars(wanted.where(or_(*ways))))
        return [patient_from(row) for row in found]


def get(runtime: Runtime, actor: Actor, patient_id: int) -> Patient:
    """One patient. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return patient_from(unit.get(PatientRow, patient_id))


def duplicates_of(runtime: Runtime, actor: Actor, details: PatientDetails) -> Sequence[Likely]:
    """Patients that may be the same person, those with the most in common first (one query).

    The name counts by its words, whatever their order and accents, and nearly so if they are a letter apart, as names
    are that come by phone; the phone by its digits, with or without the country's; of people born on the same day one
    word of the name is enough.
    """
    with runtime.reading(actor) as unit:
        words = _words(details.name)
        ways: list[ColumnElement[bool]] = [and_(*_named(words)), *_named(_telling(words))] if words else []
        if details.email:
            ways.append(func.lower(PatientRow.email) == details.email.lower())
        if len(digits := _digits(details.phone)) >= _FEWEST_DIGITS:
            ways.append(_phone_digits().endswith(digits[-_LOCAL_DIGITS:].lstrip("0")))
        if details.birth_date:
            ways.append(PatientRow.birth_date == details.birth_date)
        rows = (
            unit.session.scalars(
                select(PatientRow).where(or_(*ways), PatientRow.erased_at.is_(None)).order_by(PatientRow.id)
            )
            if ways
            else ()
        )
        found = [(same, row) for row in rows if (same := tuple(_in_common(row, details)))]
        found.sort(key=lambda each: (-len(each[0]), each[1].search_name))
        return [Likely(patient_from(row), listing(same)) for same, row in found[:MOST_FOUND]]


def _in_common(row: PatientRow, details: PatientDetails) -> Iterator[str]:
    """What is the same, in words."""
    theirs, mine = set(_words(row.name)), set(_words(details.name))
    born = bool(details.birth_date and row.birth_date == details.birth_date)
    if theirs == mine:
        yield say("the name")
    elif born and theirs & mine:
        yield say("a part of the name")
    elif not (details.birth_date and row.birth_date) and _nearly(sorted(theirs), sorted(mine)):
        yield say("the name but for a letter")
    if details.phone and _same_phone(_digits(row.phone), _digits(details.phone)):
        yield say("the phone number")
    if details.email and row.email.casefold() == details.email.casefold():
        yield say("the e-mail address")
    if born and theirs & mine:
        yield say("the birth date")


def _words(name: str) -> list[str]:
    """A name's words without case, accents and what stands between them."""
    return re.findall(r"\w+", search_key(name))


def _telling(words: Sequence[str]) -> list[str]:
    """Those words of a name by which somebody with nearly the same name is looked for: no initials, no particles."""
    return [word for word in words if len(word) >= _FEWEST_LETTERS - 1]


def _nearly(theirs: Sequence[str], mine: Sequence[str]) -> bool:
    """Whether two names, each with its words sorted, are the same but for a letter in one word.

    One of their words must be the same and more than a particle, or nobody would have been found by it.
    """
    others, own = [word for word in theirs if word not in mine], [word for word in mine if word not in theirs]
    return len(others) == len(own) == 1 and _a_letter_apart(others[0], own[0])


def _a_letter_apart(one: str, other: str) -> bool:
    """Whether one letter more, less or another turns one word into the other: Meier and Meyer, Ana and Anna."""
    short, long = sorted((one, other), key=len)
    if len(long) < _FEWEST_LETTERS or len(long) - len(short) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[same + (len(short) == len(long)) :] == long[same + 1 :]


def _named(words: Sequence[str]) -> list[ColumnElement[bool]]:
    """That a name has each of these words."""
    return [PatientRow.search_name.contains(word, autoescape=True) for word in words]


def _digits(text: str) -> str:
    """The digits of a phone number, whatever the script; a country's 00 is written like its plus."""
    found = "".join(str(unicodedata.digit(sign)) for sign in text if unicodedata.digit(sign, None) is not None)
    return found.removeprefix("00")


def _same_phone(one: str, other: str) -> bool:
    """Whether two numbers ring the same phone: equal, or one has the country before it."""
    short, long = sorted((one.lstrip("0"), other.lstrip("0")), key=len)
    return short == long or (len(short) >= _LOCAL_DIGITS and long.endswith(short))


def _phone_digits() -> ColumnElement[str]:
    """The phone column without what stands between digits."""
    bare: ColumnElement[str] = PatientRow.phone.expression
    for sign in " -()/.+":
        bare = func.replace(bare, sign, "", type_=String())
    return bare


def add(runtime: Runtime, actor: Actor, details: PatientDetails) -> int:
    """Add a patient; gives the id."""
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        refuse_no_number(details.phone)
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
        refuse_if_erased(row)
        if row.version != version:
            raise StaleForm(say("Somebody changed this patient meanwhile. Here is how it stands now."))
        if details.phone != row.phone:
            refuse_no_number(details.phone)
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
    link_generation(row)
    return _address(runtime, row)


def link_generation(row: PatientRow) -> int:
    """Which of a patient's links are good: those of this number; the first is 1."""
    if row.link_generation == 0:
        row.link_generation = 1
    return row.link_generation


def refuse_no_number(phone: str) -> None:
    """Raise InvalidInput where a phone number that somebody types has no digit; what is kept already stays as it is."""
    if phone.strip() and not _digits(phone):
        raise InvalidInput(say("A phone number has digits in it."), field="phone")


def refuse_no_address(email: str) -> None:
    """Raise InvalidInput where mail could not go: it must be one address, with something on both sides of its @."""
    address = parseaddr(email)[1]
    name, at, domain = address.rpartition("@")
    if email and not (address == email and name and at and domain.strip(".")):
        raise InvalidInput(
            say("“%(email)s” is not an e-mail address; it looks like ana@example.org.", email=email), field="email"
        )


def refuse_if_erased(row: PatientRow) -> None:
    """Raise InvalidInput where nobody is behind a row any more."""
    if row.erased_at is not None:
        raise InvalidInput(say("This person’s data are erased; nothing can be changed or booked for them."))


def _address(runtime: Runtime, row: PatientRow) -> str:
    """The address whose hash is kept, also where an earlier key of the instance made it; else one by the key of now."""
    refuse_if_erased(row)
    wording = f"personal link/{row.clinic_id}/{row.id}/{row.link_generation}"
    tokens = [base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in digests(runtime, wording)]
    token = next((each for each in tokens if row.link_hash == hashed(each)), tokens[0])
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
