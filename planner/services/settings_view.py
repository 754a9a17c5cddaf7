"""The page "Clinic": what is set, and what is missing before anybody can be booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from planner.care.evidence import Evidence
from planner.services import clinic_setup
from planner.services.clinic_setup import AUTOMATED, POLICY_LIMITS, Level
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.opening import ClosureRow, HoursRow
from planner.storage.people import RoomRow, ServiceRow, StaffRow


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set.

    Args:
        place: time zone, country and region.
        people: names of those who can sign in; `treating`, `managing`: how many of them do.
        without_hours: who treats, but never works.
        next_closure: (first day, last day, reason), or None.
        closures: how many are to come.
        own_evidence: ids of the rows that the clinic changed.
        own_letters: how many openings and closings of letters are the clinic's own.
    """

    name: str
    address: str
    place: tuple[str, str, str]
    language: str
    rooms: tuple[str, ...]
    people: tuple[str, ...]
    treating: int
    managing: int
    without_hours: tuple[str, ...]
    next_closure: tuple[date, date, str] | None
    closures: int
    services: tuple[str, ...]
    numbers: Mapping[str, int]
    levels: Mapping[str, Level]
    own_evidence: tuple[str, ...]
    own_letters: int


def settings_of(runtime: Runtime, actor: Actor) -> Settings:
    """All of it (five queries)."""
    with runtime.reading(actor) as unit:
        clinic = unit.clinic
        staff = unit.session.scalars(select(StaffRow).where(StaffRow.active.is_(True)).order_by(StaffRow.name)).all()
        working = set(
            unit.session.scalars(select(HoursRow.practitioner_id).where(HoursRow.practitioner_id.is_not(None)))
        )
        closure, closures = _closures(unit)
        return Settings(
            name=clinic.name,
            address=clinic.address,
            place=(clinic.timezone, clinic.country, clinic.subdivision or ""),
            language=clinic.language,
            rooms=_names(unit, RoomRow),
            people=tuple(row.name for row in staff),
            treating=sum(row.treats for row in staff),
            managing=sum(row.role == "manager" for row in staff),
            without_hours=tuple(row.name for row in staff if row.treats and row.id not in working),
            next_closure=closure,
            closures=closures,
            services=_names(unit, ServiceRow),
            numbers={name: getattr(clinic, name) for name in POLICY_LIMITS},
            levels={about: clinic_setup.automation_level(clinic, about) for about in AUTOMATED},
            own_evidence=tuple(row for row in Evidence.load().rows if row in clinic.evidence_overrides),
            own_letters=sum(bool(words) for words in clinic.letter_words.values()),
        )


def _names(unit: Unit, row: type[RoomRow] | type[ServiceRow]) -> tuple[str, ...]:
    return tuple(unit.session.scalars(select(row.name).where(row.active.is_(True)).order_by(row.name)))


def _closures(unit: Unit) -> tuple[tuple[date, date, str] | None, int]:
    """The next one, and how many are to come."""
    ahead = select(ClosureRow).where(ClosureRow.last_day >= unit.today).order_by(ClosureRow.first_day)
    found = unit.session.scalars(ahead.limit(1)).first()
    if found is None:
        return None, 0
    count = unit.session.scalar(select(func.count()).select_from(ClosureRow).where(ClosureRow.last_day >= unit.today))
    return (found.first_day, found.last_day, found.reason), count or 0
