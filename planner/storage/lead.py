"""The lead: the right to run the timers, held by one process of all; it ends with the process, however that ends."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO, Protocol

from planner.errors import StorageFailed
from planner.storage.database import Database


class Lead(Protocol):
    """One process at a time has it."""

    def check(self) -> None:
        """Find out before the program starts whether it could ever lead. Raises StorageFailed."""

    def try_to_lead(self) -> bool:
        """Take the lead if nobody has it; whether it is had."""

    def holds(self) -> bool:
        """Whether it is still had."""

    def give_up(self) -> None:
        """Let another process lead."""


def lead_of(database: Database, instance: Path) -> Lead:
    """By the kind of the database: all programs on it agree about who leads, on however many machines they are."""
    if database.url.get_backend_name() == "postgresql":
        # Its driver is loaded only where it is used.
        from planner.storage.server_lead import ServerLead

        return ServerLead(database.url)
    return FileLead(instance / "worker.lock")


class FileLead:
    """Held through the lock of a file, by programs of one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def check(self) -> None:
        """Raise StorageFailed where the lock file can't be made."""
        self._opened().close()

    def try_to_lead(self) -> bool:
        """Take the lead if nobody has it. Raises StorageFailed where the lock file can't be made."""
        if self._file is not None:
            return True
        file = self._opened()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def holds(self) -> bool:
        """Nobody can take a file's lock away."""
        return self._file is not None

    def give_up(self) -> None:
        """Let another process lead."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("ab")
        except OSError as error:
            raise StorageFailed(f"The timers' lock can't be made: {error.strerror} ({self._path}).") from error
