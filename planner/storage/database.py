"""The engine, and the two kinds of transaction: reading, and writing one at a time."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, Row, Select, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.exc import StaleDataError

from planner import metrics
from planner.errors import DatabaseBusy, PlannerError, SlotTaken, StaleForm, StorageFailed
from planner.storage import guard
from planner.storage.base import ClinicScoped
from planner.storage.feed_revisions import raise_revisions
from planner.storage.glance import Glance, Glances
from planner.storage.text_json import dumps, loads
from planner.words import say

_WAIT_SECONDS = 10.0


class Database:
    """One database file. Make it once per process; sessions come from `reading` and `writing`.

    Args:
        url: "sqlite:///path/to/file".
        wait_seconds: how long a write waits for its turn before it is refused.
    """

    def __init__(self, url: str, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        self.url = make_url(url)
        self.wait_seconds = wait_seconds
        self.engine = _sqlite_engine(url, wait_seconds)
        self._write_engine = self.engine.execution_options(writes=True)
        self._look_engine = self.engine.execution_options(looks=True)
        self._turn = _WriteTurn(Path(f"{self.url.database}.lock"), wait_seconds)
        self._glances = Glances(str(self.url.database))

    @contextmanager
    def reading(self, clinic_id: int | None) -> Iterator[Session]:
        """A session that sees one moment of one clinic (None: of all) and writes nothing."""
        with _translated(), Session(self.engine, info={"clinic_id": clinic_id}, expire_on_commit=False) as session:
            yield session

    def look(self, statement: Select[*tuple[Any, ...]], **values: Any) -> Row[*tuple[Any, ...]] | None:
        """The first row of a statement, without a session.

        Args:
            statement: names its clinic itself, or belongs to none.
            values: of its bound parameters.
        """
        with _translated(), self._look_engine.connect() as connection:
            return connection.execute(statement, values).first()

    def glance(self, glance: Glance, **values: Any) -> tuple[Any, ...] | None:
        """The first row if it can be had at once; None where there is none, or where `look` might have to wait.

        Args:
            values: of the statement's bound parameters.
        """
        return self._glances.first(glance, values)

    @contextmanager
    def writing(self, clinic_id: int | None) -> Iterator[Session]:
        """A transaction that is alone in writing; it commits at the end, or nothing happened.

        Raises:
            SlotTaken: a booking overlaps another one.
            StaleForm: a row changed since it was read.
            DatabaseBusy: no turn within `wait_seconds`.
            StorageFailed: the file can't be written.
        """
        with (
            _translated(),
            self._turn,
            Session(self._write_engine, info={"clinic_id": clinic_id}, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def check_guard(self) -> None:
        """Refuse to go on if the double-booking guard does not work (see `guard.self_test`)."""
        with _translated(), self._turn, self._write_engine.connect() as connection:
            guard.self_test(connection)

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A connection alone in writing, for changes of the schema, all or nothing."""
        with _translated(), self._turn, self._write_engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
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
            raise _busy(self._wait_seconds)
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
                    raise _busy(self._wait_seconds) from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.02)
            else:
                return file

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._thread_lock.release()


def _busy(seconds: float) -> DatabaseBusy:
    return DatabaseBusy(f"The database is busy: no turn to write within {seconds:g} seconds. Try again in a moment.")


def _sqlite_engine(url: str, wait_seconds: float) -> Engine:
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


@event.listens_for(Session, "do_orm_execute")
def _stay_inside_the_clinic(state: ORMExecuteState) -> None:
    """Scope every query to the session's clinic, here and nowhere else."""
    clinic_id = state.session.info.get("clinic_id")
    if clinic_id is not None and not state.is_column_load and not state.is_relationship_load:
        state.statement = state.statement.options(
            with_loader_criteria(ClinicScoped, lambda row: row.clinic_id == clinic_id, include_aliases=True)
        )


@event.listens_for(Session, "before_flush")
def _write_inside_the_clinic(session: Session, _context: object, _instances: object) -> None:
    """Give new rows the session's clinic; refuse rows of another."""
    clinic_id = session.info.get("clinic_id")
    for row in session.new:
        if clinic_id is None or not isinstance(row, ClinicScoped):
            continue
        if row.clinic_id is None:
            row.clinic_id = clinic_id
        elif row.clinic_id != clinic_id:
            raise ValueError(f"{row!r} belongs to another clinic")


@event.listens_for(Session, "after_flush")
def _age_the_feeds(session: Session, _flush: object) -> None:
    """Let calendars that programs hold be seen to have changed, whoever changed the diary."""
    raise_revisions(session)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the database's words into refusals that a person understands."""
    try:
        yield
    except StaleDataError as error:
        raise StaleForm(say("Somebody changed this meanwhile. Here is how it stands now.")) from error
    except DatabaseError as error:
        raise _refusal(error) from error


def _refusal(error: DatabaseError) -> PlannerError | DatabaseError:
    error = _what_began_it(error)
    words = str(error.orig)
    if isinstance(error, IntegrityError) and guard.MESSAGE in words:
        resource = words.rsplit(": ", 1)[-1]
        return SlotTaken(f"The {resource} already has an appointment at that time.", field=resource)
    if "locked" in words or "busy" in words:
        return DatabaseBusy("The database is busy. Nothing was changed; try again in a moment.")
    if "full" in words or "readonly" in words or "disk I/O" in words or "unable to open" in words:
        return StorageFailed(f"The database can't be written ({words}). Nothing was changed.")
    if "not a database" in words or "malformed" in words:
        return StorageFailed(f"This file is no planner database ({words}).")
    if isinstance(error, OperationalError) and "no such table" in words:
        return StorageFailed("The database has no tables yet. Run `planner db upgrade`.")
    return error


def _what_began_it(error: DatabaseError) -> DatabaseError:
    """The first failure: on a full disk SQLite rolls back by itself, and then a savepoint can't be left either."""
    first, earlier = error, error.__context__
    while "no such savepoint" in str(first.orig) and earlier is not None:
        if isinstance(earlier, DatabaseError):
            first = earlier
        earlier = earlier.__context__
    return first
