"""Calendar addresses: made for a patient, a practitioner, a room or the clinic, replaced, and answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import bindparam, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from planner.calendars.feed import CalendarFeed, feed_bytes
from planner.errors import DatabaseBusy, NotFound, StorageFailed
from planner.services.calendar_events import Privacy, good_until
from planner.services.calendar_programs import program_name
from planner.services.feed_list import is_stale
from planner.services.feed_memory import FeedMemory, Written
from planner.services.feed_owners import FeedOwner, allowed_privacy, checked_privacy
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.tokens import hashed, new_token
from planner.storage.glance import Glance
from planner.storage.outward import FeedRow
from planner.storage.people import StaffRow
from planner.words import say

REFRESH: Final = timedelta(hours=1)
NOTED_EVERY: Final = timedelta(minutes=15)
_HEAD: Final = select(FeedRow.clinic_id, FeedRow.id, FeedRow.revision, FeedRow.fetched_at).where(
    FeedRow.token_hash == bindparam("token_hash"), FeedRow.revoked_at.is_(None)
)
_GLANCE: Final = Glance(_HEAD)


@dataclass(frozen=True, slots=True)
class FeedState:
    """A calendar address in use, as its owner sees it; the address itself was shown once.

    Args:
        fetched_at: when a calendar last asked, to the quarter of an hour; None: never.
        fetched_by: the program that asked, in plain words.
        stale: it has been silent for so long that it can't be relied on.
    """

    created_at: datetime
    fetched_at: datetime | None
    fetched_by: str
    privacy: Privacy = "neutral"
    stale: bool = False


@dataclass(frozen=True, slots=True)
class ServedFeed:
    """What an address answers, and which feed it is.

    Args:
        stale_for: how long ago the database spoke for it, where it is silent now; None: it has just spoken.
    """

    clinic_id: int
    feed_id: int
    written: Written
    fetched_at: datetime | None
    stale_for: timedelta | None = None


def create_feed(
    runtime: Runtime,
    actor: Actor,
    *,
    patient_id: int | None = None,
    practitioner_id: int | None = None,
    room_id: int | None = None,
    whole_clinic: bool = False,
    privacy: Privacy | None = None,
) -> str:
    """Make a calendar address for one of the four; an earlier one stops working at once.

    Args:
        privacy: how much it tells of people; None for what is usual.
    Returns:
        The full address. Only its hash is kept, so nobody can be shown it again.
    Raises:
        NotFound: no such person or room here, or a patient asks for another one's.
        NotAllowed: a therapist asks for a colleague's, or it would tell too much.
    """
    owner = FeedOwner(patient_id, practitioner_id, room_id, whole_clinic)
    with runtime.writing(actor) as unit:
        level = checked_privacy(unit, owner, privacy)
        for row in unit.session.scalars(select(FeedRow).where(owner.in_use())):
            row.revoked_at = unit.now
        token = new_token()
        unit.session.add(FeedRow(token_hash=hashed(token), created_at=unit.now, privacy=level, **owner.columns()))
        unit.audit("feed.create", owner.subject, privacy=level)
    return f"{runtime.base_url.rstrip('/')}/f/{token}.ics"


def end_feed(runtime: Runtime, actor: Actor, feed_id: int) -> None:
    """End an address without a new one; every calendar that has it loses it.

    Raises:
        NotFound: not of this clinic.
        NotAllowed: as for making one.
    """
    with runtime.writing(actor) as unit:
        row = unit.get(FeedRow, feed_id)
        owner = FeedOwner.of(row)
        allowed_privacy(unit, owner)
        if row.revoked_at is None:
            row.revoked_at = unit.now
            unit.audit("feed.end", owner.subject)


def feed_state(unit: Unit, *, patient_id: int | None = None, practitioner_id: int | None = None) -> FeedState | None:
    """The address in use of a patient or practitioner; None where there is none."""
    owner = FeedOwner(patient_id, practitioner_id)
    row = unit.session.scalar(select(FeedRow).where(owner.in_use()).order_by(FeedRow.id.desc()).limit(1))
    if row is None:
        return None
    stale = is_stale(unit.now, row.created_at, row.fetched_at)
    return FeedState(row.created_at, row.fetched_at, row.fetched_by, _privacy(row), stale)


def is_in_use(runtime: Runtime, actor: Actor, address: str) -> bool:
    """Whether an address that was shown before still opens a calendar of this person's clinic."""
    with runtime.reading(actor) as unit:
        return _row_for(unit.session, token_in(address)) is not None


def token_in(address: str) -> str:
    """The secret part of a calendar address."""
    return address.rpartition("/")[2].removesuffix(".ics")


def feed_for_token(runtime: Runtime, token: str, memory: FeedMemory) -> ServedFeed:
    """What the address with this token answers; while nothing changed, one look at its row is all it takes.

    While the database can't be asked it is what the address answered last, for some hours.

    Raises:
        NotFound: unknown, replaced, or of somebody who left; they look the same.
        DatabaseBusy, StorageFailed: the database can't be asked, and the address was not asked for lately.
    """
    kept_as, now = hashed(token), runtime.clock.now()
    if memory.is_silent(now) and (stale := _stale(memory, kept_as, now)):
        return stale
    try:
        served = _served(runtime, kept_as, memory)
    except NotFound:
        memory.forget(kept_as)
        raise
    except (DatabaseBusy, StorageFailed, DatabaseError):
        memory.note_silence(runtime.clock.now())
        stale = _stale(memory, kept_as, now)
        if stale is None:
            raise
        return stale
    memory.note_answer(kept_as, served.clinic_id, served.feed_id, now)
    return served


def _stale(memory: FeedMemory, kept_as: str, now: datetime) -> ServedFeed | None:
    last = memory.last_answer(kept_as, now)
    if last is None:
        return None
    clinic_id, feed_id, written, age = last
    return ServedFeed(clinic_id, feed_id, written, fetched_at=None, stale_for=age)


def _served(runtime: Runtime, kept_as: str, memory: FeedMemory) -> ServedFeed:
    row = runtime.database.look(_HEAD, token_hash=kept_as)
    if row is None:
        raise NotFound(say("There is no such calendar."))
    written = memory.known(row.id, row.revision, runtime.clock.now())
    if written is None:
        written = _written(runtime, row.clinic_id, row.id, row.revision, memory)
    return ServedFeed(row.clinic_id, row.id, written, row.fetched_at)


def kept_feed(runtime: Runtime, token: str, memory: FeedMemory) -> Written | None:
    """What the address answers, if its bytes are kept and nobody needs to note that it was asked for.

    It waits for nothing; None where `feed_for_token` has to be asked, who knows why there is no answer.
    """
    kept_as = hashed(token)
    row = runtime.database.glance(_GLANCE, token_hash=kept_as)
    if row is None:
        return None
    now, (clinic_id, feed_id, revision, fetched_at) = runtime.clock.now(), row
    if fetched_at is None or now - fetched_at >= NOTED_EVERY:
        return None
    known = memory.known(feed_id, revision, now)
    if known is not None:
        memory.note_answer(kept_as, clinic_id, feed_id, now)
    return known


def _written(runtime: Runtime, clinic_id: int, feed_id: int, revision: int, memory: FeedMemory) -> Written:
    with runtime.reading(Actor.system(clinic_id)) as unit:
        row = unit.get(FeedRow, feed_id)
        if not _answers(unit.session, row):
            raise NotFound(say("There is no such calendar."))
        feed = _feed(unit, row)
        return memory.written(feed_id, revision, feed, unit.now, good_until(unit, feed.events))


def rendered(unit: Unit, row: FeedRow) -> tuple[bytes, int]:
    """The bytes that a calendar's address gives now, and how many entries it has; one that answers nobody is empty."""
    if not _answers(unit.session, row):
        row_feed = CalendarFeed(unit.clinic.name, (), REFRESH, None, unit.clinic.timezone)
    else:
        row_feed = _feed(unit, row)
    return feed_bytes(row_feed), len(row_feed.events)


def note_fetch(runtime: Runtime, served: ServedFeed, user_agent: str) -> None:
    """Remember that a calendar asked, at most once in a quarter of an hour.

    An answer must not fail for this, so a database that can't be written is left alone.
    """
    now = runtime.clock.now()
    if served.stale_for is not None or (served.fetched_at is not None and now - served.fetched_at < NOTED_EVERY):
        return
    try:
        with runtime.database.writing(served.clinic_id) as session:
            row = session.get(FeedRow, (served.clinic_id, served.feed_id))
            if row is not None:
                row.fetched_at, row.fetched_by = now, program_name(user_agent)
    except (DatabaseBusy, StorageFailed):
        return


def _row_for(session: Session, token: str) -> FeedRow | None:
    in_use = (FeedRow.token_hash == hashed(token)) & FeedRow.revoked_at.is_(None)
    row = session.scalar(select(FeedRow).where(in_use))
    return row if row is not None and _answers(session, row) else None


def _answers(session: Session, row: FeedRow) -> bool:
    """Not for a therapist who left: their phone must not follow the diary after the last day."""
    if row.practitioner_id is None:
        return True
    staff = session.get(StaffRow, (row.clinic_id, row.practitioner_id))
    return staff is not None and staff.active


def _feed(unit: Unit, row: FeedRow) -> CalendarFeed:
    owner = FeedOwner.of(row)
    return CalendarFeed(
        name=owner.name(unit),
        events=owner.events(unit, _privacy(row)),
        refresh=REFRESH,
        source_url=None,
        timezone=unit.clinic.timezone,
    )


def _privacy(row: FeedRow) -> Privacy:
    return cast(Privacy, row.privacy)
