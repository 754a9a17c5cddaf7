"""`demo`: a clinic to look at, with people, courses in every state and a list for today."""

import dataclasses
import json

import click

from planner import wiring
from planner.commands.setup import load_config
from planner.services.demo.install import Demo, ensure_demo
from planner.storage import schema

_SHOWN_PATIENTS = 3


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", help="The port that `planner serve` will use.")
def demo(as_json: bool, port: int | None) -> None:
    """Make the demo clinic, if it is not there yet, and print how to look at it.

    It goes into the instance ($PLANNER_INSTANCE). Its messages land in the outtray unless a mail server is set up;
    even then they go to invented addresses which no mail reaches.
    """
    config = load_config()
    runtime = wiring.build(dataclasses.replace(config, port=port or config.port))
    schema.upgrade(runtime.database)
    made = ensure_demo(runtime, config.instance / "demo.json")
    runtime.database.close()
    click.echo(json.dumps(made.to_json(), indent=2, ensure_ascii=False) if as_json else _words(made))


def _words(made: Demo) -> str:
    width = max(len(each.email) for each in made.sign_ins)
    lines = [
        f"The demo clinic is ready for {made.url}",
        "",
        f"Sign in at {made.url}/sign-in, password: {made.sign_ins[0].password}",
        *(f"  {each.email:<{width}}  {each.name} ({each.role})" for each in made.sign_ins),
        "",
        "Patients' pages, opened by their link alone",
        *(f"  {each.name}: {each.link}" for each in made.patients[:_SHOWN_PATIENTS]),
        "",
        "Calendars to subscribe to",
        *(f"  {each.name}: {each.feed}" for each in (*made.therapists, *made.patients) if each.feed),
    ]
    return "\n".join(lines)
