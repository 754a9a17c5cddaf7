"""Whether a backup is made each night, and how old the newest is."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from planner.commands.checks.finding import Finding, Findings, SetUp

_TOO_OLD: Final = timedelta(hours=50)
"""Two nights; by then somebody should have noticed."""


def backups(set_up: SetUp) -> Findings:
    """Whether there is one of these days."""
    folder, now = set_up.runtime.backups, set_up.runtime.clock.now()
    if folder is None:
        todo = "Set backup_folder to a folder on another disk, unless something else backs the database up each night."
        yield Finding("could", "backups", "none by night", todo)
        return
    newest, todo = (
        folder.newest,
        "Look into the log for nightly-backup; `planner backup` makes one now, or says why not.",
    )
    if newest is None:
        # The first night may still come.
        yield Finding("could", "backups", f"there is none yet in {folder.path}", todo)
    elif now - newest > _TOO_OLD:
        yield Finding("bad", "backups", f"the newest is of {newest:%Y-%m-%d %H:%M} UTC", todo)
    else:
        kept = len(folder.backups())
        yield Finding("good", "backups", f"the newest is of {newest:%Y-%m-%d %H:%M} UTC, one of {kept}")
