"""`clinic`: opens a real clinic from a file, and prints the first passwords."""

import json

import click

from planner import wiring
from planner.commands.files import contents_of, read_json
from planner.commands.setup import load_config
from planner.services.opening import Opening, open_clinic
from planner.storage import schema


@click.command(short_help="Open a clinic: its rooms, people and hours.")
@click.argument("file", metavar="CLINIC")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
def clinic(file: str, as_json: bool) -> None:
    """Open the clinic that CLINIC describes (a JSON file, or -), and print everybody's first password, once.

    \b
    {"name": "Northside Clinic", "timezone": "Europe/London", "country": "GB", "subdivision": "SCT",
     "address": "1 High Street", "phone": "0131 496 0000", "email": "desk@northside.example",
     "rooms": ["Room 1", "Room 2"],
     "staff": [
       {"name": "Mo Adeyemi", "email": "mo@northside.example", "role": "manager"},
       {"name": "Rosa Lind", "email": "rosa@northside.example", "role": "reception"},
       {"name": "Ben Okafor", "email": "ben@northside.example", "role": "therapist",
        "hours": [{"weekday": 0, "from": "08:00", "to": "12:00"},
                  {"weekday": 0, "from": "13:00", "to": "17:00"}]}]}

    Weekday 0 is Monday; two lines a day leave a break between them. Whoever has hours treats patients. All is made,
    or nothing. Everybody should change their password after the first sign-in.
    """
    data = read_json(file)
    with contents_of(file):
        opening = Opening.from_json(data)
    config = load_config()
    runtime = wiring.build(config)
    schema.upgrade(runtime.database)
    made = open_clinic(runtime, opening)
    runtime.database.close()
    if as_json:
        people = [{"name": p.name, "email": p.email, "role": p.role, "password": p.password} for p in made]
        click.echo(json.dumps({"url": config.base_url, "sign_ins": people}, indent=2, ensure_ascii=False))
        return
    click.echo(f"{opening.clinic.name} is open. Sign in at {config.base_url}/sign-in after `planner serve`.")
    width = max(len(person.email) for person in made)
    for person in made:
        click.echo(f"  {person.email:<{width}}  {person.password}  {person.name} ({person.role})")
