"""How files of copies are handled: nothing half-done stays, and what is said to be kept is on the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from planner.errors import PlannerError, StorageFailed
from planner.storage.database import Database

ASIDE: Final = ("-wal", "-shm", "-journal")
"""What lies beside a database that is in use, and belongs to it."""

PRIVATE: Final = 0o600
_BESIDE: Final = (*ASIDE, ".lock")


@contextmanager
def alone(file: Path) -> Iterator[Database]:
    """A database that nobody else uses, and without what is beside it in use."""
    database = Database(f"sqlite:///{file}", wait_seconds=1)
    try:
        yield database
    finally:
        database.close()
        file.with_name(f"{file.name}.lock").unlink(missing_ok=True)


@contextmanager
def tidied(file: Path) -> Iterator[None]:
    """Leave nothing of a file that was not finished, before and after."""
    _remove(file)
    try:
        yield
    finally:
        _remove(file)


def _remove(file: Path) -> None:
    for ending in ("", *_BESIDE):
        file.with_name(file.name + ending).unlink(missing_ok=True)


@contextmanager
def said(file: Path) -> Iterator[None]:
    """Turn what the system and the database say into a refusal."""
    try:
        yield
    except PlannerError:
        raise
    except (sqlite3.Error, OSError) as error:
        raise StorageFailed(f"{file}: {error}.") from error


def opened(file: Path) -> sqlite3.Connection:
    """A database that is only read."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10, isolation_level=None)


def sync(path: Path) -> None:
    """Have it on the disk, not only on its way there."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
