"""Where one visit may go in some days of the diary, and why not elsewhere: all columns in one answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.errors import InvalidInput
from planner.services.attendance import visit
from planner.services.moving import LONGEST_MINUTES, SHORTEST_MINUTES, movable, no_such_length
from planner.services.place_rules import PlaceRules, Reasons, length_of
from planner.services.planning import Span, therapists
from planner.services.runtime import Actor, Runtime
from planner.services.snapshot import Booked
from planner.storage.people import RoomRow
from planner.words import say, say_many

MOST_DAYS = 7
Columns = Literal["therapist", "room"]


@dataclass(frozen=True, slots=True)
class Run:
    """Starts one after another on the diary's grid, in wall-clock time, that have the same answer.

    Args:
        last: the last start, included.
        reason: why the visit can't go there; empty where it can.
    """

    first: datetime
    last: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Column:
    """What speaks against the starts of one therapist, or of one room with the therapist the visit has now."""

    id: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """What the diary must know while a visit is dragged.

    Args:
        version: of the appointment, as the move must send it.
        everywhere: what speaks against a start in every column; what it leaves open the columns decide.
        off_rhythm: a sentence for each day that is allowed but breaks the plan's gap to a session beside it.
        ends_by: the latest end that it can have where it stands.
        why_not_longer: what is in the way of a later one.
    """

    appointment_id: int
    version: int
    practitioner_id: int
    room_id: int
    start: datetime
    minutes: int
    grid_minutes: int
    everywhere: tuple[Run, ...]
    columns: tuple[Column, ...]
    off_rhythm: dict[date, str]
    ends_by: datetime
    why_not_longer: str

    def number_of(self, start: datetime) -> int:
        """Which start of the grid a time is, counted from the first midnight of these days."""
        return round((start - self.everywhere[0].first) / timedelta(minutes=self.grid_minutes))

    def why_not(self, column_id: int, start: datetime) -> str:
        """Why the visit can't begin then in that column; empty if it can.

        Raises:
            KeyError: there is no such column.
            ValueError: the start is not of these days, or off the grid.
        """
        columns = {each.id: each.runs for each in self.columns}
        return _at(self.everywhere, start) or _at(columns[column_id], start)


def _at(runs: tuple[Run, ...], start: datetime) -> str:
    for run in runs:
        if run.first <= start <= run.last:
            return run.reason
    raise ValueError(f"{start} is not of these days")


def places(
    runtime: Runtime,
    actor: Actor,
    appointment_id: int,
    first_day: date,
    days: int,
    *,
    columns: Columns = "therapist",
    minutes: int | None = None,
) -> Places:
    """Every start of these days in every column, with the same answer that `moving.move` would give (some 15 queries).

    Args:
        minutes: the length it shall have; None for the one it has.
    Raises:
        NotFound, AppointmentLocked: as `moving.move`.
        InvalidInput: more days than a week, or a length that no visit has.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(say("A diary shows 1 to %(most)s days.", most=MOST_DAYS), field="days")
    if minutes is not None and not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise InvalidInput(no_such_length(), field="minutes")
    with runtime.reading(actor) as unit:
        found = movable(unit, visit(unit, appointment_id))
        here = found.booked.practitioner_id
        people = [row.id for row in therapists(unit)] if columns == "therapist" else []
        rules = PlaceRules.load(unit, found, Span(first_day, days), {here, *people}, minutes)
        wanted: list[tuple[int, int, int | None]]
        if columns == "therapist":
            wanted = [(person_id, person_id, None) for person_id in people]
        else:
            rooms = unit.session.scalars(select(RoomRow.id).where(RoomRow.active.is_(True)).order_by(RoomRow.name))
            wanted = [(room_id, here, room_id) for room_id in rooms]
        ends_by, why_not_longer = _longest(rules)
        return Places(
            appointment_id=appointment_id,
            version=found.row.version,
            practitioner_id=here,
            room_id=found.booked.room_id,
            start=rules.here,
            minutes=rules.minutes,
            grid_minutes=rules.problem.grid_minutes,
            everywhere=tuple(_runs(rules, Reasons.of_time(rules))),
            columns=tuple(
                Column(column_id, tuple(_runs(rules, Reasons.of_column(rules, person_id, room_id))))
                for column_id, person_id, room_id in wanted
            ),
            off_rhythm=dict(_off_rhythm(rules)),
            ends_by=ends_by,
            why_not_longer=why_not_longer,
        )


def _runs(rules: PlaceRules, reasons: Reasons) -> Iterator[Run]:
    for first, last, words in reasons.runs():
        yield Run(rules.starts[first], rules.starts[last], words)


def _off_rhythm(rules: PlaceRules) -> Iterator[tuple[date, str]]:
    """What the plan would rather have, for the days on which it has it not."""
    before, after = rules.beside.before, rules.beside.after
    since, until = rules.found.session.gap, rules.gap_of(after) if after is not None else None
    for number in range(rules.span.days):
        day = rules.span.first_day + timedelta(days=number)
        if (
            before is not None
            and since is not None
            and not since.min <= (apart := _apart(rules, day, before)) <= since.max
        ):
            yield (
                day,
                say_many(
                    "%(num)s day after the session before it: the plan wants %(least)s to %(most)s.",
                    "%(num)s days after the session before it: the plan wants %(least)s to %(most)s.",
                    apart,
                    least=since.min,
                    most=since.max,
                ),
            )
        elif (
            after is not None
            and until is not None
            and not until.min <= (apart := _apart(rules, day, after)) <= until.max
        ):
            yield (
                day,
                say_many(
                    "%(num)s day before the session after it: the plan wants %(least)s to %(most)s.",
                    "%(num)s days before the session after it: the plan wants %(least)s to %(most)s.",
                    apart,
                    least=until.min,
                    most=until.max,
                ),
            )


def _apart(rules: PlaceRules, day: date, booked: Booked) -> int:
    """Whole days between a day and an appointment."""
    return abs((day - to_wall(booked.starts_at, rules.unit.zone).date()).days)


def _longest(rules: PlaceRules) -> tuple[datetime, str]:
    """Until when the visit could last where it stands, with its therapist, and what is in the way of more."""
    booked = rules.found.booked
    ends, number = rules.here + timedelta(minutes=length_of(booked)), rules.number_of(rules.here)
    person = rules.person(booked.practitioner_id)
    if number is None or person is None:
        return ends, ""
    free = int(rules.ahead(person)[number])
    rooms = max((int(rules.ahead(room)[number]) for room in rules.problem.rooms), default=0)
    longest = min(free, rooms, LONGEST_MINUTES)
    until = max(ends, rules.here + timedelta(minutes=longest))
    if longest == LONGEST_MINUTES:
        return until, no_such_length()
    if free <= rooms:
        return until, say("%(name)s is free only until %(time)s.", name=person.name, time=f"{until:%H:%M}")
    return until, say("No room is free for longer than until %(time)s.", time=f"{until:%H:%M}")
