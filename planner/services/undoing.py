"""Taking the last change of a course back, while nobody outside was told of it; hours changed with it, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select

from planner.errors import SlotTaken, TooNear, UndoRefused
from planner.services import worklists
from planner.services.attendance import note_unplaced
from planner.services.attendance_proposals import propose_anew
from planner.services.attention_courses import note_now
from planner.services.diary_writer import CourseChange, write_changes
from planner.services.hours_changes import change_of, put_back
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot
from planner.storage.courses import CourseRow, RevisionRow, WorklistRow
from planner.words import say

_PUT_BACK: Final = (worklists.TWO_MISSES, worklists.CATCH_UP, worklists.PROPOSAL, worklists.WISH_CHANGED)


def undo(runtime: Runtime, actor: Actor, revision_id: int) -> list[int]:
    """Put a course back as it was before a revision; one made together with others is undone together with them.

    Returns:
        The ids of the courses that were put back.
    Raises:
        UndoRefused: the patient was told already, something happened since, or it was undone before.
        NotAllowed: working hours were changed with it, by somebody who may not change them.
        SlotTaken: somebody else has the old time by now, or the patient has another visit too near it.
    """
    with runtime.writing(actor) as unit:
        chosen = unit.get(RevisionRow, revision_id)
        revisions = _together(unit, chosen)
        changes, taken_off = [], []
        for revision in revisions:
            course = unit.get(CourseRow, revision.course_id)
            refusal = why_not(revision, course)
            if refusal:
                raise UndoRefused(refusal)
            changes.append(_back(course, revision))
            # Before the diary is written: what that takes off was not taken off by the change.
            taken_off.append(worklists.closed_at(unit, course.id, revision.made_at, *_PUT_BACK))
        hours = change_of(unit, chosen.batch)
        if hours is not None:
            put_back(unit, hours)
        try:
            write_changes(unit, changes, batch=chosen.batch)
        except TooNear:
            raise
        except SlotTaken as error:
            raise SlotTaken(say("The old time was given to somebody else meanwhile.")) from error
        for revision, change, lines in zip(revisions, changes, taken_off, strict=True):
            revision.undone_at = unit.now
            _tidy_worklists(unit, change, lines)
        note_now(unit, worklists.LEAVE_CLASH)
        return [change.course.id for change in changes]


def why_not(revision: RevisionRow, course: CourseRow) -> str:
    """Why a revision can't be undone; empty when it can."""
    if revision.undone_at is not None:
        return say("This change was undone already.")
    if revision.undoes is not None:
        return say("An undo can't be undone; make the change again.")
    if revision.told_at is not None:
        return say("The patient was already told of this change; make a new one instead.")
    if revision.number != course.revision_number:
        return say("Something else happened to this course since.")
    return ""


def _together(unit: Unit, chosen: RevisionRow) -> list[RevisionRow]:
    if chosen.batch is None:
        return [chosen]
    rows = unit.session.scalars(
        select(RevisionRow).where(RevisionRow.batch == chosen.batch, RevisionRow.undoes.is_(None))
    )
    return sorted(rows, key=lambda row: row.id)


def _back(course: CourseRow, revision: RevisionRow) -> CourseChange:
    before = CourseSnapshot.from_json(revision.before)
    if not before.sessions:
        before = replace(before, status="cancelled")  # The booking itself is taken back.
    reason = say("Undone: %(what)s", what=revision.reason)
    return CourseChange(course, before, "undone", reason, undoes=revision.id)


def _tidy_worklists(unit: Unit, change: CourseChange, taken_off: Sequence[WorklistRow]) -> None:
    """Take off what the change had asked for, and put back what it had taken off."""
    course, target = change.course, change.target
    if target.automation == "apply":
        worklists.close_items(unit, course.id, worklists.TWO_MISSES)
    worklists.close_items(unit, course.id, worklists.CATCH_UP)
    again = [line for line in taken_off if line.kind != worklists.TWO_MISSES or target.automation == "stopped"]
    for line in again:
        worklists.reopen(line)
        if line.kind == worklists.PROPOSAL:
            propose_anew(unit, line)
    # What is proposed again is not to place besides.
    if not any(line.kind == worklists.PROPOSAL for line in again):
        note_unplaced(unit, course, target)
