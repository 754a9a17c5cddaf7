"""Taking the last change of a course back, while nobody outside was told of it; hours changed with it, too."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from planner.errors import SlotTaken, TooNear, UndoRefused
from planner.services import worklists
from planner.services.attendance import note_unplaced
from planner.services.diary_writer import CourseChange, write_changes
from planner.services.hours_changes import change_of, put_back
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot
from planner.storage.courses import CourseRow, RevisionRow
from planner.words import say


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
        changes = []
        for revision in revisions:
            course = unit.get(CourseRow, revision.course_id)
            refusal = why_not(revision, course)
            if refusal:
                raise UndoRefused(refusal)
            changes.append(_back(course, revision))
        hours = change_of(unit, chosen.batch)
        if hours is not None:
            put_back(unit, hours)
        try:
            write_changes(unit, changes, batch=chosen.batch)
        except TooNear:
            raise
        except SlotTaken as error:
            raise SlotTaken(say("The old time was given to somebody else meanwhile.")) from error
        for revision, change in zip(revisions, changes, strict=True):
            revision.undone_at = unit.now
            _tidy_worklists(unit, change)
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


def _tidy_worklists(unit: Unit, change: CourseChange) -> None:
    if change.target.automation == "apply":
        worklists.close_items(unit, change.course.id, worklists.TWO_MISSES)
    worklists.close_items(unit, change.course.id, worklists.CATCH_UP)
    note_unplaced(unit, change.course, change.target)
