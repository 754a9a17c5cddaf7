"""`audit verify` and `audit heads`: whether the chains of who did what are whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from planner.commands.setup import open_runtime
from planner.errors import StorageFailed
from planner.services import audit as service
from planner.storage.audit_walk import Head

_HEAD: Final = re.compile(r"audit head: clinic (\d+) (changes|access) (\d+) ([0-9a-f]{64}|-)")


@click.group()
def audit() -> None:
    """Look after the audit: who saw, changed and took out what."""


@audit.command()
@click.option(
    "--log",
    "logs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A log of the server or worker, with the ends that the chains had; may be given several times.",
)
def verify(logs: tuple[Path, ...]) -> None:
    """Walk the chains of all clinics and say where one breaks.

    Each line has the hash of the one before it, so a line that was changed, put in or taken out is found. Whether the
    end was cut off, or all was written anew, only ends that are kept elsewhere can tell: give them with --log.
    """
    runtime = open_runtime()
    known = [head for path in logs for head in heads_in(path)]
    broken = 0
    for clinic_id in dict.fromkeys([head.clinic_id for head in (*service.all_heads(runtime), *known)]):
        for each in service.find_breaks(runtime, clinic_id, known):
            broken += 1
            click.echo(f"clinic {clinic_id}, {each.chain}, line {each.number}: {each.says}", err=True)
    if broken:
        raise StorageFailed(f"The audit is not whole: {broken} places.")
    against = f", and agrees with {len(known)} ends of the log" if known else ""
    click.echo(f"The audit is whole{against}.")


@audit.command()
def heads() -> None:
    """Print where the chains end now, to be kept outside of this machine."""
    for head in service.all_heads(open_runtime()):
        click.echo(service.head_line(head))


def heads_in(path: Path) -> list[Head]:
    """The ends that a log tells of."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        found = [_HEAD.search(line) for line in lines]
    return [
        Head(int(match[1]), match[2], int(match[3]), "" if match[4] == "-" else match[4]) for match in found if match
    ]
