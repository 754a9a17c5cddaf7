"""The part of "my calendar" in which a therapist lets another calendar block time, and the worklist that follows."""

from io import BytesIO

import pytest

from planner.services import busy_calendars, worklists
from tests.calendars.busy_samples import BOMBS, calendar
from tests.web.ana_course import book_ana
from tests.web.examples import block_bens_time


@pytest.fixture
def ben(browser_of, clinic):
    """Ben's browser."""
    return browser_of(clinic.ben)


def file_of(data):
    """An uploaded file."""
    return {"file": (BytesIO(data), "private.ics"), "all_day": "yes"}


def test_a_file_blocks_time_and_can_be_removed_again(ben, runtime, clinic):
    """Named as the file was; how many times, not which."""
    data = calendar(b"DTSTART:20260304T090000Z\r\nDTEND:20260304T100000Z\r\n")
    page = ben.post("/my-calendar/busy", file_of(data), follow_redirects=True).text
    assert "private.ics" in page
    assert "1 busy time ahead" in page
    assert "Dentist" not in page
    with runtime.reading(clinic.ben.actor) as unit:
        (found,) = busy_calendars.calendars_of(unit, clinic.ben.id)
    page = ben.post(f"/my-calendar/busy/{found.id}/remove", follow_redirects=True).text
    assert "private.ics" not in page


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Give the calendar&#39;s address, or choose a file."),
        ({"address": "http://127.0.0.1/x.ics"}, "inside a private network"),
        ({"address": "no address at all"}, "This is no calendar address"),
    ],
)
def test_what_can_not_be_read_is_said_at_the_field_and_kept(ben, form, words):
    """422, with everything typed."""
    answer = ben.post("/my-calendar/busy", form)
    assert answer.status_code == 422
    assert words in answer.text
    assert form.get("address", "") in answer.text


@pytest.mark.parametrize("data", [b"hello", calendar(BOMBS["every minute"])])
def test_a_file_that_is_no_honest_calendar_is_refused(ben, data):
    """At the file's field."""
    answer = ben.post("/my-calendar/busy", file_of(data))
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text or "calendar" in answer.text


def test_a_session_in_busy_time_is_moved_from_the_worklist(browser_of, runtime, clinic):
    """One click, and it can be taken back."""
    course = book_ana(runtime, clinic)
    booked = course.appointment(2)
    block_bens_time(runtime, clinic, f"{booked.starts_at:%Y%m%dT%H%M%SZ}", f"{booked.ends_at:%Y%m%dT%H%M%SZ}")
    rosa = browser_of(clinic.rosa)
    assert "Move as proposed" in rosa.get("/worklists").text
    (item,) = [each for each in course.notices() if each.kind == worklists.BUSY_CLASH]
    page = rosa.post(f"/worklists/{item.id}/move-away", follow_redirects=True).text
    assert "moved out of the therapist" in page
    assert course.appointment(2).starts_at != booked.starts_at
    assert "not in the way any more" in rosa.post(f"/worklists/{item.id}/move-away", follow_redirects=True).text
