"""Fault 30: a backup that is not one. Taken while sixteen work, it is whole, and what is restored from it holds out."""

import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing, contextmanager
from threading import Thread

import pytest

from planner.errors import StorageFailed
from planner.storage.backup import back_up, restore
from planner.storage.guard import GUARDED
from tests.faults.checks import assert_whole, courses, number
from tests.faults.processes import hammer, together
from tests.faults.scenes import Hands, make_busy_clinic

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PROCESSES, BACKUPS = 8, 4
CHANGES = "SELECT count(*) FROM revision"


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
    load = Thread(target=lambda: worked.extend(together(hammer, PROCESSES, busy, 6.0)))
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
    done = sum((each.done for each in together(hammer, PROCESSES, fresh, 4.0)), Counter())
    assert_whole(fresh.file)
    assert courses(fresh.file) == before + done["book"]
    assert number(fresh.file, CHANGES) > sizes[-1]
    record_fault("backups under load are whole; what is restored from them passes the hammer", times=len(backups))


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
