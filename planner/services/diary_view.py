"""The diary of a day or a week: a column for each therapist or room, with visits, and the times nobody treats."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, func, select

from planner.diary.free import to_wall
from planner.diary.wall_grid import Cells, WallGrid
from planner.services.busy_elsewhere import BusyElsewhere
from planner.services.places import Columns
from planner.services.planning import therapists
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.session_numbers import last_numbers, out_of
from planner.services.snapshot import VOID, booked_from
from planner.services.visit_events import lock_reason, next_event, possible_events
from planner.services.work_time import Work, grid_of
from planner.storage.calendars import BusyCalendarRow
from planner.storage.courses import AppointmentRow, RevisionRow, SessionRow
from planner.storage.opening import ClosureRow, HoursChangeRow, HoursRow, LeaveRow
from planner.storage.people import PatientRow, RoomRow, StaffRow

_WAITING: Final = ("booked", "pending")
_WORTH_SHOWING: Final = timedelta(minutes=15)
_TAG_MINUTES: Final = 15
Codes = npt.NDArray[np.int8]
"""Cell by cell the number of what is in the way, from 1; 0 where nothing is."""

Kind = Literal["hours", "leave", "closed", "busy"]
_KINDS: Final[tuple[Kind, ...]] = ("hours", "leave", "closed", "busy")


@dataclass(frozen=True, slots=True)
class DiaryVisit:
    """One visit as the diary shows it; times are the clinic's wall clock.

    Args:
        version: as its forms must send it.
        number: of the session in its course, from 1; `total` of how many, None for one of maintenance.
        overdue: it has ended and nobody said whether the patient came.
        movable: it is ahead, so that it may be dragged.
    """

    appointment_id: int
    version: int
    course_id: int
    patient_id: int
    patient: str
    practitioner_id: int
    practitioner: str
    room_id: int
    room: str
    start: datetime
    end: datetime
    status: str
    confirmed: bool
    phase: str
    number: int
    total: int | None
    overdue: bool
    movable: bool

    @property
    def begins(self) -> str:
        """`2026-03-02T10:00`."""
        return self.start.isoformat(timespec="minutes")

    @property
    def ends(self) -> str:
        """`2026-03-02T10:45`."""
        return self.end.isoformat(timespec="minutes")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in one column on one day; `kind` says why nobody treats then, "free" that somebody could."""

    start: datetime
    end: datetime
    kind: Kind | Literal["free"]

    @property
    def begins(self) -> str:
        """`2026-03-02T10:00`."""
        return self.start.isoformat(timespec="minutes")

    @property
    def ends(self) -> str:
        """`2026-03-02T10:45`."""
        return self.end.isoformat(timespec="minutes")

    @property
    def until(self) -> str:
        """`10:45`; the end of a day is 24:00."""
        return self.ends[11:] if self.end.date() == self.start.date() else "24:00"


@dataclass(frozen=True, slots=True)
class ColumnDay:
    """One column on one day.

    Args:
        visits: by time.
        off: when nobody treats, by time; with `visits` and `free` it makes up the day.
        free: what is left from now on, if it is worth a visit.
    """

    column_id: int
    name: str
    visits: tuple[DiaryVisit, ...]
    off: tuple[Stretch, ...]
    free: tuple[Stretch, ...]

    @property
    def lines(self) -> tuple[DiaryVisit | Stretch, ...]:
        """All by time, but for hours that are not worked."""
        stretches = [each for each in self.off if each.kind != "hours"]
        return tuple(sorted([*self.visits, *stretches, *self.free], key=lambda each: each.start))

    @property
    def worked(self) -> bool:
        """Whether anything is booked, or there are hours, on leave or not."""
        off = sum((each.end - each.start for each in self.off if each.kind == "hours"), timedelta())
        return bool(self.visits) or off < timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DiaryDay:
    """All columns of one day."""

    day: date
    columns: tuple[ColumnDay, ...]

    @property
    def worked(self) -> bool:
        """Whether anybody treats, or anything is booked."""
        return any(each.worked for each in self.columns)


@dataclass(frozen=True, slots=True)
class DiaryView:
    """Some days of the diary.

    Args:
        columns: (id, name) of the therapists or rooms, in their order.
        opens, closes: full hours between which everything lies.
    """

    today: date
    zone: str
    grid_minutes: int
    by: Columns
    columns: tuple[tuple[int, str], ...]
    days: tuple[DiaryDay, ...]
    opens: int
    closes: int
    tag: str


@dataclass(frozen=True, slots=True)
class VisitCard:
    """One visit with all that may be done to it now.

    Args:
        may: move, cancel, confirm, arrive, fulfil and miss, those that are possible.
        next_step: the likeliest of them; empty if there is none.
        locked: why a repair leaves it where it is; empty when it may move.
    """

    visit: DiaryVisit
    zone: str
    may: frozenset[str]
    next_step: str
    locked: str


def diary_view(runtime: Runtime, actor: Actor, first_day: date | None, days: int, *, by: Columns) -> DiaryView:
    """What the page shows (eight queries, however much it is).

    Args:
        first_day: None: today, or the Monday of this week where a week is asked for.
        days: 1, or 7 for a week, which then begins on a Monday.
    """
    with runtime.reading(actor) as unit:
        day = first_day or unit.today
        first = day - timedelta(days=day.weekday()) if days > 1 else day
        visits = _visits(unit, first, days)
        columns = _columns(unit, by, visits)
        grid = grid_of(first, days, unit.clinic.grid_minutes, unit.zone)
        off = dict(_off(unit, grid, by, columns))
        shown = tuple(
            DiaryDay(each, tuple(_column_days(unit, grid, by, each, columns, visits, off)))
            for each in (first + timedelta(days=number) for number in range(days))
        )
        opens, closes = _bounds(shown)
        tag = _tag(unit)
        return DiaryView(
            unit.today, unit.clinic.timezone, unit.clinic.grid_minutes, by, tuple(columns.items()), shown, opens,
            closes, tag,
        )  # fmt: skip


def diary_tag(runtime: Runtime, actor: Actor) -> str:
    """A word that is another one as soon as any diary of the clinic may look different (one query)."""
    with runtime.reading(actor) as unit:
        return _tag(unit)


def visit_card(runtime: Runtime, actor: Actor, appointment_id: int) -> VisitCard:
    """One visit. Raises NotFound."""
    with runtime.reading(actor) as unit:
        row = unit.get(AppointmentRow, appointment_id)
        found = unit.session.execute(_query(unit, AppointmentRow.id == appointment_id)).one()
        booked = booked_from(row)
        may = possible_events(unit, booked)
        last = last_numbers(unit, [row.course_id])
        return VisitCard(
            visit=_visit(unit, found, last),
            zone=unit.clinic.timezone,
            may=may,
            next_step=next_event(unit, booked, may),
            locked=lock_reason(unit, booked),
        )


def _query(unit: Unit, *where: ColumnElement[bool]) -> Any:
    row = AppointmentRow
    same = [table.clinic_id == row.clinic_id for table in (SessionRow, PatientRow, StaffRow, RoomRow)]
    # Columns, not rows: a week has hundreds of visits, and rows that nobody changes cost as much as all the rest.
    return (
        select(
            *(row.id, row.version, row.course_id, row.patient_id, row.practitioner_id, row.room_id),
            *(row.starts_at, row.ends_at, row.status, row.confirmed_at, row.superseded),
            *(SessionRow.phase, SessionRow.position),
            *(PatientRow.name.label("patient"), StaffRow.name.label("practitioner"), RoomRow.name.label("room")),
        )
        .join(SessionRow, (SessionRow.id == row.session_id) & same[0])
        .join(PatientRow, (PatientRow.id == row.patient_id) & same[1])
        .join(StaffRow, (StaffRow.id == row.practitioner_id) & same[2])
        .join(RoomRow, (RoomRow.id == row.room_id) & same[3])
        .where(*where)
        .order_by(row.starts_at, row.id)
    )


def _visits(unit: Unit, first: date, days: int) -> list[DiaryVisit]:
    row = AppointmentRow
    begin, end = (datetime.combine(day, time(), unit.zone) for day in (first, first + timedelta(days=days)))
    when = (row.starts_at >= begin.astimezone(UTC), row.starts_at < end.astimezone(UTC), row.status.not_in(VOID))
    found = unit.session.execute(_query(unit, *when)).all()
    last = last_numbers(unit, {each.course_id for each in found})
    return [_visit(unit, each, last) for each in found]


def _visit(unit: Unit, row: Any, last: Mapping[int, int]) -> DiaryVisit:
    waiting = row.status in _WAITING and not row.superseded
    return DiaryVisit(
        appointment_id=row.id,
        version=row.version,
        course_id=row.course_id,
        patient_id=row.patient_id,
        patient=row.patient,
        practitioner_id=row.practitioner_id,
        practitioner=row.practitioner,
        room_id=row.room_id,
        room=row.room,
        start=to_wall(row.starts_at, unit.zone),
        end=to_wall(row.ends_at, unit.zone),
        status=row.status,
        confirmed=row.confirmed_at is not None,
        phase=row.phase,
        number=row.position + 1,
        total=out_of(row, last),
        overdue=waiting and row.ends_at <= unit.now,
        movable=waiting and row.starts_at > unit.now,
    )


def _columns(unit: Unit, by: Columns, visits: Iterable[DiaryVisit]) -> dict[int, str]:
    """Everybody who treats, or every room, by name; last those that are here no more but still have visits."""
    if by == "therapist":
        known = {person.id: person.name for person in therapists(unit)}
        booked = {visit.practitioner_id: visit.practitioner for visit in visits}
    else:
        open_rooms = select(RoomRow.id, RoomRow.name).where(RoomRow.active.is_(True)).order_by(RoomRow.name)
        known = dict(unit.session.execute(open_rooms).all())
        booked = {visit.room_id: visit.room for visit in visits}
    return {**known, **{key: name for key, name in booked.items() if key not in known}}


def _off(unit: Unit, grid: WallGrid, by: Columns, columns: Collection[int]) -> Iterator[tuple[int, Codes]]:
    """For each column what is in the way."""
    people = columns if by == "therapist" else [row.id for row in therapists(unit)]
    work = Work.load(unit, grid.first, grid.days, people)
    closed = work.closed(grid)
    if by == "therapist":
        elsewhere = BusyElsewhere.load(unit, grid.first, grid.first + timedelta(days=grid.days))
        for person in columns:
            worked = work.but_for_leave(grid, person)
            layers = (~worked, work.on_leave(grid, person) & worked, closed & worked, elsewhere.of(grid, person, ()))
            yield person, _first_of(layers)
        return
    anybody = np.logical_or.reduce([grid.within(()), *(work.but_for_leave(grid, person) for person in people)])
    for room in columns:
        worked = work.of_room(grid, room, anybody)
        yield room, _first_of((~worked, np.zeros_like(worked), closed & worked, np.zeros_like(worked)))


def _first_of(layers: Iterable[Cells]) -> Codes:
    """The number of the first layer that covers a cell."""
    covering = np.stack([*layers])
    return np.where(covering.any(axis=0), covering.argmax(axis=0) + 1, 0).astype(np.int8)


def _column_days(
    unit: Unit,
    grid: WallGrid,
    by: Columns,
    day: date,
    columns: Mapping[int, str],
    visits: Iterable[DiaryVisit],
    off: Mapping[int, Codes],
) -> Iterator[ColumnDay]:
    midnight, per_day = datetime.combine(day, time()), len(next(iter(off.values()), ())) // grid.days
    own: dict[int, list[DiaryVisit]] = {}
    for visit in visits:
        if visit.start.date() == day:
            own.setdefault(visit.practitioner_id if by == "therapist" else visit.room_id, []).append(visit)
    number = (day - grid.first).days
    for column_id, name in columns.items():
        codes = off[column_id][number * per_day : (number + 1) * per_day]
        step = timedelta(days=1) / per_day
        stretches = [Stretch(midnight + a * step, midnight + b * step, _KINDS[code - 1]) for a, b, code in _runs(codes)]
        booked = tuple(own.get(column_id, ()))
        yield ColumnDay(column_id, name, booked, tuple(stretches), tuple(_free(unit, midnight, stretches, booked)))


def _runs(codes: Codes) -> Iterator[tuple[int, int, int]]:
    """(first, beyond, code) of cells one after another with the same code, but for those with none."""
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    for first, beyond in pairwise(edges):
        if codes[first]:
            yield first, beyond, int(codes[first])


def _free(unit: Unit, midnight: datetime, off: Iterable[Stretch], visits: Iterable[DiaryVisit]) -> Iterator[Stretch]:
    """What is left of the day from now on, next to what is off and booked."""
    occupied = [visit for visit in visits if visit.status != "noshow"]
    start, end = max(midnight, _next_quarter(unit.wall_now)), midnight + timedelta(days=1)
    for first, last in sorted([(each.start, each.end) for each in off] + [(each.start, each.end) for each in occupied]):
        if first - start >= _WORTH_SHOWING:
            yield Stretch(start, first, "free")
        start = max(start, last)
    if end - start >= _WORTH_SHOWING:
        yield Stretch(start, end, "free")


def _next_quarter(now: datetime) -> datetime:
    """The next full quarter of an hour, so that no stretch begins at 10:07."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(minutes=-(-(now.minute + 1) // 15) * 15)


def _bounds(days: Iterable[DiaryDay]) -> tuple[int, int]:
    """The full hours between which everything lies; an ordinary day where nothing does."""
    times = [bound for day in days for column in day.columns for bound in _within(day.day, column)]
    if not times:
        return 8, 18
    return min(first for first, _ in times), max(last for _, last in times)


def _within(day: date, column: ColumnDay) -> Iterator[tuple[int, int]]:
    """The full hours about each visit of a column, and about the time that is worked."""
    midnight = datetime.combine(day, time())
    night = midnight + timedelta(days=1)
    for visit in column.visits:
        yield visit.start.hour, _up(visit.end) if visit.end < night else 24
    off = [each for each in column.off if each.kind == "hours"]
    first = off[0].end if off and off[0].start == midnight else midnight
    last = off[-1].start if off and off[-1].end == night else night
    if first < night:
        yield first.hour, _up(last) if last < night else 24


def _up(wall: datetime) -> int:
    return wall.hour + (wall.minute > 0)


def _tag(unit: Unit) -> str:
    """When anything last changed that a diary shows, and the quarter of an hour, as words of time change with it."""
    parts: list[Any] = [
        select(func.max(RevisionRow.id)).scalar_subquery(),
        select(func.max(LeaveRow.id)).scalar_subquery(),
        select(func.max(LeaveRow.withdrawn_at)).scalar_subquery(),
        select(func.max(HoursChangeRow.id)).scalar_subquery(),
        select(func.max(HoursChangeRow.withdrawn_at)).scalar_subquery(),
        select(func.max(HoursRow.id)).scalar_subquery(),
        select(func.count()).select_from(HoursRow).scalar_subquery(),
        select(func.max(ClosureRow.id)).scalar_subquery(),
        select(func.count()).select_from(ClosureRow).scalar_subquery(),
        select(func.max(BusyCalendarRow.expanded_at)).scalar_subquery(),
        select(func.count()).select_from(BusyCalendarRow).scalar_subquery(),
        select(func.count()).select_from(StaffRow).where(StaffRow.active.is_(True)).scalar_subquery(),
        select(func.count()).select_from(RoomRow).where(RoomRow.active.is_(True)).scalar_subquery(),
    ]
    found = unit.session.execute(select(*parts)).one()
    quarter = int(unit.now.timestamp()) // (_TAG_MINUTES * 60)
    return hashlib.sha256(f"{quarter} {tuple(found)}".encode()).hexdigest()[:20]
