"""Tries that failed, counted in rows, so that all processes count together; and how long the next one has to wait.

A row ends by itself: `tidy` deletes it, and until then it counts for nothing. Each of them costs whoever makes it a
try at a password or a code, so their number is bounded by what the server can check in the longest time they live.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from planner.storage.doors import AttemptRow

LONGEST_BLOCK: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may fail.

    Args:
        free: so often nothing happens; then a minute's wait, and twice as long after each further failure.
        forgotten: after so long without a failure it begins anew.
    """

    free: int
    forgotten: timedelta


@dataclass(frozen=True, slots=True)
class Counter:
    """Whose failures are counted, and by which limit. `about` comes from `keys.blinded`."""

    about: str
    limit: Limit


def wait_left(session: Session, counters: Sequence[Counter], now: datetime) -> timedelta:
    """How long the next try has to wait; nothing where none of them is blocked.

    It holds the rows until the transaction ends, so that tries made at the same moment are looked at one by one.
    """
    row = AttemptRow
    ours = select(row.blocked_until).where(row.about.in_([each.about for each in counters]), row.what == "")
    found = session.scalars(ours.order_by(row.about).with_for_update())
    return max((until - now for until in found if until is not None and until > now), default=timedelta())


def count_failure(session: Session, counters: Sequence[Counter], now: datetime) -> None:
    """Count one more against each of them."""
    for counter in sorted(counters, key=lambda each: each.about):
        row = _row(session, counter.about, "", now)
        row.failures = 1 if row.until <= now else row.failures + 1
        row.blocked_until = _blocked_until(row.failures, counter.limit, now)
        row.until = now + counter.limit.forgotten
    session.flush()


def forget(session: Session, counters: Sequence[Counter]) -> None:
    """It went well: earlier failures count no more."""
    session.execute(delete(AttemptRow).where(AttemptRow.about.in_([each.about for each in counters])))


def note_once(session: Session, about: str, what: str, now: datetime, within: timedelta) -> int:
    """Note one of several different things, each of which counts once; how many there are within that time."""
    _row(session, about, what, now).until = now + within
    session.flush()
    here = select(func.count()).where(AttemptRow.about == about, AttemptRow.until > now)
    return session.scalar(here) or 0


def spend(session: Session, about: str, now: datetime, within: timedelta) -> bool:
    """Use up something that may be used once within a time; whether nobody had."""
    row = _row(session, about, "", now)
    if row.until > now:
        return False
    row.until = now + within
    session.flush()
    return True


def _row(session: Session, about: str, what: str, now: datetime) -> AttemptRow:
    """The row, held until the transaction ends; one that has ended already where there was none."""
    key = (about, what)
    row = session.get(AttemptRow, key, with_for_update=True)
    if row is not None:
        return row
    try:
        with session.begin_nested():
            session.add(row := AttemptRow(about=about, what=what, failures=0, until=now))
    except IntegrityError:
        # Another process made it at the same moment.
        return session.get_one(AttemptRow, key, with_for_update=True)
    return row


def _blocked_until(failures: int, limit: Limit, now: datetime) -> datetime | None:
    if failures < limit.free:
        return None
    doublings = min(failures - limit.free, 10)
    return now + min(timedelta(minutes=2**doublings), LONGEST_BLOCK)
