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
from planner.services.sweeping import SweepReport
from planner.sweeps import SWEEPS, Sweep

_ASK_SECONDS: Final = 0.2
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


def run_timers(runtime: Runtime, lock_file: Path, stop: threading.Event, sweeps: Collection[Sweep] = SWEEPS) -> None:
    """Wait for the lead, then run the sweeps until `stop` is set; a sweep that is running is finished first.

    Args:
        lock_file: the same for all processes of one instance.
    """
    leadership = Leadership(lock_file)
    try:
        while not stop.is_set() and not leadership.try_to_lead():
            stop.wait(_ASK_SECONDS)
        if stop.is_set():
            return
        _log.info("leading: the timers run here")
        pulse = Pulse(pulse_file(lock_file.parent), runtime.clock, {sweep.name: sweep.every for sweep in sweeps})
        scheduler = _scheduler(runtime, sweeps, pulse)
        scheduler.start()
        stop.wait()
        scheduler.shutdown(wait=True)
        pulse.stop()
    finally:
        leadership.give_up()


def tick(runtime: Runtime, sweep: Sweep, pulse: Pulse | None = None) -> None:
    """Run one sweep now; whatever it raises is logged, because the next tick tries again.

    Args:
        pulse: is told how it went.
    """
    begun = time.monotonic()
    with logs.about(sweep=sweep.name):
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


def _scheduler(runtime: Runtime, sweeps: Collection[Sweep], pulse: Pulse) -> BackgroundScheduler:
    """Ticks by elapsed time in UTC, the first one now.

    A cron at a local hour is skipped or doubled when the clocks change.
    """
    scheduler = BackgroundScheduler(timezone="UTC")
    for sweep in sweeps:
        scheduler.add_job(
            tick, "interval", seconds=sweep.every.total_seconds(), args=(runtime, sweep, pulse), id=sweep.name,
            next_run_time=SystemClock().now(), coalesce=True, misfire_grace_time=None, max_instances=1,
        )  # fmt: skip
    return scheduler
