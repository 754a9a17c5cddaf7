"""The clinic's name and place, its rooms, and the days on which it is closed, for whoever manages it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select

from planner.diary.hours import Closure, WeeklyHours, public_holidays
from planner.errors import InvalidInput
from planner.languages import LANGUAGES
from planner.services import clinic_setup
from planner.services.clinic_setup import NewClinic
from planner.services.currencies import checked_currency
from planner.services.patients import refuse_no_address, refuse_no_number
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.seen import must_be_as_seen, seen_of
from planner.services.work_time import weekly_of
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow
from planner.storage.opening import ClosureRow, HoursRow
from planner.storage.people import ClinicRow, RoomRow
from planner.words import say, say_many

_HOLIDAYS_AHEAD: Final = timedelta(days=365)
_LINE_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """What patients and calendars are told of the clinic.

    Args:
        subdivision: the region's code within the country; "" for holidays kept everywhere.
        language: of letters to patients who chose none, and of pages.
        currency: three letters, such as GBP; "" where no fees are told.
    """

    name: str
    address: str
    phone: str
    email: str
    timezone: str
    country: str
    subdivision: str
    language: str
    currency: str


@dataclass(frozen=True, slots=True)
class Room:
    """A room; without hours of its own it is open whenever somebody works. `ahead` visits to come are booked in it."""

    id: int
    name: str
    active: bool
    hours: tuple[WeeklyHours, ...]
    ahead: int
    seen: str


@dataclass(frozen=True, slots=True)
class ClosureLine:
    """Days on which the clinic is closed, and how many visits are booked on them."""

    id: int
    closure: Closure
    booked: int


@dataclass(frozen=True, slots=True)
class ClosureDesk:
    """What is closed from today on, and the public holidays of a year."""

    today: date
    lines: tuple[ClosureLine, ...]
    holidays: tuple[tuple[date, str], ...]


def facts_of(runtime: Runtime, actor: Actor) -> tuple[ClinicFacts, str]:
    """The facts, and what a form carries along."""
    with runtime.reading(actor) as unit:
        facts = _facts(unit.clinic)
        return facts, seen_of(asdict(facts))


def change_facts(runtime: Runtime, actor: Actor, facts: ClinicFacts, *, seen: str) -> None:
    """Keep other facts.

    Raises:
        InvalidInput: naming the field; also for another zone while visits are booked, which would change their times.
        StaleForm: somebody changed them meanwhile.
    """
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        clinic = unit.clinic
        must_be_as_seen(seen, asdict(_facts(clinic)))
        checked_place(facts)
        if facts.timezone != clinic.timezone and _booked(unit, AppointmentRow.starts_at > unit.now):
            raise InvalidInput(
                say("Visits are booked ahead; in another zone each would be at another time of day."), field="timezone"
            )
        for name, value in asdict(facts).items():
            setattr(clinic, name, value)
        clinic.name, clinic.subdivision = clinic_setup.checked_name(facts.name), facts.subdivision or None
        unit.audit("change clinic", f"clinic/{clinic.id}")


def checked_place(facts: ClinicFacts) -> NewClinic:
    """The same as a clinic that can be opened.

    Raises:
        InvalidInput: naming the field.
    """
    check_reach(facts)
    if facts.language not in LANGUAGES:
        raise InvalidInput(say("There are no texts in this language."), field="language")
    checked_currency(facts.currency)
    return NewClinic(
        facts.name, facts.timezone, facts.country, facts.subdivision or None, facts.address, facts.phone, facts.email
    )


def check_reach(facts: ClinicFacts) -> None:
    """Refuse an address, number or e-mail address that could not stand in a letter or be answered to.

    Raises:
        InvalidInput: naming the field.
    """
    for name in ("address", "phone", "email"):
        text: str = getattr(facts, name)
        if len(text) > _LINE_LENGTH_MAX or not text.isprintable():
            raise InvalidInput(
                say("Write it on one line, with at most %(most)s characters.", most=_LINE_LENGTH_MAX), field=name
            )
    refuse_no_number(facts.phone)
    refuse_no_address(facts.email)


def rooms(runtime: Runtime, actor: Actor) -> tuple[Room, ...]:
    """All rooms, those that are closed last (three queries)."""
    with runtime.reading(actor) as unit:
        found = _rooms(unit, unit.session.scalars(select(RoomRow)).all())
        return tuple(sorted(found, key=lambda room: (not room.active, room.name.casefold(), room.id)))


def room(runtime: Runtime, actor: Actor, room_id: int) -> Room:
    """One of them. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return _rooms(unit, [unit.get(RoomRow, room_id)])[0]


def add_room(runtime: Runtime, actor: Actor, name: str) -> None:
    """Add one.

    Raises:
        InvalidInput: the name is unfit, or another room that is open has it.
    """
    with runtime.writing(actor) as unit:
        _refuse_a_name_twice(unit, clinic_setup.add_room(unit, name))


def change_room(
    runtime: Runtime, actor: Actor, room_id: int, name: str, hours: Iterable[WeeklyHours], *, seen: str
) -> None:
    """Give a room another name or other hours; none means that it is open whenever somebody works.

    Raises:
        InvalidInput: the name is unfit, or another room that is open has it.
        StaleForm: somebody changed it meanwhile.
    """
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        row = unit.get(RoomRow, room_id)
        must_be_as_seen(seen, _plain(row, _hours(unit, [row.id]).get(row.id, ())))
        if row.name != clinic_setup.checked_name(name):
            row.name = clinic_setup.checked_name(name)
            _refuse_a_name_twice(unit, row)
        clinic_setup.set_room_hours(unit, room_id, hours)


def close_room(runtime: Runtime, actor: Actor, room_id: int) -> int:
    """Book nothing into it any more; gives how many visits to come stay in it."""
    with runtime.writing(actor) as unit:
        clinic_setup.close_room(unit, room_id)
        return _booked(unit, AppointmentRow.room_id == room_id, AppointmentRow.starts_at > unit.now)


def reopen_room(runtime: Runtime, actor: Actor, room_id: int) -> None:
    """Book into it again."""
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        row = unit.get(RoomRow, room_id)
        row.active = True
        unit.audit("reopen room", f"room/{row.id}")


def _refuse_a_name_twice(unit: Unit, room: RoomRow) -> None:
    """Raise InvalidInput where another open room is called so: nobody could tell their columns apart."""
    others = unit.session.scalars(select(RoomRow.name).where(RoomRow.id != room.id, RoomRow.active))
    if room.name.casefold() in {name.casefold() for name in others}:
        raise InvalidInput(say("There is a room called %(name)s already.", name=room.name), field="name")


def closure_desk(runtime: Runtime, actor: Actor) -> ClosureDesk:
    """What the page shows."""
    with runtime.reading(actor) as unit:
        rows = unit.session.scalars(
            select(ClosureRow).where(ClosureRow.last_day >= unit.today).order_by(ClosureRow.first_day, ClosureRow.id)
        )
        lines = tuple(_closure_line(unit, row) for row in rows)
        clinic, last = unit.clinic, unit.today + _HOLIDAYS_AHEAD
        kept = public_holidays(clinic.country, clinic.subdivision, unit.today, last)
        return ClosureDesk(unit.today, lines, tuple(kept.items()))


def add_closure(runtime: Runtime, actor: Actor, closure: Closure) -> int:
    """Close the clinic for some days; gives how many visits are booked on them, which stay where they are.

    Raises:
        InvalidInput: the days are past, or closed already.
    """
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        if closure.last_day < unit.today:
            raise InvalidInput(say("These days are past."), field="last_day")
        meeting = select(ClosureRow).where(
            ClosureRow.first_day <= closure.first_day, ClosureRow.last_day >= closure.last_day
        )
        if unit.session.scalars(meeting).first() is not None:
            raise InvalidInput(say("The clinic is closed on these days already."), field="first_day")
        return _closure_line(unit, clinic_setup.add_closure(unit, closure)).booked


def remove_closure(runtime: Runtime, actor: Actor, closure_id: int) -> None:
    """Open the clinic again on those days."""
    with runtime.writing(actor) as unit:
        clinic_setup.remove_closure(unit, closure_id)


def stay_words(count: int) -> str:
    """What is said of visits that a change leaves where they are."""
    return say_many(
        "%(num)s visit stays where it is. Move it from its course.",
        "%(num)s visits stay where they are. Move them from their courses.",
        count,
    )


def _facts(clinic: ClinicRow) -> ClinicFacts:
    return ClinicFacts(
        clinic.name, clinic.address, clinic.phone, clinic.email, clinic.timezone, clinic.country,
        clinic.subdivision or "", clinic.language, clinic.currency,
    )  # fmt: skip


def _rooms(unit: Unit, rows: Iterable[RoomRow]) -> list[Room]:
    wanted = list(rows)
    hours = _hours(unit, [row.id for row in wanted])
    ahead = _ahead_by_room(unit)
    return [
        Room(
            row.id, row.name, row.active, hours.get(row.id, ()), ahead.get(row.id, 0),
            seen_of(_plain(row, hours.get(row.id, ()))),
        )
        for row in wanted
    ]  # fmt: skip


def _hours(unit: Unit, room_ids: list[int]) -> dict[int, tuple[WeeklyHours, ...]]:
    found: dict[int, tuple[WeeklyHours, ...]] = {}
    query = select(HoursRow).where(HoursRow.room_id.in_(room_ids)).order_by(HoursRow.weekday, HoursRow.start)
    for row in unit.session.scalars(query):
        assert row.room_id is not None  # noqa: S101 - the query asks for those of rooms
        found[row.room_id] = (*found.get(row.room_id, ()), weekly_of(row))
    return found


def _plain(row: RoomRow, hours: tuple[WeeklyHours, ...]) -> dict[str, object]:
    return {"name": row.name, "active": row.active, "hours": [line.to_json() for line in hours]}


def _ahead_by_room(unit: Unit) -> dict[int, int]:
    row = AppointmentRow
    found = unit.session.execute(
        select(row.room_id, func.count())
        .where(row.starts_at > unit.now, row.status.in_(OCCUPYING_STATUSES), row.superseded.is_(False))
        .group_by(row.room_id)
    )
    return dict(found.all())


def _booked(unit: Unit, *where: ColumnElement[bool]) -> int:
    row = AppointmentRow
    query = select(func.count()).select_from(row)
    return unit.session.scalar(query.where(*where, row.status.in_(OCCUPYING_STATUSES), row.superseded.is_(False))) or 0


def _closure_line(unit: Unit, row: ClosureRow) -> ClosureLine:
    closure = Closure(row.first_day, row.last_day, row.reason)
    shut = closure.interval()
    begins, ends = (each.replace(tzinfo=unit.zone) for each in (shut.start, shut.end))
    booked = _booked(
        unit,
        AppointmentRow.starts_at >= max(begins, unit.now),
        AppointmentRow.starts_at < ends,
    )
    return ClosureLine(row.id, closure, booked)
