"""Patients whose calendar has stopped asking: staff hear of it, since it shows old dates from the next change on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, func, select

from planner.diary.free import to_wall
from planner.services import worklists
from planner.services.feed_list import STALE_AFTER
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.sweeping import SweepReport, each
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, WorklistRow
from planner.storage.outward import FeedRow
from planner.storage.people import PatientRow
from planner.words import day_said, listing, say


def note_silent(runtime: Runtime) -> SweepReport:
    """Put every patient's calendar that was silent for a week on the worklist, if a visit of theirs is ahead.

    A line goes by itself when the calendar asks again, is replaced, or nothing is ahead any more. One that a person
    has closed comes back only after the calendar was heard of and fell silent anew.
    """
    return each(
        runtime, "silent-calendars", _clinics(runtime), key=lambda clinic_id: clinic_id,
        work=lambda clinic_id: _note(runtime, clinic_id),
    )  # fmt: skip


def _clinics(runtime: Runtime) -> Sequence[int]:
    """Clinics in which a line may have to come or go (two queries, and no turn to write where there is nothing)."""
    silent = _silent_ones(runtime.clock.now()).with_only_columns(FeedRow.clinic_id).distinct().order_by(None)
    shown = select(WorklistRow.clinic_id).where(
        WorklistRow.kind == worklists.CALENDAR_SILENT, WorklistRow.closed_at.is_(None)
    )
    with runtime.database.reading(None) as session:
        return sorted({*session.scalars(silent), *session.scalars(shown)})


def _silent_ones(now: datetime) -> Select[FeedRow, int]:
    """Silent calendars of patients, each with the courses of their visits ahead, the next one first.

    Who had their last visit is not among them, though their calendar stays silent for good.
    """
    row = AppointmentRow
    return (
        select(FeedRow, row.course_id)
        .join(row, (row.clinic_id == FeedRow.clinic_id) & (row.patient_id == FeedRow.patient_id))
        .where(
            FeedRow.revoked_at.is_(None),
            func.coalesce(FeedRow.fetched_at, FeedRow.created_at) <= now - STALE_AFTER,
            row.status.in_(OCCUPYING_STATUSES),
            row.starts_at > now,
        )
        .order_by(row.starts_at, row.id)
    )


def _note(runtime: Runtime, clinic_id: int) -> None:
    with runtime.writing(Actor.system(clinic_id)) as unit:
        silent = {_key(row): (row, course_id) for row, course_id in _silent(unit)}
        known = unit.session.scalars(select(WorklistRow).where(WorklistRow.kind == worklists.CALENDAR_SILENT)).all()
        for line in known:
            if line.closed_at is None and line.key not in silent:
                line.closed_at, line.closed_by = unit.now, unit.actor.name
        for key in silent.keys() - {line.key for line in known}:
            row, course_id = silent[key]
            worklists.open_item(unit, worklists.CALENDAR_SILENT, key, _says(unit, row), course_id)


def _silent(unit: Unit) -> Iterable[tuple[FeedRow, int]]:
    """Those of patients who have a visit ahead, each with the course of the next one (one query)."""
    found: dict[int, tuple[FeedRow, int]] = {}
    for row, course_id in unit.session.execute(_silent_ones(unit.now)):
        found.setdefault(row.id, (row, course_id))
    return found.values()


def _key(row: FeedRow) -> str:
    """Another one each time that the calendar was heard of in between."""
    return f"silent-{row.id}-{row.fetched_at or row.created_at:%Y%m%dT%H%MZ}"


def _says(unit: Unit, row: FeedRow) -> str:
    patient = unit.get(PatientRow, row.patient_id or 0)
    wall = to_wall(row.fetched_at or row.created_at, unit.zone)
    since, name = day_said(wall.date(), "short"), patient.name
    if row.fetched_at:
        heard = say(
            "%(name)s's calendar has not asked since %(day)s (%(program)s), so it may show old dates.",
            name=name,
            day=since,
            program=row.fetched_by,
        )
    else:
        heard = say(
            "%(name)s's calendar has never asked since %(day)s, so it may show old dates.", name=name, day=since
        )
    if patient.email:
        rest = say("Changes go by e-mail.")
    else:
        rest = say("There is no e-mail address either: call when something changes.")
    return listing([heard, rest], " ")
