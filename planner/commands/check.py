"""`check`: tells an operator what is wrong with a set-up, a line each, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final

import click
from sqlalchemy.exc import SQLAlchemyError

from planner import wiring
from planner.commands.checks import backups, database, machine, mail, server_database, settings
from planner.commands.checks.finding import Finding, Findings, SetUp
from planner.commands.setup import load_config
from planner.errors import PlannerError

CHECKS: Final[tuple[Callable[[SetUp], Findings], ...]] = (
    *(settings.secret_key, settings.files, settings.address, settings.proxies, settings.figures),
    *(machine.writing, machine.disk, database.disk_kind, database.database, database.journal, database.clinic),
    *(server_database.server, server_database.way, server_database.rights, server_database.walls),
    *(server_database.connections, server_database.server_clock, backups.backups),
    *(database.clock, machine.timers, machine.server, mail.mail),
    *(machine.workers, machine.static_files, machine.machine_code, machine.zones),
)
INSIDE: Final = (
    *(database.journal, database.clinic, database.clock, server_database.server, server_database.way),
    *(server_database.rights, server_database.walls, server_database.connections, server_database.server_clock),
    machine.workers,
)
"""What can only be looked at where there is a database; where there is none, that is said once."""


@click.command(short_help="Tell what is wrong with this set-up.")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
@click.option("--send-test", metavar="ADDRESS", help="Also send a message to ADDRESS.")
def check(as_json: bool, send_test: str | None) -> None:
    """Look at everything that an operator can get wrong: settings, secrets, database, disk, clock, mail, timers.

    ✓ is good, ! could be better, ✗ does not work; then the exit code is 1.
    """
    found = list(_findings(send_test))
    bad = any(finding.state == "bad" for finding in found)
    if as_json:
        lines = [finding.to_json() for finding in found]
        click.echo(json.dumps({"ok": not bad, "findings": lines}, indent=2, ensure_ascii=False))
    else:
        for finding in found:
            click.echo("\n".join(finding.lines()))
    if bad:
        raise SystemExit(1)


def _findings(send_test: str | None) -> Iterator[Finding]:
    try:
        config = load_config()
    except PlannerError as refusal:
        todo = "Put it right in settings.toml or the environment; docs/settings.md has them all."
        yield Finding("bad", "settings", refusal.message, todo)
        return
    yield Finding("good", "settings", f"of {config.instance}")
    set_up = SetUp(config, wiring.build(config))
    there = not any(finding.state == "bad" for finding in looked(database.there, set_up))
    for look in CHECKS:
        if there or look not in INSIDE:
            yield from looked(look, set_up)
    if send_test is not None:
        yield mail.send_test(set_up, send_test)
    set_up.runtime.database.close()


def looked(look: Callable[[SetUp], Findings], set_up: SetUp) -> list[Finding]:
    """What one check found; where it could not even look, that is what it found."""
    try:
        return list(look(set_up))
    except PlannerError as refusal:
        words = refusal.message
    except (OSError, SQLAlchemyError) as error:
        words = str(error).splitlines()[0]
    about = look.__name__.replace("_", " ")
    return [
        Finding("bad", about, f"this could not be looked at: {words}", "Put right what stands above, and look again.")
    ]
