"""Backups in a folder: named by their moment, the oldest thrown away, one made by itself each night."""

from __future__ import annotations

import logging
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.errors import StorageFailed
from planner.services.backup_folder import BackupFolder, moment_of, name_at
from planner.services.nights import night_of
from planner.services.runtime import Runtime
from planner.services.sweeping import SweepReport, each
from planner.storage import backup, server_backup
from planner.storage.backup import Copied, Progress, database_file
from planner.storage.database import Database
from planner.storage.people import ClinicRow

_log = logging.getLogger("planner.backups")


def back_up(database: Database, target: Path, progress: Progress | None = None) -> Copied:
    """Copy a database of either kind into a new file, while others read and write it.

    Raises:
        InvalidInput: there is such a file already, or nothing to back up.
        StorageFailed: the copy can't be written, or is not whole; nothing of it is left.
    """
    file = database_file(database.url)
    if file is None:
        return server_backup.back_up_server(database, target, progress)
    return backup.back_up(file, target, progress)


def back_up_into(runtime: Runtime, folder: BackupFolder, progress: Progress | None = None) -> Copied:
    """Add a backup to a folder, then throw away those that are too many.

    Raises:
        InvalidInput: there is nothing to back up.
        StorageFailed: the folder can't be written, or the copy is not whole; the older ones stay.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"The folder {folder.path} can't be made: {error.strerror}.") from error
    copied = back_up(runtime.database, folder.path / name_at(runtime.clock.now()), progress)
    if folder.keep is not None:
        for old in folder.backups()[: -folder.keep]:
            old.unlink(missing_ok=True)
    return copied


def nightly_backup(runtime: Runtime) -> SweepReport:
    """The sweep: one backup each night, if the settings name a folder for it. The folder itself tells what is done."""
    folder = runtime.backups
    if folder is None or not _is_owed(runtime, folder):
        return SweepReport()

    def work(_: str) -> None:
        copied = back_up_into(runtime, folder)
        _log.info("%s is written and proved: %d rows", copied.file, copied.rows)

    return each(runtime, "nightly-backup", ["folder"], key=str, work=work)


def _is_owed(runtime: Runtime, folder: BackupFolder) -> bool:
    zone = _zone(runtime)
    night = night_of(runtime.clock.now(), zone)
    if night is None:
        return False
    there = folder.backups()
    return not there or night_of(moment_of(there[-1]), zone) != night


def _zone(runtime: Runtime) -> ZoneInfo:
    """The night is that of the clinic that was here first."""
    with runtime.database.reading(None) as session:
        return ZoneInfo(session.scalar(select(ClinicRow.timezone).order_by(ClinicRow.id).limit(1)) or "UTC")
