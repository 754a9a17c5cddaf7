"""The page that takes appointments over from an earlier system."""

import base64
import io
import re
import zlib

import pytest
from sqlalchemy import select

from planner.services.taken_courses import take_over
from planner.storage.courses import AppointmentRow, CourseRow
from tests.calendars.test_export import table
from tests.services.test_taking_over import ANA, BO


@pytest.fixture
def rosa(browser_of, clinic):
    """Reception's browser."""
    return browser_of(clinic.rosa)


def chosen(data):
    """The form with a file."""
    return {"file": (io.BytesIO(data), "export.csv"), "therapist": ""}


def booked(runtime, clinic):
    """How many appointments there are."""
    with runtime.reading(clinic.mo.actor) as unit:
        return len(unit.session.scalars(select(AppointmentRow)).all())


def test_what_was_shown_is_what_is_booked(rosa, runtime, clinic):
    """The page carries the file along, so nobody chooses it twice."""
    page = rosa.post("/take-over", chosen(table(ANA, BO))).text
    assert "2 to take over; 1 new patient." in page
    assert booked(runtime, clinic) == 0
    packed = re.search(r'name="packed" value="([^"]+)"', page)[1]
    done = rosa.post("/take-over", {"packed": packed, "confirmed": "yes", "therapist": ""}, follow_redirects=True)
    assert "2 appointments are taken over." in done.text
    assert booked(runtime, clinic) == 2


def test_with_a_problem_there_is_no_button(rosa):
    """But every line, and why."""
    page = rosa.post("/take-over", chosen(table(ANA, BO.replace("10:15", "10:20")))).text
    assert "steps of 15 minutes" in page
    assert 'name="confirmed"' not in page


def test_script_in_a_name_stays_text(rosa):
    """An export is somebody else's."""
    page = rosa.post("/take-over", chosen(table(BO.replace("Bo Lindqvist", "<script>alert(1)</script>")))).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("data", [b"", b"\x00", b"BEGIN:VCALENDAR\r\n"])
def test_what_is_no_export_is_refused_with_the_reason(rosa, data):
    """422, at the field."""
    answer = rosa.post("/take-over", chosen(data))
    assert answer.status_code == 422
    assert 'href="#file"' in answer.text


@pytest.mark.parametrize(
    "packed",
    ["", "!", base64.b64encode(b"x").decode(), base64.b64encode(zlib.compress(b" " * 5_000_000)).decode()],
)
def test_a_form_that_was_tampered_with_is_refused(rosa, packed):
    """Also one that would unpack without end."""
    assert rosa.post("/take-over", {"packed": packed, "confirmed": "yes"}).status_code == 422


def test_without_a_file_the_page_asks_for_one(rosa):
    """422."""
    assert "Choose the file" in rosa.post("/take-over", {}).text


def test_therapists_take_nothing_over(browser_of, clinic):
    """And are not led there."""
    ben = browser_of(clinic.ben)
    assert ben.get("/take-over").status_code == 403
    assert "/take-over" not in ben.get("/patients").text
    assert "/take-over" in browser_of(clinic.mo).get("/patients").text


def test_the_course_page_says_that_nothing_was_assessed_here(rosa, runtime, clinic):
    """And the patient's page opens as any other."""
    take_over(runtime, clinic.rosa.actor, table(ANA))
    with runtime.reading(clinic.rosa.actor) as unit:
        course_id = unit.session.scalars(select(CourseRow.id)).one()
    assert "not assessed here yet" in rosa.get(f"/courses/{course_id}").text
    assert rosa.get(f"/patients/{clinic.ana}").status_code == 200
