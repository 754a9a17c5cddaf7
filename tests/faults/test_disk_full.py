"""Fault 7: the disk is full. It is said clearly, nothing is half-written, pages are read; with room all goes on."""

import os
import resource
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from planner.app import create_app
from planner.errors import StorageFailed
from planner.storage.backup import back_up, verify
from planner.storage.database import Database
from tests.faults.checks import assert_whole
from tests.web.ana_course import book_ana
from tests.web.browser_without_screen import Browser

pytestmark = pytest.mark.faults

# Python 3.11 keeps a compiled file that was cut short, and every later import of it fails: it must write none.
_LIMITED = (
    "import resource, sys; sys.dont_write_bytecode = True; "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
)


class SmallDisk:
    """A disk of its own for one database; where this machine gives none, no file of this process can grow instead."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
        self.is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
        self.limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.wrote_no_bytecode = sys.dont_write_bytecode

    def fill(self):
        """From now on there is no room."""
        sys.dont_write_bytecode = True
        if not self.is_mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, self.limits[1]))
            return
        with (self.folder / "filler").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(b"x" * 4096)

    def empty(self):
        """There is room again."""
        sys.dont_write_bytecode = self.wrote_no_bytecode
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limits)
        (self.folder / "filler").unlink(missing_ok=True)

    def give_back(self):
        """Take the disk away."""
        self.empty()
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path):
    """A small disk, empty."""
    disk = SmallDisk(tmp_path / "disk")
    yield disk
    disk.give_back()


def test_fault_07_with_a_full_disk_pages_are_read_and_writing_says_why_it_fails(
    runtime, config, clinic, disk, record_fault
):
    """Reception looks on while the administrator makes room; what was pressed meanwhile is not half-done.

    Seen to fail without the translation of "database or disk is full" (`_refusal` in storage/database.py): a 500.
    """
    course = book_ana(runtime, clinic)
    runtime.database.close()
    file = disk.folder / "planner.sqlite"
    shutil.copy(config.instance / "planner.sqlite", file)
    database = Database(f"sqlite:///{file}", wait_seconds=1)
    running = replace(runtime, database=database)
    course = replace(course, runtime=running)
    browser = Browser(create_app(running, replace(config, database_url=f"sqlite:///{file}")))
    browser.sign_in(clinic.rosa)

    def press(number):
        form = {"version": course.version(number)}
        return browser.post(f"/appointments/{course.appointment(number).id}/confirm", form)

    disk.fill()
    before = course.now()
    # The log of writes may have some room left from before; a disk is full when that is used up.
    answers = [press(number).status_code for number in range(1, 9)]
    assert answers[-1] == 503
    refused = press(8)
    assert refused.status_code == 503
    assert "Nothing was changed" in refused.text
    assert course.appointment(8) == before.sessions[7].current
    assert browser.get(f"/courses/{course.id}").status_code == 200
    disk.empty()
    assert press(8).status_code == 302
    assert course.appointment(8).confirmed_at is not None
    assert_whole(file)
    database.close()
    record_fault("no room on the disk: 503 that says so, pages are read, goes on when there is", times=len(answers))


def test_fault_07_a_command_that_finds_no_room_says_so_and_leaves_nothing_half_made(tmp_path):
    """`db upgrade` where no file can grow; run again with room, it makes the whole database."""
    environ = {"PLANNER_INSTANCE": str(tmp_path), "PATH": "/usr/bin:/bin"}
    run = "import sys; sys.argv = ['planner', 'db', 'upgrade']; from planner.cli import main; main()"
    refused = subprocess.run([sys.executable, "-c", _LIMITED + run], env=environ, capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr.startswith("planner: The database can't be written")
    assert "Traceback" not in refused.stderr
    made = subprocess.run([sys.executable, "-c", run], env=environ, capture_output=True, text=True, check=True)
    assert "The database is at step" in made.stdout
    assert_whole(tmp_path / "planner.sqlite")


def test_fault_07_a_backup_that_finds_no_room_leaves_nothing(config, clinic, disk, record_fault):
    """It says why; the older backups stay, and there is no half one that somebody might trust."""
    folder = disk.folder / "backups"
    folder.mkdir()
    kept = back_up(config.instance / "planner.sqlite", folder / "earlier.sqlite")
    disk.fill()
    with pytest.raises(StorageFailed, match=r"full|large|I/O"):
        back_up(config.instance / "planner.sqlite", folder / "later.sqlite")
    disk.empty()
    assert [file.name for file in folder.iterdir()] == ["earlier.sqlite"]
    assert verify(kept.file).counts == kept.counts
    record_fault("a backup onto a full disk: refused, nothing half-written")
