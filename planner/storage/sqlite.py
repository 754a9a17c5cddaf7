"""SQLite: one file, many readers, one writer at a time among all threads and processes."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import URL, Connection, Engine, Row, Select, create_engine, event, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from planner import metrics
from planner.errors import DatabaseBusy, PlannerError, StorageFailed
from planner.storage import guard
from planner.storage.glance import Glance, Glances
from planner.storage.kinds import OUTSIDE, no_tables, no_turn, slot_taken
from planner.storage.text_json import dumps, loads
from planner.words import say


class Sqlite:
    """A database in a file.

    Args:
        wait_seconds: how long a write waits for its turn before it is refused.
    """

    def __init__(self, url: URL, wait_seconds: float) -> None:
        self.engine = _engine(url, wait_seconds)
        self._file = Path(str(url.database))
        self.write_engine: Engine = self.engine.execution_options(writes=True)
        self._look_engine = self.engine.execution_options(looks=True)
        self._turn = _WriteTurn(Path(f"{url.database}.lock"), wait_seconds)
        self._glances = Glances(str(url.database))

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self._file)

    @contextmanager
    def reading(self, clinic_id: int | None) -> Iterator[Session]:
        """A session that sees the moment of its first query."""
        with Session(self.engine, info={"clinic_id": clinic_id}, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self, clinic_id: int | None) -> Iterator[Session]:
        """A transaction that is alone in writing, whatever clinic it is of."""
        with self._writing({"clinic_id": clinic_id}) as session:
            yield session

    @contextmanager
    def outside(self) -> Iterator[Session]:
        """The same here: a file has one turn for all."""
        with self._writing(OUTSIDE) as session:
            yield session

    @contextmanager
    def _writing(self, info: Mapping[str, Any]) -> Iterator[Session]:
        with (
            self._turn,
            Session(self.write_engine, info=dict(info), expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def look(self, statement: Select[*tuple[Any, ...]], values: dict[str, Any]) -> Row[*tuple[Any, ...]] | None:
        """The first row, without a transaction."""
        with self._look_engine.connect() as connection:
            return connection.execute(statement, values).first()

    def glance(self, glance: Glance, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """The first row, unless the file is held back at this moment."""
        return self._glances.first(glance, values)

    @contextmanager
    def trying(self) -> Iterator[Connection]:
        """A connection that may write, with its turn."""
        with self._turn, self.write_engine.connect() as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction alone in writing."""
        with self._turn, self.write_engine.begin() as connection:
            yield connection

    def check_there(self) -> None:
        """Raise StorageFailed where there is no file."""
        if not self._file.exists():
            raise StorageFailed(f"There is no database yet ({self._file}). Run `planner db upgrade`.")
        with self.engine.connect() as connection:
            connection.execute(text("SELECT count(*) FROM sqlite_master"))

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file and its references."""
        with self.engine.connect() as connection:
            integrity = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check"))]
            orphans = list(connection.execute(text("PRAGMA foreign_key_check")))
        return [
            *(f"file: {line}" for line in integrity if line != "ok"),
            *(f"reference: a row of {orphan[0]} points to a missing row of {orphan[2]}" for orphan in orphans),
        ]

    def refusal(self, error: DatabaseError) -> PlannerError | None:
        """By SQLite's words; it has no codes that tell these apart."""
        error = _what_began_it(error)
        words = str(error.orig)
        if isinstance(error, IntegrityError) and guard.MESSAGE in words:
            return slot_taken(words.rsplit(": ", 1)[-1])
        if "locked" in words or "busy" in words:
            return DatabaseBusy("The database is busy. Nothing was changed; try again in a moment.")
        if "full" in words or "readonly" in words or "disk I/O" in words or "unable to open" in words:
            return StorageFailed(f"The database can't be written ({words}). Nothing was changed.")
        if "not a database" in words or "malformed" in words:
            return StorageFailed(f"This file is no planner database ({words}).")
        if isinstance(error, OperationalError) and "no such table" in words:
            return no_tables()
        return None

    def close(self) -> None:
        """Close the file."""
        self._glances.close()
        self.engine.dispose()


class _WriteTurn:
    """A turn at writing, among threads by a lock and among processes by the lock of a file beside the database."""

    def __init__(self, path: Path, wait_seconds: float) -> None:
        self._path = path
        self._wait_seconds = wait_seconds
        self._thread_lock = threading.Lock()
        self._file: BinaryIO | None = None

    def __enter__(self) -> None:
        with metrics.waiting_to_write():
            self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + self._wait_seconds
        if not self._thread_lock.acquire(timeout=self._wait_seconds):
            raise no_turn(self._wait_seconds)
        try:
            self._file = self._locked_file(deadline)
        except BaseException:
            self._thread_lock.release()
            raise

    def _locked_file(self, deadline: float) -> BinaryIO:
        try:
            file = self._path.open("ab")
        except OSError as error:
            raise StorageFailed(
                say(
                    "The database folder can't be written: %(problem)s (%(path)s).",
                    problem=error.strerror or "",
                    path=str(self._path),
                )
            ) from error
        pause = 0.001
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    file.close()
                    raise no_turn(self._wait_seconds) from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.02)
            else:
                return file

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._thread_lock.release()


def _engine(url: URL, wait_seconds: float) -> Engine:
    # Parameters are names and notes; a traceback must not carry them into a log.
    engine = create_engine(
        url,
        connect_args={"timeout": wait_seconds, "check_same_thread": False},
        hide_parameters=True,
        json_serializer=dumps,
        json_deserializer=loads,
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare_connection(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None  # SQLAlchemy's "begin" event starts every transaction itself.
    cursor = dbapi_connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("looks"):
        return  # A single statement is a moment of its own.
    writes = options.get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _what_began_it(error: DatabaseError) -> DatabaseError:
    """The first failure: on a full disk SQLite rolls back by itself, and then a savepoint can't be left either."""
    first, earlier = error, error.__context__
    while "no such savepoint" in str(first.orig) and earlier is not None:
        if isinstance(earlier, DatabaseError):
            first = earlier
        earlier = earlier.__context__
    return first
