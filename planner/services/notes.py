"""Notes on a course, for colleagues; the patient never sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from planner.errors import InvalidInput, NotAllowed, NotFound, StaleForm
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot
from planner.storage.courses import CourseRow, SessionRow
from planner.storage.progress import NoteRow
from planner.words import say

LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Note:
    """One note. `session` is the number of the session it is about, None where it is about the course.

    Args:
        mine: whether the person who looks may remove it.
    """

    id: int
    text: str
    author: str
    written_at: datetime
    session: int | None
    mine: bool


def write(runtime: Runtime, actor: Actor, course_id: int, text: str, *, session_id: int | None = None) -> int:
    """Write a note; gives its id.

    Raises:
        InvalidInput: it is empty or too long.
        NotFound: no such course here, or the session is not one of it.
    """
    with runtime.writing(actor) as unit:
        return write_in(unit, unit.get(CourseRow, course_id), text, session_id=session_id)


def write_in(unit: Unit, course: CourseRow, text: str, *, session_id: int | None = None) -> int:
    """`write` as a part of a larger transaction."""
    unit.actor.must_be("therapist", "reception")
    said = text.strip()
    if not said:
        raise InvalidInput(say("Write something first."), field="note")
    if len(said) > LONGEST:
        raise InvalidInput(say("At most %(most)s characters.", most=LONGEST), field="note")
    if session_id is not None and unit.get(SessionRow, session_id).course_id != course.id:
        raise NotFound(say("This session is not one of the course."))
    row = NoteRow(
        course_id=course.id,
        session_id=session_id,
        text=said,
        author=unit.actor.name,
        staff_id=unit.actor.staff_id,
        written_at=unit.now,
    )
    unit.session.add(row)
    unit.session.flush()
    unit.audit("note.write", f"note/{row.id}", course=course.id)
    return row.id


def remove(runtime: Runtime, actor: Actor, note_id: int) -> int:
    """Take a note away; gives the course.

    Raises:
        NotAllowed: somebody else wrote it, and the person is no manager.
        StaleForm: it was removed already.
    """
    with runtime.writing(actor) as unit:
        row = _own(unit, note_id)
        if row.removed_at is not None:
            raise StaleForm(say("This note was removed already."))
        row.removed_at = unit.now
        unit.audit("note.remove", f"note/{row.id}", course=row.course_id)
        return row.course_id


def restore(runtime: Runtime, actor: Actor, note_id: int) -> int:
    """Put a removed note back; gives the course."""
    with runtime.writing(actor) as unit:
        row = _own(unit, note_id)
        row.removed_at = None
        unit.audit("note.restore", f"note/{row.id}", course=row.course_id)
        return row.course_id


def course_of(runtime: Runtime, actor: Actor, note_id: int) -> int:
    """The course a note is on. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return unit.get(NoteRow, note_id).course_id


def of_course(unit: Unit, snapshot: CourseSnapshot, course_id: int) -> tuple[Note, ...]:
    """The notes on a course, newest first (one query)."""
    rows = unit.session.scalars(
        select(NoteRow)
        .where(NoteRow.course_id == course_id, NoteRow.removed_at.is_(None))
        .order_by(NoteRow.written_at.desc(), NoteRow.id.desc())
    )
    numbers = {session.id: session.position + 1 for session in snapshot.sessions}
    return tuple(
        Note(row.id, row.text, row.author, row.written_at, numbers.get(row.session_id), _is_mine(unit, row))
        for row in rows
    )


def _own(unit: Unit, note_id: int) -> NoteRow:
    row = unit.get(NoteRow, note_id)
    if not _is_mine(unit, row):
        raise NotAllowed(say("Only who wrote a note, or a manager, can remove it."))
    return row


def _is_mine(unit: Unit, row: NoteRow) -> bool:
    return unit.actor.role == "manager" or (row.staff_id is not None and row.staff_id == unit.actor.staff_id)
