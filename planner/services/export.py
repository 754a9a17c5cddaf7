"""Everything a clinic has, as files that any spreadsheet opens: one table a file, all in one archive."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from sqlalchemy import Column, Table, select

from planner.services.csv_cells import cell
from planner.services.runtime import Actor, Runtime, Unit
from planner.storage.schema import METADATA

# What opens a door stays inside: whoever holds the files could walk in. A whole table by None.
WITHHELD: Final[dict[str, frozenset[str] | None]] = {
    "login": None,
    # Of no clinic: wrong sign-ins, and letters with links to a password.
    "attempt": None,
    "account_letter": None,
    "passkey": None,
    "recovery_code": None,
    "totp": None,
    "staff": frozenset({"password_hash"}),
    "patient": frozenset({"link_hash"}),
    "feed": frozenset({"token_hash"}),
    # The address of somebody's own calendar is a secret of theirs.
    "busy_calendar": frozenset({"address"}),
    "solve_job": frozenset({"runner"}),
    # How far the timers are is nobody's record.
    "night_work": None,
}
_IN_MEMORY_BYTES: Final = 8 * 1024 * 1024
_AT_ONCE: Final = 1000
_READ_ME: Final = "READ ME.txt"
_EXPLAINED: Final = """\
Every table of the clinic as a CSV file: UTF-8, commas between the columns, the names of the columns in the first line.

Instants are in UTC (2026-03-02T08:00:00Z), days and times of the day in the clinic's own time.
Lists and objects are JSON. A text that a spreadsheet would take for a formula has an apostrophe before it.
Left out is what opens doors: hashes of passwords, links and calendar addresses, who is signed in, and the addresses of
therapists' own calendars.
"""


def exported_tables() -> list[Table]:
    """All tables that are given out, by name."""
    return [table for table in METADATA.sorted_tables if WITHHELD.get(table.name, frozenset()) is not None]


def exported_columns(table: Table) -> list[Column[Any]]:
    """Its columns but for those that are withheld."""
    withheld = WITHHELD.get(table.name) or frozenset()
    return [column for column in table.columns if column.name not in withheld]


def export(runtime: Runtime, actor: Actor) -> IO[bytes]:
    """The archive, ready to be read from its start; large ones lie on the disk. Who asked for it is kept.

    Raises:
        NotAllowed: the person does not manage the clinic.
    """
    actor.must_be("manager")
    with runtime.writing(actor) as unit:
        unit.audit("export everything", f"clinic/{unit.clinic.id}")
    # Closed by whoever sends it.
    file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
    with runtime.reading(actor) as unit, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_READ_ME, _EXPLAINED)
        for table in exported_tables():
            # Not known beforehand how large it gets.
            with archive.open(f"{table.name}.csv", "w", force_zip64=True) as raw:
                _write(raw, table, unit)
    file.seek(0)
    return file


def _write(raw: IO[bytes], table: Table, unit: Unit) -> None:
    columns = exported_columns(table)
    # With a byte order mark, else spreadsheets read the letters of half the world as noise.
    with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        writer = csv.writer(text)
        writer.writerow([column.name for column in columns])
        writer.writerows(_rows(table, columns, unit))


def _rows(table: Table, columns: list[Column[Any]], unit: Unit) -> Iterator[list[str]]:
    clinic = table.c.id if table.name == "clinic" else table.c.clinic_id
    query = select(*columns).where(clinic == unit.clinic.id).order_by(*table.primary_key.columns)
    for row in unit.session.execute(query.execution_options(yield_per=_AT_ONCE)):
        yield [cell(value) for value in row]
