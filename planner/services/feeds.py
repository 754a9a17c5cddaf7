"""Calendar addresses: made for a patient or a practitioner, replaced, and answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from planner.calendars.feed import CalendarFeed
from planner.errors import DatabaseBusy, NotAllowed, NotFound, StorageFailed
from planner.services.calendar_events import patient_events, practitioner_events
from planner.services.calendar_programs import program_name
from planner.services.feed_memory import FeedMemory, Written
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.tokens import hashed, new_token
from planner.storage.outward import FeedRow
from planner.storage.people import PatientRow, StaffRow

REFRESH: Final = timedelta(hours=1)
NOTED_EVERY: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class FeedState:
    """A calendar address in use, as its owner sees it; the address itself was shown once.

    Args:
        fetched_at: when a calendar last asked, to the quarter of an hour; None: never.
        fetched_by: the program that asked, in plain words.
    """

    created_at: datetime
    fetched_at: datetime | None
    fetched_by: str


@dataclass(frozen=True, slots=True)
class ServedFeed:
    """What an address answers, and which feed it is."""

    clinic_id: int
    feed_id: int
    written: Written
    fetched_at: datetime | None


def create_feed(
    runtime: Runtime, actor: Actor, *, patient_id: int | None = None, practitioner_id: int | None = None
) -> str:
    """Make a calendar address for one of the two; an earlier one stops working at once.

    Returns:
        The full address. Only its hash is kept, so nobody can be shown it again.
    Raises:
        NotFound: no such person here, or a patient asks for another one's.
        NotAllowed: a therapist asks for a colleague's.
    """
    with runtime.writing(actor) as unit:
        subject = _check_owner(unit, patient_id, practitioner_id)
        for row in unit.session.scalars(_in_use(patient_id, practitioner_id)):
            row.revoked_at = unit.now
        token = new_token()
        unit.session.add(
            FeedRow(
                token_hash=hashed(token),
                patient_id=patient_id,
                practitioner_id=practitioner_id,
                created_at=unit.now,
            )
        )
        unit.audit("feed.create", subject)
    return f"{runtime.base_url.rstrip('/')}/f/{token}.ics"


def feed_state(unit: Unit, *, patient_id: int | None = None, practitioner_id: int | None = None) -> FeedState | None:
    """The address in use of a patient or practitioner; None where there is none."""
    row = unit.session.scalar(_in_use(patient_id, practitioner_id).order_by(FeedRow.id.desc()).limit(1))
    return FeedState(row.created_at, row.fetched_at, row.fetched_by) if row is not None else None


def is_in_use(runtime: Runtime, actor: Actor, address: str) -> bool:
    """Whether an address that was shown before still opens a calendar of this person's clinic."""
    with runtime.reading(actor) as unit:
        return _row_for(unit.session, token_in(address)) is not None


def token_in(address: str) -> str:
    """The secret part of a calendar address."""
    return address.rpartition("/")[2].removesuffix(".ics")


def feed_for_token(runtime: Runtime, token: str, memory: FeedMemory) -> ServedFeed:
    """What the address with this token answers.

    Raises:
        NotFound: unknown, replaced, or of somebody who left; they look the same.
    """
    with runtime.database.reading(None) as session:
        row = _row_for(session, token)
    if row is None:
        raise NotFound("There is no such calendar.")
    with runtime.reading(Actor.system(row.clinic_id)) as unit:
        feed, now = _feed(unit, row), unit.now
    return ServedFeed(row.clinic_id, row.id, memory.written(row.id, feed, now), row.fetched_at)


def note_fetch(runtime: Runtime, served: ServedFeed, user_agent: str) -> None:
    """Remember that a calendar asked, at most once in a quarter of an hour.

    An answer must not fail for this, so a database that can't be written is left alone.
    """
    now = runtime.clock.now()
    if served.fetched_at is not None and now - served.fetched_at < NOTED_EVERY:
        return
    try:
        with runtime.database.writing(served.clinic_id) as session:
            row = session.get(FeedRow, (served.clinic_id, served.feed_id))
            if row is not None:
                row.fetched_at, row.fetched_by = now, program_name(user_agent)
    except (DatabaseBusy, StorageFailed):
        return


def _in_use(patient_id: int | None, practitioner_id: int | None) -> Select[FeedRow]:
    return select(FeedRow).where(
        FeedRow.patient_id.is_(None) if patient_id is None else FeedRow.patient_id == patient_id,
        FeedRow.practitioner_id.is_(None) if practitioner_id is None else FeedRow.practitioner_id == practitioner_id,
        FeedRow.revoked_at.is_(None),
    )


def _check_owner(unit: Unit, patient_id: int | None, practitioner_id: int | None) -> str:
    """Refuse an owner whose calendar this person may not open; gives the owner's name for the audit."""
    actor = unit.actor
    if (patient_id is None) == (practitioner_id is None):
        raise ValueError("a feed belongs to a patient or to a practitioner")
    if actor.patient_id is not None and patient_id != actor.patient_id:
        raise NotFound("There is no such calendar.")
    if practitioner_id is None:
        return f"patient/{unit.get(PatientRow, patient_id or 0).id}"
    staff = unit.get(StaffRow, practitioner_id)
    if not actor.is_system and actor.role != "manager" and actor.staff_id != practitioner_id:
        raise NotAllowed("Only the therapist and managers can open this calendar.")
    return f"staff/{staff.id}"


def _row_for(session: Session, token: str) -> FeedRow | None:
    in_use = (FeedRow.token_hash == hashed(token)) & FeedRow.revoked_at.is_(None)
    row = session.scalar(select(FeedRow).where(in_use))
    if row is not None and row.practitioner_id is not None:
        staff = session.get(StaffRow, (row.clinic_id, row.practitioner_id))
        return row if staff is not None and staff.active else None
    return row


def _feed(unit: Unit, row: FeedRow) -> CalendarFeed:
    if row.patient_id is not None:
        return CalendarFeed(
            name=f"Appointments – {unit.clinic.name}",
            events=patient_events(unit, row.patient_id),
            refresh=REFRESH,
            source_url=None,
            timezone=unit.clinic.timezone,
        )
    staff = unit.get(StaffRow, row.practitioner_id or 0)
    return CalendarFeed(
        name=f"{staff.name} – {unit.clinic.name}",
        events=practitioner_events(unit, staff.id),
        refresh=REFRESH,
        source_url=None,
        timezone=unit.clinic.timezone,
    )
