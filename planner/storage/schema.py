"""The whole schema, and the steps that bring a database to it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from planner.errors import DatabaseBusy, StorageFailed
from planner.storage import audit_rows, calendars, courses, doors, jobs, nights, opening, outward, people, progress
from planner.storage.base import Base
from planner.storage.database import Database

METADATA = Base.metadata
ROOMS = (audit_rows, calendars, courses, doors, jobs, nights, opening, outward, people, progress)
NOT_OURS: Final = ("procrastinate_", "worker_pulse")
"""How tables begin that have no row class: those of the queue of jobs, and the workers' signs of life (step 0011)."""

TRIES: Final = 20
PAUSE_SECONDS: Final = 3.0


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(database: Database, *, tries: int = TRIES, pause: Callable[[float], None] = time.sleep) -> None:
    """Bring the database to the newest schema, in one transaction, and test the guard.

    On PostgreSQL a step that can't have its table within a moment is taken back, with all before it, so that the clinic
    does not queue up behind it; it is tried again after a pause.

    Raises:
        DatabaseBusy: there was no such moment; nothing is changed.
        StorageFailed: a newer program has been there.
    """
    for number in range(1, tries + 1):
        try:
            _upgrade(database)
        except DatabaseBusy as error:
            if not _is_in_use(error):
                raise
            if number == tries:
                raise DatabaseBusy(
                    f"The tables are in use: {tries} times there was no moment to change them. Nothing was changed; "
                    "run `planner db upgrade` again when less is going on."
                ) from error
            pause(PAUSE_SECONDS)
        else:
            return


def _is_in_use(error: DatabaseBusy) -> bool:
    """Whether PostgreSQL did not give a lock in time."""
    return getattr(getattr(error.__cause__, "orig", None), "sqlstate", None) == "55P03"


def _upgrade(database: Database) -> None:
    with database.migrating() as connection:
        upgrade_on(connection)


def upgrade_on(connection: Connection) -> None:
    """The same within a transaction that somebody else began, with `Database.migrating`."""
    refuse_newer(step_of(connection))
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def refuse_newer(step: str | None) -> None:
    """Refuse a database that a newer program has brought to a step of its own.

    Raises:
        StorageFailed: saying what to do.
    """
    if step is not None and step not in steps():
        raise StorageFailed(
            f"The database is at step {step}, of a newer program; this one knows the steps to {newest()}. "
            "Start the newer program, or restore the backup that was made before the upgrade."
        )


def newest() -> str:
    """The newest step this program knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 - the package ships at least one step
    return head


def steps() -> frozenset[str]:
    """All steps this program knows."""
    return frozenset(step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions())


def older() -> frozenset[str]:
    """The steps before the newest one that this program knows."""
    return steps() - {newest()}


def current(database: Database) -> str | None:
    """The step the database is at; None before the first."""
    with database.engine.connect() as connection:
        return step_of(connection)


def step_of(connection: Connection) -> str | None:
    """The step of the database that a connection leads to."""
    return MigrationContext.configure(connection).get_current_revision()


def _is_ours(name: str | None, kind: str, _of: object) -> bool:
    """What the queue of jobs keeps belongs to no clinic, and is neither copied nor exported."""
    return kind != "table" or not str(name).startswith(NOT_OURS)


def differences(database: Database) -> list[object]:
    """What the tables have otherwise than the rows say; empty when all is well."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False, "include_name": _is_ours})
        return list(compare_metadata(context, METADATA))
