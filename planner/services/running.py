"""How the program runs, as far as rows and the disk tell: for /metrics and for the page "System"."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from planner import metrics
from planner.errors import PlannerError
from planner.services.job_rows import DONE, FAILED, is_running
from planner.services.runtime import Runtime
from planner.services.shared_pulse import timers_of
from planner.storage.jobs import SolveJobRow
from planner.storage.outward import OutboxRow
from planner.storage.queue import QueueState

MOST_COUNTED: Final = 10_000
"""So far rows are counted; more are as many. What is asked every few seconds must not grow with the years."""

_PACKAGE: Final = "course-planner"
Metric = GaugeMetricFamily | CounterMetricFamily


@dataclass(frozen=True, slots=True)
class Owed:
    """Messages and plannings that are not over.

    Args:
        messages: held (their time has not come), due, retrying (put off after a failure), sending, failed, unknown.
        oldest: how long the one that waits longest has been due.
        jobs: running, ready (the plan waits to be used), failed.
    """

    messages: Mapping[str, int]
    oldest: timedelta
    jobs: Mapping[str, int]


def owed(session: Session, now: datetime) -> Owed:
    """What is owed in the session's clinic, or in all of them (ten short queries)."""
    row, job = OutboxRow, SolveJobRow
    due, first_try = row.status == "due", row.attempts == 0
    states = {
        "held": due & first_try & (row.due_at > now),
        "due": due & first_try & (row.due_at <= now),
        "retrying": due & ~first_try,
        "sending": row.status.in_(("leased", "sending")),
        "failed": row.status == "failed",
        "unknown": row.status == "unknown",
    }
    jobs = {
        "running": is_running(now),
        "ready": job.status == DONE,
        "failed": job.status == FAILED,
    }
    oldest = session.scalar(select(func.min(row.due_at)).where(due, row.due_at <= now))
    return Owed(
        {name: _count(session, row, state) for name, state in states.items()},
        now - oldest if oldest else timedelta(),
        {name: _count(session, job, state) for name, state in jobs.items()},
    )


def _count(session: Session, row: type[OutboxRow] | type[SolveJobRow], state: ColumnElement[bool]) -> int:
    some = select(row.id).where(state).limit(MOST_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def queue_state(runtime: Runtime) -> QueueState | None:
    """How the queues of jobs stand; None where there are none, because jobs are done where they come up."""
    return runtime.queue.state() if runtime.queue is not None else None


def program_version() -> str:
    """The installed version; "" where the program was never installed."""
    try:
        return version(_PACKAGE)
    except PackageNotFoundError:
        return ""


def database_bytes(runtime: Runtime) -> int:
    """How large the database is, with what waits to be written into it."""
    if runtime.database.url.get_backend_name() == "postgresql":
        with runtime.database.reading(None) as session:
            return int(session.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    file = Path(str(runtime.database.url.database))
    sizes = (file.with_name(file.name + ending) for ending in ("", "-wal"))
    return sum(each.stat().st_size for each in sizes if each.is_file())


def free_bytes(folder: Path) -> int:
    """How much still fits on the disk of a folder."""
    return shutil.disk_usage(folder).free


def exposition(runtime: Runtime, instance: Path) -> bytes:
    """Everything that is measured, in Prometheus' words: what this process counted, and what rows and the disk say."""
    looked_at = CollectorRegistry()
    looked_at.register(_Looked(runtime, instance))
    return generate_latest(metrics.REGISTRY) + generate_latest(looked_at)


@dataclass(frozen=True, eq=False)
class _Looked(Collector):
    """What is looked up when it is asked."""

    runtime: Runtime
    instance: Path

    def collect(self) -> Iterator[Metric]:
        """All of it; while the database does not answer, what can be had without it."""
        yield _gauge("planner_info", "The program's version.", {program_version(): 1}, "version")
        yield from self._size()
        yield _gauge("planner_disk_free_bytes", "What still fits on its disk.", {"": free_bytes(self.instance)})
        yield from self._timers()
        yield from self._rows()

    def _size(self) -> Iterator[Metric]:
        # A server has to be asked for it, which may be away.
        with suppress(PlannerError):
            yield _gauge("planner_database_bytes", "Size of the database.", {"": database_bytes(self.runtime)})

    def _rows(self) -> Iterator[Metric]:
        now = self.runtime.clock.now()
        try:
            with self.runtime.database.reading(None) as session:
                found = owed(session, now)
            queues = queue_state(self.runtime)
        except PlannerError:
            yield _gauge("planner_database_up", "Whether the database answers.", {"": 0})
            return
        yield _gauge("planner_database_up", "Whether the database answers.", {"": 1})
        yield _gauge("planner_outbox_messages", "Messages that are not over, by state.", found.messages, "state")
        if queues is not None:
            yield from _queues(queues)
        oldest = found.oldest.total_seconds()
        yield _gauge("planner_outbox_age_seconds", "How long the oldest has been due.", {"": oldest})
        yield _gauge("planner_jobs", "Plannings that run, are ready to be used, or failed.", found.jobs, "state")

    def _timers(self) -> Iterator[Metric]:
        now, timers = self.runtime.clock.now(), timers_of(self.runtime, self.instance)
        alive = timers is not None and timers.alive(now)
        yield _gauge("planner_timers_alive", "Whether some process runs the timed work.", {"": int(alive)})
        if timers is None:
            return
        lags = {name: lag.total_seconds() for name, lag in timers.lags(now).items()}
        yield _gauge("planner_sweep_lag_seconds", "How overdue each sweep is.", lags, "sweep")
        lengths = {name: sweep.seconds for name, sweep in timers.sweeps.items()}
        yield _gauge("planner_sweep_seconds", "How long its last run took.", lengths, "sweep")
        failures = CounterMetricFamily(
            "planner_sweep_failures", "Runs of a sweep in which something failed.", labels=["sweep"]
        )
        for name, sweep in timers.sweeps.items():
            failures.add_metric([name], sweep.failures)
        yield failures


def _queues(state: QueueState) -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "planner_queue_jobs", "Jobs that wait for a worker, run, or failed within a day.", labels=["queue", "state"]
    )
    for (queue, of), count in state.jobs.items():
        jobs.add_metric([queue, of], count)
    yield jobs
    yield _gauge("planner_workers", "Workers that gave a sign of life, one for each queue.", {"": state.workers})


def _gauge(name: str, help_text: str, values: Mapping[str, float], label: str = "") -> GaugeMetricFamily:
    """Without a label there is one value, of no name."""
    family = GaugeMetricFamily(name, help_text, labels=[label] if label else [])
    for value_of, value in values.items():
        family.add_metric([value_of] if label else [], value)
    return family
