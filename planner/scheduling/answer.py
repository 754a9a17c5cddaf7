"""What the engine answers: where each session stands, which have no place and why, and how good that is."""

from dataclasses import dataclass
from datetime import datetime

from planner.errors import InvalidInput
from planner.scheduling import fields
from planner.scheduling.fields import check_whole

SOLUTION_FORMAT = "course-scheduling-solution/1"
MOST_TOTAL = 2**62


@dataclass(frozen=True, slots=True)
class Placed:
    """A session in the diary: `session` counts from 0, `start` is a wall-clock time of the clinic."""

    course: str
    session: int
    practitioner: str
    room: str
    start: datetime

    def __post_init__(self) -> None:
        check_whole("session", self.session, 0, fields.MOST_DAYS)
        fields.check_wall("start", self.start)

    @classmethod
    def from_json(cls, value: object) -> "Placed":
        """Read one item of `appointments`."""
        obj = fields.record(value, ("course", "session", "practitioner", "room", "start"))
        return cls(
            fields.entry(obj, "course", fields.text),
            fields.entry(obj, "session", fields.any_whole),
            fields.entry(obj, "practitioner", fields.text),
            fields.entry(obj, "room", fields.text),
            fields.entry(obj, "start", fields.moment),
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        return {
            "course": self.course, "session": self.session, "practitioner": self.practitioner,
            "room": self.room, "start": fields.stamp(self.start),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A session without an appointment, and the reason in words a receptionist understands."""

    course: str
    session: int
    reason: str

    def __post_init__(self) -> None:
        check_whole("session", self.session, 0, fields.MOST_DAYS)
        if not self.reason.strip():
            raise InvalidInput("An unplaced session needs a reason.", field="reason")

    @classmethod
    def from_json(cls, value: object) -> "Unplaced":
        """Read one item of `unplaced`."""
        obj = fields.record(value, ("course", "session", "reason"))
        return cls(
            fields.entry(obj, "course", fields.text),
            fields.entry(obj, "session", fields.any_whole),
            fields.entry(obj, "reason", fields.text),
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        return {"course": self.course, "session": self.session, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Solution:
    """An answer to a whole problem. No answer can have fewer points than `lower_bound`: equal means proved optimal."""

    appointments: tuple[Placed, ...]
    unplaced: tuple[Unplaced, ...]
    points: int
    lower_bound: int

    def __post_init__(self) -> None:
        check_whole("points", self.points, 0, MOST_TOTAL)
        check_whole("lower_bound", self.lower_bound, 0, MOST_TOTAL)
        if self.lower_bound > self.points:
            raise InvalidInput(f"A bound of {self.lower_bound} is above the {self.points} points.", field="lower_bound")

    @property
    def proved_optimal(self) -> bool:
        """Whether nothing better exists."""
        return self.points == self.lower_bound

    @classmethod
    def from_json(cls, value: object) -> "Solution":
        """Read a solution file; its "changes" follow from the problem and the rest.

        Raises:
            InvalidInput: naming the place in the file.
        """
        obj = fields.record(value, ("format", "appointments", "unplaced", "points", "lower_bound"), ("changes",))
        if obj["format"] != SOLUTION_FORMAT:
            stated = fields.short(obj["format"])
            raise InvalidInput(f"The format must be '{SOLUTION_FORMAT}', not {stated}.", field="format")
        return cls(
            fields.entry(obj, "appointments", lambda v: fields.each(v, Placed.from_json)),
            fields.entry(obj, "unplaced", lambda v: fields.each(v, Unplaced.from_json)),
            fields.entry(obj, "points", fields.any_whole),
            fields.entry(obj, "lower_bound", fields.any_whole),
        )

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        return {
            "format": SOLUTION_FORMAT,
            "appointments": [placed.to_json() for placed in self.appointments],
            "unplaced": [unplaced.to_json() for unplaced in self.unplaced],
            "points": self.points,
            "lower_bound": self.lower_bound,
        }
