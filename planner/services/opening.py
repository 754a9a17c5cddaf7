"""Opening a real clinic, from a file or on its first page: its name and place, its rooms, the people who work there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from planner.diary.hours import Closure, WeeklyHours
from planner.errors import InvalidInput, StaleForm
from planner.scheduling import fields
from planner.services.clinic_setup import NewClinic, add_closure, add_room, add_staff, set_practitioner_hours
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.typical_hours import weekly_lines
from planner.storage.ids import new_id
from planner.storage.people import ClinicRow
from planner.words import say

_PLACE = ("address", "phone", "email", "subdivision")


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works there; whoever has hours treats patients in them.

    Args:
        password: chosen by themselves; "" for one that is made, shown once, and has to be changed.
    """

    name: str
    email: str
    role: str
    hours: tuple[WeeklyHours, ...] = ()
    password: str = field(default="", repr=False)

    @classmethod
    def from_json(cls, value: object) -> Employee:
        """Read {"name", "email", "role"} and, for those who treat, "hours"."""
        obj = fields.record(value, ("name", "email", "role"), ("hours",))
        return cls(
            name=fields.entry(obj, "name", fields.text),
            email=fields.entry(obj, "email", fields.text),
            role=fields.entry(obj, "role", fields.text),
            hours=fields.entry(obj, "hours", weekly_lines) if "hours" in obj else (),
        )


@dataclass(frozen=True, slots=True)
class Opening:
    """A clinic with everything a first booking needs.

    Args:
        language: of pages and letters where nobody chose another.
        currency: of fees; "" where none are told.
    Raises:
        InvalidInput: no room, nobody who treats, or nobody who may manage the clinic.
    """

    clinic: NewClinic
    rooms: tuple[str, ...]
    staff: tuple[Employee, ...]
    closures: tuple[Closure, ...] = ()
    language: str = "en"
    currency: str = ""

    def __post_init__(self) -> None:
        if not self.rooms:
            raise InvalidInput("A clinic needs a room.", field="rooms")
        if not any(person.hours for person in self.staff):
            raise InvalidInput("Somebody must treat: give one of the staff hours.", field="staff")
        if not any(person.role == "manager" for person in self.staff):
            raise InvalidInput("Somebody must have the role manager.", field="staff")

    @classmethod
    def from_json(cls, value: object) -> Opening:
        """Read the file's content.

        Raises:
            InvalidInput: naming the place, such as `staff[1].hours[0].to`.
        """
        obj = fields.record(value, ("name", "timezone", "country", "rooms", "staff"), _PLACE)
        place = {key: fields.entry(obj, key, fields.text) for key in _PLACE if key in obj}
        clinic = NewClinic(
            name=fields.entry(obj, "name", fields.text),
            timezone=fields.entry(obj, "timezone", fields.text),
            country=fields.entry(obj, "country", fields.text),
            **place,
        )
        rooms = fields.entry(obj, "rooms", lambda rows: fields.each(rows, fields.text))
        return cls(clinic, rooms, fields.entry(obj, "staff", lambda rows: fields.each(rows, Employee.from_json)))


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """A sign-in with a password made for the first time; it is shown once. "" where the person chose their own."""

    name: str
    email: str
    role: str
    password: str = field(repr=False)


def any_clinic(runtime: Runtime) -> bool:
    """Whether a clinic is open already."""
    with runtime.database.reading(None) as session:
        return _has_clinic(session)


def open_clinic(runtime: Runtime, opening: Opening, *, first: bool = False) -> tuple[FirstPassword, ...]:
    """Open a clinic with all its rooms and people in one transaction, or nothing.

    Args:
        first: only where there is no clinic yet; two people may press the button at the same moment.
    Raises:
        InvalidInput: a name, role or address makes no sense, or an address has an account already.
        StaleForm: it should be the first clinic, and is not.
    """
    new = opening.clinic
    with runtime.database.writing(None) as session:
        if first and _has_clinic(session):
            raise StaleForm(say("The clinic is open already. Sign in."))
        row = ClinicRow(
            id=new_id(), name=new.name, timezone=new.timezone, country=new.country, subdivision=new.subdivision,
            address=new.address, phone=new.phone, email=new.email, language=opening.language,
            currency=opening.currency,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.info["clinic_id"] = row.id
        unit = Unit(session=session, clinic=row, actor=Actor.system(row.id), now=runtime.clock.now())
        for room in opening.rooms:
            add_room(unit, room)
        for closure in opening.closures:
            add_closure(unit, closure)
        return tuple(_employ(unit, person) for person in opening.staff)


def _has_clinic(session: Session) -> bool:
    return session.scalar(select(ClinicRow.id).limit(1)) is not None


def _employ(unit: Unit, person: Employee) -> FirstPassword:
    made = "" if person.password else secrets.token_urlsafe(12)
    row = add_staff(unit, person.name, person.email, person.role, person.password or made, treats=bool(person.hours))
    row.password_once = bool(made)
    if person.hours:
        set_practitioner_hours(unit, row.id, person.hours)
    return FirstPassword(row.name, row.email, row.role, made)
