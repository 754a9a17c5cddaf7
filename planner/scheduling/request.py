"""What one course asks of the diary: its sessions and gaps, its practitioners, the patient's times."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from planner.errors import InvalidInput
from planner.scheduling import fields
from planner.scheduling.fields import MINUTES_A_DAY, MOST_DAYS, MOST_POINTS, check_range, check_whole

MOST_SESSIONS = 500


@dataclass(frozen=True, slots=True)
class Gap:
    """Days from the session before: the ideal (may be a fraction), the least allowed, the most that is still good."""

    target: float
    min: int
    max: int

    def __post_init__(self) -> None:
        check_range("target", self.target, 0, MOST_DAYS)
        check_whole("min", self.min, 0, MOST_DAYS)
        check_whole("max", self.max, 0, MOST_DAYS)
        if self.min > self.target:
            raise InvalidInput(f"The least days ({self.min}) are above the target ({self.target:g}).", field="min")
        if self.max < self.target:
            raise InvalidInput(f"The most days ({self.max}) are below the target ({self.target:g}).", field="max")

    @classmethod
    def from_json(cls, value: object) -> "Gap":
        """Read {"target", "min", "max"}."""
        obj = fields.record(value, ("target", "min", "max"))
        return cls(
            fields.entry(obj, "target", fields.any_number),
            fields.entry(obj, "min", fields.any_whole),
            fields.entry(obj, "max", fields.any_whole),
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        return {"target": self.target, "min": self.min, "max": self.max}


@dataclass(frozen=True, slots=True)
class Session:
    """One treatment owed: its length, and its gap from the one before (None only at the first)."""

    minutes: int
    gap: Gap | None

    def __post_init__(self) -> None:
        check_whole("minutes", self.minutes, 1, MINUTES_A_DAY)

    @classmethod
    def from_json(cls, value: object) -> "Session":
        """Read {"minutes", "gap"}."""
        obj = fields.record(value, ("minutes", "gap"))
        minutes = fields.entry(obj, "minutes", fields.any_whole)
        return cls(minutes, None if obj["gap"] is None else fields.entry(obj, "gap", Gap.from_json))

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        return {"minutes": self.minutes, "gap": self.gap.to_json() if self.gap else None}


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes of a weekday (0 is Monday), half-open, in which the patient can come, and a session's points there."""

    weekday: int
    start_minute: int
    end_minute: int
    points: int

    def __post_init__(self) -> None:
        check_whole("weekday", self.weekday, 0, 6)
        check_whole("from", self.start_minute, 0, MINUTES_A_DAY)
        check_whole("to", self.end_minute, 0, MINUTES_A_DAY)
        check_whole("points", self.points, 0, MOST_POINTS)
        if self.end_minute <= self.start_minute:
            start, end = fields.clock(self.start_minute), fields.clock(self.end_minute)
            raise InvalidInput(f"{end} is not after {start}.", field="to")

    @classmethod
    def from_json(cls, value: object) -> "Window":
        """Read {"weekday", "from", "to", "points"}."""
        obj = fields.record(value, ("weekday", "from", "to", "points"))
        return cls(
            fields.entry(obj, "weekday", fields.any_whole),
            fields.entry(obj, "from", fields.minute_of_day),
            fields.entry(obj, "to", fields.minute_of_day),
            fields.entry(obj, "points", fields.any_whole),
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        start, end = fields.clock(self.start_minute), fields.clock(self.end_minute)
        return {"weekday": self.weekday, "from": start, "to": end, "points": self.points}


@dataclass(frozen=True, slots=True)
class Current:
    """Where a session stands now. Locked: it stays there. Otherwise moving or dropping it costs move_points."""

    session: int
    practitioner: str
    room: str
    start: datetime
    locked: bool
    move_points: int

    def __post_init__(self) -> None:
        check_whole("session", self.session, 0, MOST_SESSIONS)
        fields.check_wall("start", self.start)
        check_whole("move_points", self.move_points, 0, MOST_POINTS)

    @classmethod
    def from_json(cls, value: object) -> "Current":
        """Read {"session", "practitioner", "room", "start", "locked", "move_points"}."""
        obj = fields.record(value, ("session", "practitioner", "room", "start", "locked", "move_points"))
        return cls(
            fields.entry(obj, "session", fields.any_whole),
            fields.entry(obj, "practitioner", fields.text),
            fields.entry(obj, "room", fields.text),
            fields.entry(obj, "start", fields.moment),
            fields.entry(obj, "locked", fields.flag),
            fields.entry(obj, "move_points", fields.any_whole),
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        return {
            "session": self.session, "practitioner": self.practitioner, "room": self.room,
            "start": fields.stamp(self.start), "locked": self.locked, "move_points": self.move_points,
        }  # fmt: skip


_REQUIRED = (
    "id", "earliest_day", "min_gap_hours", "wait_points_per_day", "practitioners", "available", "sessions",
)  # fmt: skip
_OPTIONAL = ("previous_start", "away", "current", "resting")


@dataclass(frozen=True, slots=True)
class Course:
    """One patient's course. `practitioners` gives the points per session with each; its order breaks ties.

    `previous_start` is the session that came before the first one here; the first then keeps `min_gap_hours` from
    it, and its gap too if it has one. Without a gap the first session costs `wait_points_per_day`. `away` holds
    half-open pairs of days; those of them that only keep the hours about visits for other courses are `resting` too.
    """

    id: str
    earliest_day: date
    sessions: tuple[Session, ...]
    practitioners: Mapping[str, int] = field(hash=False)
    available: tuple[Window, ...]
    min_gap_hours: float = 48
    wait_points_per_day: int = 0
    previous_start: datetime | None = None
    away: tuple[tuple[date, date], ...] = ()
    current: tuple[Current, ...] = ()
    resting: tuple[tuple[date, date], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "practitioners", dict(self.practitioners))  # our own, so nobody changes it later
        fields.check_day("earliest_day", self.earliest_day)
        check_range("min_gap_hours", self.min_gap_hours, 0, MOST_DAYS * 24)
        check_whole("wait_points_per_day", self.wait_points_per_day, 0, MOST_POINTS)
        if self.previous_start is not None:
            fields.check_wall("previous_start", self.previous_start)
        for name, points in self.practitioners.items():
            check_whole(f"practitioners.{name}", points, 0, MOST_POINTS)
        self._check_away()
        self._check_sessions()
        self._check_current()

    def _check_away(self) -> None:
        for index, (start, end) in enumerate(self.away):
            fields.check_day(f"away[{index}][0]", start)
            fields.check_day(f"away[{index}][1]", end)
            if end < start:
                raise InvalidInput(f"{end} is before {start}.", field=f"away[{index}][1]")
        if Counter(self.resting) - Counter(self.away):
            raise InvalidInput("Days of rest are days away as well.", field="resting")

    @property
    def days_off(self) -> tuple[tuple[date, date], ...]:
        """The days on which the patient is really away."""
        return tuple((Counter(self.away) - Counter(self.resting)).elements())

    def _check_sessions(self) -> None:
        if not 1 <= len(self.sessions) <= MOST_SESSIONS:
            raise InvalidInput(f"A course has 1 to {MOST_SESSIONS} sessions.", field="sessions")
        for index, session in enumerate(self.sessions):
            where = f"sessions[{index}].gap"
            if index and session.gap is None:
                raise InvalidInput("Only the first session may be without a gap.", field=where)
            if not index and session.gap is not None and self.previous_start is None:
                raise InvalidInput("The first session's gap needs a previous_start to be measured from.", field=where)

    def _check_current(self) -> None:
        seen: set[int] = set()
        for index, current in enumerate(self.current):
            where = f"current[{index}].session"
            if current.session >= len(self.sessions):
                raise InvalidInput(f"The course has no session {current.session}; the first is 0.", field=where)
            if current.session in seen:
                raise InvalidInput(f"Session {current.session} has two current appointments.", field=where)
            seen.add(current.session)

    @classmethod
    def from_json(cls, value: object) -> "Course":
        """Read one item of the file's `courses`."""
        obj = fields.record(value, _REQUIRED, _OPTIONAL)
        previous = obj.get("previous_start")
        return cls(
            id=fields.entry(obj, "id", fields.text),
            earliest_day=fields.entry(obj, "earliest_day", fields.day),
            sessions=fields.entry(obj, "sessions", lambda v: fields.each(v, Session.from_json)),
            practitioners=fields.entry(obj, "practitioners", _points_by_name),
            available=fields.entry(obj, "available", lambda v: fields.each(v, Window.from_json)),
            min_gap_hours=fields.entry(obj, "min_gap_hours", fields.any_number),
            wait_points_per_day=fields.entry(obj, "wait_points_per_day", fields.any_whole),
            previous_start=None if previous is None else fields.entry(obj, "previous_start", fields.moment),
            away=fields.entry(obj, "away", _day_pairs) if "away" in obj else (),
            current=fields.entry(obj, "current", _currents) if "current" in obj else (),
            resting=fields.entry(obj, "resting", _day_pairs) if "resting" in obj else (),
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        resting = [[start.isoformat(), end.isoformat()] for start, end in self.resting]
        return {
            "id": self.id,
            "earliest_day": self.earliest_day.isoformat(),
            "previous_start": fields.stamp(self.previous_start) if self.previous_start else None,
            "min_gap_hours": self.min_gap_hours,
            "wait_points_per_day": self.wait_points_per_day,
            "practitioners": dict(self.practitioners),
            "available": [window.to_json() for window in self.available],
            "away": [[start.isoformat(), end.isoformat()] for start, end in self.away],
            "sessions": [session.to_json() for session in self.sessions],
            "current": [current.to_json() for current in self.current],
            **({"resting": resting} if resting else {}),
        }


def _points_by_name(value: object) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise InvalidInput("An object of practitioner ids and their points is needed here.")
    return {name: fields.entry(value, name, fields.any_whole) for name in value}


def _day_pairs(value: object) -> tuple[tuple[date, date], ...]:
    return fields.each(value, lambda item: fields.pair(item, fields.day))


def _currents(value: object) -> tuple[Current, ...]:
    return fields.each(value, Current.from_json)
