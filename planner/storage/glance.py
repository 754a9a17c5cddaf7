"""A look at one row without a session, a transaction or a wait: for what is asked a thousand times a second."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

_DIALECT = sqlite.dialect(paramstyle="named")


class Glance:
    """A statement, made ready once.

    Args:
        statement: names its clinic itself, or belongs to none.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.sql = str(statement.compile(dialect=_DIALECT))
        types = [column.type.dialect_impl(_DIALECT) for column in statement.selected_columns]
        converters = [each.result_processor(_DIALECT, None) for each in types]
        # The same row is read over and over, so the same instants are.
        self._converters = [(place, lru_cache(each)) for place, each in enumerate(converters) if each is not None]

    def values(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """What the database gave, as the columns' types have it."""
        values = list(row)
        for place, convert in self._converters:
            values[place] = convert(values[place])
        return tuple(values)


class Glances:
    """Connections that only read and never wait; as many as there are glances at one time.

    Args:
        file: the database's path.
    """

    def __init__(self, file: str) -> None:
        # Neither made nor written: this must not be what brings an empty database into the world.
        self._address = f"{Path(file).absolute().as_uri()}?mode=rw"
        self._free: list[sqlite3.Connection] = []

    def first(self, glance: Glance, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """The first row; None where there is none, or none to be had at this moment."""
        try:
            connection = self._free.pop() if self._free else self._opened()
        except (sqlite3.Error, IndexError):
            return None
        try:
            # All rows are fetched: a statement that is not at its end would hold on to a moment long past.
            rows = connection.execute(glance.sql, values).fetchall()
        except sqlite3.Error:
            connection.close()
            return None
        self._free.append(connection)
        return glance.values(rows[0]) if rows else None

    def close(self) -> None:
        """Give the connections back."""
        with suppress(IndexError):
            while True:
                self._free.pop().close()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._address, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only=ON")
        return connection
