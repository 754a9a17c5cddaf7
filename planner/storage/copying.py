"""Moves all rows from one database to another, of whichever kinds, and proves row by row that they arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from planner.errors import InvalidInput, StorageFailed
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.text_json import dumps

_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class TableCopy:
    """What one table has: how many rows, and the SHA-256 of all of them in the order of their keys."""

    table: str
    rows: int
    digest: str


def copy_all(source: Database, target: Database, told: Callable[[TableCopy], None] = lambda _: None) -> list[TableCopy]:
    """Copy every row in one transaction, then read both sides and compare each table.

    Args:
        source: nobody should write it meanwhile; what is copied is one moment of it in any case.
        target: has the newest schema and no rows.
        told: called with each table once it is copied and proven.
    Raises:
        InvalidInput: the two are not at this program's step, or the target has rows.
        StorageFailed: a table came out otherwise than it went in; nothing was kept.
    """
    for database in (source, target):
        _check_step(database)
    with source.reading(None) as there, target.writing(None) as here:
        tables = schema.METADATA.sorted_tables
        _check_empty(here, tables, target.name)
        for table in tables:
            for rows in _batches(there, table):
                here.execute(insert(table), rows)
        return [_proven(there, here, table, told) for table in tables]


def contents(session: Session, table: Table) -> TableCopy:
    """How many rows a table has, and their digest. Kinds of databases give the same for the same rows."""
    digest, count = hashlib.sha256(), 0
    for rows in _batches(session, table):
        for row in rows:
            digest.update(dumps([_plain(value) for value in row.values()]).encode())
            digest.update(b"\n")
        count += len(rows)
    return TableCopy(table.name, count, digest.hexdigest())


def _proven(there: Session, here: Session, table: Table, told: Callable[[TableCopy], None]) -> TableCopy:
    sent, arrived = contents(there, table), contents(here, table)
    if sent != arrived:
        raise StorageFailed(
            f"The table {table.name} came out otherwise than it went in: {sent.rows} rows {sent.digest[:16]}…, "
            f"{arrived.rows} rows {arrived.digest[:16]}…. Nothing was kept."
        )
    told(arrived)
    return arrived


def _batches(session: Session, table: Table) -> Iterator[list[dict[str, Any]]]:
    """All rows in the order of their keys, some at a time."""
    query = select(table).order_by(*table.primary_key.columns)
    found = session.connection().execution_options(yield_per=_AT_ONCE).execute(query)
    for part in found.mappings().partitions():
        yield [dict(row) for row in part]


def _plain(value: Any) -> Any:
    """A value as JSON has it; instants and days by their ISO form, which is the same from every database."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _check_step(database: Database) -> None:
    database.check_there()
    step = schema.current(database)
    if step != schema.newest():
        raise InvalidInput(
            f"{database.name} is at step {step or 'none'}, this program needs {schema.newest()}. "
            "Run `planner db upgrade` on it first."
        )


def _check_empty(session: Session, tables: list[Table], name: str) -> None:
    for table in tables:
        if session.execute(select(func.count()).select_from(table)).scalar():
            raise InvalidInput(f"{name} is not empty: its table {table.name} has rows. Copy into a new database.")
