"""PostgreSQL databases used again: emptied and filled in a few milliseconds, where to copy one takes a hundred."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

import psycopg
from psycopg import sql

from tests.postgresql import Server

USES = 40
"""Then a database is thrown away with its dead rows."""

_TABLES = """
    SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND relname <> 'alembic_version' ORDER BY relname
"""
# What a test may have changed besides rows; autovacuum changes none of it.
_SHAPE = """
    SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
        SELECT concat_ws(' ', 'table', relname, relkind, relrowsecurity, relforcerowsecurity, relowner, relacl) AS line
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'column', relname, attname, atttypid, attnotnull, atthasdef)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'rule', conname, convalidated) FROM pg_constraint
        UNION ALL SELECT concat_ws(' ', 'trigger', tgname, tgenabled) FROM pg_trigger
        UNION ALL SELECT concat_ws(' ', 'policy', polname, polrelid) FROM pg_policy
        UNION ALL SELECT concat_ws(' ', 'function', proname, md5(prosrc)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', 'schema', nspname, nspowner, nspacl) FROM pg_namespace
        WHERE nspname !~ '^pg_'
        UNION ALL SELECT concat_ws(' ', 'database', datdba, datacl, setconfig)
        FROM pg_database LEFT JOIN pg_db_role_setting ON setdatabase = pg_database.oid
        WHERE datname = current_database()
        UNION ALL SELECT concat_ws(' ', 'step', version_num) FROM alembic_version
    ) AS shape
"""
_ALONE = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"


@dataclass
class Refilled:
    """Databases with the rows of one that is copied, given out again after their test.

    Args:
        template: the name of that one; nobody changes it any more.
    """

    server: Server
    template: str
    _spare: list[str] = field(default_factory=list)
    _used: Counter[str] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=count)

    def take(self) -> str:
        """The name of a database that is as the template."""
        name = self._spare.pop() if self._spare else self._copied()
        self._used[name] += 1
        return name

    def has(self, name: str) -> bool:
        """Whether a database was taken here."""
        return name in self._used

    def give_back(self, name: str) -> None:
        """Make a database ready for the next test; one whose tables were changed is thrown away."""
        with self.server.connect() as connection:
            connection.execute(_ALONE, (name,))
        if self._used[name] < USES and self._refilled(name):
            self._spare.append(name)
        else:
            self.server.drop(name)
            del self._used[name]

    def _copied(self) -> str:
        name = f"{self.template}_{next(self._numbers)}"
        self.server.create(name, self.template)
        return name

    def _refilled(self, name: str) -> bool:
        with self.server.connect(name) as connection, connection.transaction():
            if _shape(connection) != self._rows[0]:
                return False
            # Neither the order of foreign keys nor what watches over the audit is in the way of this.
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(self._rows[1])
            for statement, rows in self._rows[2]:
                with connection.cursor().copy(statement) as writing:
                    writing.write(rows)
        return True

    @cached_property
    def _rows(self) -> tuple[str, sql.Composed, list[tuple[sql.Composed, bytes]]]:
        """The template's shape, what empties a database of that shape, and what fills it."""
        with self.server.connect(self.template) as connection:
            names = [sql.Identifier(name) for (name,) in connection.execute(_TABLES)]
            emptied = sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(name) for name in names)
            filled = []
            for name in names:
                with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(name)) as reading:
                    rows = b"".join(bytes(part) for part in reading)
                if rows:
                    filled.append((sql.SQL("COPY {} FROM STDIN").format(name), rows))
            return _shape(connection), emptied, filled


def _shape(connection: psycopg.Connection) -> str:
    (found,) = connection.execute(_SHAPE).fetchone() or ("",)
    return str(found)
