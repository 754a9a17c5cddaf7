"""Timed look at what nobody reported: lines of the worklists that the diary itself opens and closes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.services import worklists
from planner.services.attention_courses import KINDS as COURSE_KINDS
from planner.services.attention_courses import found_in_courses
from planner.services.attention_lines import Found, News, news_of, write_news
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.sweeping import SweepReport, each
from planner.services.waiting import waiting_list
from planner.storage.people import ClinicRow
from planner.words import day_said, say

KINDS: Final = (*COURSE_KINDS, worklists.WAITING_FOR_COURSE)


def note_attention(runtime: Runtime) -> SweepReport:
    """Open a line for each thing that waits for a person, and close those that do not wait any more.

    One that a person took off the list stays off for as long as it is the same thing.
    """
    return each(
        runtime, "attention", _clinics(runtime), key=lambda clinic_id: clinic_id,
        work=lambda clinic_id: _note(runtime, clinic_id),
    )  # fmt: skip


def _clinics(runtime: Runtime) -> Sequence[int]:
    with runtime.database.reading(None) as session:
        return list(session.scalars(select(ClinicRow.id).order_by(ClinicRow.id)))


def _note(runtime: Runtime, clinic_id: int) -> None:
    actor = Actor.system(clinic_id)
    with runtime.reading(actor) as unit:
        if not _news(unit):
            return
    # Looked at anew: something may have been done about it in between.
    with runtime.writing(actor) as unit:
        write_news(unit, _news(unit))


def _news(unit: Unit) -> News:
    found = {**found_in_courses(unit), **{each.key: each for each in _waiting(unit)}}
    return news_of(unit, found, KINDS)


def _waiting(unit: Unit) -> Iterator[Found]:
    """Patients who were assessed and have no course."""
    for line in waiting_list(unit).waiting:
        day = day_said(to_wall(line.recorded.recorded_at, unit.zone).date(), "short")
        says = say("Assessed on %(day)s; no course is booked.", day=day)
        details = {"patient_id": line.patient_id, "assessment_id": line.recorded.id}
        yield Found(worklists.WAITING_FOR_COURSE, f"waiting-{line.recorded.id}", says, None, details)
