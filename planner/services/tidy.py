"""Throw away what is no longer needed: ended sessions, replaced calendar addresses, plans nobody took, old jobs."""

from datetime import timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete

from planner.services.runtime import Runtime
from planner.services.sweeping import SweepReport
from planner.storage.doors import AccountLetterRow, AttemptRow, ContactChangeRow
from planner.storage.jobs import FreedSlotRow, SolveJobRow
from planner.storage.outward import FeedRow
from planner.storage.people import LoginRow

KEEP_REVOKED_FEEDS: Final = timedelta(days=30)
KEEP_JOBS: Final = timedelta(days=14)
KEEP_FREED_SLOTS: Final = timedelta(days=14)
KEEP_CONTACT_CHANGES: Final = timedelta(days=7)


def tidy(runtime: Runtime) -> SweepReport:
    """Delete, in all clinics, what is past its time; running it twice changes nothing more."""
    now = runtime.clock.now()
    old = (
        delete(LoginRow).where(LoginRow.expires_at <= now),
        delete(AttemptRow).where(AttemptRow.until <= now),
        delete(AccountLetterRow).where(AccountLetterRow.expires_at <= now),
        # They hold addresses and numbers; what was done stands in the audit.
        delete(ContactChangeRow).where(ContactChangeRow.asked_at < now - KEEP_CONTACT_CHANGES),
        # It answers as an unknown address does, so nobody can tell that its row is gone.
        delete(FeedRow).where(FeedRow.revoked_at < now - KEEP_REVOKED_FEEDS),
        delete(SolveJobRow).where(SolveJobRow.beat_at < now - KEEP_JOBS),
        # Its offers go with it.
        delete(FreedSlotRow).where(FreedSlotRow.starts_at < now - KEEP_FREED_SLOTS),
    )
    of_the_queue = runtime.queue.tidy() if runtime.queue is not None else 0
    with runtime.database.writing(None) as session:
        deleted = (cast(CursorResult[Any], session.execute(statement)).rowcount for statement in old)
        return SweepReport(done=sum(deleted) + of_the_queue)
