"""What a patient wishes of the dates: therapists, weekdays, times, days away; checked when it comes in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any, Final, Literal

from planner.errors import InvalidInput
from planner.scheduling.problem import Window
from planner.services.snapshot import days_from_json, days_to_json
from planner.words import say

PartOfDay = Literal["any", "morning", "afternoon"]
PARTS_OF_DAY: tuple[PartOfDay, ...] = ("any", "morning", "afternoon")
MOST_LIKED: Final = 4
"""So many therapists are put in order at most."""
MOST_AWAY: Final = 6
NOTE_LENGTH_MAX: Final = 1000
_OTHER_THERAPIST_POINTS = 40
_OTHER_HALF_POINTS = 20
_NOON = 13 * 60


@dataclass(frozen=True, slots=True)
class Wishes:
    """When and with whom a patient can and wants to come.

    Args:
        practitioners: staff ids, the preferred one first; only these may treat.
        liked: so many of them are wished for, in this order; all others are as good as one another.
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
    liked: int = 1

    def __post_init__(self) -> None:
        """Refuse what can never be met."""
        if not self.practitioners:
            raise InvalidInput(say("Choose at least one therapist."), field="practitioner")
        if self.liked < 1:
            raise ValueError(f"somebody is always the first, not {self.liked} people")
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
            str(staff_id): _OTHER_THERAPIST_POINTS * min(place, self.liked) // self.liked
            for place, staff_id in enumerate(self.practitioners)
        }

    @property
    def wished_for(self) -> tuple[int, ...]:
        """The therapists who are wished for, in this order."""
        return self.practitioners[: self.liked]

    @property
    def only_these(self) -> bool:
        """Whether nobody else may treat than those wished for."""
        return len(self.practitioners) <= self.liked

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
            "liked": self.liked,
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
            liked=data.get("liked", 1),
        )

    @classmethod
    def from_form(cls, form: Mapping[str, str], weekdays: Sequence[str], others: Sequence[int]) -> Wishes:
        """Read a page's form.

        Args:
            form: practitioner (and practitioner_2 … in order of liking), only_preferred ("yes" or absent), earliest,
                latest, preferred, away_from and away_to (and away_from_2 …).
            weekdays: the ticked weekdays, "0" to "6".
            others: all therapists of the clinic, tried after those wished for.
        Raises:
            InvalidInput: naming the form's field.
        """
        named = _named(form, others)
        alone = bool(form.get("only_preferred") and named)
        rest = () if alone else tuple(each for each in others if each not in named)
        part = form.get("preferred") or "any"
        if part not in PARTS_OF_DAY:
            raise InvalidInput(say("Choose any, morning or afternoon."), field="preferred")
        people = (*named, *rest)
        return cls(
            practitioners=people,
            weekdays=tuple(sorted({_whole(each, "weekdays") for each in weekdays})),
            start=_clock(form.get("earliest", ""), "earliest", time(0, 0)),
            end=_clock(form.get("latest", ""), "latest", time(23, 59)),
            preferred=part,
            away=tuple(sorted(set(_away(form)))),
            # Who puts everybody in order has a last one, and does not want only these.
            liked=max(1, len(named) if alone or rest else len(people) - 1),
        )


def numbered(name: str, most: int) -> tuple[str, ...]:
    """The fields of a form that can be given several times: away_from, away_from_2, away_from_3."""
    return (name, *(f"{name}_{number}" for number in range(2, most + 1)))


THERAPIST_FIELDS: Final = numbered("practitioner", MOST_LIKED)
AWAY_FIELDS: Final = tuple(zip(numbered("away_from", MOST_AWAY), numbered("away_to", MOST_AWAY), strict=True))


def _named(form: Mapping[str, str], others: Sequence[int]) -> tuple[int, ...]:
    """The therapists that a form wishes for, in their order."""
    named = []
    for where in THERAPIST_FIELDS:
        if form.get(where):
            staff_id = _whole(form[where], where)
            if staff_id not in others:
                raise InvalidInput(say("This therapist does not work here."), field=where)
            named.append(staff_id)
    return tuple(dict.fromkeys(named))


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


def _away(form: Mapping[str, str]) -> Iterator[tuple[date, date]]:
    for from_field, to_field in AWAY_FIELDS:
        first, last = form.get(from_field, "").strip(), form.get(to_field, "").strip()
        if first or last:
            days = (_day(first or last, from_field), _day(last or first, to_field))
            if days[1] < days[0]:
                raise InvalidInput(say("The last day away lies before the first."), field=to_field)
            yield days


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(say("“%(text)s” is no date; write it like 2026-12-24.", text=text), field=where) from None
