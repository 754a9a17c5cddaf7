"""The page "System": how the program runs, for who owns the clinic and has nobody who looks after servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import select

from planner import metrics
from planner.metrics import RuleTimes
from planner.services import integrity, nights, worklists
from planner.services.job_rows import DONE, USED, Progress
from planner.services.pulse import Timers
from planner.services.readiness import FREE_BYTES_MIN
from planner.services.running import Owed, database_bytes, free_bytes, owed, program_version, queue_state
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.shared_pulse import timers_of
from planner.storage import schema
from planner.storage.jobs import SolveJobRow
from planner.storage.queue import QueueState

LATE_AFTER: Final = timedelta(minutes=5)
"""A sweep that is later than this, or a message, does not merely wait for its turn."""

LITTLE_SPACE: Final = 20 * FREE_BYTES_MIN
BACKED_UP_WITHIN: Final = timedelta(days=2)
"""One is made each night; one night may fail."""

_MOST_ROUTES: Final = 5
_ENOUGH_ANSWERS: Final = 5
_LAST_SOLVES: Final = 50


@dataclass(frozen=True, slots=True)
class Solves:
    """The last plannings that ran as jobs.

    Args:
        gap_percent: the median of how far above the proved bound they were at most; None: nothing was proved.
        worst_percent: the largest of these.
        seconds: the median of how long they thought.
    """

    count: int
    gap_percent: float | None
    worst_percent: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class SweepLine:
    """One kind of timed work; `late` is how overdue its next run is."""

    name: str
    ended_at: datetime | None
    late: timedelta
    failures: int

    @property
    def is_late(self) -> bool:
        """Whether it is so late that something is wrong."""
        return self.late > LATE_AFTER


@dataclass(frozen=True, slots=True)
class System:
    """How the program runs.

    Args:
        step: of the database's schema.
        backup_late: the settings name a folder for backups, and the newest in it is too old or there is none.
        timers: what the timers last said of themselves; None: they never ran.
        alive: whether they run now.
        owed: what this clinic still owes: messages and plannings.
        feeds: how often calendars were asked for since this process began, by status.
        slowest: the routes that took longest on average since then.
        write_wait: how long writes waited for their turn.
        queue: how the queues of jobs stand; None: jobs are done where they come up.
        contradictions: how many lines about data that contradict themselves stand on the worklists.
        looked_through: when the data were last looked through for them; None: never, or that is being done.
        backed_up: when the newest backup in the folder of the settings was made; None: there is none.
    """

    version: str
    step: str
    backup_late: bool
    database_bytes: int
    free_bytes: int
    timers: Timers | None
    alive: bool
    sweeps: tuple[SweepLine, ...]
    owed: Owed
    feeds: Mapping[str, int]
    slowest: tuple[RuleTimes, ...]
    write_wait: RuleTimes
    solves: Solves | None
    zone: str
    contradictions: int = 0
    looked_through: datetime | None = None
    backed_up: datetime | None = None
    queue: QueueState | None = None

    @property
    def deserted(self) -> bool:
        """Whether jobs wait and no worker is there to do them."""
        return self.queue is not None and self.queue.deserted

    @property
    def little_space(self) -> bool:
        """Whether somebody should make room on the disk."""
        return self.free_bytes < LITTLE_SPACE

    @property
    def late_messages(self) -> bool:
        """Whether messages are not going out as they should."""
        return self.owed.oldest > LATE_AFTER or self.owed.messages["retrying"] > 0

    @property
    def all_well(self) -> bool:
        """Whether nobody needs to do anything."""
        failed = self.backup_late or self.owed.messages["failed"] + self.owed.messages["unknown"]
        late = self.late_messages or any(sweep.is_late for sweep in self.sweeps)
        return self.alive and not (self.little_space or late or failed or self.deserted or self.contradictions)


def system(runtime: Runtime, actor: Actor, instance: Path) -> System:
    """How it runs at this moment (a dozen short queries).

    Raises:
        NotAllowed: the person does not manage the clinic.
    """
    actor.must_be("manager")
    now, timers = runtime.clock.now(), timers_of(runtime, instance)
    with runtime.reading(actor) as unit:
        found, solves = owed(unit.session, now), _solves(unit)
        contradictions = worklists.open_count(unit, worklists.DAMAGE)
        looked_through = nights.ended(unit, integrity.NAME)
        step, zone = schema.step_of(unit.session.connection()) or "", unit.clinic.timezone
    return System(
        version=program_version(),
        step=step,
        backup_late=_backup_late(runtime, now),
        database_bytes=database_bytes(runtime),
        free_bytes=free_bytes(instance),
        timers=timers,
        alive=timers is not None and timers.alive(now),
        sweeps=_sweeps(timers, now) if timers else (),
        owed=found,
        feeds=metrics.feed_counts(),
        slowest=_slowest(metrics.request_times()),
        write_wait=metrics.write_wait(),
        solves=solves,
        zone=zone,
        contradictions=contradictions,
        looked_through=looked_through,
        backed_up=runtime.backups.newest if runtime.backups else None,
        queue=queue_state(runtime),
    )


def _backup_late(runtime: Runtime, now: datetime) -> bool:
    newest = runtime.backups.newest if runtime.backups else now
    return newest is None or now - newest > BACKED_UP_WITHIN


def _sweeps(timers: Timers, now: datetime) -> tuple[SweepLine, ...]:
    """Each sweep, the latest first."""
    lags = timers.lags(now)
    lines = (
        SweepLine(name, sweep.ended_at, lags[name], sweep.failures) for name, sweep in sorted(timers.sweeps.items())
    )
    return tuple(sorted(lines, key=lambda line: -line.late))


def _slowest(times: list[RuleTimes]) -> tuple[RuleTimes, ...]:
    """One slow answer is no slow route."""
    often = [each for each in times if each.count >= _ENOUGH_ANSWERS]
    return tuple(sorted(often, key=lambda each: -each.mean)[:_MOST_ROUTES])


def _solves(unit: Unit) -> Solves | None:
    row = SolveJobRow
    last = select(row.progress).where(row.status.in_((DONE, USED))).order_by(row.asked_at.desc()).limit(_LAST_SOLVES)
    found = [Progress(**progress) for progress in unit.session.scalars(last) if progress]
    if not found:
        return None
    gaps = [gap for each in found if (gap := each.gap_percent) is not None]
    return Solves(
        count=len(found),
        gap_percent=median(gaps) if gaps else None,
        worst_percent=max(gaps, default=None),
        seconds=median(each.seconds for each in found),
    )
