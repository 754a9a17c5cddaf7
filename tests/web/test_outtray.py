"""What would have been sent, as reception reads it."""

from dataclasses import replace

import pytest

from planner.app import create_app
from planner.config import Smtp
from planner.storage.people import PatientRow
from tests.web.browser_without_screen import Browser
from tests.web.examples import put_into_outtray

OURS = "Northside Clinic"


def test_an_empty_outtray_says_why(browser_of, clinic):
    """Messages wait before they go out."""
    answer = browser_of(clinic.rosa).get("/outtray")
    assert "Nothing here yet" in answer.text
    assert ">Outtray</a>" in answer.text


def test_reception_reads_what_a_patient_was_told(browser_of, runtime, clinic):
    """List, text with its links, and the whole message as a file."""
    name = put_into_outtray(runtime, OURS, "ana@example.org", "Deine Größe")
    rosa = browser_of(clinic.rosa)
    listed = rosa.get("/outtray").text
    assert f'href="/outtray/{name}"' in listed
    assert "Deine Größe" in listed
    page = rosa.get(f"/outtray/{name}").text
    assert 'href="http://127.0.0.1:8000/p/secret"' in page
    assert "&lt;b&gt;" in page
    whole = rosa.get(f"/outtray/{name}/download")
    assert whole.mimetype == "message/rfc822"
    assert whole.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert b"Subject:" in whole.data


def test_another_clinics_messages_do_not_exist_even_to_a_shared_patient(browser_of, runtime, clinic, other_clinic):
    """Ana goes to both clinics with one address."""
    with runtime.writing(other_clinic.system) as unit:
        unit.get(PatientRow, other_clinic.ana).email = "Ana@example.org"
    name = put_into_outtray(runtime, OURS, "ana@example.org", "From Northside")
    stranger = browser_of(other_clinic.rosa)
    assert "From Northside" not in stranger.get("/outtray").text
    assert stranger.get(f"/outtray/{name}").status_code == 404
    assert stranger.get(f"/outtray/{name}/download").status_code == 404
    assert browser_of(clinic.rosa).get(f"/outtray/{name}").status_code == 200


def test_a_message_to_nobody_of_the_clinic_is_not_shown(browser_of, runtime, clinic):
    """The folder may hold anything."""
    name = put_into_outtray(runtime, OURS, "someone@example.org")
    assert browser_of(clinic.rosa).get(f"/outtray/{name}").status_code == 404


@pytest.mark.parametrize("name", ["../planner.sqlite", "..%2Fplanner.sqlite", "nothing.eml", "%00"])
def test_nothing_but_messages_can_be_fetched(browser_of, runtime, clinic, name):
    """Whatever is written into the address."""
    put_into_outtray(runtime, OURS, "ana@example.org")
    assert browser_of(clinic.rosa).get(f"/outtray/{name}/download").status_code == 404


def test_a_broken_file_does_not_hide_the_others(browser_of, runtime, clinic, config):
    """It is left out."""
    put_into_outtray(runtime, OURS, "ana@example.org", "A good one")
    (config.outtray / "20260302T080000Z-broken.eml").write_bytes(b"\xff\xfe\x00")
    assert "A good one" in browser_of(clinic.rosa).get("/outtray").text


def test_with_a_mail_server_there_is_no_outtray(runtime, config, clinic):
    """Neither in the bar nor on the page; old files are not shown as if they waited."""
    name = put_into_outtray(runtime, OURS, "ana@example.org")
    smtp = Smtp(host="mail.example", port=25, security="none", sender="clinic@example.org")
    rosa = Browser(create_app(runtime, replace(config, smtp=smtp)))
    rosa.sign_in(clinic.rosa)
    page = rosa.get("/outtray").text
    assert "Messages go out by e-mail" in page
    assert ">Outtray</a>" not in page
    assert rosa.get(f"/outtray/{name}").status_code == 404


def test_a_therapist_does_not_read_the_mail(browser_of, clinic):
    """It is reception's and the manager's."""
    assert browser_of(clinic.ben).get("/outtray").status_code == 403
    assert browser_of(clinic.mo).get("/outtray").status_code == 200
