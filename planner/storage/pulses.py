"""The workers' signs of life, for those on other machines: a line for the timers, and one for each kind of work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text

from planner.storage.database import Database

_SAY: Final = text("""
    INSERT INTO worker_pulse (name, said) VALUES (:name, CAST(:said AS json))
    ON CONFLICT (name) DO UPDATE SET said = excluded.said
""")
_KEEP: Final = text("DELETE FROM worker_pulse WHERE name <> ALL (:names)")
_SAID: Final = text("SELECT name, CAST(said AS text) FROM worker_pulse")


def write(database: Database, name: str, said: Mapping[str, Any]) -> None:
    """Put this in the place of what was said under the name before."""
    with database.beside() as connection:
        connection.execute(_SAY, {"name": name, "said": json.dumps(dict(said))})


def keep_only(database: Database, names: list[str]) -> None:
    """Forget all others: what an earlier program did by another name."""
    with database.beside() as connection:
        connection.execute(_KEEP, {"names": names})


def read(database: Database) -> dict[str, dict[str, Any]]:
    """What was said last, by name."""
    with database.beside() as connection:
        return {name: json.loads(words) for name, words in connection.execute(_SAID)}
