"""No name, note, address, token or message body in any line that is logged (fault 29)."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from planner.notify.delivery import PermanentFailure
from planner.services import attendance, messages, reminders
from planner.services.feeds import create_feed
from planner.sweeps import SWEEPS
from planner.worker import tick
from tests.factories import ANA_LINK, FakeMailer
from tests.web.ana_course import book_ana

pytestmark = pytest.mark.faults

NAME, NOTE, MAIL, PHONE, REASON, PASSWORD, ASKED = (
    *("Zorzi Marcata", "note-of-zorzi", "zorzi@marked.example", "0131 998877", "reason-of-zorzi"),
    *("wrong-password-of-zorzi", "searched-for-zorzi"),
)
BODY = "words of the mail server about zorzi@marked.example"
HARMLESS = "planner.access"


@pytest.fixture
def logged(caplog):
    """Everything that any library says, from now on."""
    caplog.set_level(logging.DEBUG)
    return caplog


def secrets_in(logged, *more):
    """Which of the marked words were logged, with what was logged in exceptions."""
    return [
        mark
        for mark in (NAME, NOTE, MAIL, PHONE, REASON, PASSWORD, ASKED, BODY, ANA_LINK, *more)
        if mark in logged.text
    ]


def test_fault_29_a_day_at_reception_leaves_no_name_in_the_log(logged, browser_of, client, runtime, clinic):
    """A patient added, found, changed, written about, shown the link; a sign-in that fails."""
    client.post("/sign-in", {"email": MAIL, "password": PASSWORD})
    rosa = browser_of(clinic.rosa)
    form = {"name": NAME, "email": MAIL, "phone": PHONE, "notes": NOTE, "contact": "feed"}
    added = rosa.post("/patients/new", form)
    assert added.status_code == 302
    path = added.location
    rosa.get(path)
    rosa.get(f"/patients?q={ASKED}")
    rosa.post("/patients/new", form)
    rosa.post(f"{path}/edit", {**form, "email": "no address"})
    link = rosa.post(f"{path}/link").text.split('id="copy-link" value="')[1].split('"')[0]
    token = link.rpartition("/")[2]
    client.get(f"/p/{token}")
    client.get(f"/p/{token}x")
    client.get(f"/p/{ANA_LINK}?name={NAME}")
    assert HARMLESS in [record.name for record in logged.records]
    assert secrets_in(logged, token) == []


def test_fault_29_a_course_and_its_notes_leave_none(logged, browser_of, runtime, clinic):
    """Booked, noted, measured, called off with a reason."""
    course = book_ana(runtime, clinic)
    ben = browser_of(clinic.ben)
    ben.post(f"/courses/{course.id}/notes", {"text": NOTE, "note": NOTE})
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(2).id, reason=REASON)
    ben.get(f"/courses/{course.id}")
    assert secrets_in(logged, "Ana Silva") == []


def test_fault_29_calendars_leave_none(logged, client, runtime, clinic):
    """Right and wrong addresses, in whichever way they are asked for."""
    address = create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    token = address.rpartition("/")[2].removesuffix(".ics")
    for path in (f"/f/{token}.ics", f"/f/{token}x.ics", f"/dav/{token}/", f"/dav/{token}/nothing.ics"):
        client.get(path, headers={"User-Agent": "Calendar/1"})
    assert secrets_in(logged, token) == []


class FailingMailer(FakeMailer):
    """A server that answers with the patient's address."""

    def send(self, message, *, on_data_started=None):
        raise PermanentFailure(BODY)


def test_fault_29_mail_that_fails_leaves_none(logged, runtime, clinic, clock):
    """The server's words name the patient; they stand in the row, not in the log."""
    failing = replace(runtime, mailer=FailingMailer())
    course = book_ana(failing, clinic)
    clock.set(course.appointment(1).starts_at - timedelta(hours=20))
    reminders.queue_reminders(failing)
    messages.send_outbox(failing)
    assert "not delivered" in logged.text
    assert secrets_in(logged, "Ana Silva", "ana@example.org") == []


def test_fault_29_all_timed_work_leaves_none(logged, runtime, clinic, clock):
    """Each sweep, on a clinic with a course."""
    book_ana(runtime, clinic)
    clock.advance(days=3)
    for sweep in SWEEPS:
        tick(runtime, sweep)
    assert "failed" not in logged.text.replace("0 failed", "")
    assert secrets_in(logged, "Ana Silva", "ana@example.org") == []


def test_fault_29_these_tests_would_see_one(logged):
    """Else they would prove nothing."""
    logging.getLogger("planner.web").info("opened by %s", NAME)
    assert secrets_in(logged) == [NAME]
