"""How every command that needs the clinic's data finds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from planner import wiring
from planner.config import Config
from planner.errors import InvalidInput, StorageFailed
from planner.services.runtime import Runtime


def load_config() -> Config:
    """The settings of this instance ($PLANNER_INSTANCE, else the checkout's instance/, else ./instance)."""
    return Config.load(os.environ, Path.cwd())


@contextmanager
def in_use(config: Config, *, alone: bool = False) -> Iterator[None]:
    """Hold the mark that a program runs on this instance while the block lasts; it ends with its process.

    Args:
        alone: for work that no other may run beside.
    Raises:
        InvalidInput: somebody runs, or this work wants to be alone and is not, or somebody else is.
        StorageFailed: the mark can't be made.
    """
    path = config.instance / "running.lock"
    try:
        file = path.open("ab")
    except OSError as error:
        raise StorageFailed(f"The instance folder can't be written: {error.strerror} ({path}).") from error
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput(
                "The planner is running on this instance. Stop `planner serve` and `planner worker` first."
                if alone
                else "A backup is being restored on this instance. Start again when it is done."
            ) from None
        yield


def open_runtime() -> Runtime:
    """The running program, on a database that is ready; at the command's end its connections are given back."""
    runtime = wiring.build(load_config())
    click.get_current_context().call_on_close(runtime.database.close)
    wiring.check_ready(runtime)
    return runtime
