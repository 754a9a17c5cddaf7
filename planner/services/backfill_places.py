"""Any free place of the diary, asked who would be better off there; it gets a row with the first offer of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from planner.diary.free import to_utc, to_wall
from planner.errors import InvalidInput, NotFound, SlotTaken
from planner.services.freed_slots import FreedSlot, problem_about, room_for
from planner.services.house import House
from planner.services.runtime import Unit
from planner.storage.jobs import FreedSlotRow
from planner.words import say

NO_ROW = 0
"""The id of a place that nobody gave up and that was offered to nobody yet."""

LEAST_MINUTES = 5
MOST_MINUTES = 480


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of somebody's diary.

    Args:
        start: wall-clock time of the clinic, or an aware instant.
        minutes: None where nobody says how long it is: so short that whoever fits beside the next visit is found.
    """

    practitioner_id: int
    start: datetime
    minutes: int | None = None

    def __post_init__(self) -> None:
        """Refuse a length no visit has."""
        if self.minutes is not None and not LEAST_MINUTES <= self.minutes <= MOST_MINUTES:
            raise InvalidInput(
                say("A visit takes %(least)s to %(most)s minutes.", least=LEAST_MINUTES, most=MOST_MINUTES),
                field="minutes",
            )


def slot_at(unit: Unit, place: Place) -> FreedSlot:
    """The place as a slot: the row it has already, or one without a row.

    Raises:
        InvalidInput: the clock skips that time, or the person treats nobody.
        NotFound: no such person here.
    """
    slot, row = stretch(unit, place, House.of(unit)), FreedSlotRow
    known = unit.session.scalar(
        select(row.id).where(
            row.practitioner_id == slot.practitioner_id,
            row.starts_at == slot.starts_at,
            row.ends_at == slot.ends_at,
        )
    )
    return replace(slot, id=known or NO_ROW)


def stretch(unit: Unit, place: Place, house: House) -> FreedSlot:
    """The place as a slot, whether it has a row or not. Raises as `slot_at` does."""
    person = house.person(place.practitioner_id)
    if person is None:
        raise NotFound(say("There is no such thing here."))
    if not person.treats:
        raise InvalidInput(say("%(name)s treats nobody.", name=person.name), field="practitioner")
    starts_at = place.start if place.start.tzinfo is not None else to_utc(place.start, unit.zone)
    if starts_at is None:
        raise InvalidInput(say("The clock skips that time."), field="start")
    ends_at = starts_at + timedelta(minutes=place.minutes or unit.clinic.grid_minutes)
    wall = to_wall(starts_at, unit.zone)
    return FreedSlot(NO_ROW, person.id, person.name, starts_at, ends_at, wall, freed_at=unit.now)


def kept(unit: Unit, slot: FreedSlot) -> int:
    """The id of a slot's row, made with the first offer of it where it has none.

    Raises:
        SlotTaken: there is no room in it.
    """
    if slot.id != NO_ROW:
        return slot.id
    room = room_for(problem_about(unit, [slot]), slot, slot.minutes)
    if room is None:
        raise SlotTaken(say("This time is already taken."))
    row = FreedSlotRow(
        practitioner_id=slot.practitioner_id, room_id=int(room.room), starts_at=slot.starts_at, ends_at=slot.ends_at,
        # Somebody has just looked who would fit it.
        freed_at=unit.now, examined_at=unit.now,
    )  # fmt: skip
    unit.session.add(row)
    unit.session.flush()
    return row.id
