"""The timers' sign of life where several machines share one database: in rows, since they share no folder."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from planner.errors import PlannerError
from planner.services.pulse import SweepPulse, Timers, read_pulse, sweep_from_json, sweep_to_json
from planner.services.runtime import Runtime
from planner.storage import pulses

SIGN_EVERY: Final = timedelta(seconds=20)
"""So often the process that leads says so."""

_LEAD: Final = "(lead)"
_log = logging.getLogger("planner.worker")


class SharedPulse:
    """Written by the process that leads; the workers write how each sweep went.

    Args:
        every: the sweeps, and how often each is due.
    """

    def __init__(self, runtime: Runtime, every: Mapping[str, timedelta]) -> None:
        self._runtime = runtime
        self._since = runtime.clock.now()
        _tried(lambda: self._begin(every))

    def sign(self) -> None:
        """This process leads."""
        _tried(lambda: self._say(stopped=False))

    def stop(self) -> None:
        """The lead is given up."""
        _tried(lambda: self._say(stopped=True))

    def _begin(self, every: Mapping[str, timedelta]) -> None:
        pulses.keep_only(self._runtime.database, [_LEAD, *every])
        known = pulses.read(self._runtime.database)
        for name, length in every.items():
            if name not in known or known[name]["every"] != length.total_seconds():
                pulses.write(self._runtime.database, name, sweep_to_json(SweepPulse(length)))
        self._say(stopped=False)

    def _say(self, *, stopped: bool) -> None:
        now = self._runtime.clock.now()
        words = {"leading_since": self._since.isoformat(), "beat_at": now.isoformat()}
        pulses.write(self._runtime.database, _LEAD, {**words, "stopped": stopped, "process": os.getpid()})


@dataclass(frozen=True)
class WorkerPulse:
    """Written by the workers."""

    runtime: Runtime

    def beat(self, sweep: str, seconds: float, *, failed: bool) -> None:
        """A run of this sweep is over; of each sweep one runs at a time, so that nobody counts beside it."""
        _tried(lambda: self._count(sweep, seconds, failed))

    def _count(self, sweep: str, seconds: float, failed: bool) -> None:
        kept = pulses.read(self.runtime.database).get(sweep)
        if kept is not None:
            was = sweep_from_json(kept)
            now = SweepPulse(was.every, self.runtime.clock.now(), seconds, was.runs + 1, was.failures + int(failed))
            pulses.write(self.runtime.database, sweep, sweep_to_json(now))


def timers_of(runtime: Runtime, instance: Path) -> Timers | None:
    """What the timers last said of themselves, on whichever machine; None where they never ran, or can't be asked."""
    if runtime.queue is None:
        return read_pulse(instance)
    try:
        kept = pulses.read(runtime.database)
    except PlannerError:
        return None
    lead = kept.pop(_LEAD, None)
    return None if lead is None else _timers(lead, kept)


def _timers(lead: Mapping[str, Any], sweeps: Mapping[str, Mapping[str, Any]]) -> Timers:
    return Timers(
        datetime.fromisoformat(lead["leading_since"]),
        datetime.fromisoformat(lead["beat_at"]),
        bool(lead["stopped"]),
        int(lead["process"]),
        {name: sweep_from_json(each) for name, each in sweeps.items()},
    )


def _tried(work: Callable[[], None]) -> None:
    """A sign that can't be given now is no reason to stop."""
    try:
        work()
    except PlannerError as refusal:
        _log.warning("the timers' sign of life can't be written: %s", refusal.message)
