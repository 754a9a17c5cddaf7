"""`db upgrade` and `db check`."""

import click
from sqlalchemy import text

from planner import wiring
from planner.commands.setup import load_config
from planner.errors import StorageFailed
from planner.storage import schema
from planner.storage.database import Database


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Make the database, or bring it to this program's schema; nothing happens if it is there already."""
    database = wiring.build(load_config()).database
    schema.upgrade(database)
    click.echo(f"The database is at step {schema.newest()} ({database.url.database}).")


@db.command()
def check() -> None:
    """Test the file, the references, the schema and the guard against double booking; changes nothing."""
    runtime = wiring.build(load_config())
    wiring.check_ready(runtime)
    problems = _problems(runtime.database)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise StorageFailed(f"The database has {len(problems)} faults. Restore a backup.")
    click.echo("The database is whole: file, references, schema, and the guard against double booking.")


def _problems(database: Database) -> list[str]:
    with database.reading(None) as session:
        integrity = [str(row[0]) for row in session.execute(text("PRAGMA integrity_check"))]
        orphans = list(session.execute(text("PRAGMA foreign_key_check")))
    return [
        *(f"file: {line}" for line in integrity if line != "ok"),
        *(f"reference: a row of {orphan[0]} points to a missing row of {orphan[2]}" for orphan in orphans),
        *(f"schema: {difference}" for difference in schema.differences(database)),
    ]
