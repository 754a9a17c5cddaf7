"""How the clinic reaches a patient, changed on their page; and what a link opens that was made for one visit."""

import re
from datetime import timedelta

import pytest

from planner.services import patient_links, patients, reminders
from planner.services.messages import send_outbox
from planner.storage.people import PatientRow
from tests.factories import ANA_LINK
from tests.web.ana_course import book_ana
from tests.web.test_every_page import check_html


@pytest.fixture
def course(runtime, clinic):
    """Ana's booked course."""
    return book_ana(runtime, clinic)


@pytest.fixture
def plan(runtime, clinic, course):
    """Ana's plan, by a link as reception shows it."""
    return patients.new_link(runtime, clinic.rosa.actor, clinic.ana).removeprefix(runtime.base_url)


def test_a_new_address_holds_after_the_code(client, runtime, clinic, mailer, plan):
    """Which went to the old one."""
    page = client.get(f"{plan}/contact").text
    check_html(page, whole=True)
    assert "a…@example.org" in page
    assert "ana@example.org" not in page
    assert client.post(f"{plan}/contact", {"email": "ana@new.example"}).location == f"{plan}/contact"
    waiting = client.get(f"{plan}/contact").text
    check_html(waiting, whole=True)
    send_outbox(runtime)
    code = re.search(r"^(\d{6})$", mailer.sent[-1].text, re.MULTILINE)[1]
    wrong = client.post(f"{plan}/contact/code", {"code": "x"})
    assert wrong.status_code == 422
    assert 'id="code-error"' in wrong.text
    assert client.post(f"{plan}/contact/code", {"code": code}).location == plan
    assert patients.get(runtime, clinic.rosa.actor, clinic.ana).details.email == "ana@new.example"


def test_a_change_can_be_left_as_it_is(client, plan):
    """The form for another one is back."""
    client.post(f"{plan}/contact", {"phone": "0131 496 0001"})
    assert client.post(f"{plan}/contact/leave").location == plan
    assert 'name="phone"' in client.get(f"{plan}/contact").text


def test_what_makes_no_sense_is_refused_at_its_field(client, plan):
    """With what was typed."""
    answer = client.post(f"{plan}/contact", {"email": "ana at home"})
    assert answer.status_code == 422
    assert 'value="ana at home"' in answer.text
    assert client.post(f"{plan}/contact", {}).status_code == 422


def test_without_an_old_address_reception_finds_the_wish_on_its_worklists(client, runtime, clinic, browser_of, plan):
    """With the way to the patient."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).email = ""
    assert client.post(f"{plan}/contact", {"phone": "0131 496 0001"}).location == plan
    worklists = browser_of(clinic.rosa).get("/worklists").text
    assert "0131 496 0001" in worklists
    assert f"/patients/{clinic.ana}/edit" in worklists


def test_the_link_in_a_reminder_confirms_and_moves_and_shows_nothing_that_it_does_not_open(
    client, runtime, clinic, clock, mailer, course
):
    """Two days after the visit it is over."""
    visit = course.appointment(2)
    clock.set(visit.starts_at - timedelta(hours=20))
    mailer.sent.clear()
    reminders.queue_reminders(runtime)
    send_outbox(runtime)
    path = re.search(r"/p/[\w-]*\.[\w.-]+", mailer.sent[-1].text)[0]
    page = client.get(path).text
    check_html(page, whole=True)
    assert f"{path}/appointments/{visit.id}/confirm" in page
    for closed in ("calendar", "wishes", "contact", "plan.pdf"):
        assert f"{path}/{closed}" not in page
        refused = client.get(f"{path}/{closed}")
        assert refused.status_code == 403
        assert "This link was made for one thing only" in refused.text
        assert "Your role" not in refused.text
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    confirmed = client.post(f"{path}/appointments/{visit.id}/confirm", {"version": version})
    assert confirmed.location == path
    clock.set(visit.ends_at + patient_links.AFTER_A_VISIT)
    ended = client.get(path)
    assert ended.status_code == 404
    assert "has ended" in ended.text
    assert "search for it" not in ended.text


def test_reception_ends_the_link(client, clinic, browser_of, course):
    """On the patient's page."""
    rosa = browser_of(clinic.rosa)
    page = f"/patients/{clinic.ana}"
    assert "End the link" in rosa.get(page).text
    assert rosa.post(f"{page}/link/end").location == f"{page}#link"
    assert client.get(f"/p/{ANA_LINK}").status_code == 404
    assert "End the link" not in rosa.get(page).text
