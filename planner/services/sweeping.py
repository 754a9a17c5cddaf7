"""What all timed work shares: one failing item is logged and put off, and the others are done."""

import logging
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from planner.services.runtime import Runtime
from planner.storage.database import Database

ItemT = TypeVar("ItemT")
FIRST_DELAY: Final = timedelta(minutes=1)
LONGEST_DELAY: Final = timedelta(hours=1)
_log = logging.getLogger("planner.sweeps")


@dataclass(frozen=True)
class SweepReport:
    """What one run of a sweep did.

    Args:
        done: items dealt with.
        failed: items that raised; each is logged, and tried again later.
        delayed: items left alone, because they failed not long ago.
    """

    done: int = 0
    failed: int = 0
    delayed: int = 0

    def __post_init__(self) -> None:
        """Refuse counts that can't be."""
        if min(self.done, self.failed, self.delayed) < 0:
            raise ValueError(f"a negative count: {self}")

    @property
    def did_something(self) -> bool:
        """False for a run that found nothing due."""
        return bool(self.done or self.failed)

    def __str__(self) -> str:
        delayed = f", {self.delayed} put off" if self.delayed else ""
        return f"{self.done} done, {self.failed} failed{delayed}"


@dataclass(frozen=True)
class _Delay:
    failures: int
    until: datetime


_stop: ContextVar[threading.Event | None] = ContextVar("stop", default=None)

# In memory on purpose: after a restart everything due is tried once more, which idempotent work allows.
_delays: WeakKeyDictionary[Database, dict[tuple[str, Hashable], _Delay]] = WeakKeyDictionary()


@contextmanager
def until(stop: threading.Event | None) -> Iterator[None]:
    """Let the sweeps inside the block leave off between two items once `stop` is set; what is left is still due."""
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


def told_to_stop() -> bool:
    """Whether the program is being stopped, so that a sweep should begin nothing more."""
    stop = _stop.get()
    return stop is not None and stop.is_set()


def each(
    runtime: Runtime,
    sweep: str,
    items: Iterable[ItemT],
    key: Callable[[ItemT], Hashable],
    work: Callable[[ItemT], None],
) -> SweepReport:
    """Do the work of a sweep item by item; each call of `work` is a transaction of its own.

    Args:
        sweep: its name, for the log.
        key: what names the item in the log and from run to run, e.g. its row id; nothing personal.
    """
    delays = _delays.setdefault(runtime.database, {})
    done = failed = delayed = 0
    for item in items:
        if told_to_stop():
            break
        name = (sweep, key(item))
        earlier = delays.get(name)
        if earlier is not None and earlier.until > runtime.clock.now():
            delayed += 1
            continue
        try:
            work(item)
        except Exception as error:
            delays[name] = _put_off(earlier, runtime.clock.now())
            failed += 1
            _log.error("%s: item %s failed, again after %s", *name, delays[name].until, exc_info=error)
        else:
            delays.pop(name, None)
            done += 1
    return SweepReport(done, failed, delayed)


def _put_off(earlier: _Delay | None, now: datetime) -> _Delay:
    """A minute at first, then twice as long each time, up to an hour."""
    failures = earlier.failures + 1 if earlier else 1
    return _Delay(failures, now + min(FIRST_DELAY * 2 ** min(failures - 1, 10), LONGEST_DELAY))
