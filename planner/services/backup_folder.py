"""A folder of backups: each is named by its moment, so that the names tell which is the newest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from planner.errors import InvalidInput

_NAME: Final = "planner-%Y%m%dT%H%M%SZ.sqlite"
_OURS: Final = re.compile(r"planner-\d{8}T\d{6}Z\.sqlite")


@dataclass(frozen=True, slots=True)
class BackupFolder:
    """Where backups are kept, and how many.

    Args:
        keep: the newest so many stay; None: all.
    Raises:
        InvalidInput: nothing would be kept.
    """

    path: Path
    keep: int | None = None

    def __post_init__(self) -> None:
        if self.keep is not None and self.keep < 1:
            raise InvalidInput("At least one backup must be kept.", field="keep")

    def backups(self) -> list[Path]:
        """Those there are, the oldest first; files that somebody else put there are none."""
        return sorted(file for file in self.path.glob("planner-*.sqlite") if _OURS.fullmatch(file.name))

    @property
    def newest(self) -> datetime | None:
        """When the newest was made; None: there is none."""
        files = self.backups()
        return moment_of(files[-1]) if files else None


def name_at(now: datetime) -> str:
    """What a backup of this moment is called."""
    return now.astimezone(UTC).strftime(_NAME)


def moment_of(backup: Path) -> datetime:
    """When a backup was made."""
    return datetime.strptime(backup.name, _NAME).replace(tzinfo=UTC)
