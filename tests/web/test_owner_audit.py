"""The owner's page of who saw and changed what."""

import csv
import io
import re

import pytest

from tests.factories import make_patient
from tests.web.ana_course import book_ana

ENDS = ("first_day=0001-01-01", "last_day=9999-12-31")


@pytest.fixture
def mo(browser_of, runtime, clinic):
    """Mo's browser, after Ana's course was booked and Rosa looked at her."""
    book_ana(runtime, clinic)
    browser_of(clinic.rosa).get(f"/patients/{clinic.ana}")
    return browser_of(clinic.mo)


def test_it_shows_who_did_what_to_whom(mo, clinic):
    """With the names of today."""
    page = mo.get("/settings/audit").text
    assert "Rosa Lind" in page
    assert "Ana Silva" in page
    assert f"patient/{clinic.ana}" in page


def test_it_is_searched_by_its_form(mo, clinic):
    """Person, chain, days, patient, action."""
    page = mo.get(f"/settings/audit?staff={clinic.ben.id}&what=changes&first_day=2026-03-02&last_day=2026-03-02").text
    assert page.count("assessment.record") == 1
    assert "course.booked" not in page
    assert "Nothing was found" in mo.get("/settings/audit?first_day=2027-01-01").text
    assert "course.booked" in mo.get(f"/settings/audit?patient={clinic.ana}&action=course.").text


@pytest.mark.parametrize(
    "wrong", ["first_day=yesterday", "patient=Nobody", "staff=-1", f"patient={2**63}", f"staff={2**63}", *ENDS]
)
def test_what_makes_no_sense_is_said_at_its_field(mo, wrong):
    """And everything else is still there."""
    answer = mo.get(f"/settings/audit?{wrong}")
    assert answer.status_code == 422
    assert 'class="error"' in answer.text


def test_a_patient_is_found_by_name_if_only_one_has_it(mo, runtime, clinic):
    """Else it asks for more."""
    assert "course.booked" in mo.get("/settings/audit?patient=silva").text
    with runtime.writing(clinic.rosa.actor) as unit:
        make_patient(unit, "Ana Silva Neto")
    several = mo.get("/settings/audit?patient=silva")
    assert several.status_code == 422
    assert "2 patients have it" in several.text


def test_older_lines_are_a_page_away(mo, runtime, clinic):
    """Without losing what was searched for."""
    for number in range(60):
        with runtime.writing(clinic.mo.actor) as unit:
            unit.audit("try", f"room/{number}")
    first = mo.get("/settings/audit?action=try").text
    older = re.search(r'href="(/settings/audit\?[^"]*before=[^"]*)"', first)
    assert older is not None
    second = mo.get(older.group(1).replace("&amp;", "&")).text
    assert second.count("room/") == 10
    assert "before=" not in second.split("<footer")[0].split("Older")[0] or "Older" not in second


def test_a_page_that_begins_where_none_can_begins_with_the_newest(mo):
    """Whoever writes the address by hand sees the lines all the same."""
    for before in (f"2026-03-02T10:00:00%2B00:00~{2**63}", "0001-01-01T00:00:00%2B14:00~1", "nonsense"):
        assert mo.get(f"/settings/audit?before={before}").status_code == 200


def test_the_file_is_the_search_as_csv(mo, clinic):
    """Attached, kept by no cache."""
    answer = mo.post("/settings/audit/file", {"action": "course."})
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {row["action"] for row in rows} == {"course.booked"}
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_owner_sees_from_which_network_somebody_came_in(mo, browser_of, clinic):
    """And that it was the browser which then looked at Ana."""
    browser = browser_of(None)
    form = {"email": clinic.rosa.email, "password": clinic.rosa.password}
    browser.post("/sign-in", data=form, environ_base={"REMOTE_ADDR": "203.0.113.77"})
    page = mo.get("/settings/audit?action=sign").text
    assert "203.0.113.0/24" in page
    assert "203.0.113.77" not in page
    assert "signed in" in page
