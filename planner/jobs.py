"""The table of jobs: the functions of what waits in the queue. Without a queue the same ones run in-process."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

from planner import logs
from planner.errors import NotFound
from planner.services import busy_calendars, solve_jobs
from planner.services.plannings import WORKS
from planner.services.pulse import Beats
from planner.services.queued import CALENDAR, PLANNING, SWEEP
from planner.services.runtime import Runtime
from planner.services.shared_pulse import WorkerPulse
from planner.services.sweeping import SweepReport, until
from planner.sweeps import Sweep, sweep_named

JobFunction = Callable[[Runtime, Mapping[str, Any], threading.Event], None]
"""Does a job with its arguments; once the event is set it begins no further item. What it raises is a failed job."""

AT_ONCE: Final = 4
"""So many jobs of each queue a process does beside one another: long plannings keep no message waiting."""

_log = logging.getLogger("planner.worker")


def tick(runtime: Runtime, sweep: Sweep, stop: threading.Event | None = None, pulse: Beats | None = None) -> None:
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


def _sweep(runtime: Runtime, args: Mapping[str, Any], stop: threading.Event) -> None:
    tick(runtime, sweep_named(args["name"]), stop, WorkerPulse(runtime))


def _planning(runtime: Runtime, args: Mapping[str, Any], _stop: threading.Event) -> None:
    solve_jobs.take_up(runtime, args["clinic_id"], args["job_id"], WORKS)


def _calendar(runtime: Runtime, args: Mapping[str, Any], _stop: threading.Event) -> None:
    # Its owner may have removed it while it waited.
    with suppress(NotFound):
        busy_calendars.refresh(runtime, args["clinic_id"], args["calendar_id"])


JOBS: Final[Mapping[str, JobFunction]] = MappingProxyType({SWEEP: _sweep, PLANNING: _planning, CALENDAR: _calendar})
