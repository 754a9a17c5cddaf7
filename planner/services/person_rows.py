"""Which rows are about a person: found by the columns that lead to them, so that a new table is never forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Select, Table, cast, delete, or_, select

from planner.services.export import exported_columns
from planner.services.runtime import Unit
from planner.storage.audit_rows import AuditRow
from planner.storage.courses import AppointmentRow, CourseRow, SessionRow, WorklistRow
from planner.storage.people import PatientRow
from planner.storage.schema import METADATA

# They name courses or patients inside their JSON, for as long as a plan is kept; see erasure.py.
ELSEWHERE: Final = ("solve_job",)


@dataclass(frozen=True, slots=True)
class PersonRows:
    """One table's rows about a person; each row by the names of its columns, without what opens doors."""

    table: str
    rows: tuple[dict[str, Any], ...]


def rows_about(unit: Unit, patient_id: int) -> Iterator[PersonRows]:
    """All of them, table by table, those without rows left out."""
    for table in METADATA.sorted_tables:
        query = _query(table, unit.clinic.id, patient_id)
        if query is not None:
            found = tuple(dict(row._mapping) for row in unit.session.execute(query))
            if found:
                yield PersonRows(table.name, found)


def delete_rows_about(unit: Unit, patient_id: int, but: frozenset[str]) -> None:
    """Delete a person's rows from all tables but these; those that point to others go first."""
    for table in reversed(METADATA.sorted_tables):
        about = None if table.name in but else _about(table, unit.clinic.id, patient_id)
        if about is not None:
            unit.session.execute(delete(table).where(table.c.clinic_id == unit.clinic.id, about))


def leads_to_a_person(table: Table) -> bool:
    """Whether rows of a table belong to a patient."""
    return _query(table, 0, 0) is not None


def _query(table: Table, clinic_id: int, patient_id: int) -> Select[Any] | None:
    about = _about(table, clinic_id, patient_id)
    if about is None:
        return None
    query = select(*_columns(table)).where(table.c.clinic_id == clinic_id, about)
    return query.order_by(*table.primary_key.columns)


def _columns(table: Table) -> list[Column[Any]]:
    return [column for column in exported_columns(table) if column.name != "clinic_id"]


def _about(table: Table, clinic_id: int, patient_id: int) -> ColumnElement[bool] | None:
    """How a row leads to the person: by itself, by its course or by its session."""
    columns = table.c
    if "clinic_id" not in columns:
        return None
    if table.name == PatientRow.__tablename__:
        return columns.id == patient_id
    if table.name == AuditRow.__tablename__:
        acted = (columns.actor == "patient") & (columns.actor_id == patient_id)
        return or_(columns.patient_id == patient_id, acted)
    if "patient_id" in columns:
        return columns.patient_id == patient_id
    courses = select(CourseRow.id).where(CourseRow.clinic_id == clinic_id, CourseRow.patient_id == patient_id)
    if table.name == "freed_slot":
        return None  # A place in the diary that anybody may take; whose it was is told by the appointment.
    if table.name == WorklistRow.__tablename__:
        # One about no course names its patient itself.
        named = cast(columns.details["patient_id"].as_string(), BigInteger)
        return or_(columns.course_id.in_(courses), named == patient_id)
    if "course_id" in columns:
        return columns.course_id.in_(courses)
    if "session_id" in columns:
        return columns.session_id.in_(select(SessionRow.id).where(SessionRow.course_id.in_(courses)))
    if "appointment_id" in columns:
        return columns.appointment_id.in_(select(AppointmentRow.id).where(AppointmentRow.patient_id == patient_id))
    return None
