"""Opening a real clinic from a file: its name and place, its rooms, and the people who work there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from planner.diary.hours import WeeklyHours
from planner.errors import InvalidInput
from planner.scheduling import fields
from planner.services.clinic_setup import NewClinic, add_room, add_staff, set_practitioner_hours
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.typical_hours import weekly_lines
from planner.storage.ids import new_id
from planner.storage.people import ClinicRow

_PLACE = ("address", "phone", "email", "subdivision")


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works there; whoever has hours treats patients in them."""

    name: str
    email: str
    role: str
    hours: tuple[WeeklyHours, ...] = ()

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

    Raises:
        InvalidInput: no room, nobody who treats, or nobody who may manage the clinic.
    """

    clinic: NewClinic
    rooms: tuple[str, ...]
    staff: tuple[Employee, ...]

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
    """A sign-in with a password made for the first time; it is shown once."""

    name: str
    email: str
    role: str
    password: str


def open_clinic(runtime: Runtime, opening: Opening) -> tuple[FirstPassword, ...]:
    """Open a clinic with all its rooms and people in one transaction, or nothing.

    Raises:
        InvalidInput: a name, role or address makes no sense, or an address has an account already.
    """
    new = opening.clinic
    with runtime.database.writing(None) as session:
        row = ClinicRow(
            id=new_id(), name=new.name, timezone=new.timezone, country=new.country, subdivision=new.subdivision,
            address=new.address, phone=new.phone, email=new.email,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.info["clinic_id"] = row.id
        unit = Unit(session=session, clinic=row, actor=Actor.system(row.id), now=runtime.clock.now())
        for room in opening.rooms:
            add_room(unit, room)
        return tuple(_employ(unit, person) for person in opening.staff)


def _employ(unit: Unit, person: Employee) -> FirstPassword:
    password = secrets.token_urlsafe(12)
    row = add_staff(unit, person.name, person.email, person.role, password, treats=bool(person.hours))
    if person.hours:
        set_practitioner_hours(unit, row.id, person.hours)
    return FirstPassword(row.name, row.email, row.role, password)
