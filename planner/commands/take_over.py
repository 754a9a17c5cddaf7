"""`import-appointments`: takes a clinic's appointments over from its earlier system; without --apply it only shows."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy import select

from planner.calendars.busy import MOST_BYTES
from planner.commands.files import STANDARD, BadFile
from planner.commands.setup import open_runtime
from planner.errors import InvalidInput
from planner.services.runtime import Actor, Runtime
from planner.services.taken_courses import preview, take_over
from planner.services.taking_over import Taken, TakeOver, summary
from planner.storage.people import ClinicRow


@click.command("import-appointments", short_help="Take appointments over from an earlier system.")
@click.argument("file", metavar="FILE")
@click.option("--apply", "do_it", is_flag=True, help="Book them; otherwise it is only shown what would happen.")
@click.option("--therapist", default="", metavar="NAME", help="Who treats where a line names nobody.")
@click.option("--clinic", "clinic_name", default="", metavar="NAME", help="Which clinic, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON for a program.")
def import_appointments(file: str, do_it: bool, therapist: str, clinic_name: str, as_json: bool) -> None:
    """Show what taking over FILE would do, or with --apply do it: everything, or nothing.

    FILE is a calendar file (.ics) or a CSV table whose first line names the columns:

    \b
    uid,patient,email,phone,start,minutes,therapist,room,status
    4711,Ana Silva,ana@example.org,,2026-03-04 09:30,45,Ben Okafor,Room 1,booked

    patient, start and minutes (or end) are needed; date and time may stand in place of start. Times without a zone
    are the clinic's. A line without a room gets one that is free. Patients are found by name and e-mail, or added.
    Run again with the same file it books nothing twice; it knows each appointment by its uid.
    """
    runtime = open_runtime()
    try:
        actor = _actor(runtime, clinic_name)
        found = (take_over if do_it else preview)(runtime, actor, _read(file), therapist)
    finally:
        runtime.database.close()
    if as_json:
        lines = [{**asdict(line), "start": line.start.isoformat() if line.start else None} for line in found.lines]
        click.echo(json.dumps({"applied": do_it, "lines": lines}, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([*map(_row, found.lines), "", _end(found, do_it)]))
    if found.count("problem"):
        raise click.exceptions.Exit(1)


def _read(name: str) -> bytes:
    try:
        with sys.stdin.buffer if name == STANDARD else Path(name).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadFile(f"{name} can't be read: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise BadFile(f"{name} is larger than {MOST_BYTES // 1024 // 1024} MB. Take it over in parts.")
    return data


def _actor(runtime: Runtime, name: str) -> Actor:
    with runtime.database.reading(None) as session:
        clinics = {row.id: row.name for row in session.execute(select(ClinicRow.id, ClinicRow.name))}
    wanted = [row_id for row_id, its_name in clinics.items() if not name or its_name == name]
    if len(wanted) != 1:
        names = ", ".join(sorted(clinics.values())) or "none; open one with `planner clinic`"
        raise InvalidInput(f"Say which clinic with --clinic. There are: {names}.", field="clinic")
    return Actor.system(wanted[0])


def _row(line: Taken) -> str:
    when = f"{line.start:%a %Y-%m-%d %H:%M}" if line.start else "?"
    what = "new patient" if line.new_patient else line.says
    cells = (f"{line.line:>5}", f"{line.outcome:<8}", f"{when:<20}", f"{line.minutes:>4} min", f"{line.patient:<24}")
    return "  ".join([*cells, f"{line.therapist:<20}", f"{line.room:<10}", what]).rstrip()


def _end(found: TakeOver, done: bool) -> str:
    if done:
        return f"{len(found.places)} taken over."
    advice = (
        "Nothing can be taken over before the problems are solved." if found.count("problem") else "Book with --apply."
    )
    return f"{summary(found)}. {advice}"
