"""Whose calendar a feed is, who may open one, and how much of people's names it may tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, and_

from planner.calendars.event import CalendarEvent
from planner.errors import InvalidInput, NotAllowed, NotFound
from planner.languages import texts
from planner.services.calendar_events import Privacy, clinic_events, patient_events, practitioner_events, room_events
from planner.services.runtime import Unit
from planner.storage.outward import FeedRow
from planner.storage.people import PatientRow, RoomRow, StaffRow
from planner.words import say

_ALL: Final[tuple[Privacy, ...]] = ("neutral", "initials", "full")
_NO_NAMES: Final[tuple[Privacy, ...]] = ("neutral", "initials")
# What each role may let a feed tell, but for one's own, which may tell all.
_ALLOWED: Final[Mapping[str, tuple[Privacy, ...]]] = MappingProxyType(
    {"manager": _ALL, "reception": _NO_NAMES, "therapist": ("neutral",)}
)
DEFAULT_PRIVACY: Final[Mapping[str, Privacy]] = MappingProxyType(
    {"patient": "neutral", "staff": "initials", "room": "neutral", "clinic": "neutral"}
)


@dataclass(frozen=True, slots=True)
class FeedOwner:
    """A patient, a practitioner, a room, or (all empty) the whole clinic.

    Raises:
        ValueError: more than one of them.
    """

    patient_id: int | None = None
    practitioner_id: int | None = None
    room_id: int | None = None
    whole_clinic: bool = False

    def __post_init__(self) -> None:
        given = [self.patient_id, self.practitioner_id, self.room_id, self.whole_clinic or None]
        if sum(each is not None for each in given) != 1:
            raise ValueError("a feed belongs to a patient or to a practitioner, a room or the clinic, and to one alone")

    @classmethod
    def of(cls, row: FeedRow) -> FeedOwner:
        """The owner that a row names."""
        return cls(row.patient_id, row.practitioner_id, row.room_id, row.whole_clinic)

    @property
    def kind(self) -> str:
        """One word: patient, staff, room, clinic."""
        if self.patient_id is not None:
            return "patient"
        if self.practitioner_id is not None:
            return "staff"
        return "room" if self.room_id is not None else "clinic"

    @property
    def subject(self) -> str:
        """For the audit."""
        return f"{self.kind}/{self.patient_id or self.practitioner_id or self.room_id or '-'}"

    def columns(self) -> dict[str, int | bool | None]:
        """The values of a row that belongs to it."""
        return {
            "patient_id": self.patient_id,
            "practitioner_id": self.practitioner_id,
            "room_id": self.room_id,
            "whole_clinic": self.whole_clinic,
        }

    def in_use(self) -> ColumnElement[bool]:
        """Rows of this owner that still answer."""
        whose = (getattr(FeedRow, name).is_not_distinct_from(value) for name, value in self.columns().items())
        return and_(*whose, FeedRow.revoked_at.is_(None))

    def name(self, unit: Unit) -> str:
        """What the calendar is called."""
        clinic = unit.clinic.name
        if self.patient_id is not None:
            language = unit.get(PatientRow, self.patient_id).language
            return texts(language).gettext("Appointments – %(clinic)s") % {"clinic": clinic}
        if self.practitioner_id is not None:
            return f"{unit.get(StaffRow, self.practitioner_id).name} – {clinic}"
        if self.room_id is not None:
            return f"{unit.get(RoomRow, self.room_id).name} – {clinic}"
        return texts(unit.clinic.language).gettext("All appointments – %(clinic)s") % {"clinic": clinic}

    def events(self, unit: Unit, privacy: Privacy) -> tuple[CalendarEvent, ...]:
        """What stands in it."""
        if self.patient_id is not None:
            return patient_events(unit, self.patient_id, privacy)
        if self.practitioner_id is not None:
            return practitioner_events(unit, self.practitioner_id, privacy)
        if self.room_id is not None:
            return room_events(unit, self.room_id, privacy)
        return clinic_events(unit, privacy)


def allowed_privacy(unit: Unit, owner: FeedOwner) -> tuple[Privacy, ...]:
    """How much a calendar made by this person may tell, the least first.

    Raises:
        NotFound: no such owner here, or a patient asks for another one's.
        NotAllowed: a therapist asks for a colleague's, or for more than their own.
    """
    actor = unit.actor
    if actor.patient_id is not None and owner != FeedOwner(patient_id=actor.patient_id):
        raise NotFound(say("There is no such calendar."))
    _check_there(unit, owner)
    if owner.patient_id is not None:
        # Whoever sees a patient's own calendar sees them; only the patient lets it tell more.
        return _ALL if actor.patient_id is not None else ("neutral",)
    own = owner.practitioner_id is not None and owner.practitioner_id == actor.staff_id
    if own or actor.is_system:
        return _ALL
    if owner.practitioner_id is not None and actor.role != "manager":
        raise NotAllowed(say("Only the therapist and managers can open this calendar."))
    if actor.role not in ("manager", "reception"):
        raise NotAllowed(say("Only reception and managers can open the calendars of rooms and of the clinic."))
    return _ALLOWED[actor.role]


def checked_privacy(unit: Unit, owner: FeedOwner, wanted: Privacy | None) -> Privacy:
    """The privacy to make a calendar with; None asks for the usual one.

    Raises:
        NotAllowed: it would tell more than this person may pass on.
        InvalidInput: there is no such level.
    """
    allowed = allowed_privacy(unit, owner)
    privacy = DEFAULT_PRIVACY[owner.kind] if wanted is None else wanted
    if privacy not in _ALL:
        raise InvalidInput(say("Choose neutral, initials or full names."), field="privacy")
    if privacy not in allowed:
        raise NotAllowed(say("Your role does not include a calendar that tells so much."))
    return privacy


def _check_there(unit: Unit, owner: FeedOwner) -> None:
    if owner.patient_id is not None:
        unit.get(PatientRow, owner.patient_id)
    elif owner.practitioner_id is not None:
        unit.get(StaffRow, owner.practitioner_id)
    elif owner.room_id is not None:
        unit.get(RoomRow, owner.room_id)
