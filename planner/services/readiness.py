"""Whether this server should be sent requests: asked every few seconds by what stands in front of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from planner.errors import PlannerError
from planner.services.running import free_bytes
from planner.services.runtime import Runtime
from planner.storage import schema

FREE_BYTES_MIN: Final = 50 * 1024 * 1024
"""With less a day's bookings may find no room."""


@dataclass
class Readiness:
    """What one server knows of itself.

    Args:
        guarded: the guard against double booking was tested in this process; tried once where it was not.
    """

    instance: Path
    guarded: bool = False
    free_bytes_min: int = FREE_BYTES_MIN
    _stopping: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """The process has been told to end."""
        self._stopping.set()

    def problems(self, runtime: Runtime) -> list[str]:
        """Why nothing should be sent here; empty when all is well. No word of it is secret."""
        found = ["The server is stopping."] if self._stopping.is_set() else []
        if free_bytes(self.instance) < self.free_bytes_min:
            found.append("The disk is full.")
        try:
            found += _schema_problems(runtime)
            if not self.guarded:
                runtime.database.check_guard()
                self.guarded = True
        except PlannerError as refusal:
            # Its words may name a path of this machine.
            found.append(f"The database can't be used ({type(refusal).__name__}).")
        except SQLAlchemyError as error:
            found.append(f"The database can't be used ({type(error).__name__}).")
        return found


def _schema_problems(runtime: Runtime) -> list[str]:
    with runtime.database.reading(None) as session:
        step = schema.step_of(session.connection())
    # One that nobody here has heard of is newer: an upgrade adds, and what runs still goes on until it is replaced.
    if step is not None and step not in _older():
        return []
    return [f"The database is at step {step or 'none'}, this program needs a newer one."]


@cache
def _older() -> frozenset[str]:
    return schema.older()
