"""A clinic's scheduling problem as values that check themselves, and its JSON file (format, version 1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from planner.errors import InvalidInput
from planner.scheduling import fields
from planner.scheduling.answer import SOLUTION_FORMAT, Placed, Solution, Unplaced
from planner.scheduling.fields import MINUTES_A_DAY, MOST_POINTS, check_whole
from planner.scheduling.free_spans import FreeSpans
from planner.scheduling.request import Course, Current, Gap, Session, Window
from planner.scheduling.wall import instant_seconds
from planner.scheduling.withheld import Withheld, check_spans, read_spans, write_spans

__all__ = [
    "PROBLEM_FORMAT", "SOLUTION_FORMAT", "Course", "Current", "Gap", "Placed", "Problem", "Resource", "Session",
    "Solution", "Unplaced", "Weights", "Window",
]  # fmt: skip

PROBLEM_FORMAT = "course-scheduling-problem/1"
MOST_HORIZON_DAYS = 1100


@dataclass(frozen=True, slots=True)
class Resource:
    """A practitioner or a room, with the half-open wall-clock intervals in which it is free before this problem.

    No answer uses what is `withheld`, but whoever asks why a session has no place hears whether it is leave, a closed
    day or a rest. None: nobody knows, and all of them are nothing but time that is not free.
    """

    id: str
    free: Sequence[tuple[datetime, datetime]]
    name: str = ""
    withheld: Withheld | None = None

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.id)
        check_spans("free", self.free)

    @classmethod
    def from_json(cls, value: object) -> "Resource":
        """Read {"id", "free"}, with an optional "name" for people and "withheld" for reasons."""
        obj = fields.record(value, ("id", "free"), ("name", "withheld"))
        return cls(
            fields.entry(obj, "id", fields.text),
            fields.entry(obj, "free", read_spans),
            fields.entry(obj, "name", fields.text) if "name" in obj else "",
            fields.entry(obj, "withheld", Withheld.from_json) if "withheld" in obj else None,
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads; the name only where it says more than the id."""
        named: dict[str, object] = {} if self.name == self.id else {"name": self.name}
        known = {} if self.withheld is None else {"withheld": self.withheld.to_json()}
        return {"id": self.id, **named, "free": write_spans(self.free), **known}


@dataclass(frozen=True, slots=True)
class Weights:
    """Points for two consecutive sessions with different practitioners, and for a session without a place."""

    practitioner_change: int = 60
    unplaced_session: int = 5000

    def __post_init__(self) -> None:
        check_whole("practitioner_change", self.practitioner_change, 0, MOST_POINTS)
        check_whole("unplaced_session", self.unplaced_session, 0, MOST_POINTS)

    @classmethod
    def from_json(cls, value: object) -> "Weights":
        """Read {"practitioner_change", "unplaced_session"}."""
        obj = fields.record(value, ("practitioner_change", "unplaced_session"))
        change = fields.entry(obj, "practitioner_change", fields.any_whole)
        return cls(change, fields.entry(obj, "unplaced_session", fields.any_whole))

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        return {"practitioner_change": self.practitioner_change, "unplaced_session": self.unplaced_session}


_KEYS = (
    "format", "timezone", "grid_minutes", "first_day", "days", "practitioners", "rooms", "courses", "weights",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Courses, and the free time they may use from `first_day` on for `days` days.

    Raises:
        InvalidInput: something contradicts itself; `field` names the place, such as `courses[3].current[0].start`.
    """

    timezone: str
    grid_minutes: int
    first_day: date
    days: int
    practitioners: tuple[Resource, ...]
    rooms: tuple[Resource, ...]
    courses: tuple[Course, ...]
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        zone = self._zone()
        fields.check_day("first_day", self.first_day)
        check_whole("days", self.days, 1, MOST_HORIZON_DAYS)
        check_whole("grid_minutes", self.grid_minutes, 1, MINUTES_A_DAY)
        if MINUTES_A_DAY % self.grid_minutes:
            raise InvalidInput(f"A day is no whole number of {self.grid_minutes} minutes.", field="grid_minutes")
        for key, resources in (("practitioners", self.practitioners), ("rooms", self.rooms)):
            _check_ids(key, [resource.id for resource in resources])
            for index, resource in enumerate(resources):
                self._check_free(f"{key}[{index}]", resource)
        _check_ids("courses", [course.id for course in self.courses])
        for index, course in enumerate(self.courses):
            self._check_course(f"courses[{index}]", course, zone)

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError, TypeError):
            raise InvalidInput(f"There is no time zone {self.timezone!r}.", field="timezone") from None

    def _on_grid(self, wall: datetime) -> bool:
        minutes = wall.hour * 60 + wall.minute
        return not (minutes % self.grid_minutes or wall.second or wall.microsecond)

    def _check_free(self, where: str, resource: Resource) -> None:
        if isinstance(resource.free, FreeSpans) and not (resource.free.minutes % self.grid_minutes).any():
            return
        for index, ends in enumerate(resource.free):
            for side, wall in enumerate(ends):
                if not self._on_grid(wall):
                    raise InvalidInput(self._off_grid(wall), field=f"{where}.free[{index}][{side}]")

    def _off_grid(self, wall: datetime) -> str:
        return f"{fields.stamp(wall)} is not on the grid of {self.grid_minutes} minutes."

    def _check_course(self, where: str, course: Course, zone: ZoneInfo) -> None:
        known = {resource.id for resource in self.practitioners}
        for name in course.practitioners:
            if name not in known:
                raise InvalidInput(f"There is no practitioner '{name}'.", field=f"{where}.practitioners.{name}")
        for index, window in enumerate(course.available):
            for key, minute in (("from", window.start_minute), ("to", window.end_minute)):
                if minute % self.grid_minutes:
                    message = f"{fields.clock(minute)} is not on the grid of {self.grid_minutes} minutes."
                    raise InvalidInput(message, field=f"{where}.available[{index}].{key}")
        for index, current in enumerate(course.current):
            self._check_current(f"{where}.current[{index}]", current, known)
        if course.previous_start is not None and instant_seconds(course.previous_start, zone) is None:
            raise InvalidInput("The clock skips this time; it never was.", field=f"{where}.previous_start")

    def _check_current(self, where: str, current: Current, known: set[str]) -> None:
        if current.practitioner not in known:
            raise InvalidInput(f"There is no practitioner '{current.practitioner}'.", field=f"{where}.practitioner")
        if all(room.id != current.room for room in self.rooms):
            raise InvalidInput(f"There is no room '{current.room}'.", field=f"{where}.room")
        if not self._on_grid(current.start):
            raise InvalidInput(self._off_grid(current.start), field=f"{where}.start")

    @property
    def last_day(self) -> date:
        """The last day that may be used."""
        return self.first_day + timedelta(days=self.days - 1)

    def course(self, course_id: str) -> Course:
        """Return the course with this id.

        Raises:
            InvalidInput: there is none.
        """
        for course in self.courses:
            if course.id == course_id:
                return course
        raise InvalidInput(f"There is no course '{course_id}' in this problem.", field="courses")

    @classmethod
    def from_json(cls, value: object) -> "Problem":
        """Read a problem file's content.

        Raises:
            InvalidInput: naming the place in the file.
        """
        obj = fields.record(value, _KEYS)
        if obj["format"] != PROBLEM_FORMAT:
            stated = fields.short(obj["format"])
            raise InvalidInput(f"The format must be '{PROBLEM_FORMAT}', not {stated}.", field="format")
        return cls(
            timezone=fields.entry(obj, "timezone", fields.text),
            grid_minutes=fields.entry(obj, "grid_minutes", fields.any_whole),
            first_day=fields.entry(obj, "first_day", fields.day),
            days=fields.entry(obj, "days", fields.any_whole),
            practitioners=fields.entry(obj, "practitioners", lambda v: fields.each(v, Resource.from_json)),
            rooms=fields.entry(obj, "rooms", lambda v: fields.each(v, Resource.from_json)),
            courses=fields.entry(obj, "courses", lambda v: fields.each(v, Course.from_json)),
            weights=fields.entry(obj, "weights", Weights.from_json),
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        return {
            "format": PROBLEM_FORMAT,
            "timezone": self.timezone,
            "grid_minutes": self.grid_minutes,
            "first_day": self.first_day.isoformat(),
            "days": self.days,
            "practitioners": [resource.to_json() for resource in self.practitioners],
            "rooms": [resource.to_json() for resource in self.rooms],
            "courses": [course.to_json() for course in self.courses],
            "weights": self.weights.to_json(),
        }


def _check_ids(key: str, ids: list[str]) -> None:
    seen: set[str] = set()
    for index, name in enumerate(ids):
        if name in seen:
            raise InvalidInput(f"The id '{name}' stands twice.", field=f"{key}[{index}].id")
        seen.add(name)
