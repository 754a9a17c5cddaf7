"""Backups in a folder: so many stay, and one is made each night."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from planner.errors import InvalidInput, StorageFailed
from planner.services.backup_folder import BackupFolder, moment_of, name_at
from planner.services.backups import back_up_into, nightly_backup
from planner.services.nights import night_of
from planner.services.sweeping import SweepReport
from planner.storage.backup import verify


@pytest.fixture
def backed(runtime, clinic, tmp_path):
    """The program with a folder of backups, of which three stay."""
    return replace(runtime, backups=BackupFolder(tmp_path / "backups", 3))


def test_the_newest_stay_and_what_others_put_there_too(backed, clock):
    """Five days later there are three, and a file that is no backup of ours."""
    backed.backups.path.mkdir()
    (other := backed.backups.path / "planner-notes.sqlite").write_text("mine")
    made = []
    for _ in range(5):
        made.append(back_up_into(backed, backed.backups).file)
        clock.advance(days=1)
    assert backed.backups.backups() == made[-3:]
    assert other.exists()
    assert verify(made[-1]).counts["patient"] == 1


def test_a_backup_that_fails_throws_no_older_one_away(backed, clock):
    """The oldest may be the last good one."""
    for _ in range(3):
        back_up_into(backed, backed.backups)
        clock.advance(days=1)
    before = backed.backups.backups()
    (backed.backups.path / name_at(clock.now())).mkdir()
    with pytest.raises(InvalidInput):
        back_up_into(backed, backed.backups)
    assert before == [file for file in backed.backups.backups() if file.is_file()]


def test_a_night_has_one_backup_whenever_the_program_runs(backed, clock):
    """After two by the clinic's clock; one by hand in the evening is not that of the next night."""
    clock.set(datetime(2026, 3, 2, 1, 50, tzinfo=UTC))
    assert nightly_backup(backed) == SweepReport()
    clock.advance(minutes=20)
    assert nightly_backup(backed) == SweepReport(done=1)
    assert nightly_backup(backed) == SweepReport()
    clock.advance(hours=20)
    back_up_into(backed, backed.backups)
    assert nightly_backup(backed) == SweepReport()
    clock.advance(hours=5)
    assert nightly_backup(backed) == SweepReport(done=1)
    assert [moment_of(file).day for file in backed.backups.backups()] == [2, 2, 3]


def test_a_night_that_was_slept_through_is_made_up_for_in_the_morning(backed, clock):
    """A machine that is off at night has its backup when it is on."""
    clock.set(datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert nightly_backup(backed).done == 1


def test_without_a_folder_there_are_no_backups(runtime, clinic):
    """The settings name one or they do not."""
    assert nightly_backup(runtime) == SweepReport()


def test_a_folder_that_can_not_be_made_is_logged_and_tried_again(runtime, clinic, clock, tmp_path, caplog):
    """A disk that is plugged in later."""
    (tmp_path / "file").write_text("")
    backed = replace(runtime, backups=BackupFolder(tmp_path / "file" / "backups"))
    assert nightly_backup(backed).failed == 1
    assert "can't be made" in caplog.text
    assert nightly_backup(backed).delayed == 1
    with pytest.raises(StorageFailed):
        back_up_into(backed, backed.backups)
    (tmp_path / "file").unlink()
    clock.advance(minutes=2)
    assert nightly_backup(backed).done == 1


def test_at_least_one_backup_stays(tmp_path):
    """None would be no backup."""
    with pytest.raises(InvalidInput):
        BackupFolder(tmp_path, 0)


def test_every_date_has_its_night_though_the_clocks_change():
    """An hour that is skipped or comes twice makes none of them vanish or double."""
    zone, seen = ZoneInfo("Europe/London"), []
    now = datetime(2026, 3, 27, tzinfo=UTC)
    while now < datetime(2026, 4, 1, tzinfo=UTC):
        night = night_of(now, zone)
        seen += [night] if night and night not in seen else []
        now += timedelta(minutes=10)
    assert [night.day for night in seen] == [27, 28, 29, 30, 31]
