"""Fault 6: the database is locked for longer than anybody waits. A clear answer, nothing half-written, pages open."""

import fcntl
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from planner.app import create_app
from planner.storage.database import Database
from tests.faults.checks import ask, assert_whole
from tests.web.ana_course import book_ana
from tests.web.browser_without_screen import Browser

pytestmark = pytest.mark.faults


@contextmanager
def another_program(file):
    """Something that holds the file, a backup tool for instance."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def another_planner(file):
    """A process of ours that hangs while it is its turn to write."""
    with file.with_name(f"{file.name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def everything(file):
    """All rows that a change would touch."""
    return [ask(file, f"SELECT * FROM {table}") for table in ("appointment", "revision", "outbox", "audit_line")]  # noqa: S608


@pytest.fixture
def impatient(runtime, request):
    """The program, which waits so many seconds for its turn; ten where nothing else is set."""
    seconds = getattr(request, "param", None)
    waits = {} if seconds is None else {"wait_seconds": seconds}
    database = Database(str(runtime.database.url), **waits)
    yield replace(runtime, database=database)
    database.close()


@pytest.mark.parametrize(
    ("impatient", "holder"),
    [(0.25, another_program), (0.25, another_planner), (None, another_program)],
    ids=["another program", "another planner", "for ten seconds"],
    indirect=["impatient"],
)
def test_fault_06_a_locked_database_answers_503_with_a_time_to_come_back(
    impatient, config, clinic, holder, record_fault
):
    """Reception presses a button: it says try again, changes nothing, and works when the lock is gone.

    Seen to fail without the translation of SQLite's "database is locked" (`_refusal` in storage/database.py): a 500.
    """
    course = book_ana(impatient, clinic)
    browser = Browser(create_app(impatient, config))
    browser.sign_in(clinic.rosa)
    appointment = course.appointment(1)
    file = config.instance / "planner.sqlite"
    before = everything(file)

    def press():
        return browser.post(f"/appointments/{appointment.id}/confirm", {"version": course.version(1)})

    with holder(file):
        begun = time.monotonic()
        answer = press()
        waited = time.monotonic() - begun
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "busy" in answer.text
        assert browser.get(f"/courses/{course.id}").status_code == 200
    assert everything(file) == before
    assert press().status_code == 302
    assert course.appointment(1).confirmed_at is not None
    assert_whole(file)
    assert impatient.database.wait_seconds <= waited < impatient.database.wait_seconds + 5
    record_fault("the database locked, up to 10 s: 503 with Retry-After, nothing half-written")
