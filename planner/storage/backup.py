"""Copies of a database that is in use: taken at one moment, proved before they bear their name; and put back.

Only SQLite is copied here; PostgreSQL brings tools of its own.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from planner.errors import InvalidInput, PlannerError, StorageFailed
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.guard import GUARDED

Progress = Callable[[int, int], None]
"""Called now and then with the pages that are copied and those there are."""

_PAGES_AT_ONCE: Final = 2000
_BESIDE: Final = ("-wal", "-shm", "-journal", ".lock")
_PRIVATE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was proved.

    Args:
        step: the schema's.
        counts: rows by table.
    """

    file: Path
    step: str
    counts: Mapping[str, int]

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.counts.values())


def database_file(url: str) -> Path:
    """The file of a database.

    Raises:
        InvalidInput: it has none that could be copied; the message names what to use instead.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise InvalidInput(
            "This database is kept by a server. Back it up with its own tools, which the planner may run beside: "
            f"{_dump(parsed)}; put it back into an empty database while the planner is stopped: {_restore(parsed)}."
        )
    return Path(parsed.database)


def back_up(source: Path, target: Path, progress: Progress | None = None) -> Copied:
    """Copy a database as it is at one moment, while others read and write it.

    Args:
        target: does not exist yet; it appears when the copy is whole and proved, and not before.
    Raises:
        InvalidInput: there is such a file already, or no database to copy.
        StorageFailed: the copy can't be written, or did not prove to be whole; nothing of it is left.
    """
    if target.exists():
        raise InvalidInput(f"{target} exists already; name another file.")
    _check_there(source)
    partial = target.with_name(f".{target.name}.partial")
    with _tidied(partial), _said(target):
        counts = _copy(source, partial, progress)
        copied = verify(partial)
        if copied.counts != counts:
            raise StorageFailed(f"The copy has other rows than the database had: {_difference(counts, copied.counts)}.")
        _make_plain(partial)
        _sync(partial)
        partial.rename(target)
        _sync(target.parent)
    return Copied(target, copied.step, copied.counts)


def restore(backup: Path, target: Path, aside: Path, progress: Progress | None = None) -> Copied:
    """Put a backup in the place of a database that nobody has open; the one that was there is kept.

    A backup of an older program is brought to this program's schema first.

    Args:
        aside: where the present database goes, if there is one.
    Raises:
        InvalidInput: there is no backup, or no room for what is put aside.
        StorageFailed: the backup is not whole, or is of a newer program; the database is as it was.
    """
    _check_there(backup)
    if aside.exists():
        raise InvalidInput(f"{aside} exists already; move it away first.")
    fresh = target.with_name(f".{target.name}.restoring")
    with _tidied(fresh), _said(target):
        _copy(backup, fresh, progress)
        _bring_up_to_date(fresh)
        restored = verify(fresh)
        _sync(fresh)
        _put_aside(target, aside)
        fresh.replace(target)
        _sync(target.parent)
    return Copied(target, restored.step, restored.counts)


def verify(file: Path) -> Copied:
    """Prove a database that nobody uses: its pages, its references, its schema, the guard against double booking.

    Of an older step, as before an update, the guard is looked for but not tried: the tables are not those of today.

    Raises:
        StorageFailed: saying what is wrong.
    """
    with _alone(file) as database:
        with database.reading(None) as session:
            faults = [str(line) for line in session.scalars(text("PRAGMA integrity_check")) if line != "ok"]
            orphans = session.execute(text("PRAGMA foreign_key_check")).all()
        if faults or orphans:
            raise StorageFailed(f"{file} is damaged: {'; '.join(faults[:3]) or 'rows point to rows that are missing'}.")
        step = _known_step(database)
        if step == schema.newest():
            database.check_guard()
        elif missing := _triggers_missing(database):
            raise StorageFailed(f"{file} lacks its guard against double booking: {', '.join(missing)}.")
    with closing(sqlite3.connect(file)) as connection:
        return Copied(file, step, _counts(connection))


def clinics_in(file: Path) -> int:
    """How many clinics a database has; 0 where there is no such file, or no tables in it yet.

    Raises:
        StorageFailed: it can't be read.
    """
    if not file.exists():
        return 0
    with _said(file), closing(_opened(file)) as connection:
        found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'clinic'").fetchone()[0]
        return int(connection.execute("SELECT count(*) FROM clinic").fetchone()[0]) if found else 0


def _copy(source: Path, target: Path, progress: Progress | None) -> dict[str, int]:
    """Copy page by page, all of one moment; gives the rows that each table had then."""
    target.touch(_PRIVATE)
    with closing(_opened(source)) as reading, closing(sqlite3.connect(target)) as writing:
        # As long as this is open the connection sees one moment, so nobody's writing makes the copy begin anew.
        reading.execute("BEGIN")
        counts = _counts(reading)

        def tell(_status: int, remaining: int, total: int) -> None:
            if progress is not None:
                progress(total - remaining, total)

        reading.backup(writing, pages=_PAGES_AT_ONCE, progress=tell, sleep=0.001)
    return counts


def _make_plain(file: Path) -> None:
    """One file without a log of writes beside it, which can be read from where nothing can be written."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    tables = [name for (name,) in connection.execute(names).fetchall()]
    count = 'SELECT count(*) FROM "{}"'  # The database's own names.
    return {name: connection.execute(count.format(name)).fetchone()[0] for name in tables}


def _bring_up_to_date(file: Path) -> None:
    with _alone(file) as database:
        _known_step(database)
        schema.upgrade(database)


def _triggers_missing(database: Database) -> list[str]:
    names = {f"appointment_one_{each}_{event}" for each in GUARDED for event in ("insert", "update")}
    with database.reading(None) as session:
        there = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        return sorted(names - set(there))


def _known_step(database: Database) -> str:
    step = schema.current(database)
    if step is None or step not in schema.steps():
        raise StorageFailed(
            f"The database is at step {step or 'none'}, which this program does not know. "
            "Use the version that wrote it, or a newer one."
        )
    return step


def _put_aside(target: Path, aside: Path) -> None:
    """Give the database another name as well; the next rename then takes the first one from it."""
    if not target.exists():
        return
    # What is only in the log of writes yet goes into the file. One that is broken goes with its log.
    with suppress(sqlite3.Error), closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.link(target, aside)
    for ending in _BESIDE[:3]:
        left = target.with_name(target.name + ending)
        if left.exists():
            left.rename(aside.with_name(aside.name + ending))


@contextmanager
def _alone(file: Path) -> Iterator[Database]:
    """A database that nobody else uses, and without what is beside it in use."""
    database = Database(f"sqlite:///{file}", wait_seconds=1)
    try:
        yield database
    finally:
        database.close()
        file.with_name(f"{file.name}.lock").unlink(missing_ok=True)


@contextmanager
def _tidied(file: Path) -> Iterator[None]:
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
def _said(file: Path) -> Iterator[None]:
    """Turn what the system and the database say into a refusal."""
    try:
        yield
    except PlannerError:
        raise
    except (sqlite3.Error, OSError) as error:
        raise StorageFailed(f"{file}: {error}.") from error


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10, isolation_level=None)


def _check_there(file: Path) -> None:
    if not file.is_file():
        raise InvalidInput(f"There is no database {file}.")


def _sync(path: Path) -> None:
    """Have it on the disk, not only on its way there."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _difference(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return ", ".join(f"{name} {before.get(name, 0)} → {after.get(name, 0)}" for name in names)


def _dump(url: URL) -> str:
    return f"`pg_dump --format=custom --file=planner.dump {_without_password(url)}`"


def _restore(url: URL) -> str:
    return f"`pg_restore --exit-on-error --no-owner --dbname={_without_password(url)} planner.dump`"


def _without_password(url: URL) -> str:
    plain = URL.create(url.get_backend_name(), url.username, None, url.host, url.port, url.database)
    return plain.render_as_string(hide_password=True)
