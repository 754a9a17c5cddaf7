"""Puts clinics made from a template into a database: by COPY into PostgreSQL, row after row into SQLite."""

import hashlib
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from benchmarks.scale.template import NOW, AuditLine, Rows, Template, is_kept
from planner.storage.audit_rows import CHAINS
from tests.postgresql import Server

_CHAIN_COLUMNS = ("clinic_id", "id", "chain", "number", "hash", "floor_number", "floor_hash")


class Target(Protocol):
    """A database to be filled."""

    def put(self, table: str, columns: Sequence[str], texts: Sequence[str]) -> None:
        """Add rows, as COPY has them."""

    def done(self) -> None:
        """All rows are there: let the database look at them, so that it knows how many there are of what."""


# What is made faster once at the end than row by row. Primary keys stay: references lean on them.
_BESIDES = """
    SELECT conname,
           format('ALTER TABLE %I ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
           format('ALTER TABLE %I DROP CONSTRAINT %I', conrelid::regclass, conname)
    FROM pg_constraint WHERE contype IN ('u', 'x') AND connamespace = 'public'::regnamespace
    UNION ALL
    SELECT indexname, indexdef, format('DROP INDEX %I', indexname) FROM pg_indexes
    WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


class Postgresql:
    """A database of a server, filled past the program: references are not looked at, overlaps are, at the end."""

    def __init__(self, server: Server, name: str) -> None:
        self._connection = server.connect(name)
        for setting in ("session_replication_role = replica", "timezone = 'UTC'", "synchronous_commit = off"):
            self._ask(f"SET {setting}")
        self._besides = self._connection.execute(_BESIDES).fetchall()
        for _, _, drop in self._besides:
            self._ask(drop)

    def put(self, table: str, columns: Sequence[str], texts: Sequence[str]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(self._copy(table, columns)) as copy:
            for text in texts:
                copy.write(text)

    def done(self) -> None:
        for _, make, _ in self._besides:
            self._ask(make)
        self._ask("VACUUM (ANALYZE)")
        self._connection.close()

    def _ask(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def _copy(self, table: str, columns: Sequence[str]) -> bytes:
        return f"COPY {table} ({_names(columns)}) FROM STDIN".encode()


class Sqlite:
    """A file, filled past the program: references are not looked at, overlaps are."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.executescript("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size=-200000")

    def put(self, table: str, columns: Sequence[str], texts: Sequence[str]) -> None:
        question = f"INSERT INTO {table} ({_names(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        lines = (line for text in texts for line in text.split("\n") if line)
        self._connection.executemany(question, ([_value(each) for each in line.split("\t")] for line in lines))
        self._connection.commit()

    def done(self) -> None:
        with closing(self._connection) as connection:
            connection.execute("ANALYZE")
            connection.commit()


def _names(columns: Sequence[str]) -> str:
    """Quoted, for one is called "end"."""
    return ", ".join(f'"{name}"' for name in columns)


def _value(text: str) -> str | None:
    if text == r"\N":
        return None
    if "\\" not in text:
        return text
    parts = text.split(r"\\")
    return "\\".join(part.replace(r"\t", "\t").replace(r"\n", "\n").replace(r"\r", "\r") for part in parts)


def fill(target: Target, template: Template, clinics: Sequence[int], pieces: int = 0, *, silent: bool = False) -> int:
    """Add these clinics, each with so many pieces of past; gives the number of appointments.

    Args:
        silent: with a little past only: nothing is booked there.
    """
    for clinic in clinics:
        rows = list(template.silent(clinic) if silent else template.clinic(clinic, pieces))
        for table, columns in template.columns.items():
            texts = [each.tables[table] for each in rows if table in each.tables]
            if texts:
                target.put(table, columns, texts)
        _put_audit(target, template, clinic, rows)
        if clinic % 20 == 0:
            print(f"{clinic} clinics", file=sys.stderr, flush=True)
    return len(clinics) * (template.little.appointments if silent else template.appointments(pieces))


def _put_audit(target: Target, template: Template, clinic: int, rows: Sequence[Rows]) -> None:
    """The lines of all pieces, the oldest first, each with the hash of the one before."""
    number_of = f"4{clinic:05d}000"
    for place, chain in enumerate(CHAINS):
        ending = _Ending()
        lines = (line for each in reversed(rows) for line in each.audit if line.chain == chain)
        texts = list(_linked((line for line in lines if is_kept(line, NOW.date())), ending))
        target.put("audit_line", template.columns["audit_line"], texts)
        kept = (f"{number_of}{0:08d}", f"{number_of}{99_999_990 + place}", chain, ending.number, ending.hash, 0, "")
        target.put("audit_chain", _CHAIN_COLUMNS, ["\t".join(map(str, kept)) + "\n"])


class _Ending:
    """Where a chain ends."""

    number, hash = 0, ""


def _linked(lines: Iterator[AuditLine], ending: _Ending) -> Iterator[str]:
    for line in lines:
        ending.number += 1
        said = f"{ending.hash}\n{line.before}{ending.number}{line.after}"
        linked = hashlib.sha256(said.encode()).hexdigest()
        yield f"{line.row}\t{ending.number}\t{ending.hash}\t{linked}\n"
        ending.hash = linked
