"""The first run: five steps from an empty instance to a clinic that can book."""

import re

import pytest
from sqlalchemy import func, select

from planner.services import accounts
from planner.services.first_run import setup_address
from planner.services.opening import any_clinic
from planner.services.runtime import Actor
from planner.storage.opening import ClosureRow, HoursRow
from planner.storage.people import ClinicRow, RoomRow, StaffRow

CLINIC = {"name": "Südwind Praxis", "country": "DE", "phone": "030 1234567", "email": "praxis@example.org"}
PLACE = {"timezone": "Europe/Berlin", "subdivision": "BE", "language": "de", "currency": "EUR"}
PLACE |= {"first_0": "2026-12-24", "last_0": "2026-12-31"}
HOURS = {f"day_{day}": "09:00-12:00, 13:00-17:00" for day in range(4)}
ROOMS = {"rooms": "Raum 1\r\n\r\n Raum 2 \r\n"}
PEOPLE = {
    "my_name": "Mo Adeyemi", "my_email": "mo@example.org", "my_password": "four unrelated words",
    "my_repeated": "four unrelated words", "my_treats": "1",
    "name_0": "Rosa Lind", "email_0": "rosa@example.org", "role_0": "reception",
    "role_1": "therapist", "treats_1": "1",
}  # fmt: skip
STEPS = {"clinic": CLINIC, "place": PLACE, "hours": HOURS, "rooms": ROOMS, "people": PEOPLE}


@pytest.fixture
def path(runtime):
    """The link that `planner serve` prints."""
    return setup_address(runtime).removeprefix(runtime.base_url)


def carried(page):
    """The hidden fields of a page, as a browser sends them again."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


def walk(client, path, until="people", **changes):
    """Fill one step after the other; gives the answer to the last."""
    answer = client.get(path)
    for step, values in STEPS.items():
        answer = client.post(path, {**carried(answer.text), **values, **changes})
        if step == until or answer.status_code != 200:
            return answer
    raise AssertionError(until)


def test_five_steps_open_a_clinic_that_can_book_and_sign_its_manager_in(client, path, runtime):
    """With everything that was typed, and the colleague's first password shown once."""
    answer = walk(client, path)
    assert "Ihre Praxis ist eröffnet" in answer.text or "Your clinic is open" in answer.text
    with runtime.database.reading(None) as session:
        clinic = session.scalars(select(ClinicRow)).one()
        assert (clinic.name, clinic.timezone, clinic.subdivision) == ("Südwind Praxis", "Europe/Berlin", "BE")
        assert (clinic.language, clinic.currency, clinic.phone) == ("de", "EUR", "030 1234567")
        assert session.scalars(select(RoomRow.name).order_by(RoomRow.name)).all() == ["Raum 1", "Raum 2"]
        assert session.scalar(select(func.count()).select_from(ClosureRow)) == 1
        mo, rosa = session.scalars(select(StaffRow).order_by(StaffRow.name)).all()
        assert (mo.role, mo.treats, mo.password_once) == ("manager", True, False)
        assert (rosa.role, rosa.treats, rosa.password_once) == ("reception", False, True)
        hours = session.scalars(select(HoursRow)).all()
        assert {row.practitioner_id for row in hours} == {mo.id}
        assert len(hours) == 8
    assert client.get("/settings").status_code == 200
    password = re.search(r'class="secret">([^<]+)<', answer.text)[1]
    assert accounts.sign_in(runtime, "rosa@example.org", password)[1].password_once


@pytest.mark.parametrize("until", ["clinic", "place", "hours", "rooms"])
def test_nothing_is_made_before_the_last_step(client, path, runtime, until):
    """Whoever stops half way leaves no half clinic."""
    assert walk(client, path, until).status_code == 200
    assert not any_clinic(runtime)


@pytest.mark.parametrize(
    ("step", "changes", "field"),
    [
        ("clinic", {"name": " "}, "name"),
        ("clinic", {"country": "XX"}, "country"),
        ("clinic", {"email": "praxis@"}, "email"),
        ("clinic", {"phone": "at the desk"}, "phone"),
        ("place", {"timezone": ""}, "timezone"),
        ("place", {"timezone": "Mars/Base"}, "timezone"),
        ("place", {"currency": "XXX1"}, "currency"),
        ("place", {"last_0": "2026-12-01"}, "last_0"),
        ("hours", {"day_0": "9 to noon"}, "day_0"),
        ("rooms", {"rooms": " \r\n"}, "rooms"),
        ("rooms", {"rooms": "Raum 1\r\nRaum 2\r\nraum 1"}, "rooms"),
        ("people", {"email_0": "MO@example.org"}, "email_0"),
        ("people", {"my_password": "short", "my_repeated": "short"}, "my_password"),
        ("people", {"my_repeated": "another one altogether"}, "my_repeated"),
        ("people", {"my_email": "mo"}, "my_email"),
        ("people", {"name_0": ""}, "name_0"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field_and_all_that_was_typed_stays(
    client, path, runtime, step, changes, field
):
    """422; the steps before are still carried along."""
    answer = walk(client, path, step, **changes)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert not any_clinic(runtime)
    if step != "clinic":
        assert carried(answer.text)["name"] == "Südwind Praxis"


def test_somebody_must_treat(client, path, runtime):
    """Else nobody could be booked."""
    answer = client.get(path)
    for values in STEPS.values():
        # An empty row is nobody, ticked or not.
        kept = {name: value for name, value in values.items() if name != "my_treats"}
        answer = client.post(path, {**carried(answer.text), **kept})
    assert answer.status_code == 422
    assert 'id="my_treats-error"' in answer.text


def test_two_people_with_one_address_are_refused_and_nothing_is_made(client, path, runtime):
    """All or nothing."""
    assert walk(client, path, email_0="MO@example.org").status_code == 422
    assert not any_clinic(runtime)


def test_one_goes_back_without_losing_anything(client, path):
    """What was typed in the step that is left as well."""
    place = walk(client, path, "clinic")
    back = client.post(path, {**carried(place.text), **PLACE, "go": "back"})
    assert 'value="Südwind Praxis"' in back.text
    assert carried(back.text)["timezone"] == "Europe/Berlin"


def test_a_country_brings_its_zone_language_and_currency(client, path):
    """Chosen already on the next step."""
    page = walk(client, path, "clinic").text
    assert '<option value="Europe/Berlin" selected' in page or '<option value="Europe/Busingen"' in page
    assert '<option value="de" selected' in page
    assert '<option value="EUR" selected' in page


@pytest.mark.parametrize(
    ("country", "code", "name"),
    [("DE", "BE", "Berlin"), ("AT", "9", "Wien"), ("FR", "971", "Guadeloupe"), ("GB", "SCT", "Scotland")],
)
def test_regions_are_asked_for_by_name(client, path, country, code, name):
    """Nobody knows their own by a code."""
    place = walk(client, path, "clinic", country=country).text
    assert re.search(rf'<option value="{code}"[^>]*>{name}</option>', place)
    assert f">{code}</option>" not in place


def test_a_stranger_with_another_link_finds_nothing(client, path, runtime):
    """404, before and after the clinic is open."""
    for wrong in (path[:-1], f"{path}x", "/setup/guessed"):
        assert client.get(wrong).status_code == 404
        assert client.post(wrong, PEOPLE).status_code == 404
    assert not any_clinic(runtime)


def test_the_link_opens_nothing_once_there_is_a_clinic(client, path, runtime, clinic):
    """It leads to the sign-in; what is sent makes no second one."""
    assert client.get(path).location == "/sign-in"
    everything = {name: value for values in STEPS.values() for name, value in values.items()}
    assert client.post(path, {**everything, "step": "people"}).location == "/sign-in"
    with runtime.reading(Actor.system(clinic.id)) as unit:
        assert unit.session.scalar(select(func.count()).select_from(ClinicRow)) == 1
