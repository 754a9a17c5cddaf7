"""Copies of a database that is in use: taken at one moment, proved before they bear their name; and put back.

Here is what all copies have in common, and how a file is copied; a server's database is in server_backup.py.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, delete, text
from sqlalchemy.engine import make_url

from planner.errors import InvalidInput, StorageFailed
from planner.storage import schema
from planner.storage.backup_files import ASIDE, PRIVATE, alone, opened, said, sync, tidied
from planner.storage.database import Database
from planner.storage.guard import GUARDED
from planner.storage.people import LoginRow

Progress = Callable[[int, int], None]
"""Called now and then with the pages or rows that are copied and those there are."""

Fill = Callable[[Path], Mapping[str, int]]
"""Writes a copy into a new file; gives the rows that each table had."""

_PAGES_AT_ONCE: Final = 2000


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


def database_file(url: str | URL) -> Path | None:
    """The file of a database; None where a server keeps it."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def back_up(source: Path, target: Path, progress: Progress | None = None) -> Copied:
    """Copy a database as it is at one moment, while others read and write it.

    Args:
        target: does not exist yet; it appears when the copy is whole and proved, and not before.
    Raises:
        InvalidInput: there is such a file already, or no database to copy.
        StorageFailed: the copy can't be written, or did not prove to be whole; nothing of it is left.
    """
    _check_there(source)
    return write_proved(target, lambda partial: copy_pages(source, partial, progress))


def write_proved(target: Path, fill: Fill) -> Copied:
    """Let a copy be written, prove it, and only then give it its name.

    Raises:
        InvalidInput: there is such a file already.
        StorageFailed: the copy can't be written, or did not prove to be whole; nothing of it is left.
    """
    if target.exists():
        raise InvalidInput(f"{target} exists already; name another file.")
    partial = target.with_name(f".{target.name}.partial")
    with tidied(partial), said(target):
        counts = fill(partial)
        copied = verify(partial)
        if different := _difference(counts, copied.counts):
            raise StorageFailed(f"The copy has other rows than the database had: {different}.")
        _make_plain(partial)
        sync(partial)
        partial.rename(target)
        sync(target.parent)
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
    if aside.exists():
        raise InvalidInput(f"{aside} exists already; move it away first.")
    fresh = target.with_name(f".{target.name}.restoring")
    with tidied(fresh), said(target):
        restored = made_ready(backup, fresh, progress)
        sync(fresh)
        _put_aside(target, aside)
        fresh.replace(target)
        sync(target.parent)
    return Copied(target, restored.step, restored.counts)


def made_ready(backup: Path, fresh: Path, progress: Progress | None = None) -> Copied:
    """A copy of a backup, brought to this program's schema and proved; the backup stays as it is.

    Who was signed in then has to sign in again: some of these sessions were ended since, on purpose.

    Raises:
        InvalidInput: there is no backup.
        StorageFailed: it is not whole, or of a newer program.
    """
    _check_there(backup)
    copy_pages(backup, fresh, progress)
    with alone(fresh) as database:
        _known_step(database)
        schema.upgrade(database)
        with database.writing(None) as session:
            session.execute(delete(LoginRow))
    return verify(fresh)


def verify(file: Path) -> Copied:
    """Prove a database that nobody uses: its pages, its references, its schema, the guard against double booking.

    Of an older step, as before an update, the guard is looked for but not tried: the tables are not those of today.

    Raises:
        StorageFailed: saying what is wrong.
    """
    with alone(file) as database:
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
    with said(file), closing(opened(file)) as connection:
        found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'clinic'").fetchone()[0]
        return int(connection.execute("SELECT count(*) FROM clinic").fetchone()[0]) if found else 0


def copy_pages(source: Path, target: Path, progress: Progress | None) -> dict[str, int]:
    """Copy page by page, all of one moment; gives the rows that each table had then."""
    target.touch(PRIVATE)
    with closing(opened(source)) as reading, closing(sqlite3.connect(target)) as writing:
        # As long as this is open the connection sees one moment, so nobody's writing makes the copy begin anew.
        reading.execute("BEGIN")
        counts = _counts(reading)

        def tell(_status: int, remaining: int, total: int) -> None:
            if progress is not None:
                progress(total - remaining, total)

        reading.backup(writing, pages=_PAGES_AT_ONCE, progress=tell, sleep=0.001)
    return counts


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    tables = [name for (name,) in connection.execute(names).fetchall()]
    count = 'SELECT count(*) FROM "{}"'  # The database's own names.
    return {name: connection.execute(count.format(name)).fetchone()[0] for name in tables}


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
    for ending in ASIDE:
        left = target.with_name(target.name + ending)
        if left.exists():
            left.rename(aside.with_name(aside.name + ending))


def _check_there(file: Path) -> None:
    if not file.is_file():
        raise InvalidInput(f"There is no database {file}.")


def _difference(wanted: Mapping[str, int], found: Mapping[str, int]) -> str:
    """In what a copy differs from what it was made of; it has the schema's step besides."""
    names = sorted(name for name, count in wanted.items() if found.get(name) != count)
    return ", ".join(f"{name} {wanted[name]} → {found.get(name, 0)}" for name in names)


def _make_plain(file: Path) -> None:
    """One file without a log of writes beside it, which can be read from where nothing can be written."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
