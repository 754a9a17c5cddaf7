"""How a program that keeps running ends: it is told once and finishes in bounded time, told twice and ends at once."""

import logging
import os
import signal
import sys
import threading
import time
from typing import Final

FINISH_SECONDS: Final = 20.0
"""So long after it was told to stop the program is over, whatever still runs then."""

_LOOK_SECONDS: Final = 0.2
_log = logging.getLogger("planner.stopping")


class Deadline:
    """A moment on the clock that never jumps."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; 0 when it is over."""
        return max(0.0, self._end - time.monotonic())


def stop_when_told() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set. The second of them ends the process there and then.

    What it was writing is whole all the same: a transaction that was not committed never was.
    """
    stop = threading.Event()

    def told(number: int, _frame: object) -> None:
        if stop.is_set():
            _leave(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    return stop


def joined(thread: threading.Thread, deadline: Deadline) -> bool:
    """Wait for a thread, but not for ever; whether it is over.

    In short stretches, so that a second signal is heard meanwhile.
    """
    while thread.is_alive() and deadline.left:
        thread.join(min(_LOOK_SECONDS, deadline.left))
    return not thread.is_alive()


def leave_behind(what: str) -> None:
    """End the process although something still runs in it, which would keep an ordinary end waiting."""
    _log.warning("%s did not end in time and is left behind; what it had begun is done after the next start", what)
    _leave(0)


def _leave(code: int) -> None:
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
