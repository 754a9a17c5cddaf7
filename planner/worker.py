"""The timers: ticks in memory, on UTC intervals, run by one leader among all processes of an instance.

Where there is a queue the leader only puts each sweep into it, and any worker does it; else it runs here.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler

from planner.clock import SystemClock
from planner.errors import PlannerError
from planner.jobs import tick
from planner.services.pulse import Beats, Pulse, pulse_file
from planner.services.queued import sweep_job
from planner.services.runtime import Runtime
from planner.services.shared_pulse import SIGN_EVERY, SharedPulse
from planner.storage.lead import Lead, lead_of
from planner.storage.queue import Queue
from planner.sweeps import SWEEPS, Sweep

FINISH_SECONDS: Final = 15.0
"""So long the timers wait for sweeps that are running when they end."""

_ASK_SECONDS: Final = 0.2
_WAKE_SECONDS: Final = 0.5
_REVIVE_EVERY: Final = timedelta(seconds=5)
_LOOK_SECONDS: Final = 0.02
_log = logging.getLogger("planner.worker")


def run_timers(
    runtime: Runtime,
    instance: Path,
    stop: threading.Event,
    sweeps: Collection[Sweep] = SWEEPS,
    *,
    finish_seconds: float = FINISH_SECONDS,
) -> bool:
    """Wait for the lead, then run the sweeps until `stop` is set; what is running is finished first.

    A sweep begins no further item once it is to stop. Who loses the lead stops the timers and asks for it again.

    Args:
        instance: the folder of the instance.
        finish_seconds: how long to wait for sweeps that are running at the end.
    Returns:
        False where one of them still runs.
    """
    lead = lead_of(runtime.database, instance)
    try:
        while not stop.is_set():
            if not lead.try_to_lead():
                stop.wait(_ASK_SECONDS)
            elif not _leading(runtime, instance, lead, stop, sweeps, finish_seconds):
                return False
        return True
    finally:
        # Also while a sweep still runs: its items claim their rows, so that another leader does none of them twice.
        lead.give_up()


def _leading(
    runtime: Runtime, instance: Path, lead: Lead, stop: threading.Event, sweeps: Collection[Sweep], seconds: float
) -> bool:
    """Run the sweeps for as long as the lead is held; False where one still runs at the program's end."""
    _log.info("leading: the timers run here")
    running, ending = _Running(), _Ending(stop)
    every = {sweep.name: sweep.every for sweep in sweeps}
    pulse: Pulse | SharedPulse = (
        Pulse(pulse_file(instance), runtime.clock, every) if runtime.queue is None else SharedPulse(runtime, every)
    )
    try:
        scheduler = _scheduler(runtime, sweeps, ending, running, pulse)
        scheduler.start()
        while not stop.wait(_WAKE_SECONDS):
            if not lead.holds():
                _log.warning("the lead is lost: the timers stop here")
                break
        ending.set()
        scheduler.shutdown(wait=False)
        return running.over_within(seconds) or not stop.is_set()
    finally:
        pulse.stop()


class _Ending(threading.Event):
    """Set when the program is to end, or only the timers here are."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        """Whether either is."""
        return super().is_set() or self._stop.is_set()


class _Running:
    """How many sweeps are running."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._count -= 1

    def over_within(self, seconds: float) -> bool:
        """Wait until none is; whether that came to pass."""
        end = time.monotonic() + seconds
        while self._count and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        return not self._count


def _scheduler(
    runtime: Runtime,
    sweeps: Collection[Sweep],
    stop: threading.Event,
    running: _Running,
    pulse: Pulse | SharedPulse,
) -> BackgroundScheduler:
    """Ticks by elapsed time in UTC, the first one now.

    A cron at a local hour is skipped or doubled when the clocks change.
    """
    scheduler = BackgroundScheduler(timezone="UTC")
    beats: Beats | None = pulse if isinstance(pulse, Pulse) else None

    def add(name: str, every: timedelta, work: Callable[[], object]) -> None:
        def run() -> None:
            with running:
                work()

        scheduler.add_job(
            run, "interval", seconds=every.total_seconds(), id=name, next_run_time=SystemClock().now(), coalesce=True,
            misfire_grace_time=None, max_instances=1,
        )  # fmt: skip

    for sweep in sweeps:
        if runtime.queue is None:
            add(sweep.name, sweep.every, partial(tick, runtime, sweep, stop, beats))
        else:
            add(sweep.name, sweep.every, partial(_tried, partial(runtime.queue.defer_now, sweep_job(sweep.name))))
    if runtime.queue is not None:
        add("(revive)", _REVIVE_EVERY, partial(_tried, partial(_revive, runtime.queue)))
    if isinstance(pulse, SharedPulse):
        add("(sign)", SIGN_EVERY, pulse.sign)
    return scheduler


def _revive(queue: Queue) -> None:
    """Let others do what dead workers had begun."""
    if count := queue.revive():
        _log.warning("%s jobs of workers that died were taken from them", count)


def _tried(work: Callable[[], object]) -> None:
    """What can't be done now is tried again at the next tick."""
    try:
        work()
    except PlannerError as refusal:
        _log.warning("the queue can't be reached: %s", refusal.message)
