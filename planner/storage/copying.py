"""Moves all rows from one database to another, of whichever kinds, and proves row by row that they arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, func, insert, select

from planner.errors import InvalidInput, StorageFailed
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.text_json import dumps

_AT_ONCE: Final = 1000


def _silent(_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class TableCopy:
    """What one table has: how many rows, and the SHA-256 of all of them in the order of their keys."""

    table: str
    rows: int
    digest: str


def copy_all(source: Database, target: Database, told: Callable[[TableCopy], None] = _silent) -> list[TableCopy]:
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
        check_step(database)
    with source.reading(None) as there, target.writing(None) as here:
        if filled := filled_table(here.connection()):
            raise InvalidInput(f"{target.name} is not empty: its table {filled} has rows. Copy into a new database.")
        return copy_rows(there.connection(), here.connection(), told)


def copy_rows(
    there: Connection, here: Connection, told: Callable[[TableCopy], None] = _silent,
    done: Callable[[int], None] = _silent,
) -> list[TableCopy]:  # fmt: skip
    """Copy every row within two transactions, then read both sides and compare each table.

    Args:
        there: sees one moment until the end.
        here: has all tables and no rows; who began its transaction ends it.
        told: called with each table once it is copied and proven.
        done: called with the number of rows that were just copied.
    Raises:
        StorageFailed: a table came out otherwise than it went in; the transaction has to be taken back.
    """
    tables = schema.METADATA.sorted_tables
    for table in tables:
        for rows in _batches(there, table):
            here.execute(insert(table), rows)
            done(len(rows))
    return [_proven(there, here, table, told) for table in tables]


def count_rows(connection: Connection) -> int:
    """Of all tables together."""
    return sum(
        connection.scalar(select(func.count()).select_from(table)) or 0 for table in schema.METADATA.sorted_tables
    )


def filled_table(connection: Connection) -> str | None:
    """The name of a table that has rows; None where all are empty."""
    for table in schema.METADATA.sorted_tables:
        if connection.execute(select(1).select_from(table).limit(1)).first() is not None:
            return table.name
    return None


def contents(connection: Connection, table: Table) -> TableCopy:
    """How many rows a table has, and their digest. Kinds of databases give the same for the same rows."""
    digest, count = hashlib.sha256(), 0
    for rows in _batches(connection, table):
        for row in rows:
            digest.update(dumps([_plain(value) for value in row.values()]).encode())
            digest.update(b"\n")
        count += len(rows)
    return TableCopy(table.name, count, digest.hexdigest())


def _proven(there: Connection, here: Connection, table: Table, told: Callable[[TableCopy], None]) -> TableCopy:
    sent, arrived = contents(there, table), contents(here, table)
    if sent != arrived:
        raise StorageFailed(
            f"The table {table.name} came out otherwise than it went in: {sent.rows} rows {sent.digest[:16]}…, "
            f"{arrived.rows} rows {arrived.digest[:16]}…. Nothing was kept."
        )
    told(arrived)
    return arrived


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """All rows in the order of their keys, some at a time."""
    query = select(table).order_by(*table.primary_key.columns)
    found = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for part in found.mappings().partitions():
        yield [dict(row) for row in part]


def _plain(value: Any) -> Any:
    """A value as JSON has it; instants and days by their ISO form, which is the same from every database."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def check_step(database: Database) -> None:
    """Refuse a database whose tables are not those of this program.

    Raises:
        InvalidInput: it is at another step.
        StorageFailed: there is no database.
    """
    database.check_there()
    step = schema.current(database)
    if step != schema.newest():
        raise InvalidInput(
            f"{database.name} is at step {step or 'none'}, this program needs {schema.newest()}. "
            "Run `planner db upgrade` on it first."
        )
