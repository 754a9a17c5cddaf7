"""What a patient wishes of the dates: therapists, weekdays, times, days away; checked when it comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any, Literal

from planner.errors import InvalidInput
from planner.scheduling.problem import Window
from planner.services.snapshot import days_from_json, days_to_json
from planner.words import say

PartOfDay = Literal["any", "morning", "afternoon"]
PARTS_OF_DAY: tuple[PartOfDay, ...] = ("any", "morning", "afternoon")
_OTHER_THERAPIST_POINTS = 40
_OTHER_HALF_POINTS = 20
_NOON = 13 * 60


@dataclass(frozen=True, slots=True)
class Wishes:
    """When and with whom a patient can and wants to come.

    Args:
        practitioners: staff ids, the preferred one first; only these may treat.
        weekdays: 0 is Monday; only these.
        start: no session begins earlier (wall-clock).
        end: no session ends later (wall-clock).
        preferred: the half of the day that is liked; the other is possible.
        away: first and last day, both included.
    """

    practitioners: tuple[int, ...]
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    start: time = time(0, 0)
    end: time = time(23, 59)
    preferred: PartOfDay = "any"
    away: tuple[tuple[date, date], ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what can never be met."""
        if not self.practitioners:
            raise InvalidInput(say("Choose at least one therapist."), field="practitioner")
        if not self.weekdays:
            raise InvalidInput(say("Choose at least one weekday."), field="weekdays")
        if any(not 0 <= weekday <= 6 for weekday in self.weekdays):
            raise InvalidInput(say("A weekday is a number from 0 (Monday) to 6 (Sunday)."), field="weekdays")
        if self.start >= self.end:
            raise InvalidInput(say("The earliest time must be before the latest."), field="latest")
        if self.preferred not in PARTS_OF_DAY:
            raise InvalidInput(say("Choose any, morning or afternoon."), field="preferred")
        for first, last in self.away:
            if last < first:
                raise InvalidInput(
                    say(
                        "The days away end (%(last)s) before they begin (%(first)s).",
                        last=last.isoformat(),
                        first=first.isoformat(),
                    ),
                    field="away_to",
                )

    def practitioner_points(self) -> dict[str, int]:
        """Points a session with each therapist costs, as the engine wants them."""
        return {
            str(staff_id): 0 if place == 0 else _OTHER_THERAPIST_POINTS
            for place, staff_id in enumerate(self.practitioners)
        }

    def windows(self, grid_minutes: int) -> tuple[Window, ...]:
        """The times of the week in which the patient can come, on the grid."""
        first = -(-(self.start.hour * 60 + self.start.minute) // grid_minutes) * grid_minutes
        last = (self.end.hour * 60 + self.end.minute + 1) // grid_minutes * grid_minutes
        halves = {"morning": (first, min(_NOON, last)), "afternoon": (max(first, _NOON), last)}
        liked = halves.get(self.preferred)
        windows = []
        for weekday in self.weekdays:
            if liked and liked[0] < liked[1]:
                windows.append(Window(weekday, *liked, points=0))
            if first < last:
                windows.append(Window(weekday, first, last, points=_OTHER_HALF_POINTS if liked else 0))
        return tuple(windows)

    def away_days(self) -> tuple[tuple[date, date], ...]:
        """Days away as the engine wants them, half-open."""
        return tuple((first, last + timedelta(days=1)) for first, last in self.away)

    def to_json(self) -> dict[str, Any]:
        """What a course keeps."""
        return {
            "practitioners": list(self.practitioners),
            "weekdays": list(self.weekdays),
            "from": self.start.isoformat("minutes"),
            "to": self.end.isoformat("minutes"),
            "preferred": self.preferred,
            "away": days_to_json(self.away),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wishes:
        """The inverse of `to_json`."""
        return cls(
            practitioners=tuple(data["practitioners"]),
            weekdays=tuple(data["weekdays"]),
            start=time.fromisoformat(data["from"]),
            end=time.fromisoformat(data["to"]),
            preferred=data["preferred"],
            away=days_from_json(data["away"]),
        )

    @classmethod
    def from_form(cls, form: Mapping[str, str], weekdays: Sequence[str], others: Sequence[int]) -> Wishes:
        """Read a page's form.

        Args:
            form: practitioner, only_preferred ("yes" or absent), earliest, latest, preferred, away_from, away_to.
            weekdays: the ticked weekdays, "0" to "6".
            others: all therapists of the clinic, tried after the preferred one.
        Raises:
            InvalidInput: naming the form's field.
        """
        preferred_id = _whole(form.get("practitioner", ""), "practitioner") if form.get("practitioner") else None
        if preferred_id is not None and preferred_id not in others:
            raise InvalidInput(say("This therapist does not work here."), field="practitioner")
        rest = (
            ()
            if form.get("only_preferred") and preferred_id
            else tuple(each for each in others if each != preferred_id)
        )
        part = form.get("preferred") or "any"
        if part not in PARTS_OF_DAY:
            raise InvalidInput(say("Choose any, morning or afternoon."), field="preferred")
        return cls(
            practitioners=((preferred_id,) if preferred_id is not None else ()) + rest,
            weekdays=tuple(sorted({_whole(each, "weekdays") for each in weekdays})),
            start=_clock(form.get("earliest", ""), "earliest", time(0, 0)),
            end=_clock(form.get("latest", ""), "latest", time(23, 59)),
            preferred=part,
            away=_away(form.get("away_from", ""), form.get("away_to", "")),
        )


def _whole(text: str, where: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidInput(say("%(text)s is not a choice here.", text=repr(text)), field=where) from None


def _clock(text: str, where: str, absent: time) -> time:
    if not text.strip():
        return absent
    try:
        read = time.fromisoformat(text.strip())
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise InvalidInput(say("%(text)s is no time of day; write it like 14:30.", text=repr(text)), field=where)
    return read


def _away(first: str, last: str) -> tuple[tuple[date, date], ...]:
    if not first.strip() and not last.strip():
        return ()
    days = []
    for text, where in ((first or last, "away_from"), (last or first, "away_to")):
        try:
            days.append(date.fromisoformat(text.strip()))
        except ValueError:
            raise InvalidInput(
                say("“%(text)s” is no date; write it like 2026-12-24.", text=text), field=where
            ) from None
    return ((days[0], days[1]),)
