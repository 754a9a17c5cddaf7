"""What each test's program would compile anew, kept for all programs of the process: addresses and SQL statements."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from werkzeug.routing import Rule

_addresses: dict[object, Callable[..., Any]] = {}
_statements: dict[Any, Any] = {}


class _KnownRule(Rule):
    """A rule of the url map; what writes its addresses is machine-made code, the same in each program."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:
        if self.defaults:
            return super()._compile_builder(append_unknown)
        key = (append_unknown, *self._trace)
        if key not in _addresses:
            _addresses[key] = super()._compile_builder(append_unknown)
        return _addresses[key]


class _Alike:
    """A dialect that counts as the same as every other of its class, for a statement reads the same for all of them."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Let all engines keep their compiled statements in one place."""
        engine.update_execution_options(compiled_cache=_statements)


class Sqlite(_Alike, SQLiteDialect_pysqlite):
    """SQLite as SQLAlchemy knows it."""

    supports_statement_cache = True  # SQLAlchemy asks each class for a word of its own.


class Postgresql(_Alike, PGDialect_psycopg):
    """PostgreSQL as SQLAlchemy knows it."""

    supports_statement_cache = True


def install() -> None:
    """Keep them from now on."""
    Flask.url_rule_class = _KnownRule
    registry.register("sqlite", __name__, "Sqlite")
    registry.register("postgresql.psycopg", __name__, "Postgresql")
