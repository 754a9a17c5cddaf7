"""The timers' sign of life: a small file beside their lock, written by the process that leads and read by all others.

A file and no row, since the timers must be seen to live also while the database can't be written.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from planner.clock import Clock

SILENT_AFTER: Final = timedelta(minutes=2)
"""So long after the last sign the timers count as dead; the most frequent sweep runs three times a minute."""

_log = logging.getLogger("planner.worker")


def pulse_file(instance: Path) -> Path:
    """Where the sign of life of an instance lies."""
    return instance / "worker.json"


@dataclass(frozen=True, slots=True)
class SweepPulse:
    """How one sweep does since its process leads.

    Args:
        ended_at: of its last run; None: it has not come to an end yet.
        seconds: how long that took.
        failures: runs that raised, or in which an item failed.
    """

    every: timedelta
    ended_at: datetime | None = None
    seconds: float = 0.0
    runs: int = 0
    failures: int = 0

    def lag(self, leading_since: datetime, now: datetime) -> timedelta:
        """How much later than it should have its next run is; zero while it is in time."""
        due = (self.ended_at + self.every) if self.ended_at else leading_since
        return max(now - due, timedelta())


@dataclass(frozen=True, slots=True)
class Timers:
    """What the file says.

    Args:
        beat_at: the last sign of life.
        stopped: the process that led has ended in good order.
    """

    leading_since: datetime
    beat_at: datetime
    stopped: bool
    process: int
    sweeps: Mapping[str, SweepPulse]

    def alive(self, now: datetime) -> bool:
        """Whether somebody leads."""
        return not self.stopped and now - self.beat_at < SILENT_AFTER

    def lags(self, now: datetime) -> dict[str, timedelta]:
        """How late each sweep is."""
        return {name: sweep.lag(self.leading_since, now) for name, sweep in self.sweeps.items()}


class Beats(Protocol):
    """Is told how the sweeps go."""

    def beat(self, sweep: str, seconds: float, *, failed: bool) -> None:
        """A run of this sweep is over."""


class Pulse:
    """Written by the process that leads.

    Args:
        every: the sweeps, and how often each runs.
    """

    def __init__(self, file: Path, clock: Clock, every: Mapping[str, timedelta]) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock.now()
        self._sweeps = {name: SweepPulse(length) for name, length in every.items()}
        self._said = False
        self._write()

    def beat(self, sweep: str, seconds: float, *, failed: bool) -> None:
        """A run of this sweep is over."""
        with self._lock:
            was = self._sweeps[sweep]
            self._sweeps[sweep] = SweepPulse(
                was.every, self._clock.now(), seconds, was.runs + 1, was.failures + int(failed)
            )
            self._write()

    def stop(self) -> None:
        """The lead is given up."""
        with self._lock:
            self._write(stopped=True)

    def _write(self, *, stopped: bool = False) -> None:
        text = json.dumps(_to_json(Timers(self._since, self._clock.now(), stopped, os.getpid(), self._sweeps)))
        try:
            # Whoever reads sees the old one or the new one, never half of one.
            half = self._file.with_suffix(".new")
            half.write_text(text, encoding="ascii")
            half.replace(self._file)
        except OSError as error:
            # The timers go on: on a full disk there is most to be told.
            if not self._said:
                _log.warning("the timers' sign of life can't be written: %s", error.strerror)
            self._said = True
        else:
            self._said = False


def read_pulse(instance: Path) -> Timers | None:
    """What the timers of an instance last said of themselves; None where they never ran."""
    try:
        return _from_json(json.loads(pulse_file(instance).read_text(encoding="ascii")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sweep_to_json(sweep: SweepPulse) -> dict[str, Any]:
    """JSON."""
    return {
        "every": sweep.every.total_seconds(),
        "ended_at": sweep.ended_at and sweep.ended_at.isoformat(),
        "seconds": round(sweep.seconds, 3),
        "runs": sweep.runs,
        "failures": sweep.failures,
    }


def sweep_from_json(kept: Mapping[str, Any]) -> SweepPulse:
    """The inverse. Raises KeyError, ValueError or TypeError where it is something else."""
    return SweepPulse(
        timedelta(seconds=kept["every"]),
        datetime.fromisoformat(kept["ended_at"]) if kept["ended_at"] else None,
        kept["seconds"],
        kept["runs"],
        kept["failures"],
    )


def _to_json(timers: Timers) -> dict[str, Any]:
    sweeps = {name: sweep_to_json(each) for name, each in timers.sweeps.items()}
    since, beat = timers.leading_since.isoformat(), timers.beat_at.isoformat()
    head = {"leading_since": since, "beat_at": beat, "stopped": timers.stopped, "process": timers.process}
    return {**head, "sweeps": sweeps}


def _from_json(kept: Mapping[str, Any]) -> Timers:
    return Timers(
        datetime.fromisoformat(kept["leading_since"]),
        datetime.fromisoformat(kept["beat_at"]),
        bool(kept["stopped"]),
        int(kept["process"]),
        {name: sweep_from_json(each) for name, each in kept["sweeps"].items()},
    )
