"""The audit as its owner reads it: searched, page by page, as a file; and whether its chains are whole."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from planner.services.csv_cells import cell
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.sweeping import SweepReport
from planner.storage import audit_guard, audit_walk
from planner.storage.audit_rows import AuditRow
from planner.storage.audit_walk import Break, Head
from planner.storage.people import ClinicRow, PatientRow, StaffRow
from planner.words import say

PAGE: Final = 50
_AT_ONCE: Final = 1000
_COLUMNS: Final = (
    *("at", "chain", "number", "who", "who_id", "action", "subject", "patient_id"),
    *("network", "session", "details", "previous", "hash"),
)
_log = logging.getLogger("planner.audit")


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look for; what is None or empty does not narrow it.

    Args:
        staff_id: who did it.
        patient_id: who did it, or whom it is about.
        action: begins so, as in "patient." or "sign".
        first_day: in the clinic's own days; `last_day` is included.
        before: only lines older than that line, by its instant and row number.
    """

    staff_id: int | None = None
    patient_id: int | None = None
    action: str = ""
    chain: str = ""
    first_day: date | None = None
    last_day: date | None = None
    before: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line, with the names of today.

    Args:
        who: the name of staff or patient; "" for the planner itself.
        about: the patient's name; "" where it is about none.
    """

    id: int
    at: datetime
    chain: str
    number: int
    actor: str
    who: str
    action: str
    kind: str
    subject: str
    about: str
    patient_id: int | None
    network: str
    session: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines, newest first; `older` leads to those before, None where there are none."""

    lines: tuple[AuditLine, ...]
    older: tuple[datetime, int] | None
    zone: str
    staff: tuple[tuple[int, str], ...]
    patient: str


def search(runtime: Runtime, actor: Actor, asked: Asked) -> AuditPage:
    """One page of what was asked for (four questions to the database).

    Raises:
        NotAllowed: by somebody who does not manage the clinic.
    """
    actor.must_be("manager")
    with runtime.reading(actor) as unit:
        rows = unit.session.scalars(_query(unit, asked).limit(PAGE + 1)).all()
        shown = rows[:PAGE]
        names = _Names.of(unit, shown, asked)
        older = (shown[-1].at, shown[-1].id) if len(rows) > PAGE else None
        lines = tuple(names.line(row) for row in shown)
        return AuditPage(lines, older, unit.clinic.timezone, names.staff, names.patients.get(asked.patient_id or 0, ""))


def as_csv(runtime: Runtime, actor: Actor, asked: Asked) -> Iterator[bytes]:
    """All of what was asked for as a file, piece by piece, oldest first; who took it is kept before the first piece.

    Raises:
        NotAllowed: by somebody who does not manage the clinic.
    """
    actor.must_be("manager")
    with runtime.writing(actor) as unit:
        unit.audit("export audit", f"clinic/{unit.clinic.id}", patient_id=asked.patient_id)
    return _pieces(runtime, actor, asked)


def _pieces(runtime: Runtime, actor: Actor, asked: Asked) -> Iterator[bytes]:
    # With a byte order mark, else spreadsheets read the letters of half the world as noise.
    yield "\ufeff".encode() + _row(_COLUMNS)
    with runtime.reading(actor) as unit:
        query = _query(unit, asked).order_by(None).order_by(AuditRow.at, AuditRow.id)
        for row in unit.session.scalars(query.execution_options(yield_per=_AT_ONCE)):
            yield _row(
                (row.at, row.chain, row.number, row.actor, row.actor_id, row.action, row.subject, row.patient_id,
                 row.network, row.session, row.details, row.previous, row.hash)
            )  # fmt: skip


def _row(values: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([cell(value) for value in values])
    return text.getvalue().encode()


def _query(unit: Unit, asked: Asked) -> Select[AuditRow]:
    return select(AuditRow).where(*_conditions(asked, unit.zone)).order_by(AuditRow.at.desc(), AuditRow.id.desc())


def _conditions(asked: Asked, zone: ZoneInfo) -> Iterator[ColumnElement[bool]]:
    row = AuditRow
    if asked.staff_id is not None:
        yield (row.actor == "staff") & (row.actor_id == asked.staff_id)
    if asked.patient_id is not None:
        yield or_(row.patient_id == asked.patient_id, (row.actor == "patient") & (row.actor_id == asked.patient_id))
    if asked.action:
        yield row.action.startswith(asked.action, autoescape=True)
    if asked.chain:
        yield row.chain == asked.chain
    if asked.first_day is not None:
        yield row.at >= datetime.combine(asked.first_day, time(), zone)
    if asked.last_day is not None:
        yield row.at < datetime.combine(asked.last_day + timedelta(days=1), time(), zone)
    if asked.before is not None:
        at, row_id = asked.before
        yield (row.at < at) | ((row.at == at) & (row.id < row_id))


@dataclass(frozen=True, slots=True)
class _Names:
    """Who is meant by the ids, by their names of today."""

    staff: tuple[tuple[int, str], ...]
    patients: Mapping[int, str]

    @classmethod
    def of(cls, unit: Unit, rows: Sequence[AuditRow], asked: Asked) -> _Names:
        staff = unit.session.execute(select(StaffRow.id, StaffRow.name).order_by(StaffRow.name, StaffRow.id))
        wanted = {row.patient_id for row in rows} | {row.actor_id for row in rows if row.actor == "patient"}
        query = select(PatientRow.id, PatientRow.name).where(PatientRow.id.in_({*wanted, asked.patient_id} - {None}))
        return cls(
            tuple((each.id, each.name) for each in staff), {each.id: each.name for each in unit.session.execute(query)}
        )

    def line(self, row: AuditRow) -> AuditLine:
        """A row in words."""
        known = dict(self.staff) if row.actor == "staff" else self.patients
        return AuditLine(
            id=row.id, at=row.at, chain=row.chain, number=row.number, actor=row.actor,
            who=known.get(row.actor_id or 0, "") if row.actor != "planner" else "",
            action=row.action, kind=row.subject.partition("/")[0], subject=row.subject,
            about=self.patients.get(row.patient_id or 0, ""), patient_id=row.patient_id,
            network=row.network, session=row.session, details=row.details,
        )  # fmt: skip


def find_breaks(runtime: Runtime, clinic_id: int, known: Iterable[Head] = ()) -> list[Break]:
    """Where the chains of a clinic do not hold, and what of their guard is missing; empty when all is well.

    Args:
        known: ends that were kept elsewhere.
    """
    with runtime.database.reading(clinic_id) as session:
        return breaks_in(session, clinic_id, known)


def breaks_in(session: Session, clinic_id: int, known: Iterable[Head] = ()) -> list[Break]:
    """The same, as this session sees it."""
    unguarded = [
        Break("changes", 0, say("Nothing refuses to change a line: the trigger %(name)s is gone.", name=name))
        for name in audit_guard.missing(session.connection())
    ]
    return [*unguarded, *audit_walk.breaks(session, clinic_id, known)]


def all_heads(runtime: Runtime) -> list[Head]:
    """Where the chains of all clinics end now."""
    with runtime.database.reading(None) as session:
        clinics = session.scalars(select(ClinicRow.id).order_by(ClinicRow.id)).all()
        return [head for clinic_id in clinics for head in audit_walk.heads(session, clinic_id)]


def log_heads(runtime: Runtime) -> SweepReport:
    """Keep the ends of all chains in the log, which whoever changes the database does not reach as easily."""
    for head in all_heads(runtime):
        _log.info("%s", head_line(head))
    return SweepReport()


def head_line(head: Head) -> str:
    """An end in one line of a log."""
    return f"audit head: clinic {head.clinic_id} {head.chain} {head.number} {head.hash or '-'}"
