"""One clinic's rows, lived through the services, as text in which every id is a pattern: from it come all the others.

Two marks stand in the ids, and are as long as what takes their place: of the clinic alone in those of its people, rooms
and hours; of the clinic and the piece of its past in those of patients, courses and all that belongs to them.
"""

import json
import random
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import event

from benchmarks.scale.life import ClinicLife, CountingMailer, TurnedClock, working_days
from benchmarks.scale.meter import Meter
from benchmarks.scale.rates import Rates
from planner.services import integrity, messages, nights, reminders
from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.audit_chain import canonical
from planner.storage.database import Database
from planner.sweeps import SWEEPS

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""A Monday morning: where the life ends that is copied, and where pages are looked at."""

OF_CLINIC, OF_PIECE = "KKKKKKKK", "HHHHHHHH"
NAME = "harbour"
_ID = re.compile(r"(?<![0-9A-Za-z.])\d{17,19}(?![0-9A-Za-z])")
_DAY = re.compile(r"(?<![\w-])20\d\d-\d\d-\d\d(?!\d)")
_SECRETS = ("token_hash", "link_hash", "uid")
_ENDS = ("number", "previous", "hash")
# What the program throws away after some weeks anyway.
_SHORT_LIVED = ("freed_slot", "slot_offer", "worklist_item")
_KEPT_MESSAGES_DAYS = 90
_HOUSE = ("clinic", "staff", "room", "hours", "night_work")
_A_FEW = 20
_PIECES_KEPT = 12
_KEPT_ACCESS_DAYS = 730


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of a chain: its row, and what is hashed before and after the line's number."""

    chain: str
    day: str
    row: str
    before: str
    after: str


@dataclass(frozen=True)
class Rows:
    """Rows by table, as COPY has them, and the audit's lines, whose hashes depend on what precedes them."""

    tables: dict[str, str]
    audit: tuple[AuditLine, ...]
    appointments: int

    def earlier(self, days: int) -> "Rows":
        """The same, so many days earlier."""
        return self._changed(partial(_DAY.sub, lambda found: _shifted(found.group(), days)))

    def of(self, clinic: int, piece: int) -> "Rows":
        """The same as rows of this clinic (from 1), in a piece of its past (0: the present)."""
        marks = {OF_CLINIC: f"{clinic:05d}000", OF_PIECE: f"{clinic:05d}{piece:03d}"}

        def own(text: str) -> str:
            for mark, value in marks.items():
                text = text.replace(mark, value)
            return text

        return self._changed(own)

    def without(self, table: str) -> "Rows":
        """The same but for one table."""
        return replace(self, tables={name: text for name, text in self.tables.items() if name != table})

    def _changed(self, own: Callable[[str], str]) -> "Rows":
        tables = {name: own(text) for name, text in self.tables.items()}
        return Rows(tables, tuple(self._own_lines(own)), self.appointments)

    def _own_lines(self, own: Callable[[str], str]) -> Iterator[AuditLine]:
        # All at once: a million small replacements take a minute.
        parts = [
            own("\n".join(getattr(line, name) for line in self.audit)).split("\n")
            for name in ("day", "row", "before", "after")
        ]
        for line, *texts in zip(self.audit, *parts, strict=bool(self.audit)):
            yield AuditLine(line.chain, *texts)


@dataclass(frozen=True)
class Template:
    """A clinic as it is now, and what of it is over and done with, of which a longer past can be made.

    Args:
        little: a few of the finished courses.
        house: its people, rooms and hours alone.
        days: how long the life was; one piece of the past is that much earlier than the next.
        written: rows that its life wrote, by table.
        made: pieces of the past that were made already.
    """

    columns: dict[str, tuple[str, ...]]
    present: Rows
    past: Rows
    little: Rows
    house: Rows
    days: int
    written: dict[str, int]
    meter: Meter
    made: dict[int, Rows] = field(default_factory=dict, repr=False)

    def pieces_for(self, appointments: int) -> int:
        """How many pieces of past a clinic needs to have so many appointments at least."""
        return max(0, -(-(appointments - self.present.appointments) // self.past.appointments))

    def appointments(self, pieces: int) -> int:
        """How many appointments a clinic with so many pieces of past has."""
        return self.present.appointments + pieces * self.past.appointments

    def clinic(self, clinic: int, pieces: int) -> Iterator[Rows]:
        """A clinic's rows, the present first: what the past points to is there."""
        yield self.present.of(clinic, 0)
        for piece in range(1, pieces + 1):
            yield self._piece(piece).of(clinic, piece)

    def silent(self, clinic: int) -> Iterator[Rows]:
        """A clinic with its people and rooms and a few old courses, at which nothing happens any more."""
        yield self.house.of(clinic, 0)
        if 0 not in self.made:
            pieces = -(-_KEPT_MESSAGES_DAYS // self.days)
            self.made[0] = self.little.earlier(pieces * self.days)
        yield self.made[0].without("outbox").of(clinic, 1)

    def _piece(self, piece: int) -> Rows:
        """A piece of the past with its days; kept where many clinics will want it, for days take longest."""
        days = piece * self.days
        found = self.made.get(piece) or self.past.earlier(days)
        if piece <= _PIECES_KEPT:
            self.made[piece] = found
        return found if days <= _KEPT_MESSAGES_DAYS else found.without("outbox")


@cache
def _shifted(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) - timedelta(days=days)).isoformat()
    except ValueError:
        return day


def live(rates: Rates, weeks: int, seed: int = 1) -> Template:
    """Let a clinic live for so many weeks, and take down what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "life.sqlite"
        life = _lived(path, rates, weeks, seed)
        with sqlite3.connect(path) as connection:
            return _read(connection, 7 * weeks, life.meter)


def _lived(path: Path, rates: Rates, weeks: int, seed: int) -> ClinicLife:
    database = Database(f"sqlite:///{path}")
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    schema.upgrade(database)
    first = NOW.date() - timedelta(weeks=weeks)
    clock = TurnedClock(datetime.combine(first, datetime.min.time(), UTC))
    runtime = Runtime(database, clock, CountingMailer(), secret_key="s" * 32)
    life = ClinicLife(runtime, clock, random.Random(seed), rates, NAME)
    life.open()
    for day in working_days(first, weeks):
        life.day(day)
        with life.meter.of("messages of a day"):
            reminders.queue_reminders(runtime)
            messages.send_outbox(runtime)
    clock.set(NOW)
    # Looking through all of it again is the nightly look's work, and measured apart.
    nights.keep(runtime, Actor.system(life.clinic_id), integrity.NAME, NOW.date(), None)
    # Twice, because what one finds another sends: then nothing is due at any of the copies.
    for sweep in (*SWEEPS, *SWEEPS):
        sweep.run(runtime)
    database.close()
    return life


def _read(connection: sqlite3.Connection, days: int, meter: Meter) -> Template:
    names = [table.name for table in schema.METADATA.sorted_tables if "clinic_id" in table.c or table.name == "clinic"]
    columns = {name: tuple(column.name for column in schema.METADATA.tables[name].c) for name in names}
    found = {
        name: connection.execute(f"SELECT {', '.join(map(_quoted, columns[name]))} FROM {name}").fetchall()  # noqa: S608
        for name in names
    }
    found = {name: rows for name, rows in found.items() if rows}
    columns["audit_line"] = (*(each for each in columns["audit_line"] if each not in _ENDS), *_ENDS)
    marked = _Marks(found, columns)
    written = {name: len(rows) for name, rows in found.items()}
    return Template(
        {name: columns[name] for name in found},
        present=marked.rows(lambda _table, _row: True),
        past=marked.rows(_Over(connection)),
        little=marked.rows(_Over(connection, _A_FEW)),
        house=marked.rows(lambda table, _row: table in _HOUSE),
        days=days,
        written=written,
        meter=meter,
    )


class _Over:
    """Whether a row belongs to a patient whose one course is finished."""

    def __init__(self, connection: sqlite3.Connection, most: int = -1) -> None:
        courses = connection.execute(
            "SELECT id, patient_id FROM course WHERE status = 'finished' ORDER BY id LIMIT ?", (most,)
        ).fetchall()
        self.courses = {course for course, _ in courses}
        self.patients = {patient for _, patient in courses}

    def __call__(self, table: str, row: dict[str, Any]) -> bool:
        if table in _SHORT_LIVED:
            return False
        if table == "audit_line":
            return row["patient_id"] in self.patients
        if table == "patient":
            return row["id"] in self.patients
        if table == "course":
            return row["id"] in self.courses
        return row.get("course_id") in self.courses or row.get("patient_id") in self.patients


class _Marks:
    """Turns rows into text with marks in the place of what differs from clinic to clinic."""

    def __init__(self, found: dict[str, list[tuple[Any, ...]]], columns: dict[str, tuple[str, ...]]) -> None:
        self.found = {
            name: [dict(zip(_as_read(name, columns), row, strict=True)) for row in rows] for name, rows in found.items()
        }
        self.columns = columns
        ids = {row["id"] for rows in self.found.values() for row in rows} | {
            row["batch"] for row in self.found.get("revision", ()) if row["batch"]
        }
        of_clinic = {row["id"] for name in ("clinic", "staff", "room", "hours") for row in self.found[name]}
        self.marks = {
            str(each): f"4{OF_CLINIC if each in of_clinic else OF_PIECE}{number:08d}"
            for number, each in enumerate(sorted(ids))
        }

    def rows(self, belongs: Callable[[str, dict[str, Any]], bool]) -> Rows:
        """Those rows as text."""
        chosen = {name: [row for row in rows if belongs(name, row)] for name, rows in self.found.items()}
        lines = tuple(self._line(row) for row in sorted(chosen.pop("audit_line"), key=lambda row: row["number"]))
        chosen.pop("audit_chain")
        texts = {name: "".join(f"{self._text(name, row)}\n" for row in rows) for name, rows in chosen.items() if rows}
        return Rows(texts, lines, len(chosen["appointment"]))

    def _text(self, table: str, row: dict[str, Any]) -> str:
        values = dict(row)
        for name in _SECRETS:
            if values.get(name):
                values[name] = OF_PIECE + values[name][len(OF_PIECE) :]
        if table == "staff":
            values["email"] = values["email"].replace(NAME, OF_CLINIC)
        return self._marked("\t".join(_field(values[name]) for name in self.columns[table] if name in values))

    def _line(self, row: dict[str, Any]) -> AuditLine:
        facts = {**row, "at": datetime.fromisoformat(row["at"]).replace(tzinfo=UTC), "number": "#"}
        facts["details"] = json.loads(row["details"])
        before, after = self._marked(canonical(facts)).split('"number":"#"')
        kept = {name: value for name, value in row.items() if name not in _ENDS}
        text = self._marked("\t".join(_field(kept[name]) for name in self.columns["audit_line"] if name in kept))
        return AuditLine(row["chain"], row["at"][:10], text, before + '"number":', after)

    def _marked(self, text: str) -> str:
        return _ID.sub(lambda found: self.marks.get(found.group(), found.group()), text)


def _as_read(name: str, columns: dict[str, tuple[str, ...]]) -> Iterable[str]:
    return [column.name for column in schema.METADATA.tables[name].c] if name == "audit_line" else columns[name]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _field(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    text = str(value)
    for sign, spelled in (("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r")):
        text = text.replace(sign, spelled)
    return text


def proportions(template: Template) -> dict[str, float]:
    """Rows that a clinic writes for each appointment, by table."""
    counted = Counter(template.written)
    return {name: counted[name] / counted["appointment"] for name in sorted(counted)}


def is_kept(line: AuditLine, today: date) -> bool:
    """Whether the program still keeps this line: who looked at what is let go after two years."""
    return line.chain == "changes" or date.fromisoformat(line.day) > today - timedelta(days=_KEPT_ACCESS_DAYS)
