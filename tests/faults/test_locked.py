"""The database is locked for longer than anybody waits: a clear answer, nothing half-written, pages still open."""

import fcntl
import sqlite3
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
def impatient(runtime):
    """The program, which waits a quarter of a second for its turn."""
    database = Database(str(runtime.database.url), wait_seconds=0.25)
    yield replace(runtime, database=database)
    database.close()


@pytest.mark.parametrize("holder", [another_program, another_planner])
def test_a_locked_database_answers_503_with_a_time_to_come_back(impatient, config, clinic, holder):
    """Reception presses a button: it says try again, changes nothing, and works when the lock is gone."""
    course = book_ana(impatient, clinic)
    browser = Browser(create_app(impatient, config))
    browser.sign_in(clinic.rosa)
    appointment = course.appointment(1)
    file = config.instance / "planner.sqlite"
    before = everything(file)

    def press():
        return browser.post(f"/appointments/{appointment.id}/confirm", {"version": course.version(1)})

    with holder(file):
        answer = press()
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "busy" in answer.text
        assert browser.get(f"/courses/{course.id}").status_code == 200
    assert everything(file) == before
    assert press().status_code == 302
    assert course.appointment(1).confirmed_at is not None
    assert_whole(file)
