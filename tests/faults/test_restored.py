"""Fault 30: a backup that is not one. Taken while sixteen work, it is whole, and what is restored from it holds out."""

import random
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Thread

import pytest

from planner.errors import StorageFailed
from planner.storage.backup import back_up, restore
from planner.storage.database import Database
from planner.storage.guard import GUARDED
from planner.storage.server_backup import back_up_server, restore_server
from tests.databases import one_of
from tests.faults.checks import assert_whole, courses, number
from tests.faults.processes import hammer, together
from tests.faults.scenes import Hands, make_busy_clinic

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PROCESSES, BACKUPS = 8, 4
CHANGES = "SELECT count(*) FROM revision"
HISTORY = "SELECT sum(revision_number) FROM course"


@pytest.fixture
def busy(tmp_path):
    """A small clinic in which one course is booked."""
    clinic = make_busy_clinic(tmp_path / "planner.sqlite", patients=12)
    Hands(clinic, clinic.runtime(), random.Random(0)).book()
    return clinic


def test_fault_30_what_is_restored_from_a_backup_under_load_passes_the_hammer(busy, tmp_path, record_fault):
    """Backups while eight work; each is of one moment. The last one is restored, and eight work on in that.

    The control is a plain copy of the file: what stands in the log of writes only is not in it.
    """
    worked = []
    load = Thread(target=lambda: worked.extend(together(hammer, PROCESSES, busy, 4.0)))
    backups = []
    with somebody_reading(busy.file):
        load.start()
        while load.is_alive() and len(backups) < BACKUPS:
            load.join(1.0)
            backups.append(back_up(busy.file, tmp_path / f"backup-{len(backups)}.sqlite").file)
        load.join(150)
        plain = shutil.copy(busy.file, tmp_path / "plain.sqlite")
    assert len(worked) == PROCESSES
    sizes = [number(file, CHANGES) for file in backups]
    for file in backups:
        assert_whole(file)
    assert sizes == sorted(sizes)
    assert number(plain, CHANGES) < sizes[-1], "the control lost nothing; then this test proves nothing"

    fresh = busy.at(tmp_path / "restored" / "planner.sqlite")
    fresh.file.parent.mkdir()
    restored = restore(backups[-1], fresh.file, tmp_path / "restored" / "aside.sqlite")
    assert restored.counts["revision"] == sizes[-1]
    before = courses(fresh.file)
    done = sum((each.done for each in together(hammer, PROCESSES, fresh, 2.0)), Counter())
    assert_whole(fresh.file)
    assert courses(fresh.file) == before + done["book"]
    assert number(fresh.file, CHANGES) > sizes[-1]
    record_fault("backups under load are whole; what is restored from them passes the hammer", times=len(backups))


def test_fault_30_what_is_restored_into_a_server_passes_the_hammer(postgresql_databases, tmp_path, record_fault):
    """The same on PostgreSQL; the backups are files, and the last one is restored into another database.

    The control copies table by table without one moment for all: what is booked meanwhile has no history.
    """
    with (
        one_of(postgresql_databases, postgresql_databases.empty(tmp_path)) as address,
        one_of(postgresql_databases, postgresql_databases.bare(tmp_path)) as fresh,
    ):
        busy = make_busy_clinic(tmp_path, patients=12, address=address)
        runtime = busy.runtime()
        Hands(busy, runtime, random.Random(0)).book()
        worked, backups = [], []
        load = Thread(target=lambda: worked.extend(together(hammer, PROCESSES, busy, 4.0)))
        load.start()
        torn = False
        while load.is_alive() and len(backups) < BACKUPS:
            load.join(0.5)
            backups.append(back_up_server(runtime.database, tmp_path / f"backup-{len(backups)}.sqlite").file)
            torn = torn or _torn(address, load)
        load.join(150)
        runtime.database.close()
        assert len(worked) == PROCESSES
        sizes = [number(file, CHANGES) for file in backups]
        for file in backups:
            assert_whole(file)
            assert number(file, HISTORY) == number(file, CHANGES)
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[-1]
        assert torn, "the control was whole by chance; then this test proves nothing"

        there = replace(busy, address=fresh)
        database = Database(fresh)
        restored, _ = restore_server(backups[-1], database, tmp_path / "scratch", "aside")
        database.close()
        assert restored.counts["revision"] == sizes[-1]
        assert_whole(fresh)
        before = courses(fresh)
        done = sum((each.done for each in together(hammer, PROCESSES, there, 2.0)), Counter())
        assert_whole(fresh)
        assert courses(fresh) == before + done["book"]
        assert number(fresh, CHANGES) > sizes[-1]
    record_fault("and from PostgreSQL into PostgreSQL", times=len(backups))


def _torn(address, load):
    """Whether two tables that are read one after the other disagree, as those of a careless copy do."""
    while load.is_alive():
        history = number(address, HISTORY)
        time.sleep(0.05)
        if number(address, CHANGES) != history:
            return True
    return False


@contextmanager
def somebody_reading(file):
    """A page that is read for long, so that the log of writes can't be taken into the file meanwhile."""
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM course").fetchone()
        yield


def _unguard(file):
    with closing(sqlite3.connect(file)) as connection:
        for resource in GUARDED:
            for event in ("insert", "update"):
                connection.execute(f"DROP TRIGGER appointment_one_{resource}_{event}")


def test_fault_30_a_damaged_backup_is_refused_and_the_database_stays(busy, tmp_path, record_fault):
    """Bytes that rotted, a guard that is gone, half a file: each is noticed before anything is replaced."""
    good = back_up(busy.file, tmp_path / "good.sqlite").file
    before = number(busy.file, "SELECT count(*) FROM revision")
    broken = [tmp_path / f"{name}.sqlite" for name in ("rotten", "unguarded", "half")]
    for file in broken:
        shutil.copy(good, file)
    data = bytearray(good.read_bytes())
    data[8192:-4096] = bytes(len(data) - 12288)
    broken[0].write_bytes(data)
    _unguard(broken[1])
    broken[2].write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    for file in (broken[0], broken[2]):
        with pytest.raises(StorageFailed):
            restore(file, busy.file, tmp_path / "aside.sqlite")
    # What the newest schema brings along is made anew on the way back.
    unguarded = restore(broken[1], tmp_path / "elsewhere.sqlite", tmp_path / "aside.sqlite")
    assert unguarded.counts == restore(good, tmp_path / "other.sqlite", tmp_path / "aside.sqlite").counts
    assert number(busy.file, "SELECT count(*) FROM revision") == before
    assert not (tmp_path / "aside.sqlite").exists()
    assert_whole(busy.file)
    assert [file.name for file in tmp_path.glob(".*")] == []
    record_fault("a damaged backup is refused, the database stays", times=2)
