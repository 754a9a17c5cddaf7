"""`db upgrade`, `db check`, `db verify` and `db copy`."""

import click
from sqlalchemy import select

from planner import wiring
from planner.commands.setup import load_config, open_runtime
from planner.config import check_database_url
from planner.errors import StorageFailed
from planner.services import integrity
from planner.services.runtime import Actor
from planner.storage import schema
from planner.storage.copying import TableCopy, copy_all
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
    click.echo(f"The database is at step {schema.newest()} ({database.name}).")


@db.command()
def check() -> None:
    """Test the database, the references, the schema and the guard against double booking; changes nothing."""
    runtime = wiring.build(load_config())
    wiring.check_ready(runtime)
    problems = _problems(runtime.database)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise StorageFailed(f"The database has {len(problems)} faults. Mend what they name, or restore a backup.")
    click.echo("The database is whole: references, schema, and the guard against double booking.")


@db.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy everything from one database to another, from SQLite to PostgreSQL or back, and prove it row by row.

    FROM and TO are written as the setting database_url is. Stop the planner first: what is written meanwhile stays
    behind. TO must be empty; its tables are made. All of it arrives, or nothing. Afterwards set database_url to TO.
    """
    for url in (source, target):
        check_database_url(url)
    old, new = Database(source), Database(target)
    try:
        old.check_there()
        schema.upgrade(new)
        click.echo(f"From {old.name} to {new.name}")
        copied = copy_all(old, new, _tell)
    finally:
        old.close()
        new.close()
    click.echo(f"{sum(each.rows for each in copied)} rows of {len(copied)} tables arrived as they were.")


def _tell(done: TableCopy) -> None:
    click.echo(f"{done.table:<20}{done.rows:>10} rows   sha256 {done.digest}")


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
    return [*database.faults(), *(f"schema: {difference}" for difference in schema.differences(database))]
