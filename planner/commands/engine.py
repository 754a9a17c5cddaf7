"""Machine code for the engine beside the pages: loaded where it is there, compiled where it is not, said in the log."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from planner.scheduling import fast, quick_course

COMPILE: Final = (sys.executable, "-m", "planner.scheduling.warm")
_log = logging.getLogger("planner.engine")
_LOOK_SECONDS: Final = 0.2
_GENTLY: Final = 10


@contextmanager
def machine_code(
    instance: Path, command: Sequence[str] = COMPILE, *, when_loaded: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Load the machine code while the block runs; until it is there numpy finds the dates.

    Args:
        instance: keeps the code in its folder `machine-code` where the program's own can't be written.
        command: compiles it, in a process of its own, since compiling would slow the pages down for minutes.
        when_loaded: called once the code is there.
    """
    if not fast.writable():
        os.environ["NUMBA_CACHE_DIR"] = str(instance / "machine-code")
    stop = threading.Event()
    thread = threading.Thread(target=_prepare, args=(stop, command, when_loaded), name="machine code")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _prepare(stop: threading.Event, command: Sequence[str], when_loaded: Callable[[], None]) -> None:
    if not fast.installed():
        _log.info("dates are found by numpy; for machine code install numba, the extra `fast`")
        return
    if not fast.ready():
        _log.info("dates are found by numpy; machine code is being compiled, which takes a minute or two")
        _compile(stop, command)
    if stop.is_set():
        return
    if quick_course.load():
        _log.info("dates are found by machine code")
        when_loaded()
    else:
        _log.warning("dates are found by numpy: machine code could not be compiled into %s", fast.place())


def _compile(stop: threading.Event, command: Sequence[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        os.setpriority(os.PRIO_PROCESS, process.pid, _GENTLY)
        while process.poll() is None:
            if stop.wait(_LOOK_SECONDS):
                process.terminate()
