"""The table of timed work. Each line is a service that finds what is due from rows, so a missed tick loses nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from planner.errors import NotFound
from planner.services import (
    account_letters,
    attendance,
    audit,
    busy_calendars,
    inbound_mail,
    integrity,
    maintenance,
    messages,
    reminders,
    retention,
    silent_calendars,
    solve_jobs,
)
from planner.services.attention import note_attention
from planner.services.backfill_sweep import look_for_takers
from planner.services.backups import nightly_backup
from planner.services.runtime import Runtime
from planner.services.sweeping import SweepReport
from planner.services.tidy import tidy


@dataclass(frozen=True)
class Sweep:
    """One kind of timed work.

    Args:
        every: how often a tick looks for what is due; never how late something may be done.
        run: idempotent, and safe to be stopped at any moment.
    """

    name: str
    every: timedelta
    run: Callable[[Runtime], SweepReport]

    def __post_init__(self) -> None:
        """Refuse a tick that would never end."""
        if self.every <= timedelta():
            raise ValueError(f"{self.name} can't run every {self.every}")


SWEEPS: Final[tuple[Sweep, ...]] = (
    Sweep("mark-no-shows", timedelta(minutes=1), attendance.mark_no_shows),
    Sweep("send-outbox", timedelta(seconds=20), messages.send_outbox),
    Sweep("account-letters", timedelta(seconds=20), account_letters.send_account_letters),
    Sweep("remind", timedelta(minutes=5), reminders.queue_reminders),
    Sweep("extend-maintenance", timedelta(hours=1), maintenance.extend_all),
    Sweep("freed-slots", timedelta(minutes=2), look_for_takers),
    Sweep("attention", timedelta(minutes=10), note_attention),
    Sweep("abandoned-plans", timedelta(minutes=1), solve_jobs.mark_abandoned),
    Sweep("busy-calendars", timedelta(minutes=5), busy_calendars.refresh_all),
    Sweep("read-answers", timedelta(minutes=2), inbound_mail.read_answers),
    Sweep("silent-calendars", timedelta(hours=1), silent_calendars.note_silent),
    Sweep("tidy", timedelta(hours=1), tidy),
    Sweep("audit-heads", timedelta(hours=1), audit.log_heads),
    Sweep("retention", timedelta(hours=6), retention.keep_no_longer),
    Sweep("integrity", timedelta(minutes=1), integrity.sweep_integrity),
    Sweep("nightly-backup", timedelta(minutes=10), nightly_backup),
)


def sweep_named(name: str) -> Sweep:
    """One line of the table.

    Raises:
        NotFound: there is none of this name; the message lists those there are.
    """
    for sweep in SWEEPS:
        if sweep.name == name:
            return sweep
    raise NotFound(f"There is no sweep “{name}”. There are: {', '.join(sweep.name for sweep in SWEEPS)}.")
