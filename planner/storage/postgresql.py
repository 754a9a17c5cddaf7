"""PostgreSQL: a server for many machines; each clinic has one writer at a time, and clinics write side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, Row, Select, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from planner import metrics
from planner.errors import DatabaseBusy, InvalidInput, PlannerError, StorageFailed
from planner.storage import guard, walls
from planner.storage.glance import Glance
from planner.storage.kinds import OUTSIDE, no_tables, no_turn, slot_taken
from planner.storage.text_json import dumps, loads
from planner.words import say

# One connection for each thread of a server, its timers and its plannings; more wait.
_CONNECTIONS: Final = 10
_MORE_CONNECTIONS: Final = 20
_LOOKS: Final = 5
# By which a worker fetches jobs, hears of new ones, and leads.
_JOBS: Final = 7
MOST_CONNECTIONS: Final = _CONNECTIONS + _MORE_CONNECTIONS + 2 * _LOOKS + _JOBS
"""What one process may have open at once, if it does everything."""
_CONNECT_SECONDS: Final = 5
_MIGRATION_WAIT_SECONDS: Final = 600
# While a step waits for a table, everybody else who needs that table waits behind it.
_LOCK_SECONDS: Final = 2.0
# A process that hangs while it holds its clinic's turn loses it after this.
_IDLE_SECONDS: Final = 300
# The second finds a server that came back: the first clears all connections of the one that went.
_TRIES: Final = 2

# The comment tells it apart from questions in the server's own lists.
_BEGINS: Final = "/* begin */ SELECT set_config('planner.clinic_id', %(clinic)s, true)"
_READS: Final = f"{_BEGINS}, set_config('transaction_read_only', 'on', true)"
# Keys of one number are clinics; those of two are the planner's own: (1, 0) all clinics, (1, 1) the schema. A list is
# worked out from left to right, so nobody waits for a turn without an end to the wait.
_WRITES: Final = f"{_BEGINS}, set_config('lock_timeout', %(wait)s, true)"
_WRITES_ONE: Final = f"{_WRITES}, pg_advisory_xact_lock_shared(1, 0), pg_advisory_xact_lock(%(key)s)"
_WRITES_ALL: Final = f"{_WRITES}, pg_advisory_xact_lock(1, 0)"
_WRITES_OUTSIDE: Final = f"{_WRITES}, pg_advisory_xact_lock_shared(1, 0)"
_MIGRATES: Final = f"{_WRITES}, pg_advisory_xact_lock(1, 1)"
_WAITS: Final = "SELECT set_config('lock_timeout', %(wait)s, true)"

_OTHERS_WROTE: Final = ("40001", "40P01")
_TIMED_OUT: Final = ("57014", "53300")
# The server goes, comes or has gone: classes 08 and 57P of PostgreSQL's codes.
_AWAY: Final = ("08", "57P")
_CANNOT_WRITE: Final = ("53100", "53200", "58030", "25006")
_WRONG_ADDRESS: Final = ("does not exist", "authentication failed", "no pg_hba.conf entry", "no password supplied")


class Postgresql:
    """A database of a PostgreSQL server.

    Args:
        wait_seconds: how long a write waits for its turn, and for any other lock, before it is refused.
    """

    def __init__(self, url: URL, wait_seconds: float) -> None:
        self._url = url
        self._wait_seconds = wait_seconds
        self.engine = _engine(
            url, pool_size=_CONNECTIONS, max_overflow=_MORE_CONNECTIONS, pool_timeout=wait_seconds,
            isolation_level="REPEATABLE READ",
        )  # fmt: skip
        self.write_engine: Engine = self.engine.execution_options(isolation_level="READ COMMITTED")
        # Looks name their clinic themselves; their connections never write.
        self._look_engine = _engine(
            url, {"planner.clinic_id": walls.ALL, "default_transaction_read_only": "on"},
            pool_size=_LOOKS, max_overflow=_LOOKS, pool_timeout=wait_seconds, isolation_level="AUTOCOMMIT",
        )  # fmt: skip

    @property
    def name(self) -> str:
        """The database and its server."""
        return f"{self._url.database} on {self._url.host or 'this machine'}"

    @contextmanager
    def reading(self, clinic_id: int | None) -> Iterator[Session]:
        """A session that sees the moment of its beginning, whatever is written meanwhile."""
        with self._opened(self.engine, {"clinic_id": clinic_id}, _READS) as session:
            yield session

    @contextmanager
    def writing(self, clinic_id: int | None) -> Iterator[Session]:
        """A transaction alone in writing its clinic; one of all clinics is alone in writing at all."""
        begin = _WRITES_ALL if clinic_id is None else _WRITES_ONE
        with self._writing({"clinic_id": clinic_id}, begin) as session:
            yield session

    @contextmanager
    def outside(self) -> Iterator[Session]:
        """A transaction beside those of all clinics, which sees none of their rows; rows are locked one by one."""
        with self._writing(OUTSIDE, _WRITES_OUTSIDE) as session:
            yield session

    @contextmanager
    def _writing(self, info: Mapping[str, Any], begin: str) -> Iterator[Session]:
        with self._opened(self.write_engine, info, begin) as session:
            yield session
            session.flush()
            try:
                session.commit()
            except OperationalError as error:
                if _is_lost(error):
                    raise DatabaseBusy(
                        say("The connection to the database was lost. Look whether your change was kept before you "
                            "make it again.")
                    ) from error  # fmt: skip
                raise

    def look(self, statement: Select[*tuple[Any, ...]], values: dict[str, Any]) -> Row[*tuple[Any, ...]] | None:
        """The first row; the statement sees all clinics and names its own."""
        for _ in range(_TRIES - 1):
            try:
                return self._look(statement, values)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
        return self._look(statement, values)

    def _look(self, statement: Select[*tuple[Any, ...]], values: dict[str, Any]) -> Row[*tuple[Any, ...]] | None:
        with self._look_engine.connect() as connection:
            return connection.execute(statement, values).first()

    def glance(self, glance: Glance, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """Nothing: a server may be slow or away, and whoever glances must not wait for it."""
        return None

    @contextmanager
    def trying(self) -> Iterator[Connection]:
        """A transaction beside all others; closing the connection rolls it back."""
        with self.write_engine.connect() as connection:
            connection.exec_driver_sql(_WRITES, {"clinic": walls.ALL, "wait": self._wait})
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction alone in changing the schema; servers that start at once take their turns.

        The clinic works on meanwhile, but for what touches a table that is changed; if that table is not to be had
        within two seconds, nothing is changed (see `schema.upgrade`, which tries again).
        """
        with self.write_engine.begin() as connection:
            wait = f"{_MIGRATION_WAIT_SECONDS}s"
            connection.exec_driver_sql(_MIGRATES, {"clinic": walls.ALL, "wait": wait})
            connection.exec_driver_sql(_WAITS, {"wait": _milliseconds(min(self._wait_seconds, _LOCK_SECONDS))})
            yield connection

    def check_there(self) -> None:
        """Raise StorageFailed where there is no such database, nobody may enter, or no server answers."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as error:
            words = str(error.orig)
            # Only whoever starts the program reads this; what a page says names no server.
            if _is_lost(error) and not any(each in words for each in _WRONG_ADDRESS):
                words = words.splitlines()[0].rstrip()
                raise StorageFailed(f"The database {self.name} can't be reached: {words}") from error
            raise

    def faults(self) -> list[str]:
        """What PostgreSQL does not watch over by itself: the wall between clinics, and constraints not yet checked."""
        with self.trying() as connection:
            found = connection.scalars(
                text("SELECT conrelid::regclass || ': ' || conname FROM pg_constraint WHERE NOT convalidated")
            )
            return [*walls.gaps(connection), *(f"constraint not checked: {name}" for name in found)]

    def refusal(self, error: DatabaseError) -> PlannerError | None:
        """By PostgreSQL's codes, which don't depend on its language."""
        code = str(getattr(error.orig, "sqlstate", None) or "")
        if code == "23P01":
            return slot_taken(guard.resource_of(str(_diagnosis(error, "constraint_name"))))
        if code == "55P03":
            return no_turn(self._wait_seconds)
        if code in _OTHERS_WROTE or code in _TIMED_OUT:
            return DatabaseBusy("The database is busy. Nothing was changed; try again in a moment.")
        if code in _CANNOT_WRITE:
            return StorageFailed(f"The database can't be written ({error.orig}). Nothing was changed.")
        if code == "42P01":
            return no_tables()
        if isinstance(error, DataError) and (code == "22021" or "NUL" in str(error.orig)):
            return InvalidInput(say("There is a sign in this text that can't be kept."))
        return self._unreachable(error) if _is_lost(error) else None

    def _unreachable(self, error: DatabaseError) -> PlannerError:
        words = str(error.orig)
        if any(each in words for each in _WRONG_ADDRESS):
            # The words name the user and the database, never the password.
            return StorageFailed(f"The database {self.name} can't be opened: {words.splitlines()[-1].strip()}")
        return DatabaseBusy(say("The connection to the database was lost. Try again in a moment."))

    def close(self) -> None:
        """Close all connections."""
        self._look_engine.dispose()
        self.engine.dispose()

    @property
    def _wait(self) -> str:
        return _milliseconds(self._wait_seconds)

    @contextmanager
    def _opened(self, engine: Engine, info: Mapping[str, Any], begin: str) -> Iterator[Session]:
        """A session whose transaction has begun; what is not committed is rolled back."""
        clinic_id = info["clinic_id"]
        everybody = walls.NOBODY if info.get("outside") else walls.ALL
        values = {"clinic": everybody if clinic_id is None else str(clinic_id), "wait": self._wait, "key": clinic_id}
        for number in range(_TRIES):
            session = Session(engine, info=dict(info), expire_on_commit=False)
            try:
                with metrics.waiting_to_write() if engine is self.write_engine else nullcontext():
                    session.connection().exec_driver_sql(begin, values)
                break
            except DBAPIError as error:
                session.close()
                # Nothing was done yet, so a connection that died while it lay idle is simply replaced.
                if number == _TRIES - 1 or not error.connection_invalidated:
                    raise
        with session:
            yield session


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"


def _engine(url: URL, settings: dict[str, str] | None = None, **options: Any) -> Engine:
    wanted = {
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
        **(settings or {}),
    }
    engine = create_engine(
        url,
        connect_args={"application_name": "planner", "connect_timeout": _CONNECT_SECONDS},
        hide_parameters=True,
        json_serializer=dumps,
        json_deserializer=_loads,
        **options,
    )
    event.listen(engine, "handle_error", _leave_out_values)
    event.listen(engine, "connect", partial(_set, wanted))
    return engine


def _set(wanted: Mapping[str, str], connection: Any, _record: object) -> None:
    """Settings of a session: by a statement, since poolers refuse them where a connection begins."""
    connection.execute(f"SELECT {', '.join(['set_config(%s, %s, false)'] * len(wanted))}", sum(wanted.items(), ()))
    connection.commit()


def _loads(kept: bytes | str) -> Any:
    return loads(kept.decode() if isinstance(kept, bytes) else kept)


def _leave_out_values(context: ExceptionContext) -> None:
    """Keep only the first line of an error: in the others the server quotes the row, and names must not be logged."""
    first = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if first and context.sqlalchemy_exception is not None:
        context.original_exception.args = (first,)
        context.sqlalchemy_exception.args = (f"({type(context.original_exception).__name__}) {first}",)


def _diagnosis(error: DatabaseError, name: str) -> Any:
    return getattr(getattr(error.orig, "diag", None), name, None)


def _is_lost(error: DatabaseError) -> bool:
    """Whether the server went away, or was never reached."""
    code = str(getattr(error.orig, "sqlstate", None) or "")
    return isinstance(error, OperationalError) and (not code or code.startswith(_AWAY))
