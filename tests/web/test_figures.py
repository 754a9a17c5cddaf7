"""The pages of figures."""

import io
import zipfile
from datetime import timedelta

import html5lib
import pytest

from planner.services import attendance
from tests.web.ana_course import book_ana


@pytest.fixture
def busy_week(runtime, clinic, clock):
    """One visit was given, one was missed, and the course has ended."""
    course = book_ana(runtime, clinic)
    clock.set(course.appointment(1).ends_at)
    attendance.fulfil(runtime, clinic.ben.actor, course.appointment(1).id)
    clock.set(course.appointment(2).ends_at + timedelta(minutes=1))
    attendance.miss(runtime, clinic.ben.actor, course.appointment(2).id)
    attendance.end_course(runtime, clinic.ben.actor, course.id, reason="moves away")


def table_of(answer):
    """The cells of the page's table, row by row, as they are read."""
    page = html5lib.parse(answer.text, namespaceHTMLElements=False)
    rows = page.findall(".//tbody/tr")
    return [[" ".join("".join(each.itertext()).split()) for each in row] for row in rows]


def test_the_months_stand_as_pictures_and_as_numbers(browser_of, clinic, busy_week):
    """From the month of the first visit on; every number beside the count it is of."""
    answer = browser_of(clinic.mo).get("/figures")
    (newest,) = table_of(answer)
    assert newest[0] == "March 2026 so far"
    assert newest[1:4] == ["1 50%", "1 50%", "0"]
    assert newest[5:] == ["0 of 1", "1 day 1 patient"]
    assert answer.text.count('<figure class="chart">') == 4


def test_a_new_clinic_has_no_figures_yet(browser_of, clinic):
    """It is told so, instead of being shown zeros."""
    browser = browser_of(clinic.mo)
    assert "Nothing to count yet." in browser.get("/figures").text
    assert "No course is over yet" in browser.get("/figures/estimates").text


def test_estimates_stand_beside_what_was_given(browser_of, clinic, busy_week):
    """For therapists too, who made them."""
    answer = browser_of(clinic.ben).get("/figures/estimates")
    (row,) = table_of(answer)
    assert row[1] == "1 1 ended early"
    assert row[3] == "1 1 to 1"
    assert row[4].startswith("−")
    assert "By month" not in answer.text


def test_everything_is_downloaded_as_one_archive(browser_of, clinic):
    """Named for the day."""
    answer = browser_of(clinic.mo).post("/figures/export", buffered=True)
    assert answer.headers["Content-Disposition"] == "attachment; filename=clinic-2026-03-02.zip"
    assert answer.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert "patient.csv" in archive.namelist()


def test_the_figures_ask_a_bounded_number_of_questions(browser_of, clinic, busy_week, queries):
    """Both pages."""
    browser = browser_of(clinic.mo)
    for path in ("/figures", "/figures/estimates"):
        with queries() as asked:
            browser.get(path)
        assert len(asked) <= 14
