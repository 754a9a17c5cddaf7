"""The worklists page: every open line with how to reach the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from planner.services.runtime import Actor, Runtime, Unit
from planner.services.worklists import KINDS, WorkItem, open_items
from planner.storage.courses import AppointmentRow
from planner.storage.people import PatientRow


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One open line; phone and e-mail are empty where the patient has none.

    Args:
        version: of the appointment it is about, as a form must send it; None for a line about something else.
        status: of that appointment; empty for a line about something else.
    """

    item: WorkItem
    phone: str
    email: str
    version: int | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Worklist:
    """All open lines of one kind, oldest first."""

    kind: str
    title: str
    lines: tuple[WorkLine, ...]


@dataclass(frozen=True, slots=True)
class Worklists:
    """All worklists of the clinic, empty ones included."""

    zone: str
    lists: tuple[Worklist, ...]

    @property
    def count(self) -> int:
        """How many lines are open."""
        return sum(len(each.lines) for each in self.lists)


def worklists_view(runtime: Runtime, actor: Actor) -> Worklists:
    """Everything that waits for a person (three queries)."""
    with runtime.reading(actor) as unit:
        items = open_items(unit)
        wanted = {item.patient_id for item in items if item.patient_id is not None}
        found = unit.session.execute(
            select(PatientRow.id, PatientRow.phone, PatientRow.email).where(PatientRow.id.in_(wanted))
        )
        reach = {patient_id: (phone, email) for patient_id, phone, email in found}
        visits = _visits(unit, items)
        lines = [
            WorkLine(item, *reach.get(item.patient_id or 0, ("", "")), *visits.get(_visit_id(item), (None, "")))
            for item in items
        ]
        lists = tuple(
            Worklist(kind, title, tuple(line for line in lines if line.item.kind == kind))
            for kind, title in {**KINDS, **{item.kind: item.title for item in items}}.items()
        )
        return Worklists(unit.clinic.timezone, lists)


def _visits(unit: Unit, items: Sequence[WorkItem]) -> dict[int, tuple[int, str]]:
    """Version and status of the appointments that these lines are about (one query)."""
    row = AppointmentRow
    wanted = {_visit_id(item) for item in items} - {0}
    found = unit.session.execute(select(row.id, row.version, row.status).where(row.id.in_(wanted)))
    return {visit_id: (version, status) for visit_id, version, status in found}


def _visit_id(item: WorkItem) -> int:
    """0, which nothing has, for a line about something else."""
    return int(item.details.get("appointment_id") or 0)
