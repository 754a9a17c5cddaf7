"""When a clinic that is not in the database could treat: typical opening hours, and their JSON file (docs/plan.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planner.diary.free import free_time
from planner.diary.hours import Closure, WeeklyHours, public_holidays, working_time
from planner.diary.interval import merged
from planner.errors import InvalidInput
from planner.scheduling import fields
from planner.scheduling.problem import Resource

_OFFICE_HOURS: Final = tuple(WeeklyHours(weekday, time(8), time(18)) for weekday in range(5))


@dataclass(frozen=True)
class Worker:
    """A practitioner or a room, and its weekly hours. A room without hours is open whenever somebody works."""

    id: str
    name: str
    hours: tuple[WeeklyHours, ...]


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
    rooms: tuple[Worker, ...] = (Worker("room", "the room", ()),)
    closures: tuple[Closure, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a clinic in which nobody could be treated."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(f"There is no time zone “{self.timezone}”.", field="timezone") from error
        if self.subdivision is not None and self.country is None:
            raise InvalidInput("A subdivision needs its country.", field="country")
        for key, workers in (("practitioners", self.practitioners), ("rooms", self.rooms)):
            if not workers:
                raise InvalidInput("At least one is needed.", field=key)
            ids = [worker.id for worker in workers]
            if len(set(ids)) < len(ids):
                raise InvalidInput("An id stands twice.", field=key)
        for index, person in enumerate(self.practitioners):
            if not person.hours:
                raise InvalidInput("A practitioner needs working hours.", field=f"practitioners[{index}].hours")

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's zone."""
        return ZoneInfo(self.timezone)

    def free(self, first_day: date, days: int, grid_minutes: int) -> tuple[tuple[Resource, ...], tuple[Resource, ...]]:
        """The practitioners and the rooms with their free time over some days, on a grid."""
        holidays: Mapping[date, str] = {}
        if self.country is not None:
            holidays = public_holidays(self.country, self.subdivision, first_day, first_day + timedelta(days=days))

        def resource(worker: Worker, hours: tuple[WeeklyHours, ...]) -> Resource:
            working = working_time(hours, self.closures, (), holidays, first_day, days)
            free = free_time(working, (), self.zone)
            return Resource(worker.id, fields.on_grid(free, grid_minutes), worker.name)

        everybody = tuple(line for person in self.practitioners for line in person.hours)
        return (
            tuple(resource(person, person.hours) for person in self.practitioners),
            tuple(resource(room, room.hours or everybody) for room in self.rooms),
        )
