"""The lead among the programs of a PostgreSQL database, on however many machines they run."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import Any, Final

import psycopg
from sqlalchemy import URL

_CONNECT_SECONDS: Final = 5
# Keys of two numbers are the planner's own; see postgresql.py for the others.
_TAKE: Final = "SELECT pg_try_advisory_lock(1, 2)"
_GIVE: Final = "SELECT pg_advisory_unlock(1, 2)"
# A machine that is cut off from the network loses the lead on both sides within some ten seconds.
_ALIVE: Final[dict[str, Any]] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_SERVER_SIDE: Final = (
    "SELECT set_config(name, value, false) FROM (VALUES ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'),"
    " ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '10000'), ('statement_timeout', '5000'),"
    " ('idle_session_timeout', '0')) AS wanted (name, value) WHERE name IN (SELECT name FROM pg_settings)"
)


class ServerLead:
    """Held through an advisory lock of PostgreSQL, on a connection of its own; who loses the connection loses the lead.

    A pooler between the two must keep sessions: one that hands each transaction to another connection would leave the
    lock with whoever comes next.
    """

    def __init__(self, url: URL) -> None:
        self._address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.Connection[tuple[bool]] | None = None
        self._leads = False

    def check(self) -> None:
        """The database itself was looked at already, and there is nothing else that could be missing."""

    def try_to_lead(self) -> bool:
        """Take the lead if nobody has it; False also while the database does not answer."""
        if self._leads:
            return self.holds()
        try:
            if self._connection is None:
                self._connection = self._connected()
            self._leads = self._connection.execute(_TAKE).fetchone() == (True,)
        except psycopg.Error:
            self.give_up()
        return self._leads

    def holds(self) -> bool:
        """Whether the connection still stands: the lock lives as long as it does."""
        if self._connection is None or not self._leads:
            return False
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self.give_up()
        return self._leads

    def give_up(self) -> None:
        """Let another process lead, from this moment on: the server sees that a connection was closed only later."""
        connection, led = self._connection, self._leads
        self._connection, self._leads = None, False
        if connection is None:
            return
        with closing(connection), suppress(psycopg.Error):
            if led and not connection.closed:
                connection.execute(_GIVE)

    def _connected(self) -> psycopg.Connection[tuple[bool]]:
        connection = psycopg.connect(
            self._address, autocommit=True, application_name="planner lead", connect_timeout=_CONNECT_SECONDS,
            **_ALIVE,
        )  # fmt: skip
        connection.execute(_SERVER_SIDE)
        return connection
