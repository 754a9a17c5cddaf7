"""Ten weeks at the demo clinic, day by day, told through the services with a clock that is turned forward."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.diary.hours import Closure, Leave
from planner.notify.message import Message
from planner.services import (
    attendance,
    clinic_setup,
    leave,
    maintenance,
    messages,
    reminders,
    services_offered,
    worklists,
)
from planner.services.demo import cast, courses, measures
from planner.services.demo.courses import Told
from planner.services.runtime import Actor, Runtime
from planner.storage.courses import AppointmentRow

_DAY: Final = timedelta(days=1)
_OPENS: Final = time(7, 30)
_TOLD: Final = time(7, 50)
_SHUTS: Final = time(20)
_REMINDED_DAYS: Final = timedelta(days=2)  # Reminders of weeks ago would interest nobody.
_STILL_TO_CALL: Final = timedelta(days=6)


class StoryClock:
    """A clock that is turned forward by hand."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self._now

    def turn_to(self, instant: datetime) -> None:
        """Go on to an instant; a clock that is further stays."""
        self._now = max(self._now, instant.astimezone(UTC))


class NoMail:
    """Takes every message and drops it: what was news to invented patients weeks ago is news to nobody now."""

    def send(self, message: Message, *, on_data_started: Callable[[], None] | None = None) -> None:
        """As if it were delivered."""
        if on_data_started is not None:
            on_data_started()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A visit that nobody has said anything about yet."""

    id: int
    course_id: int
    session_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass
class Story:
    """The demo clinic on its way from ten weeks ago to now.

    Args:
        runtime: on a database of its own, with `clock` and `NoMail`.
        clock: the runtime's; it may stand anywhere before the story begins.
        now: where the story ends.
    """

    runtime: Runtime
    clock: StoryClock
    now: datetime
    clinic_id: int = field(init=False)
    staff: dict[str, Actor] = field(init=False, default_factory=dict)
    told: dict[int, Told] = field(init=False, default_factory=dict)
    seen: list[tuple[Told, int]] = field(init=False, default_factory=list)
    """Who came today, with the session."""

    def tell(self) -> None:
        """All of it."""
        days = list(self._days())
        self.clock.turn_to(self._at(days[0] - _DAY, _OPENS))
        self._open_the_clinic()
        for day in days:
            self._morning(day)
            self._visits(day)
            self._evening(day)
        self.clock.turn_to(self.now)
        reminders.queue_reminders(self.runtime)
        messages.send_outbox(self.runtime)

    @property
    def today(self) -> date:
        """The day on which the story ends."""
        return self.now.astimezone(ZoneInfo(cast.CLINIC.timezone)).date()

    @property
    def reception(self) -> Actor:
        """Rosa, who does most."""
        return self.staff[cast.RECEPTION.name]

    def _at(self, day: date, wall: time) -> datetime:
        """The instant of a wall-clock time at the clinic, but none that is still to come."""
        return min(self.now, datetime.combine(day, wall, ZoneInfo(cast.CLINIC.timezone)).astimezone(UTC))

    def _days(self) -> Iterator[date]:
        day = self.today + timedelta(days=min(each.booked_on for each in cast.CHARACTERS))
        while day <= self.today:
            yield day
            day += _DAY

    def _open_the_clinic(self) -> None:
        self.clinic_id = clinic_setup.create_clinic(self.runtime, cast.CLINIC)
        with self.runtime.writing(Actor.system(self.clinic_id)) as unit:
            unit.clinic.currency = cast.CURRENCY
            for person in cast.STAFF:
                treats = bool(person.hours)
                row = clinic_setup.add_staff(unit, person.name, person.email, person.role, cast.PASSWORD, treats=treats)
                self.staff[person.name] = Actor(self.clinic_id, person.name, person.role, row.id)
                if treats:
                    clinic_setup.set_practitioner_hours(unit, row.id, person.hours)
            for name in cast.ROOMS:
                clinic_setup.add_room(unit, name)
            training = self.today + timedelta(days=22 - self.today.weekday())
            clinic_setup.add_closure(unit, Closure(training, training, "Staff training"))
        for service in cast.SERVICES:
            services_offered.add(self.runtime, self.staff[cast.MANAGER.name], service)

    def _morning(self, day: date) -> None:
        """New courses are booked, leave is recorded, visits are called off; then the patients are told."""
        self.clock.turn_to(self._at(day, _OPENS))
        offset = (day - self.today).days
        for character in cast.CHARACTERS:
            if character.booked_on == offset:
                told = courses.begin(self.runtime, self.staff, character, self.today)
                self.told[told.course_id] = told
        for absence in cast.ABSENCES:
            if absence.recorded_on == offset:
                first, last = (self.today + timedelta(days=days) for days in (absence.first, absence.last))
                away = Leave.whole_days(first, last, absence.reason)
                person = self.staff[absence.who.name]
                leave.record_leave(self.runtime, self.reception, person.staff_id or 0, away)
        for told in self.told.values():
            if told.character.then_on == offset:
                courses.turn(self.runtime, self.staff, told)
        self._call_off(day + 2 * _DAY, "c")
        self._call_off(day, "l")
        self.clock.turn_to(self._at(day, _TOLD))
        messages.send_outbox(self.runtime)

    def _call_off(self, day: date, letter: str) -> None:
        """Those patients cancel whose story says so."""
        for visit in self._waiting(day):
            told = self.told[visit.course_id]
            if visit.starts_at > self.clock.now() and told.next_letter == letter:
                attendance.cancel(self.runtime, told.patient, visit.id)
                told.visits_over += 1

    def _visits(self, day: date) -> None:
        """The patients come, or don't."""
        for visit in self._waiting(day):
            told = self.told[visit.course_id]
            if visit.ends_at <= self.now:
                self.clock.turn_to(visit.ends_at)
                missed = told.next_letter == "m"
                (attendance.miss if missed else attendance.fulfil)(self.runtime, self.reception, visit.id)
                told.visits_over += 1
                if not missed:
                    measures.measure(self.runtime, self.staff, told, visit.session_id)
                    self.seen.append((told, visit.session_id))
            elif visit.starts_at <= self.now:
                self.clock.turn_to(visit.starts_at)
                attendance.arrive(self.runtime, self.reception, visit.id)

    def _evening(self, day: date) -> None:
        """What the timers do all day long."""
        if day == self.today:
            return
        self.clock.turn_to(self._at(day, _SHUTS))
        for told, session_id in self.seen:
            measures.feel(self.runtime, told, session_id)
        self.seen.clear()
        if day >= self.today - _REMINDED_DAYS:
            reminders.queue_reminders(self.runtime)
        if day.weekday() == 0 or day == self.today - _DAY:
            maintenance.extend_all(self.runtime)
        messages.send_outbox(self.runtime)
        if day < self.today - _STILL_TO_CALL:
            self._call_those_without_mail()

    def _call_those_without_mail(self) -> None:
        with self.runtime.reading(self.reception) as unit:
            items = [item.id for item in worklists.open_items(unit) if item.kind == worklists.TELL_PATIENT]
        for item_id in items:
            worklists.dismiss(self.runtime, self.reception, item_id)

    def _waiting(self, day: date) -> Sequence[_Waiting]:
        """The visits of a day of which nobody knows yet how they go, by time."""
        zone, row = ZoneInfo(cast.CLINIC.timezone), AppointmentRow
        start, end = (datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + _DAY))
        with self.runtime.reading(self.reception) as unit:
            found = unit.session.scalars(
                select(row)
                .where(row.status.in_(attendance.UNATTENDED), row.starts_at >= start, row.starts_at < end)
                .order_by(row.starts_at, row.id)
            )
            return [_Waiting(each.id, each.course_id, each.session_id, each.starts_at, each.ends_at) for each in found]
