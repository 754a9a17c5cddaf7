"""What must hold in the clinic after its programs were killed again and again; asked with plain SQL where it can be."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from planner.services import audit, integrity
from tests.faults import checks
from tests.faults.scenes import BusyClinic

_UNSETTLED = """
    SELECT count(*) FROM outbox WHERE (status = 'due' AND due_at <= now()) OR status IN ('leased', 'sending')
"""
# Sweeps come again and again, and one that looks for takers of freed slots has long to do.
_BUSY = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND queue_name <> 'sweeps'"


@dataclass(frozen=True)
class Messages:
    """What became of the messages.

    Args:
        states: outbox rows by what became of them.
        arrived: letters that the post office took, one for each receiver.
        repeats: of letters about a course, how many came again with the same Message-ID.
        reminders: that arrived.
        reminders_twice: must be none.
        unknown: reminders that were cut off while they went out, shown to a person and never sent again.
        not_arrived: rows that say they were sent and never came; must be none.
        of_nobody: letters that no row owes; must be none.
    """

    states: Counter[str]
    arrived: int
    repeats: int
    reminders: int
    reminders_twice: int
    unknown: int
    not_arrived: int
    of_nobody: int


@dataclass(frozen=True)
class Whole:
    """What must hold. All but `courses` must be 0.

    Args:
        lost: courses that were answered as booked and are not there, or not once.
        double: pairs of appointments that take one practitioner, room or patient at the same time.
        not_owed: bookings whose patient is owed no message.
        damaged: what the integrity sweep finds: sessions without one appointment, histories, calendars, messages.
        broken_audit: places at which the audit's chain breaks.
    """

    courses: int
    lost: int
    double: int
    not_owed: int
    damaged: tuple[str, ...]
    broken_audit: int


def unsettled(address: str) -> int:
    """Messages and jobs that are not over, but for sweeps."""
    return checks.number(address, _UNSETTLED) + checks.number(address, _BUSY)


def age_leases(address: str) -> None:
    """Let the leases of messages run out whose workers are dead: ten minutes later, without waiting for them."""
    checks.ask(
        address,
        "UPDATE outbox SET leased_until = now() - interval '1 second' WHERE status IN ('leased', 'sending')"
        " RETURNING id",
    )


def look(clinic: BusyClinic, booked: Collection[int]) -> Whole:
    """Look at everything.

    Args:
        booked: the courses that clients were told are booked.
    """
    checks.assert_whole(clinic.address)
    times_booked = Counter(
        row[0] for row in checks.ask(clinic.address, "SELECT course_id FROM revision WHERE kind = 'booked'")
    )
    runtime = clinic.runtime()
    damaged = tuple(str(finding) for finding in integrity.verify(runtime, clinic.actor))
    broken = len(audit.find_breaks(runtime, clinic.actor.clinic_id))
    runtime.database.close()
    return Whole(
        courses=checks.courses(clinic.address),
        lost=sum(times_booked[course] != 1 for course in booked),
        double=checks.overlaps(clinic.address),
        not_owed=checks.not_owed(clinic.address),
        damaged=damaged,
        broken_audit=broken,
    )


def read_messages(address: str, taken: Counter[tuple[str, str]]) -> Messages:
    """Hold what arrived against what was owed."""
    rows = checks.ask(address, "SELECT id, clinic_id || '/' || key, kind, status FROM outbox")
    newest = checks.number(address, "SELECT coalesce(max(revision_number), 0) FROM course")
    owner = {digest: row_id for row_id, key, _, _ in rows for digest in _identities(key, newest)}
    kinds = {row_id: kind for row_id, _, kind, _ in rows}
    came: Counter[int] = Counter()
    repeats = nobodys = 0
    for (identity, _), times in taken.items():
        row_id = owner.get(identity.strip("<>").partition("@")[0])
        if row_id is None:
            nobodys += times
            continue
        came[row_id] += times
        repeats += times - 1 if kinds[row_id] != "reminder" else 0
    reminders = [row_id for row_id, kind in kinds.items() if kind == "reminder"]
    return Messages(
        states=Counter(status for _, _, _, status in rows),
        arrived=sum(taken.values()),
        repeats=repeats,
        reminders=sum(came[row_id] for row_id in reminders),
        reminders_twice=sum(came[row_id] > 1 for row_id in reminders),
        unknown=sum(status == "unknown" for _, _, _, status in rows),
        not_arrived=sum(status == "sent" and not came[row_id] for row_id, _, _, status in rows),
        of_nobody=nobodys,
    )


def _identities(key: str, newest: int) -> Iterable[str]:
    """What stands before the @ of its Message-ID; a letter about a course names the revision that it tells of."""
    for name in (key, *(f"{key}-to-{number}" for number in range(newest + 1))):
        yield hashlib.sha256(name.encode()).hexdigest()[:32]
