"""What keeps somebody from being free who works and is not booked: leave, a closed day, the rest about a visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from planner.errors import InvalidInput
from planner.scheduling import fields
from planner.scheduling.free_spans import FreeSpans

Spans = Sequence[tuple[datetime, datetime]]
"""Half-open stretches of wall-clock time."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why somebody's free time is less than their hours without bookings. All stretches of wall-clock time.

    Attributes:
        worked: what is worked and not booked, whether or not it is withheld.
        leave: what they are away for, whole days or less; None: nobody knows.
        closed: when the whole clinic is shut; None: nobody knows.
        rest: the hours about visits of the one patient for other courses.
    """

    worked: Spans
    leave: Spans | None = None
    closed: Spans | None = None
    rest: Spans = ()

    def __post_init__(self) -> None:
        for name in ("worked", "leave", "closed", "rest"):
            check_spans(name, getattr(self, name) or ())

    @classmethod
    def from_json(cls, value: object) -> "Withheld":
        """Read {"worked"} with optional "leave", "closed" and "rest"."""
        obj = fields.record(value, ("worked",), ("leave", "closed", "rest"))
        leave, closed = (fields.entry(obj, name, read_spans) if name in obj else None for name in ("leave", "closed"))
        rest = fields.entry(obj, "rest", read_spans) if "rest" in obj else ()
        return cls(fields.entry(obj, "worked", read_spans), leave, closed, rest)

    def to_json(self) -> dict[str, object]:
        """Write what from_json reads."""
        known = {"leave": self.leave, "closed": self.closed, "rest": self.rest or None}
        told = {name: write_spans(spans) for name, spans in known.items() if spans is not None}
        return {"worked": write_spans(self.worked), **told}


def check_spans(name: str, spans: Spans) -> None:
    """Refuse times with an offset, and stretches that end before they begin."""
    if isinstance(spans, FreeSpans):
        return  # it has checked itself
    for index, (start, end) in enumerate(spans):
        if start.tzinfo is not None or end.tzinfo is not None:
            raise InvalidInput("A wall-clock time has no offset.", field=f"{name}[{index}]")
        if end <= start:
            raise InvalidInput(f"The end {fields.stamp(end)} is not after the start.", field=f"{name}[{index}][1]")


def read_spans(value: object) -> tuple[tuple[datetime, datetime], ...]:
    """Read pairs of wall-clock times."""
    return fields.each(value, lambda item: fields.pair(item, fields.moment))


def write_spans(spans: Spans) -> list[list[str]]:
    """Write what read_spans reads."""
    return [[fields.stamp(start), fields.stamp(end)] for start, end in spans]
