"""The timers: ticks in memory, on UTC intervals, run by one leader among all processes of an instance."""

import fcntl
import logging
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO, Final

from apscheduler.schedulers.background import BackgroundScheduler

from planner import logs
from planner.clock import SystemClock
from planner.errors import StorageFailed
from planner.services.pulse import Pulse, pulse_file
from planner.services.runtime import Runtime
from planner.services.sweeping import SweepReport, until
from planner.sweeps import SWEEPS, Sweep

FINISH_SECONDS: Final = 15.0
"""So long the timers wait for sweeps that are running when they end."""

_ASK_SECONDS: Final = 0.2
_WAKE_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.02
_log = logging.getLogger("planner.worker")


class Leadership:
    """The right to run the timers, held by one process through the lock of a file; it ends with the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def try_to_lead(self) -> bool:
        """Take the lead if nobody has it.

        Raises:
            StorageFailed: the lock file can't be made.
        """
        if self._file is not None:
            return True
        file = self._opened()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def check(self) -> None:
        """Find out before the server starts whether its timers could ever lead.

        Raises:
            StorageFailed: the lock file can't be made.
        """
        self._opened().close()

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("ab")
        except OSError as error:
            raise StorageFailed(f"The timers' lock can't be made: {error.strerror} ({self._path}).") from error

    def give_up(self) -> None:
        """Let another process lead."""
        if self._file is not None:
            self._file.close()
            self._file = None


def wait_until_set(stop: threading.Event) -> None:
    """Wait for an event that a signal sets.

    Python runs what a signal asks for in the main thread, which the system need not wake: it may have given the
    signal to another thread. So it wakes by itself now and then.
    """
    while not stop.wait(_WAKE_SECONDS):
        pass


def run_timers(
    runtime: Runtime,
    lock_file: Path,
    stop: threading.Event,
    sweeps: Collection[Sweep] = SWEEPS,
    *,
    finish_seconds: float = FINISH_SECONDS,
) -> bool:
    """Wait for the lead, then run the sweeps until `stop` is set; what is running is finished first.

    A sweep begins no further item once it is to stop.

    Args:
        lock_file: the same for all processes of one instance.
        finish_seconds: how long to wait for sweeps that are running at the end.
    Returns:
        False where one of them still runs.
    """
    leadership = Leadership(lock_file)
    try:
        while not stop.is_set() and not leadership.try_to_lead():
            stop.wait(_ASK_SECONDS)
        if stop.is_set():
            return True
        _log.info("leading: the timers run here")
        running = _Running()
        pulse = Pulse(pulse_file(lock_file.parent), runtime.clock, {sweep.name: sweep.every for sweep in sweeps})
        try:
            scheduler = _scheduler(runtime, sweeps, stop, running, pulse)
            scheduler.start()
            wait_until_set(stop)
            scheduler.shutdown(wait=False)
            return running.over_within(finish_seconds)
        finally:
            pulse.stop()
    finally:
        # Also while a sweep still runs: its items claim their rows, so that another leader does none of them twice.
        leadership.give_up()


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


def tick(runtime: Runtime, sweep: Sweep, stop: threading.Event | None = None, pulse: Pulse | None = None) -> None:
    """Run one sweep now; whatever it raises is logged, because the next tick tries again.

    Args:
        stop: once it is set the sweep begins no further item.
        pulse: is told how it went.
    """
    if stop is not None and stop.is_set():
        return
    begun = time.monotonic()
    with logs.about(sweep=sweep.name), until(stop):
        report = _swept(runtime, sweep)
    if pulse is not None:
        pulse.beat(sweep.name, time.monotonic() - begun, failed=report is None or report.failed > 0)


def _swept(runtime: Runtime, sweep: Sweep) -> SweepReport | None:
    """What a sweep did; None where it raised."""
    try:
        report = sweep.run(runtime)
    except Exception as error:
        _log.error("sweep %s failed", sweep.name, exc_info=error)
        return None
    if report.did_something:
        _log.info("sweep %s: %s", sweep.name, report)
    return report


def _scheduler(
    runtime: Runtime, sweeps: Collection[Sweep], stop: threading.Event, running: _Running, pulse: Pulse
) -> BackgroundScheduler:
    """Ticks by elapsed time in UTC, the first one now.

    A cron at a local hour is skipped or doubled when the clocks change.
    """

    def run(sweep: Sweep) -> None:
        with running:
            tick(runtime, sweep, stop, pulse)

    scheduler = BackgroundScheduler(timezone="UTC")
    for sweep in sweeps:
        scheduler.add_job(
            run, "interval", seconds=sweep.every.total_seconds(), args=(sweep,), id=sweep.name,
            next_run_time=SystemClock().now(), coalesce=True, misfire_grace_time=None, max_instances=1,
        )  # fmt: skip
    return scheduler
