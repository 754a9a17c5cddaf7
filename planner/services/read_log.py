"""Who looked at what: kept in memory until the answer is out, then written in one short transaction.

A page never waits for its line, and never fails for it. While the database is busy the lines wait, bounded; what no
longer fits is counted, and the count is itself a line. A process that is killed loses what waits, which is what was
answered within the last moment, unless the database was busy.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from planner.services.audit_about import patient_of
from planner.services.runtime import Actor, Runtime
from planner.storage.audit_chain import Line, append

MOST_WAITING: Final = 5000
AGAIN_WITHIN: Final = timedelta(minutes=1)
"""Who looks at the same thing again within this time has looked once: pages ask for parts of themselves."""

LOST: Final = "audit.lost"
_REST_SECONDS: Final = 5.0
_MOST_SEEN: Final = 10_000
_AT_ONCE: Final = 200
_log = logging.getLogger("planner.audit")


class ReadLog:
    """The lines of one process that wait to be written.

    Args:
        rested: a clock for pauses after a busy database; another one in tests.
    """

    def __init__(
        self, runtime: Runtime, most: int = MOST_WAITING, rested: Callable[[], float] = time.monotonic
    ) -> None:
        self._runtime = runtime
        self._most = most
        self._rested = rested
        self._waiting: deque[Line] = deque()
        self._lost: dict[int, int] = {}
        self._seen: OrderedDict[tuple[object, ...], datetime] = OrderedDict()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        """How many lines are not written yet."""
        return len(self._waiting)

    def saw(self, actor: Actor, action: str, subject: str) -> None:
        """Note that somebody was shown something; it costs no question to the database."""
        now = self._runtime.clock.now()
        line = Line(actor.clinic_id, actor.at(now), action, subject, actor.patient_id, chain="access")
        key = (line.clinic_id, line.who.actor, line.who.actor_id, line.who.session, action, subject)
        with self._lock:
            before = self._seen.get(key)
            if before is not None and before <= now < before + AGAIN_WITHIN:
                return
            self._seen[key] = now
            self._seen.move_to_end(key)
            while len(self._seen) > _MOST_SEEN:
                self._seen.popitem(last=False)
            self._wait(line)

    def _wait(self, line: Line) -> None:
        if len(self._waiting) < self._most:
            self._waiting.append(line)
        else:
            self._lost[line.clinic_id] = self._lost.get(line.clinic_id, 0) + 1

    def flush(self, *, now_or_never: bool = False) -> None:
        """Write what waits, unless somebody is at it, or the database was busy a moment ago.

        Args:
            now_or_never: the process ends; wait for whoever is at it, and try whatever happened before.
        """
        if not self._waiting or (not now_or_never and self._rested() < self._not_before):
            return
        if not self._writing.acquire(blocking=now_or_never):
            return
        try:
            while batch := self._taken():
                self._write(batch)
        except Exception as error:
            # The answer is out; whatever is wrong, the lines wait for a better moment.
            self._not_before = self._rested() + _REST_SECONDS
            _log.warning("%s lines of who looked at what wait: %s", len(self._waiting), type(error).__name__)
        finally:
            self._writing.release()

    def _taken(self) -> list[Line]:
        """The first lines that wait, all of one clinic; they leave the queue."""
        with self._lock:
            if not self._waiting:
                return []
            clinic_id = self._waiting[0].clinic_id
            batch: list[Line] = []
            while self._waiting and len(batch) < _AT_ONCE and self._waiting[0].clinic_id == clinic_id:
                batch.append(self._waiting.popleft())
            return batch

    def _write(self, batch: list[Line]) -> None:
        clinic_id = batch[0].clinic_id
        lost = self._lost.get(clinic_id, 0)
        try:
            with self._runtime.database.writing(clinic_id) as session:
                about = [
                    replace(each, patient_id=each.patient_id or patient_of(session, clinic_id, each.subject))
                    for each in batch
                ]
                if lost:
                    who = Actor.system(clinic_id).at(batch[-1].who.at)
                    about.append(Line(clinic_id, who, LOST, "clinic", details={"lines": lost}, chain="access"))
                append(session, about)
        except BaseException:
            with self._lock:
                self._waiting.extendleft(reversed(batch))
            raise
        with self._lock:
            self._lost[clinic_id] = self._lost.get(clinic_id, 0) - lost
