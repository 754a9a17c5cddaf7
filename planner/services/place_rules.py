"""The rules that a visit's place keeps, asked in one way by the move itself, its form and the diary."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy import select

from planner.diary.free import to_utc, to_wall
from planner.diary.interval import Interval, merged
from planner.scheduling.free_spans import minutes_of
from planner.scheduling.problem import Gap, Problem, Resource
from planner.services.attendance import Visit
from planner.services.planning import MIN_GAP_HOURS, Span, free_problem, other_starts
from planner.services.runtime import Unit
from planner.services.snapshot import Booked
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow
from planner.storage.people import PatientRow
from planner.words import listing, say, say_many

REST = timedelta(hours=MIN_GAP_HOURS)
Codes = npt.NDArray[np.int32]
Fits = npt.NDArray[np.bool_]
"""One for each start on the grid."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What lies beside a visit: those of its course next to it, and starts of the patient's other courses."""

    before: Booked | None
    after: Booked | None
    others: Sequence[datetime]

    def why_not(self, begins: datetime) -> str:
        """Why a visit can't begin then (aware) whoever gives it; empty if it can."""
        sides: tuple[tuple[Booked | None, Literal["before", "after"], bool], ...] = (
            (self.before, "before", self.before is not None and begins <= self.before.starts_at),
            (self.after, "after", self.after is not None and begins >= self.after.starts_at),
        )
        for neighbour, side, passed in sides:
            if neighbour is None:
                continue
            if passed:
                return _PASSED[side]
            if abs(begins - neighbour.starts_at) < REST:
                return _too_near(begins, neighbour.starts_at, side)
        for other in self.others:
            if abs(begins - other) < REST:
                return _too_near(begins, other, "other")
        return ""


_PASSED: Final = {
    "before": say("This would pass the session before it."),
    "after": say("This would pass the session after it."),
}


def _too_near(begins: datetime, other: datetime, which: Literal["before", "after", "other"]) -> str:
    """How near that would be to the session before or after it, or to a visit of another course."""
    hours = int(abs(begins - other).total_seconds() // 3600)
    if which == "before":
        return say_many(
            "%(num)s hour from the session before it: %(needed)s are needed.",
            "%(num)s hours from the session before it: %(needed)s are needed.",
            hours,
            needed=MIN_GAP_HOURS,
        )
    if which == "after":
        return say_many(
            "%(num)s hour from the session after it: %(needed)s are needed.",
            "%(num)s hours from the session after it: %(needed)s are needed.",
            hours,
            needed=MIN_GAP_HOURS,
        )
    return say_many(
        "%(num)s hour from a visit of the patient's other course: %(needed)s are needed.",
        "%(num)s hours from a visit of the patient's other course: %(needed)s are needed.",
        hours,
        needed=MIN_GAP_HOURS,
    )


def neighbours(unit: Unit, found: Visit) -> Neighbours:
    """What lies beside a visit (one query)."""
    here = found.booked.starts_at
    others = [
        session.current
        for session in found.snapshot.live
        if session.id != found.session.id and session.current is not None and session.current.occupies
    ]
    return Neighbours(
        before=max((each for each in others if each.starts_at < here), key=lambda each: each.starts_at, default=None),
        after=min((each for each in others if each.starts_at > here), key=lambda each: each.starts_at, default=None),
        others=other_starts(unit, found.course.patient_id, but_for_course=found.course.id),
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else's appointment, in wall-clock time."""

    patient: str
    practitioner_id: int
    room_id: int
    start: datetime
    end: datetime

    @property
    def when(self) -> str:
        """`10:00–10:45`."""
        return f"{self.start:%H:%M}–{self.end:%H:%M}"


@dataclass(frozen=True)
class PlaceRules:
    """What keeps one visit from the starts of some days, with some therapists, at a length.

    Args:
        minutes: how long it shall be.
        problem: the free time of the therapists and of all rooms; where the visit stands counts as free.
    """

    unit: Unit
    found: Visit
    span: Span
    minutes: int
    problem: Problem
    beside: Neighbours

    @classmethod
    def load(
        cls, unit: Unit, found: Visit, span: Span, practitioner_ids: Iterable[int], minutes: int | None = None
    ) -> PlaceRules:
        """Read the days (some ten queries, however many therapists and days).

        Args:
            minutes: None for as long as it is now.
        """
        problem = free_problem(unit, span, practitioner_ids, standing=[found.booked])
        return cls(unit, found, span, minutes or length_of(found.booked), problem, neighbours(unit, found))

    @cached_property
    def here(self) -> datetime:
        """Where it stands, wall-clock."""
        return to_wall(self.found.booked.starts_at, self.unit.zone)

    @cached_property
    def starts(self) -> tuple[datetime, ...]:
        """Every start on the grid."""
        first, step = datetime.combine(self.span.first_day, time()), timedelta(minutes=self.problem.grid_minutes)
        return tuple(first + number * step for number in range(self.span.days * 24 * 60 // self.problem.grid_minutes))

    def number_of(self, start: datetime) -> int | None:
        """Which of `starts` a time is; None off the grid or the days."""
        number, off = divmod(start - self.starts[0], timedelta(minutes=self.problem.grid_minutes))
        return number if not off and 0 <= number < len(self.starts) else None

    def person(self, practitioner_id: int) -> Resource | None:
        """A therapist who was asked for; None for somebody who is none here."""
        return next((each for each in self.problem.practitioners if each.id == str(practitioner_id)), None)

    def why_no_time(self, start: datetime) -> str:
        """Why a visit can't begin then, whoever gives it and wherever; empty if it can."""
        begins = to_utc(start, self.unit.zone)
        if begins is None:
            return say("There is no such time on that day.")
        if begins <= self.unit.now:
            return say("This time has passed.")
        return self.beside.why_not(begins)

    def in_rhythm(self, day: date) -> bool:
        """Whether the plan's gaps to the sessions beside it hold on a day, or are no worse than they are now."""
        first, last = self.rhythm
        return min(first, self.here.date()) <= day <= max(last, self.here.date())

    @cached_property
    def rhythm(self) -> tuple[date, date]:
        """The first and the last day on which the plan's gaps to the sessions beside it hold; crossed if none does."""
        first, last = date.min, date.max
        before, after = self.beside.before, self.beside.after
        if before is not None and (gap := self.found.session.gap):
            from_day = to_wall(before.starts_at, self.unit.zone).date()
            first, last = from_day + timedelta(days=gap.min), from_day + timedelta(days=gap.max)
        if after is not None and (gap := self.gap_of(after)):
            to_day = to_wall(after.starts_at, self.unit.zone).date()
            first, last = max(first, to_day - timedelta(days=gap.max)), min(last, to_day - timedelta(days=gap.min))
        return first, last

    def gap_of(self, booked: Booked) -> Gap | None:
        """The plan's gap before an appointment of the same course."""
        return next((each.gap for each in self.found.snapshot.live if each.current is booked), None)

    def stands(self, start: datetime, practitioner_id: int, room_id: int | None) -> bool:
        """Whether that is the place it has now, at the length it has now."""
        booked = self.found.booked
        return (start, practitioner_id, self.minutes) == (self.here, booked.practitioner_id, length_of(booked)) and (
            room_id in (None, booked.room_id)
        )

    def room_at(self, number: int, room_id: int | None = None) -> int | None:
        """A room that is free for that start: the one asked for, else the one it has, else the first by name."""
        free = [int(room.id) for room in self.problem.rooms if self.fits(room)[number]]
        if room_id is not None:
            return room_id if room_id in free else None
        return self.found.booked.room_id if self.found.booked.room_id in free else next(iter(free), None)

    def fits(self, resource: Resource, minutes: int | None = None) -> Fits:
        """Which starts leave a therapist or a room free for the whole length."""
        out: Fits = self.ahead(resource) >= (minutes or self.minutes)
        return out

    def ahead(self, resource: Resource) -> npt.NDArray[np.int64]:
        """How many minutes from each start on a therapist or a room is free without a break."""
        known = self._ahead.get(resource.id)
        if known is None:
            known = self._ahead[resource.id] = self._counted(resource.free)
        return known

    @cached_property
    def _ahead(self) -> dict[str, npt.NDArray[np.int64]]:
        return {}

    def _counted(self, free: Sequence[tuple[datetime, datetime]]) -> npt.NDArray[np.int64]:
        grid, ahead = self.problem.grid_minutes, np.zeros(len(self.starts), np.int64)
        begin = int(np.datetime64(self.starts[0], "m").astype(np.int64))
        for first, last in (minutes_of(free) - begin).tolist():
            cells = np.arange(first // grid, last // grid)
            ahead[cells] = last - cells * grid
        return ahead

    @cached_property
    def taken(self) -> tuple[Taken, ...]:
        """The other appointments of these days, by time (one query)."""
        row, unit = AppointmentRow, self.unit
        first, end = (datetime.combine(day, time(), unit.zone) for day in (self.span.first_day, self.span.end))
        found = unit.session.execute(
            select(PatientRow.name, row.practitioner_id, row.room_id, row.starts_at, row.ends_at)
            .join(PatientRow, (PatientRow.id == row.patient_id) & (PatientRow.clinic_id == row.clinic_id))
            .where(
                row.status.in_(OCCUPYING_STATUSES),
                row.starts_at >= (first - timedelta(days=1)).astimezone(UTC),
                row.starts_at < end.astimezone(UTC),
                row.id != self.found.row.id,
            )
            .order_by(row.starts_at, row.id)
        )
        return tuple(Taken(*each[:3], *(to_wall(at, unit.zone) for at in each[3:])) for each in found)


def length_of(booked: Booked) -> int:
    """How many minutes an appointment takes."""
    return round((booked.ends_at - booked.starts_at).total_seconds() / 60)


class Reasons:
    """For each start of the days one of a few sentences; number 0 is none, so the start is free."""

    def __init__(self, rules: PlaceRules) -> None:
        self._rules = rules
        self._codes: Codes = np.zeros(len(rules.starts), np.int32)
        self._words: dict[str, int] = {"": 0}

    @classmethod
    def of_column(cls, rules: PlaceRules, practitioner_id: int, room_id: int | None = None) -> Reasons:
        """Why a visit can't have its place with a therapist, in a certain room or any; time alone does not count."""
        out, person = cls(rules), rules.person(practitioner_id)
        if person is None:
            out._say(say("This therapist does not work here."), np.ones(len(rules.starts), np.bool_))
            return out
        if rules.stands(rules.here, practitioner_id, room_id) and (number := rules.number_of(rules.here)) is not None:
            out._say(say("The visit stands there already."), np.arange(len(rules.starts)) == number)
        out._say_person(person, practitioner_id)
        out._say_room(person, room_id)
        return out

    @classmethod
    def of_time(cls, rules: PlaceRules) -> Reasons:
        """Why a visit can't begin at a time, whoever gives it and wherever."""
        out = cls(rules)
        out._codes = np.array([out._code(rules.why_no_time(start)) for start in rules.starts], np.int32)
        return out

    @property
    def free(self) -> Fits:
        """The starts against which nothing speaks."""
        out: Fits = self._codes == 0
        return out

    def at(self, number: int) -> str:
        """Why not the start with this number; empty if it is free."""
        return tuple(self._words)[int(self._codes[number])]

    def runs(self) -> Iterator[tuple[int, int, str]]:
        """(first, last, words) of starts one after another with the same answer."""
        words = tuple(self._words)
        edges = (np.flatnonzero(np.diff(self._codes)) + 1).tolist()
        for first, beyond in zip([0, *edges], [*edges, len(self._codes)], strict=True):
            yield first, beyond - 1, words[self._codes[first]]

    def _say_person(self, person: Resource, practitioner_id: int) -> None:
        rules = self._rules
        missing = ~rules.fits(person)
        known = person.withheld
        if known is not None:
            self._say(say("The clinic is closed on that day."), missing & self._meets(known.closed or ()))
            self._say(say("%(name)s is on leave then.", name=person.name), missing & self._meets(known.leave or ()))
        for each in rules.taken:
            if each.practitioner_id == practitioner_id:
                clash = missing & self._meets([(each.start, each.end)])
                words = say(
                    "%(name)s treats %(patient)s then, %(when)s.",
                    name=person.name,
                    patient=each.patient,
                    when=each.when,
                )
                self._say(words, clash)
        for day, free in self._free_words(person).items():
            self._say(free, missing & self._on(day))

    def _free_words(self, person: Resource) -> dict[date, str]:
        """When a therapist is free, by day. Where the visit stands now counts, too, on whatever day that is."""
        days: dict[date, list[Interval]] = {}
        for first, last in person.free:
            days.setdefault(first.date(), []).append(Interval(first, last))
        said: dict[date, str] = {}
        for number in range(self._rules.span.days):
            day = self._rules.span.first_day + timedelta(days=number)
            hours = [f"{each.start:%H:%M}–{each.end:%H:%M}" for each in merged(days.get(day, ()))]
            said[day] = say("On that day %(name)s is not free at all (hours, leave or bookings).", name=person.name)
            if hours:
                said[day] = say(
                    "On that day %(name)s is free only %(hours)s.", name=person.name, hours=listing(hours, ", ")
                )
        return said

    def _say_room(self, person: Resource, room_id: int | None) -> None:
        rules = self._rules
        if room_id is None:
            fitting = [rules.fits(room) for room in rules.problem.rooms]
            some: Fits = np.logical_or.reduce(fitting) if fitting else np.zeros(len(rules.starts), np.bool_)
            self._say(say("%(name)s is free then, but no room is.", name=person.name), ~some)
            return
        room = next((each for each in rules.problem.rooms if each.id == str(room_id)), None)
        if room is None:
            self._say(say("There is no such room."), np.ones(len(rules.starts), np.bool_))
            return
        missing = ~rules.fits(room)
        for each in rules.taken:
            if each.room_id == room_id:
                clash = missing & self._meets([(each.start, each.end)])
                words = say(
                    "%(room)s is taken then by %(patient)s, %(when)s.",
                    room=room.name,
                    patient=each.patient,
                    when=each.when,
                )
                self._say(words, clash)
        self._say(say("%(room)s is not open then.", room=room.name), missing)

    def _say(self, words: str, where: Fits) -> None:
        """Let these words stand wherever nothing was said yet."""
        self._codes[where & (self._codes == 0)] = self._code(words)

    def _code(self, words: str) -> int:
        return self._words.setdefault(words, len(self._words))

    def _on(self, day: date) -> Fits:
        cells = 24 * 60 // self._rules.problem.grid_minutes
        first = (day - self._rules.span.first_day).days * cells
        out: Fits = np.zeros(len(self._codes), np.bool_)
        out[first : first + cells] = True
        return out

    def _meets(self, spans: Collection[tuple[datetime, datetime]]) -> Fits:
        """The starts from which a visit would run into one of these stretches."""
        rules, out = self._rules, np.zeros(len(self._codes), np.bool_)
        grid = rules.problem.grid_minutes
        for first, last in spans:
            begins, ends = (round((each - rules.starts[0]).total_seconds() / 60) for each in (first, last))
            # Half-open, so a visit that ends when the other begins does not meet it.
            out[max(0, (begins - rules.minutes) // grid + 1) : max(0, -(-ends // grid))] = True
        return out
