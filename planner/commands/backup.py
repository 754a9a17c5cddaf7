"""`backup` and `restore`: a copy of the whole database that is proved to be one, and the way back from it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from planner import wiring
from planner.clock import SystemClock
from planner.commands.setup import in_use, load_config
from planner.config import Config
from planner.errors import InvalidInput
from planner.services.backup_folder import BackupFolder, name_at
from planner.services.backups import back_up, back_up_into
from planner.storage.backup import Copied, Progress, clinics_in, database_file
from planner.storage.backup import restore as put_back
from planner.storage.database import Database
from planner.storage.server_backup import clinics_on, restore_server


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="In a folder: keep the newest so many, throw older ones away.")
def backup(target: Path, keep: int | None) -> None:
    """Copy the database into TARGET, a file that does not exist yet or a folder; the planner may run meanwhile.

    The copy is of one moment, and a file of SQLite's from whichever database. It bears its name only when it was
    opened and proved: pages, references, schema, the guard against double booking, and as many rows in each table as
    the database had; from PostgreSQL also the digest of each table. In a folder it is named by its moment in UTC. The
    settings `backup_folder` and `backup_keep` let the timers do this each night.
    """
    runtime = wiring.build(load_config())
    click.get_current_context().call_on_close(runtime.database.close)
    with _bar("Copying") as progress:
        if target.is_dir():
            copied = back_up_into(runtime, BackupFolder(target.absolute(), keep), progress)
        elif keep is not None:
            raise InvalidInput(f"--keep is for a folder, and there is no folder {target}.", field="keep")
        else:
            copied = back_up(runtime.database, target.absolute(), progress)
    click.echo(f"{copied.file} is whole: {_words(copied)}.")


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also where there is a clinic already; its database is kept beside it.")
def restore(source: Path, force: bool) -> None:
    """Put the backup SOURCE in the place of this instance's database, while the planner does not run.

    The backup is copied, brought to this program's schema and proved before it takes the place, of whichever database
    it was made; what was there is kept, as a file beside the new one, or on PostgreSQL as a schema of another name in
    the same database. Whatever was changed after the backup is not in it: messages that went out since are owed
    again, and calendars show what the backup knows.
    """
    config = load_config()
    file = database_file(config.database_url)
    with in_use(config, alone=True), _bar("Restoring") as progress:
        if file is None:
            said = _into_server(config, source.absolute(), force, progress)
        else:
            said = _into_file(file, source.absolute(), force, progress)
    click.echo("\n".join(said))


def _into_file(file: Path, source: Path, force: bool, progress: Progress) -> list[str]:
    """Restore into a file; gives what to tell."""
    if not force and clinics_in(file):
        raise InvalidInput(
            f"There is a clinic in {file} already. With --force the backup takes its place, and it is kept beside."
        )
    aside = file.with_name(f"before-restore-{name_at(SystemClock().now())}")
    was_there = file.exists()
    copied = put_back(source, file, aside, progress)
    said = [f"{copied.file} is restored: {_words(copied)}."]
    return [*said, f"What was there before is {aside}."] if was_there else said


def _into_server(config: Config, source: Path, force: bool, progress: Progress) -> list[str]:
    """Restore into a server's database; gives what to tell."""
    database = Database(config.database_url)
    click.get_current_context().call_on_close(database.close)
    if not force and clinics_on(database):
        raise InvalidInput(
            f"There is a clinic in {database.name} already. With --force the backup takes its place, and it is kept as "
            "a schema of another name in the same database."
        )
    scratch = config.instance / ".restoring.sqlite"
    aside = f"before_restore_{SystemClock().now():%Y%m%dt%H%M%Sz}"
    copied, kept = restore_server(source, database, scratch, aside, progress)
    said = [f"{database.name} is restored: {_words(copied)}."]
    if kept is None:
        return said
    return [*said, f"What was there before is its schema {kept}. Drop it when it is not needed any more."]


@contextmanager
def _bar(label: str) -> Iterator[Progress]:
    """A bar on standard error, where somebody looks at it."""
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress


def _words(copied: Copied) -> str:
    tables = sum(1 for count in copied.counts.values() if count)
    return f"{copied.rows} rows in {tables} tables, schema {copied.step}"
