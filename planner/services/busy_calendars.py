"""Therapists' own calendars, which block time: added, fetched on a timer, and kept at their last good state.

Of a calendar only its busy times are kept, for about a year ahead; titles never enter the database. Addresses of this
kind are secrets of their owners, so they are never shown again, logged or put into the audit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import delete, select

from planner.calendars.busy import BusyInterval, BusyQuestion
from planner.calendars.expansion import expand
from planner.errors import InvalidInput, NotAllowed, NotFound, PlannerError
from planner.services.busy_clashes import note_clashes
from planner.services.clinic_setup import checked_name
from planner.services.fetching import checked_address
from planner.services.queued import calendar_job
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.sweeping import SweepReport, each
from planner.storage.calendars import BusyCalendarRow, BusyTimeRow
from planner.storage.ids import new_id
from planner.storage.people import StaffRow
from planner.words import say

REACH: Final = timedelta(days=400)
EVERY: Final = timedelta(minutes=30)
MOST_CALENDARS: Final = 5
# Nothing of a calendar is kept but its times, so the later ones must be read anew from time to time.
_EXPAND_AGAIN: Final = timedelta(days=7)
_DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (30, 60, 180, 360))


@dataclass(frozen=True, slots=True)
class BusyCalendar:
    """A calendar that blocks time, as its owner sees it.

    Args:
        host: where it is fetched from; "" for an uploaded file.
        read_at: when it was last read without a fault; None: never.
        failing_since: since when it can't be read; None: all is well.
        intervals: how many busy times of it are ahead.
    """

    id: int
    name: str
    host: str
    all_day_busy: bool
    read_at: datetime | None
    failing_since: datetime | None
    last_error: str
    intervals: int


def calendars_of(unit: Unit, staff_id: int) -> Sequence[BusyCalendar]:
    """The calendars that block a person's time (two queries)."""
    rows = unit.session.scalars(
        select(BusyCalendarRow).where(BusyCalendarRow.practitioner_id == staff_id).order_by(BusyCalendarRow.id)
    ).all()
    ahead = select(BusyTimeRow.calendar_id).where(
        BusyTimeRow.practitioner_id == staff_id, BusyTimeRow.ends_at > unit.now
    )
    counted: dict[int, int] = {}
    for calendar_id in unit.session.scalars(ahead):
        counted[calendar_id] = counted.get(calendar_id, 0) + 1
    return [
        BusyCalendar(
            id=row.id,
            name=row.name,
            host=(urlsplit(row.address).hostname or "") if row.address else "",
            all_day_busy=row.all_day_busy,
            read_at=row.read_at,
            failing_since=row.failing_since,
            last_error=row.last_error,
            intervals=counted.get(row.id, 0),
        )
        for row in rows
    ]


def add_address(
    runtime: Runtime, actor: Actor, staff_id: int, address: str, *, name: str = "", all_day_busy: bool = True
) -> int:
    """Let the calendar at an address block a therapist's time; it is fetched at once, and then on a timer.

    Raises:
        InvalidInput: it is no web address, or what is there is no calendar.
        FetchFailed: it can't be fetched now; nothing is kept, so that a mistyped address is noticed.
        NotAllowed: a colleague's, and the person is no manager.
    """
    checked = checked_address(address)
    name = checked_name(name or urlsplit(checked).hostname or "")
    with runtime.reading(actor) as unit:
        _check_owner(unit, staff_id)
        question = _question(unit, all_day_busy)
    fetched = runtime.fetcher.fetch(checked)
    intervals = expand(fetched.data or b"", question)
    with runtime.writing(actor) as unit:
        row = _new_row(unit, staff_id, name, all_day_busy=all_day_busy)
        row.address, row.etag, row.due_at = checked, fetched.etag, unit.now + EVERY
        return _keep_new(unit, row, intervals)


def upload(
    runtime: Runtime, actor: Actor, staff_id: int, data: bytes, *, name: str = "", all_day_busy: bool = True
) -> int:
    """Let the events of a file block a therapist's time.

    Raises:
        InvalidInput: it is no calendar.
        NotAllowed: for a colleague, and the person is no manager.
    """
    name = checked_name(name or "Uploaded file")
    with runtime.reading(actor) as unit:
        _check_owner(unit, staff_id)
        question = _question(unit, all_day_busy)
    intervals = expand(data, question)
    with runtime.writing(actor) as unit:
        return _keep_new(unit, _new_row(unit, staff_id, name, all_day_busy=all_day_busy), intervals)


def remove(runtime: Runtime, actor: Actor, calendar_id: int) -> None:
    """Stop a calendar from blocking time; all that was kept of it goes.

    Raises:
        NotFound: not of this clinic.
        NotAllowed: a colleague's, and the person is no manager.
    """
    with runtime.writing(actor) as unit:
        row = unit.get(BusyCalendarRow, calendar_id)
        _check_owner(unit, row.practitioner_id)
        unit.session.execute(delete(BusyTimeRow).where(BusyTimeRow.calendar_id == row.id))
        unit.session.delete(row)
        unit.session.flush()
        unit.audit("busy.remove", f"staff/{row.practitioner_id}")
        note_clashes(unit, row.practitioner_id)


def refresh_all(runtime: Runtime) -> SweepReport:
    """Fetch every calendar that is due, of all clinics; where there are workers, each is a job of its own."""
    now = runtime.clock.now()
    with runtime.database.reading(None) as session:
        due = session.execute(
            select(BusyCalendarRow.clinic_id, BusyCalendarRow.id)
            .where(BusyCalendarRow.due_at <= now)
            .order_by(BusyCalendarRow.due_at)
        ).all()
    if runtime.queue is not None:
        runtime.queue.defer_now(*(calendar_job(*found) for found in due))
        return SweepReport(done=len(due))
    return each(runtime, "busy-calendars", due, key=lambda found: found.id, work=lambda found: refresh(runtime, *found))


def refresh(runtime: Runtime, clinic_id: int, calendar_id: int) -> None:
    """Fetch one calendar. One that can't be read keeps its last good times, and says since when it fails."""
    actor = Actor.system(clinic_id)
    with runtime.reading(actor) as unit:
        row = unit.get(BusyCalendarRow, calendar_id)
        fresh = row.expanded_at is not None and unit.now - row.expanded_at < _EXPAND_AGAIN
        address, etag, question = row.address, row.etag if fresh else "", _question(unit, row.all_day_busy)
    if address is None:
        return
    try:
        fetched = runtime.fetcher.fetch(address, etag)
        intervals = None if fetched.data is None else expand(fetched.data, question)
    except PlannerError as failure:
        _note_failure(runtime, actor, calendar_id, failure.message)
        return
    with runtime.writing(actor) as unit:
        row = unit.get(BusyCalendarRow, calendar_id)
        row.read_at, row.due_at, row.failing_since, row.last_error = unit.now, unit.now + EVERY, None, ""
        if intervals is not None:
            row.etag = fetched.etag
            _replace(unit, row, intervals)


def _note_failure(runtime: Runtime, actor: Actor, calendar_id: int, why: str) -> None:
    with runtime.writing(actor) as unit:
        row = unit.get(BusyCalendarRow, calendar_id)
        row.failing_since = row.failing_since or unit.now
        row.last_error = why
        failing = unit.now - row.failing_since
        row.due_at = unit.now + next((delay for delay in _DELAYS if failing < 4 * delay), _DELAYS[-1])


def _check_owner(unit: Unit, staff_id: int) -> None:
    staff = unit.get(StaffRow, staff_id)
    if unit.actor.patient_id is not None or not staff.treats:
        raise NotFound(say("There is no such therapist."))
    if not unit.actor.is_system and unit.actor.role != "manager" and unit.actor.staff_id != staff_id:
        raise NotAllowed(say("Only the therapist and managers can do this."))


def _new_row(unit: Unit, staff_id: int, name: str, *, all_day_busy: bool) -> BusyCalendarRow:
    there = unit.session.scalars(select(BusyCalendarRow.id).where(BusyCalendarRow.practitioner_id == staff_id)).all()
    if len(there) >= MOST_CALENDARS:
        raise InvalidInput(
            say("%(most_calendars)s calendars are the most; remove one first.", most_calendars=MOST_CALENDARS),
            field="calendar",
        )
    return BusyCalendarRow(
        id=new_id(),
        practitioner_id=staff_id,
        name=name,
        all_day_busy=all_day_busy,
        added_at=unit.now,
        read_at=unit.now,
    )


def _keep_new(unit: Unit, row: BusyCalendarRow, intervals: Iterable[BusyInterval]) -> int:
    unit.session.add(row)
    unit.session.flush()
    unit.audit("busy.add", f"staff/{row.practitioner_id}")
    _replace(unit, row, intervals)
    return row.id


def _replace(unit: Unit, row: BusyCalendarRow, intervals: Iterable[BusyInterval]) -> None:
    """Put the times just read in place of the earlier ones, and look whom they hit."""
    unit.session.execute(delete(BusyTimeRow).where(BusyTimeRow.calendar_id == row.id))
    unit.session.add_all(
        BusyTimeRow(
            calendar_id=row.id, practitioner_id=row.practitioner_id, starts_at=interval.start, ends_at=interval.end
        )
        for interval in intervals
    )
    row.expanded_at = unit.now
    unit.session.flush()
    note_clashes(unit, row.practitioner_id)


def _question(unit: Unit, all_day_busy: bool) -> BusyQuestion:
    return BusyQuestion(unit.now, unit.now + REACH, unit.clinic.timezone, all_day_busy)
