"""Every line of the worklists has one or two obvious actions, from one table."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from planner.notify.delivery import PermanentFailure
from planner.services import attendance, clinic_setup, worklists
from planner.services.attention import note_attention
from planner.services.messages import send_outbox
from planner.services.worklist_view import worklists_view
from planner.storage.outward import OutboxRow
from planner.web.reception.worklists_actions import LOOKS, URGENCIES, offered
from tests.web.ana_course import assess_ana, book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's course, from tomorrow on."""
    return book_ana(runtime, clinic)


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def test_every_kind_is_in_the_table(app):
    """With a title, how urgent it is, and advice."""
    assert LOOKS.keys() == worklists.KINDS.keys()
    assert {look.urgency for look in LOOKS.values()} == set(URGENCIES)
    assert all(look.advice for look in LOOKS.values())


@pytest.mark.parametrize("status", ["booked", "arrived", "fulfilled"])
def test_every_line_has_one_or_two_actions_with_different_words(app, runtime, clinic, clock, course, status):
    """Whatever became of its appointment meanwhile; none leads nowhere."""
    booked = course.appointment(1)
    if status != "booked":
        clock.set(booked.ends_at)
        {"arrived": attendance.arrive, "fulfilled": attendance.fulfil}[status](runtime, clinic.rosa.actor, booked.id)
    details = {"slot_id": 7, "assessment_id": course.assessment_id, "sessions": [0], "lines": [], "digest": "x"}
    with runtime.writing(clinic.system) as unit:
        for kind in worklists.KINDS:
            worklists.open_item(unit, kind, kind, "Look.", course.id, appointment_id=booked.id, **details)
    lines = [line for each in worklists_view(runtime, clinic.rosa.actor).lists for line in each.lines]
    assert len(lines) == len(worklists.KINDS)
    with app.test_request_context():
        for line in lines:
            actions = offered(line, "/worklists")
            assert 1 <= len(actions) <= 2, line.item.kind
            assert len({action.label for action in actions}) == len(actions)


def test_the_urgent_stand_first_and_the_home_page_counts_them(rosa, runtime, clinic, course):
    """In the same groups."""
    with runtime.writing(clinic.system) as unit:
        for kind in (worklists.ENDS_SOON, worklists.TO_PLACE, worklists.TWO_MISSES):
            worklists.open_item(unit, kind, kind, "Look.", course.id)
    for page in (rosa.get("/worklists").text, rosa.get("/today").text):
        found = [page.index(title) for title in ("Two misses in a row", "Still to place", "Courses that end soon")]
        assert found == sorted(found)
    assert re.search(r'class="worklist-count">1</span> <span>Still to place', page)


def test_a_long_list_has_a_page_of_its_own(rosa, runtime, clinic, course):
    """Fifty stand on the page of all kinds; a kind that is none shows all."""
    with runtime.writing(clinic.system) as unit:
        for number in range(60):
            worklists.open_item(unit, worklists.TELL_PATIENT, f"tell-{number}", f"Call {number:02}.", course.id)
    page = rosa.get("/worklists").text
    assert page.count("Call ") == 50
    assert "Show 10 more" in page
    assert rosa.get(f"/worklists/{worklists.TELL_PATIENT}").text.count("Call ") == 60
    assert rosa.get("/worklists/nonsense").text.count("Call ") == 50


def test_a_message_that_failed_is_sent_again(rosa, runtime, clinic, clock, mailer, course):
    """With one click, once."""
    clock.advance(minutes=30)
    mailer.fails_with = PermanentFailure("no such mailbox")
    send_outbox(runtime)
    (item,) = course.notices()
    assert item.kind == worklists.MESSAGE_FAILED
    rosa.sign_in(clinic.rosa)
    page = rosa.post(f"/worklists/{item.id}/send-again", follow_redirects=True).text
    assert "The message goes out again in a moment." in page
    assert course.notices() == []
    mailer.fails_with = None
    send_outbox(runtime)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert unit.session.scalar(select(OutboxRow.status)) == "sent"
    assert len(mailer.sent) == 1
    page = rosa.post(f"/worklists/{item.id}/send-again", follow_redirects=True).text
    assert "Somebody has seen to this message meanwhile." in page


def test_a_visit_left_open_is_closed_from_the_list(rosa, runtime, clinic, clock, course):
    """Done, and back to the list; the version of the line is the appointment's."""
    clock.set(course.appointment(1).starts_at + timedelta(days=1))
    note_attention(runtime)
    rosa.sign_in(clinic.rosa)
    page = rosa.get("/worklists").text
    assert "nobody said whether they came" in page
    form = {"version": course.version(1), "next": "/worklists"}
    page = rosa.post(f"/appointments/{course.appointment(1).id}/fulfil", form, follow_redirects=True).text
    assert "nobody said whether they came" not in page
    assert course.appointment(1).status == "fulfilled"


def test_who_waits_for_a_course_is_booked_from_the_list(rosa, runtime, clinic):
    """The line names the patient and leads to the booking of that assessment."""
    assessment = assess_ana(runtime, clinic)
    note_attention(runtime)
    page = rosa.get("/worklists").text
    assert "Ana Silva" in page
    address = f"/patients/{clinic.ana}/book?assessment={assessment}"
    assert address in page
    assert rosa.get(address).status_code == 200


def test_a_proposal_is_shown_row_by_row_applied_and_undone(rosa, runtime, clinic, clock, course):
    """What was shown is what is done."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"miss": "propose"})
    clock.set(course.appointment(1).ends_at)
    rosa.sign_in(clinic.rosa)
    page = rosa.post(
        f"/appointments/{course.appointment(1).id}/miss", {"version": course.version(1), "next": "/worklists"},
        follow_redirects=True,
    ).text  # fmt: skip
    assert "Session 1 missed. Nothing is rebooked yet." in page
    assert re.search(r"session 1: Tue 3 Mar, 08:00 → \w+ \d+ Mar, \d\d:\d\d with Ben Okafor", page)
    (item,) = course.notices()
    digest = re.search(r'name="digest" value="(\w+)"', page)[1]
    stale = rosa.post(f"/worklists/{item.id}/apply", {"digest": "other"}, follow_redirects=True).text
    assert "The diary changed since this was proposed." in stale
    page = rosa.post(f"/worklists/{item.id}/apply", {"digest": digest}, follow_redirects=True).text
    assert "Session 1 missed; the rest repaired as proposed." in page
    assert "Undo" in page
    assert course.appointment(1).status == "booked"


def test_a_proposal_that_is_left_stays_to_be_placed(rosa, runtime, clinic, course):
    """And its line is another one."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"cancel": "propose"})
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(1).id)
    (item,) = course.notices()
    page = rosa.post(f"/worklists/{item.id}/leave", follow_redirects=True).text
    assert "Left as it is." in page
    assert "1 to place: A new date is proposed on the worklists." in page
    assert [each.kind for each in course.notices()] == [worklists.TO_PLACE]
