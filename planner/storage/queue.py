"""Jobs that wait in PostgreSQL for a worker: procrastinate's tables, written and read in plain SQL.

Only planner/queue_worker.py needs procrastinate itself; whoever defers a job does so in a transaction of their own, so
that the job is there if and only if what it is about is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from planner.storage.database import Database

QUEUES: Final = ("sweeps", "plannings", "calendars")
STATES: Final = ("queued", "running", "failed")

HEARTBEAT_SECONDS: Final = 3.0
"""So often a worker shows that it lives."""

STALLED_AFTER: Final = timedelta(seconds=15)
"""So long after its last sign of life the jobs of a worker are given to others."""

SILENT_AFTER: Final = timedelta(minutes=1)
"""So long after it no worker counts as being there."""

KEEP_FAILED: Final = timedelta(days=1)
MOST_COUNTED: Final = 10_000
_MOST_TRIES: Final = 10
_DEFER: Final = text("""
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
    VALUES (:queue, :name, :lock, :once, CAST(:args AS jsonb))
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
""")
_WAITS_OR_RUNS: Final = text(
    "SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE lock = :lock AND status IN ('todo', 'doing'))"
)
# Those of workers that are gone: procrastinate takes the worker's name off when it clears the dead away.
_STALLED: Final = text("""
    SELECT job.id, job.attempts >= :most OR EXISTS (
               SELECT 1 FROM procrastinate_jobs other
               WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo') AS needless
    FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
    WHERE job.status = 'doing' AND (worker.id IS NULL OR worker.last_heartbeat < now() - CAST(:after AS interval))
    FOR UPDATE OF job SKIP LOCKED
""")
_AGAIN: Final = text("SELECT procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)")
_GIVE_UP: Final = text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)")
_TIDY: Final = text("""
    DELETE FROM procrastinate_jobs job WHERE job.status NOT IN ('todo', 'doing') AND NOT EXISTS (
        SELECT 1 FROM procrastinate_events event
        WHERE event.job_id = job.id AND event.at > now() - CAST(:keep AS interval))
""")
_COUNT: Final = text("""
    SELECT queue_name, status, count(*) FROM (
        SELECT queue_name, status::text AS status FROM procrastinate_jobs
        WHERE status IN ('todo', 'doing', 'failed') LIMIT :most) AS counted
    GROUP BY queue_name, status
""")
_ALIVE: Final = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - CAST(:silent AS interval)"
)
_OLDEST: Final = text("""
    SELECT min(event.at) FROM procrastinate_events event WHERE event.job_id IN (
        SELECT id FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id LIMIT 1)
""")
_NAMES: Final = {"todo": "queued", "doing": "running", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """Something that a worker shall do.

    Args:
        name: of a function in planner/jobs.py.
        args: what that is given; numbers and names of ours, nothing about a person.
        lock: of jobs with the same one only one runs at a time.
        once: of jobs with the same one only one waits.
    """

    name: str
    queue: str
    args: Mapping[str, Any]
    lock: str
    once: str | None = None

    def __post_init__(self) -> None:
        """Refuse a queue that no worker looks at."""
        if self.queue not in QUEUES:
            raise ValueError(f"there is no queue {self.queue}")


@dataclass(frozen=True, slots=True)
class QueueState:
    """How the queues stand.

    Args:
        jobs: how many, by queue and state; counted up to `MOST_COUNTED`.
        workers: how many gave a sign of life within `SILENT_AFTER`; a process has one for each queue.
        oldest: when the job that waits longest was deferred; None: none waits.
    """

    jobs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    workers: int = 0
    oldest: datetime | None = None

    def count(self, state: str) -> int:
        """Of all queues."""
        return sum(count for (_, of), count in self.jobs.items() if of == state)

    @property
    def deserted(self) -> bool:
        """Whether jobs wait and nobody is there to do them."""
        return self.count("queued") > 0 and self.workers == 0


@dataclass(frozen=True)
class Queue:
    """The queues of one PostgreSQL database."""

    database: Database

    def defer(self, session: Session, job: QueuedJob) -> None:
        """Let a worker do this once the session's transaction is kept, and not at all where it is not."""
        session.execute(_DEFER, _values(job))

    def defer_now(self, *jobs: QueuedJob) -> None:
        """Let workers do these; nobody's turn to write is taken."""
        with self.database.beside() as connection:
            for job in jobs:
                connection.execute(_DEFER, _values(job))

    def has(self, session: Session, lock: str) -> bool:
        """Whether a job with this lock waits or runs."""
        return bool(session.execute(_WAITS_OR_RUNS, {"lock": lock}).scalar_one())

    def revive(self) -> int:
        """Give the jobs of dead workers to others; gives how many there were.

        One is given up that was tried often, or after which another of its kind waits already.
        """
        with self.database.beside() as connection:
            found = connection.execute(_STALLED, {"most": _MOST_TRIES, "after": STALLED_AFTER}).all()
            for job_id, needless in found:
                try:
                    with connection.begin_nested():
                        connection.execute(_GIVE_UP if needless else _AGAIN, {"id": job_id})
                except IntegrityError:
                    # Another one of its kind came this moment.
                    connection.execute(_GIVE_UP, {"id": job_id})
            return len(found)

    def tidy(self) -> int:
        """Delete what ended long ago; gives how many."""
        with self.database.beside() as connection:
            return cast(CursorResult[Any], connection.execute(_TIDY, {"keep": KEEP_FAILED})).rowcount

    def state(self) -> QueueState:
        """How it stands (three short queries)."""
        with self.database.beside() as connection:
            counted = connection.execute(_COUNT, {"most": MOST_COUNTED}).all()
            workers = connection.execute(_ALIVE, {"silent": SILENT_AFTER}).scalar_one()
            oldest = connection.execute(_OLDEST).scalar_one()
        jobs = {(queue, state): 0 for queue in QUEUES for state in STATES}
        jobs.update({(queue, _NAMES[status]): count for queue, status, count in counted})
        return QueueState(jobs, workers, oldest)


def _values(job: QueuedJob) -> dict[str, Any]:
    return {
        "queue": job.queue,
        "name": job.name,
        "lock": job.lock,
        "once": job.once,
        "args": json.dumps(dict(job.args)),
    }
