"""The page of all calendar addresses, and the help for each program."""

import re
from html import unescape

import pytest

from planner.services import feeds
from planner.services.feed_list import feed_list
from planner.web.calendars import HELP


@pytest.fixture
def mo(browser_of, clinic):
    """The manager's browser."""
    return browser_of(clinic.mo)


def test_the_clinics_address_is_made_shown_once_and_ended(mo, client, runtime, clinic):
    """From then on it answers as nonsense does."""
    page = mo.post("/calendars", {"owner": "clinic", "privacy": "full"}, follow_redirects=True).text
    path = re.search(r"http://[^\"]+(/f/[^\"]+\.ics)", page)[1]
    assert client.get(path).status_code == 200
    again = mo.get("/calendars").text
    assert path not in again
    assert "full names" in again
    (line,) = feed_list(runtime, clinic.mo.actor).of("clinic")
    mo.post(f"/calendars/{line.id}/end")
    assert client.get(path).status_code == 404


def test_reception_makes_no_calendar_with_full_names(browser_of, clinic):
    """Neither by the form, which does not offer it, nor around it."""
    rosa = browser_of(clinic.rosa)
    assert 'value="full"' not in rosa.get("/calendars").text
    assert rosa.post("/calendars", {"owner": "clinic", "privacy": "full"}).status_code == 403


@pytest.mark.parametrize("form", [{"owner": "nonsense"}, {"owner": "clinic", "privacy": "nonsense"}])
def test_nonsense_is_refused(mo, form):
    """422."""
    assert mo.post("/calendars", form).status_code == 422


def test_another_clinics_room_and_address_do_not_exist(mo, runtime, other_clinic):
    """404, as for nonsense."""
    assert mo.post("/calendars", {"owner": str(other_clinic.rooms[0])}).status_code == 404
    feeds.create_feed(runtime, other_clinic.mo.actor, patient_id=other_clinic.ana)
    (line,) = feed_list(runtime, other_clinic.mo.actor).lines
    assert mo.post(f"/calendars/{line.id}/end").status_code == 404


def test_staff_are_warned_when_a_calendar_has_been_silent_for_a_week(browser_of, client, runtime, clinic, clock):
    """Then changes reach the patient by message only; one look ends the warning."""
    address = feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    clock.advance(days=6, hours=23)
    rosa = browser_of(clinic.rosa)
    assert "Silent for a week" not in rosa.get(f"/patients/{clinic.ana}").text
    clock.advance(hours=1)
    rosa = browser_of(clinic.rosa)
    assert "Silent for a week" in rosa.get(f"/patients/{clinic.ana}").text
    assert "Silent for a week" in rosa.get("/calendars").text
    client.get("/f/" + address.rpartition("/")[2])
    assert "Silent for a week" not in rosa.get("/calendars").text


@pytest.mark.parametrize("program", HELP)
def test_each_program_has_a_page_of_help_that_says_how_often_it_really_looks(client, program):
    """Open to everybody: nothing on it is anybody's."""
    page = client.get(f"/calendar-help/{program}")
    assert page.status_code == 200
    assert HELP[program][1] in unescape(page.text)


def test_there_is_no_help_for_an_unknown_program(client):
    """404."""
    assert client.get("/calendar-help/abacus").status_code == 404
