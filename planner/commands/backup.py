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
from planner.errors import InvalidInput
from planner.services.backup_folder import BackupFolder, name_at
from planner.services.backups import back_up_into
from planner.storage.backup import Copied, Progress, back_up, clinics_in, database_file
from planner.storage.backup import restore as put_back


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="In a folder: keep the newest so many, throw older ones away.")
def backup(target: Path, keep: int | None) -> None:
    """Copy the database into TARGET, a file that does not exist yet or a folder; the planner may run meanwhile.

    The copy is of one moment. It bears its name only when it was opened and proved: pages, references, schema, the
    guard against double booking, and as many rows in each table as the database had. In a folder it is named by its
    moment in UTC. The settings `backup_folder` and `backup_keep` let the timers do this each night.
    """
    config = load_config()
    file = database_file(config.database_url)
    with _bar("Copying") as progress:
        if target.is_dir():
            copied = back_up_into(wiring.build(config), BackupFolder(target.absolute(), keep), progress)
        elif keep is not None:
            raise InvalidInput(f"--keep is for a folder, and there is no folder {target}.", field="keep")
        else:
            copied = back_up(file, target.absolute(), progress)
    click.echo(f"{copied.file} is whole: {_words(copied)}.")


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also where there is a clinic already; its database is kept beside it.")
def restore(source: Path, force: bool) -> None:
    """Put the backup SOURCE in the place of this instance's database, while the planner does not run.

    The backup is copied, brought to this program's schema and proved before it takes the place; the database that was
    there is kept beside it. Whatever was changed after the backup is not in it: messages that went out since are owed
    again, and calendars show what the backup knows.
    """
    config = load_config()
    file = database_file(config.database_url)
    with in_use(config, alone=True):
        if not force and clinics_in(file):
            raise InvalidInput(
                f"There is a clinic in {file} already. With --force the backup takes its place, and it is kept beside."
            )
        aside = file.with_name(f"before-restore-{name_at(SystemClock().now())}")
        was_there = file.exists()
        with _bar("Restoring") as progress:
            copied = put_back(source.absolute(), file, aside, progress)
    click.echo(f"{copied.file} is restored: {_words(copied)}.")
    if was_there:
        click.echo(f"What was there before is {aside}.")


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
