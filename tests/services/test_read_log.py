"""Who looked at what: written after the answer, never in its way, and never lost in silence."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from planner.errors import DatabaseBusy
from planner.services.audit import find_breaks
from planner.services.read_log import LOST, ReadLog
from planner.storage.audit_rows import AuditRow


def seen(runtime, clinic):
    """The chain of looks, from its beginning."""
    with runtime.reading(clinic.system) as unit:
        return unit.session.scalars(select(AuditRow).where(AuditRow.chain == "access").order_by(AuditRow.number)).all()


class Rest:
    """A clock for pauses."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def rest():
    return Rest()


class Sometimes:
    """A database that is busy while a test says so."""

    def __init__(self, database):
        self.database = database
        self.busy = False

    def writing(self, clinic_id):
        if self.busy:
            raise DatabaseBusy("busy")
        return self.database.writing(clinic_id)

    def __getattr__(self, name):
        return getattr(self.database, name)


@pytest.fixture
def database(runtime):
    return Sometimes(runtime.database)


@pytest.fixture
def log(runtime, database, rest):
    """A log with little room."""
    return ReadLog(replace(runtime, database=database), most=3, rested=rest)


def test_a_look_is_written_with_whom_it_was_at(runtime, clinic, log):
    """In a chain of its own, because it is kept for another time."""
    log.saw(clinic.rosa.actor, "see", f"patient/{clinic.ana}")
    assert seen(runtime, clinic) == []
    log.flush()
    (row,) = seen(runtime, clinic)
    assert (row.actor_id, row.action, row.patient_id) == (clinic.rosa.id, "see", clinic.ana)
    assert log.waiting == 0
    assert find_breaks(runtime, clinic.id) == []


def test_who_looks_again_within_a_minute_has_looked_once(runtime, clinic, log, clock):
    """Pages ask for parts of themselves; but another person, thing or minute is another look."""
    for _ in range(3):
        log.saw(clinic.rosa.actor, "see", f"patient/{clinic.ana}")
    log.saw(clinic.ben.actor, "see", f"patient/{clinic.ana}")
    clock.advance(seconds=61)
    log.saw(clinic.rosa.actor, "see", f"patient/{clinic.ana}")
    log.flush()
    assert [row.actor_id for row in seen(runtime, clinic)] == [clinic.rosa.id, clinic.ben.id, clinic.rosa.id]


def test_a_busy_database_delays_the_lines_and_loses_none(runtime, clinic, log, rest, database):
    """They wait, nobody waits for them, and after a pause they are written in their order."""
    database.busy = True
    log.saw(clinic.rosa.actor, "see", "list/today")
    log.flush()
    assert log.waiting == 1
    database.busy = False
    log.saw(clinic.rosa.actor, "see", "list/diary")
    log.flush()
    assert seen(runtime, clinic) == []
    rest.now = 6
    log.flush()
    assert [row.subject for row in seen(runtime, clinic)] == ["list/today", "list/diary"]


def test_what_no_longer_fits_is_counted_in_the_chain(runtime, clinic, log, rest, database):
    """Lost is what nobody is told of; these are told of."""
    database.busy = True
    for number in range(8):
        log.saw(clinic.rosa.actor, "see", f"course/{number}")
    log.flush()
    database.busy, rest.now = False, 6
    log.flush()
    rows = seen(runtime, clinic)
    assert [row.subject for row in rows] == ["course/0", "course/1", "course/2", "clinic"]
    assert (rows[-1].action, rows[-1].details) == (LOST, {"lines": 5})
    log.saw(clinic.rosa.actor, "see", "course/9")
    log.flush()
    assert [row.action for row in seen(runtime, clinic)].count(LOST) == 1


def test_when_the_process_ends_nothing_waits_for_a_pause(runtime, clinic, log, database):
    """What is left is written at once."""
    database.busy = True
    log.saw(clinic.rosa.actor, "see", "list/today")
    log.flush()
    database.busy = False
    log.flush(now_or_never=True)
    assert len(seen(runtime, clinic)) == 1


def test_looks_of_two_clinics_go_each_into_its_own_chain(runtime, clinic, other_clinic, log):
    """In one turn."""
    log.saw(clinic.rosa.actor, "see", "list/today")
    log.saw(other_clinic.rosa.actor, "see", "list/today")
    log.flush()
    assert len(seen(runtime, clinic)) == len(seen(runtime, other_clinic)) == 1
    assert find_breaks(runtime, other_clinic.id) == []
