"""What must hold in a database whatever happened to it; asked with plain SQL, not with the program's own code.

A database is a file of SQLite's, or the address of one of PostgreSQL's.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

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


def ask(file: Path | str, query: str) -> list[tuple]:
    """The answer of a connection of its own."""
    if isinstance(file, str):
        with psycopg.connect(
            file.replace("+psycopg", ""), options="-c planner.clinic_id=all -c timezone=UTC"
        ) as asking:
            return asking.execute(query).fetchall()
    with closing(sqlite3.connect(file, timeout=20)) as connection:
        return connection.execute(query).fetchall()


def number(file: Path | str, query: str) -> int:
    """A single number."""
    return ask(file, query)[0][0]


def overlaps(file: Path | str) -> int:
    """Pairs of appointments that take one practitioner, room or patient at the same time."""
    return sum(number(file, _OVERLAPS.format(resource=resource)) for resource in ("practitioner", "room", "patient"))


def not_owed(file: Path | str) -> int:
    """Bookings whose patient is owed no message."""
    return number(file, _NOT_OWED)


def courses(file: Path | str) -> int:
    """How many courses there are."""
    return number(file, "SELECT count(*) FROM course")


Ask = Callable[[str], list[tuple]]


def assert_whole(file: Path | str) -> None:
    """The file is sound, nobody is double-booked, no course is half-written, every booking is owed a message.

    All of it is asked of one moment, so that others may write meanwhile.
    """
    with _moment(file) as asked:
        if isinstance(file, Path):
            assert asked("PRAGMA integrity_check") == [("ok",)]
            assert asked("PRAGMA foreign_key_check") == []
        for resource in ("practitioner", "room", "patient"):
            assert asked(_OVERLAPS.format(resource=resource)) == [(0,)]
        assert asked(_NOT_OWED) == [(0,)]
        assert asked(_OWED_FOR_NOTHING) == [(0,)]
        _assert_history_is_the_present(asked)


@contextmanager
def _moment(file: Path | str) -> Iterator[Ask]:
    """Asks, of one moment, whatever is written meanwhile."""
    if isinstance(file, Path):
        with closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as moment:
            moment.execute("BEGIN")
            yield lambda query: moment.execute(query).fetchall()
        return
    options = "-c planner.clinic_id=all -c timezone=UTC -c default_transaction_isolation=repeatable\\ read"
    with psycopg.connect(file.replace("+psycopg", ""), options=options) as asking:
        yield lambda query: asking.execute(query).fetchall()


def _assert_history_is_the_present(asked: Ask) -> None:
    """Every course stands as its last revision says."""
    newest = """
        SELECT course.id, CAST(revision.after AS text) FROM course LEFT JOIN revision
          ON revision.course_id = course.id AND revision.number = course.revision_number
    """
    standing: dict[int, set[tuple[int, str, str]]] = {}
    for course, appointment, status, start in asked(
        "SELECT course_id, id, status, substr(CAST(starts_at AS text), 1, 16) FROM appointment"
    ):
        standing.setdefault(course, set()).add((appointment, status, start))
    for course, after in asked(newest):
        assert after is not None, f"course {course} has no history"
        told = {
            (booked["id"], booked["status"], booked["starts_at"][:16].replace("T", " "))
            for session in json.loads(after)["sessions"]
            for booked in session["appointments"]
        }
        assert told == standing.get(course, set())
