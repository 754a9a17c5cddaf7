"""`patient export` and `patient erase`: what a person may ask a clinic for, by hand."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from planner.commands.setup import open_runtime
from planner.errors import NotFound
from planner.services import erasure
from planner.services.origin import COMMAND
from planner.services.person_file import person_archive
from planner.services.runtime import Actor, Runtime
from planner.storage.people import PatientRow

_ID = click.argument("patient_id", metavar="ID", type=click.IntRange(min=1))


@click.group()
def patient() -> None:
    """Take out, or erase, all that is kept about one person; ID is the number in the address of their page."""


@patient.command()
@_ID
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The ZIP file to write.")
def export(patient_id: int, out: Path) -> None:
    """Write everything about the person into one archive: person.json for programs, person.html to read."""
    runtime = open_runtime()
    archive = person_archive(runtime, _by_command(runtime, patient_id), patient_id)
    # Nobody else on this machine may read it.
    out.touch(mode=0o600)
    out.write_bytes(archive)
    click.echo(f"Written: {out}")


@patient.command()
@_ID
@click.option("--cancel-visits", is_flag=True, help="Call off what is still ahead; nobody is written to about it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(patient_id: int, *, cancel_visits: bool, yes: bool) -> None:
    """Erase the person: details, notes, findings, measures, messages and calendars go; visits stay without a name.

    It can't be taken back. The law may oblige you to keep a patient's records for some years.
    """
    runtime = open_runtime()
    actor = _by_command(runtime, patient_id)
    found = erasure.look(runtime, actor, patient_id)
    click.echo(
        f"{found.name}: {found.ahead} visits ahead, {found.kept} given, {found.notes} notes, "
        f"{found.outcomes} measures, {found.messages} messages."
    )
    if not yes:
        click.confirm("Erase this person?", abort=True)
    erasure.erase(runtime, actor, patient_id, cancel_visits=cancel_visits)
    click.echo("Erased. Backups still have the person until they are overwritten.")


def _by_command(runtime: Runtime, patient_id: int) -> Actor:
    """Whoever has this machine, in the clinic of the patient."""
    with runtime.database.reading(None) as session:
        clinics = session.scalars(select(PatientRow.clinic_id).where(PatientRow.id == patient_id)).all()
    if len(clinics) != 1:
        raise NotFound(f"There is no patient {patient_id}.")
    return Actor(clinics[0], "the planner", origin=COMMAND)
