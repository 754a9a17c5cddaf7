"""Long solves outside the request: a thread here or in a worker thinks, holds no lock, can be watched and stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from planner import logs, metrics
from planner.errors import DatabaseBusy, PlannerError
from planner.services import job_rows
from planner.services.job_rows import Job, Progress, ask_stop, look
from planner.services.runtime import Actor, Runtime
from planner.services.sweeping import SweepReport
from planner.storage.ids import new_id
from planner.words import say

__all__ = [
    "Watch",
    "Work",
    "ask_stop",
    "look",
    "mark_abandoned",
    "new_job_id",
    "start",
    "start_again",
    "stop_all",
    "take_up",
    "wait_for_all",
]

BEAT_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05
_log = logging.getLogger("planner.jobs")
_at_work: dict[threading.Thread, Watch] = {}
_at_work_lock = threading.Lock()


@dataclass
class Watch:
    """What a search tells while it works, and where it hears that it shall stop."""

    latest: Progress | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def progress(self, points: int, lower_bound: int, seconds: float, iteration: int) -> None:
        """Called by the engine at every improvement; only kept here, the heart writes it once a second."""
        self.latest = Progress(points, lower_bound, seconds)

    def stopped(self) -> bool:
        """Whether the search shall end with the best answer it has."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Let the search end."""
        self._stopped.set()


Work = Callable[[Runtime, Actor, dict[str, Any], Watch], dict[str, Any]]
"""Reads what it needs, thinks without a transaction, and gives the answer as JSON."""


def new_job_id() -> int:
    """The number a solve will have, chosen when its form is shown, so that sending it twice begins one."""
    return new_id()


def start(runtime: Runtime, actor: Actor, kind: str, request: dict[str, Any], work: Work, *, job_id: int) -> None:
    """Begin a solve. Asked twice with one `job_id`, it begins once.

    Args:
        job_id: from `new_job_id`.
        request: what to solve, as JSON, so that it can be started again.
        work: does it, in a thread of its own; a worker finds it by the kind (see plannings.py).
    """
    job = job_rows.open_job(runtime, actor, kind, request, job_id)
    if job is not None and runtime.queue is None:
        _in_thread(runtime, actor, job, work)


def start_again(runtime: Runtime, actor: Actor, job_id: int, work: Work) -> None:
    """Begin an ended or abandoned solve anew.

    Raises:
        InvalidInput: it is still running.
        StaleForm: its answer is in the diary already.
    """
    job = job_rows.claim_again(runtime, actor, job_id)
    if runtime.queue is None:
        _in_thread(runtime, actor, job, work)


def take_up(runtime: Runtime, clinic_id: int, job_id: int, works: Mapping[str, Work]) -> None:
    """Do a solve that waits in the queue, or go on where another worker died; nothing where it is over.

    Args:
        works: what is done, by kind.
    """
    taken = job_rows.take_up(runtime, clinic_id, job_id)
    if taken is None:
        return
    actor, job = taken
    watch = Watch()
    with _at_work_lock:
        _at_work[threading.current_thread()] = watch
    _run(runtime, actor, job, works[job.kind], watch)


def mark_abandoned(runtime: Runtime) -> SweepReport:
    """The sweep: a job whose process died is marked as failed, so that it can be started again, or given to another."""
    return SweepReport(done=job_rows.abandoned(runtime))


def stop_all() -> None:
    """Let every search of this process end with the best answer it has, because the process ends."""
    with _at_work_lock:
        for watch in _at_work.values():
            watch.stop()


def wait_for_all(seconds: float) -> bool:
    """Wait until all searches of this process have written down what they found, at most so long.

    Returns:
        False where one still thinks: its job is marked as abandoned later, and can be started again.
    """
    deadline = time.monotonic() + seconds
    with _at_work_lock:
        threads = list(_at_work)
    while _still(threads) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return not _still(threads)


def _still(threads: Iterable[threading.Thread]) -> bool:
    """Whether one of them searches: a worker's threads live on."""
    with _at_work_lock:
        return any(thread in _at_work for thread in threads)


def _in_thread(runtime: Runtime, actor: Actor, job: Job, work: Work) -> None:
    watch = Watch()
    # A daemon: a search must not keep the program from ending; its job is then marked as abandoned.
    thread = threading.Thread(target=_run, args=(runtime, actor, job, work, watch), name=f"solve-{job.id}", daemon=True)
    with _at_work_lock:
        _at_work[thread] = watch
    thread.start()


def _run(runtime: Runtime, actor: Actor, job: Job, work: Work, watch: Watch) -> None:
    try:
        with logs.about(job=job.id, clinic=actor.clinic_id, staff=actor.staff_id):
            _work(runtime, actor, job, work, watch)
    finally:
        with _at_work_lock:
            _at_work.pop(threading.current_thread(), None)


def _work(runtime: Runtime, actor: Actor, job: Job, work: Work, watch: Watch) -> None:
    over, begun = threading.Event(), time.monotonic()
    heart = threading.Thread(target=_beat, args=(runtime, actor, job, watch, over), name=f"heart-{job.id}", daemon=True)
    heart.start()
    try:
        answer, error = work(runtime, actor, job.request, watch), ""
    except PlannerError as refusal:
        answer, error = None, refusal.message
    except Exception as bug:
        _log.error("job %s (%s) failed", job.id, job.kind, exc_info=bug)
        answer, error = None, say("The planning failed. The program's log says why.")
    finally:
        over.set()
    seconds = time.monotonic() - begun
    heart.join()
    if answer is not None:
        metrics.solved(job.kind, seconds, watch.latest.gap_percent if watch.latest else None)
    _keep(runtime, actor, job, answer, error, watch.latest)


def _keep(
    runtime: Runtime, actor: Actor, job: Job, answer: dict[str, Any] | None, error: str, progress: Progress | None
) -> None:
    """Write the outcome down; a busy database is asked again for as long as the job is ours."""
    deadline = time.monotonic() + job_rows.LEASE.total_seconds()
    while True:
        try:
            job_rows.end(runtime, actor, job, answer=answer, error=error, progress=progress)
        except DatabaseBusy:
            if time.monotonic() < deadline:
                continue  # It waited for its turn already.
            _log.error("job %s: no turn to write its outcome", job.id)
        except Exception as failure:
            _log.error("job %s: its outcome could not be kept", job.id, exc_info=failure)
        return


def _beat(runtime: Runtime, actor: Actor, job: Job, watch: Watch, over: threading.Event) -> None:
    """Once a second: I am alive, this far; and hear whether to stop."""
    while not over.wait(BEAT_SECONDS):
        try:
            if not job_rows.beat(runtime, actor, job, watch.latest):
                watch.stop()
        except PlannerError as refusal:
            _log.warning("job %s: no sign of life: %s", job.id, refusal.message)
