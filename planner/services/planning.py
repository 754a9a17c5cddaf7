"""From the database to the engine and back: free time, and courses with what they still owe."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select

from planner.care.course import PlannedSession
from planner.diary.free import to_utc, to_wall
from planner.diary.interval import Interval, without
from planner.diary.wall_grid import Cells, WallGrid
from planner.scheduling.events import Event, course_after
from planner.scheduling.free_spans import FreeSpans
from planner.scheduling.policy import Policy, move_points
from planner.scheduling.problem import Gap, Placed, Problem, Resource
from planner.scheduling.repair import OwedSession, Place, RepairCase
from planner.scheduling.withheld import Withheld
from planner.services.busy_elsewhere import BusyElsewhere
from planner.services.busy_time import Busy, instants
from planner.services.house import House
from planner.services.runtime import Unit
from planner.services.snapshot import Booked, CourseSnapshot, SessionState
from planner.services.wishes import Wishes
from planner.services.work_time import HoursToCome, Work, grid_of
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, CourseRow
from planner.storage.people import StaffRow

MOST_DAYS = 366
MIN_GAP_HOURS = 48
"""Two needlings never lie closer (E25)."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are planned over."""

    first_day: date
    days: int

    @classmethod
    def covering(cls, unit: Unit, *until: date) -> Span:
        """From today on: the clinic's horizon, and further where these days lie beyond it, but at most a year."""
        wanted = max([unit.clinic.horizon_days, *((day - unit.today).days + 29 for day in until)])
        return cls(unit.today, min(MOST_DAYS, wanted))

    @property
    def end(self) -> date:
        """The first day after it."""
        return self.first_day + timedelta(days=self.days)


def therapists(unit: Unit) -> list[StaffRow]:
    """All who treat here now, by name."""
    found = unit.session.scalars(select(StaffRow).where(StaffRow.treats.is_(True), StaffRow.active.is_(True)))
    return sorted(found, key=lambda row: (row.name, row.id))


def free_problem(
    unit: Unit,
    span: Span,
    practitioner_ids: Iterable[int],
    *,
    standing: Collection[Booked] = (),
    not_before: datetime | None = None,
    freeing: Collection[int] = (),
    hours_to_come: HoursToCome | None = None,
    apart_from: Collection[datetime] = (),
    house: House | None = None,
) -> Problem:
    """The free time of these practitioners and of all rooms, without any course (four queries).

    Args:
        standing: appointments that are planned anew. Their time counts as free, also outside working hours, so
            that what was once agreed may stay.
        not_before: nothing earlier is free (aware); None means from now.
        freeing: ids of appointments that will be given up, whose time counts as free where somebody works.
        hours_to_come: a therapist's working hours that are not recorded yet.
        apart_from: starts of the one patient's other visits. The 48 hours about them count as taken, but for the
            very time in which a visit stands.
        house: where it is at hand.
    """
    wanted, house = set(practitioner_ids), house or House.of(unit)
    people = [each for each in house.staff if each.id in wanted]
    diary = _Diary(
        people=tuple(row.id for row in people),
        zone=unit.zone,
        grid=grid_of(span.first_day, span.days, unit.clinic.grid_minutes, unit.zone),
        work=Work.load(unit, span.first_day, span.days, {row.id for row in people if row.active}, hours_to_come),
        busy=Busy.load(unit, span.first_day, span.days, {*(booked.id for booked in standing), *freeing}),
        elsewhere=BusyElsewhere.load(unit, span.first_day, span.end),
        standing=standing,
        begins=not_before or unit.now,
        apart_from=apart_from,
    )
    return Problem(
        timezone=unit.clinic.timezone,
        grid_minutes=unit.clinic.grid_minutes,
        first_day=span.first_day,
        days=span.days,
        practitioners=tuple(diary.person(row.id, row.name) for row in people),
        rooms=tuple(diary.room(row_id, name) for row_id, name in house.rooms),
        courses=(),
    )


@dataclass(frozen=True)
class _Diary:
    """What is worked and what is taken over some days, as cells of its grid."""

    people: tuple[int, ...]
    zone: ZoneInfo
    grid: WallGrid
    work: Work
    busy: Busy
    elsewhere: BusyElsewhere
    standing: Collection[Booked]
    begins: datetime
    apart_from: Collection[datetime]

    @cached_property
    def too_late(self) -> Cells:
        """What begins before anything may."""
        return self.grid.before(self.begins)

    @cached_property
    def rest(self) -> Cells:
        """The hours about the patient's other visits."""
        return self.grid.taken(*instants(_too_near(self.apart_from, self.standing)))

    @cached_property
    def closed_spans(self) -> FreeSpans:
        """The days on which the clinic is shut."""
        return self._later(lambda: self.work.closed(self.grid))

    @cached_property
    def rest_spans(self) -> FreeSpans:
        """The same hours as `rest`."""
        return self._later(lambda: self.rest)

    @cached_property
    def open_hours(self) -> Cells:
        """When anybody works, on leave or not: the rooms are there, so that leave alone is told to be in the way."""
        hours = (self.work.but_for_leave(self.grid, each) for each in self.people)
        out: Cells = np.logical_or.reduce([self.grid.within(()), *hours])
        return out

    def person(self, row_id: int, name: str) -> Resource:
        """A practitioner's free time, and what leave, closed days and rests keep of their hours."""
        grid, work = self.grid, self.work
        taken = self.busy.of_practitioner(grid, row_id) | self.elsewhere.of(grid, row_id, self.standing) | self.too_late
        free = self._and_what_stands(row_id, work.of_practitioner(grid, row_id)) & ~taken & ~self.rest
        known = Withheld(
            # Only who asks for reasons looks at these two.
            worked=self._later(lambda: self._and_what_stands(row_id, work.but_for_leave(grid, row_id)) & ~taken),
            leave=self._later(lambda: work.on_leave(grid, row_id)),
            closed=self.closed_spans,
            rest=self.rest_spans,
        )
        return Resource(str(row_id), self._spans(free), name, known)

    def room(self, row_id: int, name: str) -> Resource:
        """A room's free time; without hours of its own it is open whenever somebody works."""
        open_ = self._and_what_stands(row_id, self.work.of_room(self.grid, row_id, self.open_hours))
        return Resource(str(row_id), self._spans(open_ & ~self.busy.of_room(self.grid, row_id) & ~self.too_late), name)

    def _and_what_stands(self, row_id: int, worked: Cells) -> Cells:
        kept = [
            Interval(to_wall(booked.starts_at, self.zone), to_wall(booked.ends_at, self.zone))
            for booked in self.standing
            if row_id in (booked.practitioner_id, booked.room_id)
        ]
        return worked | self.grid.within(kept) if kept else worked

    def _spans(self, cells: Cells) -> FreeSpans:
        return FreeSpans(self.grid.spans(cells))

    def _later(self, cells: Callable[[], Cells]) -> FreeSpans:
        return FreeSpans.when_asked(lambda: self.grid.spans(cells()))


def _too_near(apart_from: Iterable[datetime], standing: Collection[Booked]) -> list[tuple[datetime, datetime]]:
    rests = [_utc(*_rest_about(each)) for each in apart_from]
    left = without(rests, [_utc(booked.starts_at, booked.ends_at) for booked in standing])
    return [(each.start.replace(tzinfo=UTC), each.end.replace(tzinfo=UTC)) for each in left]


def _utc(start: datetime, end: datetime) -> Interval:
    """Two instants as an interval, which is naive: here in UTC."""
    return Interval(*(each.astimezone(UTC).replace(tzinfo=None) for each in (start, end)))


def _rest_about(start: datetime) -> tuple[datetime, datetime]:
    """The 48 hours before and after a visit."""
    rest = timedelta(hours=MIN_GAP_HOURS)
    return start - rest, start + rest


def case_for(
    unit: Unit,
    course: CourseRow,
    snapshot: CourseSnapshot,
    *,
    events: Sequence[Event] = (),
    policy: Policy | None = None,
    apart_from: Collection[datetime] | None = None,
) -> RepairCase:
    """What a course still owes after these events, as a problem in which staying costs nothing.

    Args:
        policy: whether it may move to make room for others; None for a repair of its own.
        apart_from: starts of the patient's visits of other courses; None for those in the diary.
    """
    others = apart_from
    if others is None:
        others = other_starts(unit, course.patient_id, but_for_course=course.id)
    case = course_after(untouched_case(unit, course, snapshot, apart_from=others), events, policy)
    return replace(case, resting=_elsewhere(unit, others, case.owed))


def untouched_case(
    unit: Unit, course: CourseRow, snapshot: CourseSnapshot, *, apart_from: Collection[datetime] = ()
) -> RepairCase:
    """What a course still owes, as it was before any event.

    Args:
        apart_from: starts of the patient's visits of other courses.
    """
    wishes = Wishes.from_json(course.wishes)
    return RepairCase(
        course_id=str(course.id),
        owed=tuple(_owed(unit, session, apart_from) for session in ahead(unit, snapshot)),
        # Nothing new is wanted today.
        earliest_day=max(course.earliest_day, unit.today + timedelta(days=1)),
        previous_start=last_start(unit, snapshot),
        practitioners=wishes.practitioner_points(),
        available=wishes.windows(unit.clinic.grid_minutes),
        away=wishes.away_days(),
        min_gap_hours=MIN_GAP_HOURS,
    )


def policy_of(unit: Unit) -> Policy:
    """Whose appointments the clinic allows to make room for others."""
    return cast(Policy, unit.clinic.displacing)  # The database allows no other word.


def ahead(unit: Unit, snapshot: CourseSnapshot) -> list[SessionState]:
    """The sessions still to be given; one that has begun is not ahead any more, whatever its status."""
    return [session for session in snapshot.live if session.owed and not _begun(unit, session)]


def standing(unit: Unit, session: SessionState) -> Booked | None:
    """The appointment in which an owed session is still to happen, None if there is none."""
    upcoming = session.upcoming
    return upcoming if upcoming is not None and upcoming.starts_at > unit.now else None


def last_start(unit: Unit, snapshot: CourseSnapshot) -> datetime | None:
    """Wall-clock start of the last session that was given or has begun; a missed one needled nobody."""
    begun = [
        session.current.starts_at for session in snapshot.live if session.current is not None and _begun(unit, session)
    ]
    return to_wall(max(begun), unit.zone) if begun else None


def _begun(unit: Unit, session: SessionState) -> bool:
    current = session.current
    return current is not None and current.occupies and (current.starts_at <= unit.now or current.status == "fulfilled")


def booked_at(unit: Unit, placed: Placed, minutes: int) -> Booked:
    """A new appointment where the engine put a session.

    Raises:
        ValueError: the clock skips that time; the engine never uses one.
    """
    starts_at = instant(placed.start, unit.zone)
    return Booked(
        id=None,
        practitioner_id=int(placed.practitioner),
        room_id=int(placed.room),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes),
    )


def whole_steps(unit: Unit, minutes: int) -> int:
    """A length in whole steps of the diary's grid, so that what follows starts on it."""
    return -(-minutes // unit.clinic.grid_minutes) * unit.clinic.grid_minutes


def wanted_gap(planned: PlannedSession) -> Gap | None:
    """The engine's gap of a session that a course owes."""
    return Gap(planned.gap.target, planned.gap.min, planned.gap.max) if planned.gap else None


def edge(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant at which a stretch of wall-clock time begins or ends, also where the clock skips it."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time that exists."""
    found = to_utc(wall, zone)
    if found is None:
        raise ValueError(f"the clock skips {wall}")
    return found


def _owed(unit: Unit, session: SessionState, others: Collection[datetime]) -> OwedSession:
    booked = standing(unit, session)
    if booked is None:
        return OwedSession(session.key, session.minutes, session.gap)
    return OwedSession(
        key=session.key,
        minutes=round((booked.ends_at - booked.starts_at).total_seconds() / 60),
        gap=session.gap,
        place=Place(str(booked.practitioner_id), str(booked.room_id), to_wall(booked.starts_at, unit.zone)),
        # Its time is all that is free there, so only what stays exactly where it is keeps the 48 hours.
        locked=booked.is_fixed(unit.now, unit.clinic.notice_hours) or _crosses(booked, others),
        move_points=move_points(booked.starts_at, unit.now),
        confirmed=booked.confirmed_at is not None,
    )


def _crosses(booked: Booked, others: Iterable[datetime]) -> bool:
    """Whether an appointment reaches into the 48 hours about one of the patient's other visits."""
    return any(booked.starts_at < end and start < booked.ends_at for start, end in map(_rest_about, others))


def _elsewhere(unit: Unit, others: Iterable[datetime], owed: Iterable[OwedSession]) -> tuple[tuple[date, date], ...]:
    """Days about the patient's appointments of other courses, but for those on which a session stands already."""
    agreed = {session.place.start.date() for session in owed if session.place is not None}
    return tuple((day, day + _DAY) for day in days_about(unit, others) if day not in agreed)


def days_about(unit: Unit, starts: Iterable[datetime]) -> list[date]:
    """The day of each appointment, the day before and the day after: within 48 hours on any clock."""
    days = (to_wall(start, unit.zone).date() for start in starts)
    return sorted({day + timedelta(days=shift) for day in days for shift in (-1, 0, 1)})


class OneVisit(NamedTuple):
    """An appointment that occupies its patient's time."""

    patient_id: int
    course_id: int
    appointment_id: int
    starts_at: datetime


def visits_of(unit: Unit, patient_ids: Collection[int]) -> list[OneVisit]:
    """All visits of these patients from two days ago on, by time: 48 hours hold between all needlings (one query)."""
    row = AppointmentRow
    found = unit.session.execute(
        select(row.patient_id, row.course_id, row.id, row.starts_at)
        .where(
            row.patient_id.in_(patient_ids),
            row.status.in_(OCCUPYING_STATUSES),
            row.starts_at > unit.now - timedelta(hours=MIN_GAP_HOURS),
        )
        .order_by(row.starts_at)
    )
    return [OneVisit(*each) for each in found]


def other_starts(unit: Unit, patient_id: int, *, but_for_course: int | None = None) -> list[datetime]:
    """When a patient has appointments of other courses, from two days ago on, by time."""
    return [each.starts_at for each in visits_of(unit, [patient_id]) if each.course_id != but_for_course]
