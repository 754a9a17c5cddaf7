"""Where the databases of tests come from: copies of one that was made once, on SQLite or on PostgreSQL."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import make_url

from planner.services.runtime import Runtime
from planner.storage import schema
from planner.storage.database import Database
from tests.factories import Clinic, FakeClock, FakeMailer, make_clinic
from tests.postgresql import Server
from tests.refilled import Refilled


class Databases(Protocol):
    """What makes databases for tests."""

    @property
    def clinic(self) -> Clinic:
        """Who is in a database with the clinic."""

    def bare(self, folder: Path) -> str:
        """The address of a database without tables."""

    def empty(self, folder: Path) -> str:
        """The address of a database with all tables and no rows."""

    def with_clinic(self, folder: Path) -> str:
        """The address of a database with Ana's, Ben's, Rosa's and Mo's clinic."""

    def copy(self, url: str, folder: Path) -> str:
        """The address of a copy of a database that nobody is connected to."""

    def drop(self, url: str) -> None:
        """Delete a database that is not needed any more."""


@dataclass
class SqliteFiles:
    """Files, copied from two that are made once.

    Args:
        folder: where those two lie.
    """

    folder: Path

    @cached_property
    def empty_file(self) -> Path:
        """A file with all tables and no rows."""
        path = self.folder / "empty.sqlite"
        database = Database(f"sqlite:///{path}")
        schema.upgrade(database)
        database.close()
        return path

    @cached_property
    def clinic_file(self) -> tuple[Path, Clinic]:
        """A file with the clinic, and who is in it."""
        path = Path(shutil.copy(self.empty_file, self.folder / "clinic.sqlite"))
        return path, _fill(f"sqlite:///{path}")

    @property
    def clinic(self) -> Clinic:
        return self.clinic_file[1]

    def bare(self, folder: Path) -> str:
        return f"sqlite:///{folder}/planner.sqlite"

    def empty(self, folder: Path) -> str:
        shutil.copy(self.empty_file, folder / "planner.sqlite")
        return self.bare(folder)

    def with_clinic(self, folder: Path) -> str:
        shutil.copy(self.clinic_file[0], folder / "planner.sqlite")
        return self.bare(folder)

    def copy(self, url: str, folder: Path) -> str:
        shutil.copy(make_url(url).database or "", folder / "planner.sqlite")
        return self.bare(folder)

    def drop(self, url: str) -> None:
        """It goes with its folder."""


@dataclass
class PostgresqlDatabases:
    """Databases of a server, copied from two that are made once."""

    server: Server
    _numbers: Iterator[int] = field(default_factory=count)

    @cached_property
    def _empty(self) -> Refilled:
        database = Database(self.server.create("planner_empty"))
        schema.upgrade(database)
        database.close()
        return Refilled(self.server, "planner_empty")

    @cached_property
    def _clinic(self) -> tuple[Refilled, Clinic]:
        made = _fill(self.server.create("planner_clinic", self._empty.template))
        return Refilled(self.server, "planner_clinic"), made

    @property
    def clinic(self) -> Clinic:
        return self._clinic[1]

    def bare(self, folder: Path) -> str:
        return self.server.create(f"test_{next(self._numbers)}")

    def empty(self, folder: Path) -> str:
        return self.server.url(self._empty.take())

    def with_clinic(self, folder: Path) -> str:
        return self.server.url(self._clinic[0].take())

    def copy(self, url: str, folder: Path) -> str:
        return self.server.create(f"test_{next(self._numbers)}", make_url(url).database or "")

    def drop(self, url: str) -> None:
        name = make_url(url).database or ""
        for again in (self._empty, self._clinic[0]):
            if again.has(name):
                again.give_back(name)
                return
        self.server.drop(name)


@contextmanager
def one_of(databases: Databases, url: str) -> Iterator[str]:
    """The address, for as long as the block lasts."""
    try:
        yield url
    finally:
        databases.drop(url)


def _fill(url: str) -> Clinic:
    database = Database(url)
    made = make_clinic(Runtime(database, FakeClock(), FakeMailer()))
    database.close()
    return made
