"""What must hold in a database file whatever happened to it; asked with plain SQL, not with the program's own code."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

_OVERLAPS = """
    SELECT count(*) FROM appointment AS one JOIN appointment AS two
      ON one.clinic_id = two.clinic_id AND one.{resource}_id = two.{resource}_id AND one.id < two.id
    WHERE one.status IN ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled')
      AND two.status IN ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled')
      AND one.starts_at < two.ends_at AND two.starts_at < one.ends_at
"""
_NOT_OWED = """
    SELECT count(*) FROM revision WHERE revision.kind = 'booked' AND NOT EXISTS (
        SELECT 1 FROM outbox WHERE outbox.key = 'course-' || revision.course_id || '-revision-' || revision.number)
"""
_OWED_FOR_NOTHING = """
    SELECT count(*) FROM outbox WHERE outbox.kind = 'course_booked' AND NOT EXISTS (
        SELECT 1 FROM revision WHERE revision.course_id = outbox.course_id AND revision.kind = 'booked')
"""


def ask(file: Path, query: str) -> list[tuple]:
    """The answer of a connection of its own."""
    with closing(sqlite3.connect(file, timeout=20)) as connection:
        return connection.execute(query).fetchall()


def number(file: Path, query: str) -> int:
    """A single number."""
    return ask(file, query)[0][0]


def overlaps(file: Path) -> int:
    """Pairs of appointments that take one practitioner, room or patient at the same time."""
    return sum(number(file, _OVERLAPS.format(resource=resource)) for resource in ("practitioner", "room", "patient"))


def not_owed(file: Path) -> int:
    """Bookings whose patient is owed no message."""
    return number(file, _NOT_OWED)


def courses(file: Path) -> int:
    """How many courses there are."""
    return number(file, "SELECT count(*) FROM course")


def assert_whole(file: Path) -> None:
    """The file is sound, nobody is double-booked, no course is half-written, every booking is owed a message.

    All of it is asked of one moment, so that others may write meanwhile.
    """
    with closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as moment:
        moment.execute("BEGIN")
        assert moment.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert moment.execute("PRAGMA foreign_key_check").fetchall() == []
        for resource in ("practitioner", "room", "patient"):
            assert _count(moment, _OVERLAPS.format(resource=resource)) == 0
        assert _count(moment, _NOT_OWED) == 0
        assert _count(moment, _OWED_FOR_NOTHING) == 0
        _assert_history_is_the_present(moment)


def _count(moment: sqlite3.Connection, query: str) -> int:
    return moment.execute(query).fetchone()[0]


def _assert_history_is_the_present(moment: sqlite3.Connection) -> None:
    """Every course stands as its last revision says."""
    newest = """
        SELECT course.id, revision.after FROM course LEFT JOIN revision
          ON revision.course_id = course.id AND revision.number = course.revision_number
    """
    standing: dict[int, set[tuple[int, str, str]]] = {}
    for course, appointment, status, start in moment.execute(
        "SELECT course_id, id, status, substr(starts_at, 1, 16) FROM appointment"
    ):
        standing.setdefault(course, set()).add((appointment, status, start))
    for course, after in moment.execute(newest):
        assert after is not None, f"course {course} has no history"
        told = {
            (booked["id"], booked["status"], booked["starts_at"][:16].replace("T", " "))
            for session in json.loads(after)["sessions"]
            for booked in session["appointments"]
        }
        assert told == standing.get(course, set())
