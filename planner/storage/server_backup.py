"""Backups of a server's database: a file of SQLite's that has every row of one moment, and the way back from it.

The same kind of file for all databases: proved by the same tests, restored into either kind, and no program of the
server's is needed. What the server can do itself (copies of its disk, any moment of the last days) comes on top.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import ProgrammingError

from planner.errors import InvalidInput, StorageFailed
from planner.storage import guard, schema
from planner.storage.backup import Copied, Progress, made_ready, write_proved
from planner.storage.backup_files import PRIVATE, alone, said, tidied
from planner.storage.copying import copy_rows, count_rows, filled_table
from planner.storage.database import Database
from planner.storage.people import ClinicRow

# Reading one side of a large table may take minutes, in which the other side waits.
_PATIENT: Final = text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
# Alone in writing: the first key of all clinics' (see postgresql.py).
_NOBODY_WRITES: Final = text("SELECT pg_advisory_xact_lock(1, 0)")
_OTHERS: Final = text("""
    SELECT coalesce(nullif(application_name, ''), 'a program') AS program, pid,
           coalesce(host(client_addr), 'this machine') AS place
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND (usename = current_user OR application_name LIKE 'planner%')
    ORDER BY backend_start
""")
_NAMED: Final = 5


def back_up_server(source: Database, target: Path, progress: Progress | None = None) -> Copied:
    """Copy a server's database as it is at one moment, while others read and write it.

    Each table is read twice, and its copy once: their digests must be the same.

    Args:
        target: does not exist yet; it appears when the copy is whole and proved, and not before.
    Raises:
        InvalidInput: there is such a file already, or the database is not at this program's step.
        StorageFailed: the copy can't be written, or did not prove to be whole; nothing of it is left.
    """
    return write_proved(target, lambda partial: _fill(source, partial, progress))


def restore_server(
    backup: Path, target: Database, scratch: Path, aside: str, progress: Progress | None = None
) -> tuple[Copied, str | None]:
    """Put a backup in the place of what a server's database has, in one transaction; what was there is kept.

    Args:
        scratch: a file for the time of the work, on which the backup is brought to this program's schema.
        aside: the name that the present schema gets.
    Returns:
        what was restored; and the name of the schema with what was there, None where there were no rows.
    Raises:
        InvalidInput: there is no backup, or somebody is connected.
        StorageFailed: the backup is not whole, or did not arrive as it was; the database is as it was.
    """
    with target.reading(None) as session:
        _check_alone(session.connection())
    with tidied(scratch), said(scratch):
        restored = made_ready(backup, scratch)
        with alone(scratch) as source, source.reading(None) as there, target.migrating() as here:
            here.execute(_PATIENT)
            here.execute(_NOBODY_WRITES)
            _check_alone(here)
            kept = _put_aside(here, aside)
            schema.upgrade_on(here)
            copy_rows(there.connection(), here, done=_counted(progress, count_rows(there.connection())))
            guard.self_test(here)
    return Copied(backup, restored.step, restored.counts), kept


def clinics_on(database: Database) -> int:
    """How many clinics a server's database has; 0 where there are no tables yet.

    Raises:
        StorageFailed: there is no such database.
    """
    with database.reading(None) as session:
        if session.scalar(text("SELECT to_regclass('clinic')")) is None:
            return 0
        return session.scalar(select(func.count()).select_from(ClinicRow)) or 0


def _fill(source: Database, partial: Path, progress: Progress | None) -> dict[str, int]:
    partial.touch(PRIVATE)
    with alone(partial) as copy:
        schema.upgrade(copy)
        with source.reading(None) as there, copy.writing(None) as here:
            moment = there.connection()
            moment.execute(_PATIENT)
            if (step := schema.step_of(moment)) != schema.newest():
                raise InvalidInput(
                    f"{source.name} is at step {step or 'none'}, and this program is of step {schema.newest()}. "
                    "Back it up with the program that works on it now, or run `planner db upgrade` first."
                )
            tables = copy_rows(moment, here.connection(), done=_counted(progress, count_rows(moment)))
    return {table.table: table.rows for table in tables}


def _counted(progress: Progress | None, total: int) -> Callable[[int], None]:
    """What tells how many rows are done of how many."""
    done = 0

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        if progress is not None:
            progress(done, total)

    return count


def _check_alone(connection: Connection) -> None:
    """Refuse to work under a running program, and say which."""
    others = connection.execute(_OTHERS).all()
    if others:
        named = ", ".join(f"{other.program} from {other.place} (process {other.pid})" for other in others[:_NAMED])
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        raise InvalidInput(
            f"The database is in use: {named}{more}. Stop `planner serve` and `planner worker` on all machines first."
        )


def _put_aside(connection: Connection, aside: str) -> str | None:
    """Give the schema with what is there another name, and make an empty one in its place."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    if schema.step_of(connection) == schema.newest() and filled_table(connection) is None:
        return None
    quoted = connection.dialect.identifier_preparer.quote
    present = str(connection.scalar(text("SELECT current_schema()")))
    try:
        connection.exec_driver_sql(f"ALTER SCHEMA {quoted(present)} RENAME TO {quoted(aside)}")
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted(present)}")
    except ProgrammingError as error:
        raise StorageFailed(
            f"What is there can't be put aside ({error.orig}). Make the planner's user the owner of the database, or "
            "restore into a new one."
        ) from error
    return aside
