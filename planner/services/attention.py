"""Timed look at what nobody reported: lines of the worklists that the diary itself opens and closes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select

from planner.diary.free import to_wall
from planner.services import worklists
from planner.services.attention_courses import KINDS as COURSE_KINDS
from planner.services.attention_courses import found_in_courses, over_proposals
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
        runtime, "attention", _with_news(runtime), key=lambda clinic_id: clinic_id,
        work=lambda clinic_id: _note(runtime, clinic_id),
    )  # fmt: skip


def _with_news(runtime: Runtime) -> Sequence[int]:
    """The clinics in which a line is to be opened or closed; one that can't be read is left to the attempt to write."""
    with runtime.database.reading(None) as session:
        clinics = list(session.scalars(select(ClinicRow.id).order_by(ClinicRow.id)))
    return [clinic_id for clinic_id in clinics if _has_news(runtime, clinic_id)]


def _has_news(runtime: Runtime, clinic_id: int) -> bool:
    try:
        with runtime.reading(Actor.system(clinic_id)) as unit:
            return bool(_news(unit))
    except Exception:
        # The attempt to write fails in the same way, is counted, and put off.
        return True


def _note(runtime: Runtime, clinic_id: int) -> None:
    # Looked at anew: something may have been done about it in between.
    with runtime.writing(Actor.system(clinic_id)) as unit:
        write_news(unit, _news(unit))


def _news(unit: Unit) -> News:
    found = {**found_in_courses(unit), **{each.key: each for each in _waiting(unit)}}
    news = news_of(unit, found, KINDS)
    return replace(news, gone=(*news.gone, *over_proposals(unit)))


def _waiting(unit: Unit) -> Iterator[Found]:
    """Patients who were assessed and have no course."""
    for line in waiting_list(unit).waiting:
        day = day_said(to_wall(line.recorded.recorded_at, unit.zone).date(), "short")
        says = say("Assessed on %(day)s; no course is booked.", day=day)
        details = {"patient_id": line.patient_id, "assessment_id": line.recorded.id}
        yield Found(worklists.WAITING_FOR_COURSE, f"waiting-{line.recorded.id}", says, None, details)
