"""`db upgrade`, `db check` and `db verify`."""

import click
from sqlalchemy import select, text

from planner import wiring
from planner.commands.setup import load_config, open_runtime
from planner.errors import StorageFailed
from planner.services import integrity
from planner.services.runtime import Actor
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.people import ClinicRow


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


@db.command()
def verify() -> None:
    """Look through all clinics' data: appointments, histories, overlaps, calendars, messages. Changes nothing."""
    runtime = open_runtime()
    with runtime.database.reading(None) as session:
        clinics = session.execute(select(ClinicRow.id, ClinicRow.name).order_by(ClinicRow.id)).all()
    found = 0
    for clinic_id, name in clinics:
        for finding in integrity.verify(runtime, Actor.system(clinic_id)):
            found += 1
            where = f" (course {finding.course_id})" if finding.course_id else ""
            click.echo(f"{name}: {finding.says}{where}", err=True)
    if found:
        raise StorageFailed(f"{found} things are not as they must be. Compare with a backup: `planner restore --help`.")
    click.echo(f"All is as it must be in {len(clinics)} clinics: {', '.join(integrity.CHECKS)}.")


def _problems(database: Database) -> list[str]:
    with database.reading(None) as session:
        integrity = [str(row[0]) for row in session.execute(text("PRAGMA integrity_check"))]
        orphans = list(session.execute(text("PRAGMA foreign_key_check")))
    return [
        *(f"file: {line}" for line in integrity if line != "ok"),
        *(f"reference: a row of {orphan[0]} points to a missing row of {orphan[2]}" for orphan in orphans),
        *(f"schema: {difference}" for difference in schema.differences(database)),
    ]
