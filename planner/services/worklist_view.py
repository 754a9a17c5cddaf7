"""The worklists page: every open line with how to reach the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from planner.services.runtime import Actor, Runtime
from planner.services.worklists import KINDS, WorkItem, open_items
from planner.storage.people import PatientRow


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One open line; phone and e-mail are empty where the patient has none."""

    item: WorkItem
    phone: str
    email: str


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
    """Everything that waits for a person (two queries)."""
    with runtime.reading(actor) as unit:
        items = open_items(unit)
        wanted = {item.patient_id for item in items if item.patient_id is not None}
        found = unit.session.execute(
            select(PatientRow.id, PatientRow.phone, PatientRow.email).where(PatientRow.id.in_(wanted))
        )
        reach = {patient_id: (phone, email) for patient_id, phone, email in found}
        lists = tuple(
            Worklist(kind, title, tuple(_lines(items, kind, reach)))
            for kind, title in {**KINDS, **{item.kind: item.title for item in items}}.items()
        )
        return Worklists(unit.clinic.timezone, lists)


def _lines(items: Sequence[WorkItem], kind: str, reach: dict[int, tuple[str, str]]) -> list[WorkLine]:
    return [WorkLine(item, *reach.get(item.patient_id or 0, ("", ""))) for item in items if item.kind == kind]
