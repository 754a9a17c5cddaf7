"""Fault 2: many people book at once. Nobody is double-booked; without the guard the test would see it."""

import random
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from planner.services import integrity
from planner.storage.guard import GUARDED
from tests.faults.checks import assert_whole, courses, overlaps
from tests.faults.processes import folder_copy, hammer, naive_hammer, together
from tests.faults.scenes import Hands, make_busy_clinic

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PROCESSES = 16
# What a person is told who came second, or whose choice makes no sense any more.
ORDINARY = {"SlotTaken", "StaleForm", "AppointmentLocked", "InvalidInput"}


@pytest.fixture
def busy(tmp_path):
    """Twelve patients, two therapists, two rooms, four hours a day; one course is booked."""
    clinic = make_busy_clinic(tmp_path / "planner.sqlite", patients=12)
    Hands(clinic, clinic.runtime(), random.Random(0)).book()
    return clinic


def test_fault_02_sixteen_people_booking_at_once_double_book_nobody(busy, capsys, record_fault):
    """Sixteen processes book whole courses, move, cancel and confirm on one file; without the guard it goes wrong."""
    naive = busy.at(folder_copy(busy.file, "naive.sqlite"))
    with closing(sqlite3.connect(naive.file)) as connection:
        for resource in GUARDED:
            for event in ("insert", "update"):
                connection.execute(f"DROP TRIGGER appointment_one_{resource}_{event}")
    tallies = together(hammer, PROCESSES, busy, 5.0)
    careless = together(naive_hammer, PROCESSES, naive, 2.0)
    with capsys.disabled():
        print(_table(tallies, overlaps(busy.file), careless, overlaps(naive.file)))
    done, refused = _sum(tallies, "done"), _sum(tallies, "refused")
    assert overlaps(naive.file) > 0, "the control found every slot well guarded; then this test proves nothing"
    assert_whole(busy.file)
    assert list(integrity.verify(busy.runtime(), busy.actor)) == []
    assert courses(busy.file) == done["book"] + 1
    assert all(done[action] > 0 for action in ("book", "move", "cancel", "confirm"))
    assert set(refused) <= ORDINARY
    record_fault(
        f"{PROCESSES} processes at one SQLite diary (the same without the guard: {overlaps(naive.file)} double)",
        times=sum(done.values()),
    )


def _sum(tallies, name):
    return sum((getattr(tally, name) for tally in tallies), Counter())


def _table(tallies, guarded, careless, unguarded):
    done, refused = _sum(tallies, "done"), _sum(tallies, "refused")
    seconds = sorted(second for tally in tallies for second in tally.seconds)
    slowest = seconds[int(len(seconds) * 0.99)]

    def words(counted):
        return ", ".join(f"{count} {name}" for name, count in counted.most_common()) or "none"

    lines = (
        ("", "double bookings", "done", "refused"),
        ("with the guard", str(guarded), words(done), words(refused)),
        ("check, then insert", str(unguarded), words(_sum(careless, "done")), "none"),
    )
    rows = "\n".join(f"{name:<20}{bad:>16}   {did:<50} {no}" for name, bad, did, no in lines)
    return f"\n{PROCESSES} processes on one SQLite file (99 of 100 actions within {slowest:.2f} s)\n{rows}"
