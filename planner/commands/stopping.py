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

_TOLD_BY: Final = (signal.SIGTERM, signal.SIGINT)
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

    A thread hears of them. What Python runs for a signal would run in the middle of whatever the main thread does, and
    that may hold a lock which it needs, even the event's; nor would it run while the main thread is busy in C.
    """
    stop = threading.Event()
    heard, told = os.pipe()
    os.set_blocking(told, False)
    for number in _TOLD_BY:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(told)
    threading.Thread(target=_listen, args=(heard, stop), name="signals", daemon=True).start()
    return stop


def _listen(heard: int, stop: threading.Event) -> None:
    while True:
        for number in os.read(heard, 16):
            if number in _TOLD_BY and stop.is_set():
                os._exit(128 + number)
            elif number in _TOLD_BY:
                stop.set()


def joined(thread: threading.Thread, deadline: Deadline) -> bool:
    """Wait for a thread, but not for ever; whether it is over."""
    thread.join(deadline.left)
    return not thread.is_alive()


def leave_behind(what: str) -> None:
    """End the process although something still runs in it, which would keep an ordinary end waiting."""
    _log.warning("%s did not end in time and is left behind; what it had begun is done after the next start", what)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
