"""When a clinic that is not in the database could treat: typical opening hours, and their JSON file.

    {"timezone": "Europe/London", "country": "GB", "subdivision": "SCT",
     "practitioners": [{"id": "ben", "name": "Ben", "hours": [{"weekday": 0, "from": "08:00", "to": "12:30"}]}],
     "rooms": [{"id": "room-1", "hours": [...]}],
     "closures": [{"first_day": "2026-12-24", "last_day": "2027-01-02", "reason": "Christmas"}]}

Needed are `timezone` and `practitioners`. `weekday` 0 is Monday; times are wall-clock, on the quarter of an hour;
closures include both days. Without `country` public holidays are worked, without `rooms` there is one, and a room
without hours is open whenever somebody works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planner.diary.free import free_time
from planner.diary.hours import Closure, WeeklyHours, public_holidays, working_time
from planner.errors import InvalidInput
from planner.scheduling import fields
from planner.scheduling.problem import Resource
from planner.words import say

GRID_MINUTES: Final = 15
_ANY_DAY: Final = date(2026, 1, 1)
_OFFICE_HOURS: Final = tuple(WeeklyHours(weekday, time(8), time(18)) for weekday in range(5))


@dataclass(frozen=True)
class Worker:
    """A practitioner or a room, and its weekly hours."""

    id: str
    name: str
    hours: tuple[WeeklyHours, ...]

    @classmethod
    def from_json(cls, value: object) -> Worker:
        """Read {"id", "name"?, "hours"?}."""
        obj = fields.record(value, ("id",), ("name", "hours"))
        own_id = fields.entry(obj, "id", fields.text)
        return cls(
            id=own_id,
            name=fields.entry(obj, "name", fields.text) if "name" in obj else own_id,
            hours=fields.entry(obj, "hours", weekly_lines) if "hours" in obj else (),
        )


_ONE_ROOM: Final = (Worker("room", "the room", ()),)


@dataclass(frozen=True)
class TypicalHours:
    """A clinic's week, without any booking.

    Args:
        timezone: IANA name.
        country: ISO 3166-1 alpha-2 code; None means that public holidays are worked.
        subdivision: the region's code within the country.
    Raises:
        InvalidInput: naming the JSON key that makes no sense.
    """

    timezone: str = "Europe/London"
    country: str | None = None
    subdivision: str | None = None
    practitioners: tuple[Worker, ...] = (Worker("practitioner", "the practitioner", _OFFICE_HOURS),)
    rooms: tuple[Worker, ...] = _ONE_ROOM
    closures: tuple[Closure, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a clinic in which nobody could be treated."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(
                say("There is no time zone “%(timezone)s”.", timezone=self.timezone), field="timezone"
            ) from error
        if self.subdivision is not None and self.country is None:
            raise InvalidInput(say("A subdivision needs its country."), field="country")
        self._holidays(_ANY_DAY, _ANY_DAY)
        for key, workers in (("practitioners", self.practitioners), ("rooms", self.rooms)):
            if not workers:
                raise InvalidInput(say("At least one is needed."), field=key)
            ids = [worker.id for worker in workers]
            if len(set(ids)) < len(ids):
                raise InvalidInput(say("An id stands twice."), field=key)
        for index, person in enumerate(self.practitioners):
            if not person.hours:
                raise InvalidInput(say("A practitioner needs working hours."), field=f"practitioners[{index}].hours")

    def _holidays(self, first: date, last: date) -> Mapping[date, str]:
        """The public holidays that are kept; an unknown country or region is refused."""
        return public_holidays(self.country, self.subdivision, first, last) if self.country is not None else {}

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's zone."""
        return ZoneInfo(self.timezone)

    @classmethod
    def from_json(cls, value: object) -> TypicalHours:
        """Read the file's content.

        Raises:
            InvalidInput: naming the place, such as `practitioners[0].hours[2].to`.
        """
        obj = fields.record(value, ("timezone", "practitioners"), ("country", "subdivision", "rooms", "closures"))
        return cls(
            timezone=fields.entry(obj, "timezone", fields.text),
            country=fields.entry(obj, "country", fields.text) if "country" in obj else None,
            subdivision=fields.entry(obj, "subdivision", fields.text) if "subdivision" in obj else None,
            practitioners=fields.entry(obj, "practitioners", _workers),
            rooms=fields.entry(obj, "rooms", _workers) if "rooms" in obj else _ONE_ROOM,
            closures=fields.entry(obj, "closures", _closures) if "closures" in obj else (),
        )

    def free(self, first_day: date, days: int) -> tuple[tuple[Resource, ...], tuple[Resource, ...]]:
        """The practitioners and the rooms, with their free time over some days."""
        holidays = self._holidays(first_day, first_day + timedelta(days=days))

        def resource(worker: Worker, hours: tuple[WeeklyHours, ...]) -> Resource:
            working = working_time(hours, self.closures, (), holidays, first_day, days)
            free = free_time(working, (), self.zone)
            return Resource(worker.id, tuple((part.start, part.end) for part in free), worker.name)

        everybody = tuple(line for person in self.practitioners for line in person.hours)
        return (
            tuple(resource(person, person.hours) for person in self.practitioners),
            tuple(resource(room, room.hours or everybody) for room in self.rooms),
        )


def _workers(value: object) -> tuple[Worker, ...]:
    return fields.each(value, Worker.from_json)


def weekly_lines(value: object) -> tuple[WeeklyHours, ...]:
    """Read a list of {"weekday", "from", "to"}, 0 being Monday. Raises: InvalidInput naming the place."""
    return fields.each(value, _line)


def _line(value: object) -> WeeklyHours:
    obj = fields.record(value, ("weekday", "from", "to"))
    start, end = fields.entry(obj, "from", _clock_time), fields.entry(obj, "to", _clock_time)
    if start >= end:
        raise InvalidInput(
            say("Work that starts at %(start)s must end later on the same day.", start=f"{start:%H:%M}"), field="to"
        )
    return WeeklyHours(fields.entry(obj, "weekday", fields.any_whole), start, end)


def _clock_time(value: object) -> time:
    minute = fields.minute_of_day(value)
    if minute % GRID_MINUTES or minute == fields.MINUTES_A_DAY:
        raise InvalidInput(
            say("A time before midnight on a quarter of an hour is needed, not %(clock)s.", clock=fields.clock(minute))
        )
    return time(minute // 60, minute % 60)


def _closures(value: object) -> tuple[Closure, ...]:
    return fields.each(value, _closure)


def _closure(value: object) -> Closure:
    obj = fields.record(value, ("first_day", "last_day"), ("reason",))
    return Closure(
        fields.entry(obj, "first_day", fields.day),
        fields.entry(obj, "last_day", fields.day),
        fields.entry(obj, "reason", fields.text) if "reason" in obj else "",
    )
