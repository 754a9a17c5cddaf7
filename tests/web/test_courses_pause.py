"""Pausing a course: asked for on its page, shown before it is done, undone from the next page, ended early."""

import re

import pytest

from tests.web.ana_course import book_ana

HOLIDAY = {"first_day": "2026-03-09", "last_day": "2026-03-29"}


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def rosa(browser_of, clinic, course):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def in_holiday(course):
    """The visits that are to happen in these days."""
    days = [each.upcoming.starts_at.date().isoformat() for each in course.now().live if each.upcoming]
    return [day for day in days if HOLIDAY["first_day"] <= day <= HOLIDAY["last_day"]]


def digest_in(page):
    """What the form of a preview agrees to."""
    return re.search(r'name="digest" value="(\w+)"', page)[1]


def pause(rosa, course):
    """Preview and do it; the page after."""
    address = f"/courses/{course.id}/pause"
    digest = digest_in(rosa.post(address, {**HOLIDAY, "do": "preview"}).text)
    return rosa.post(address, {**HOLIDAY, "do": "apply", "digest": digest}, follow_redirects=True).text


def test_the_course_page_asks_for_the_days(rosa, course):
    """And leads to the page that shows what they move."""
    page = rosa.get(f"/courses/{course.id}").text
    assert f'action="/courses/{course.id}/pause"' in page
    assert "The patient can&#39;t come for a while" in page or "The patient can't come for a while" in page


def test_the_patients_page_leads_to_the_days_away(rosa, course, clinic):
    """While a course of theirs goes on; all of them are meant then."""
    assert f'href="/courses/{course.id}/pause"' in rosa.get(f"/patients/{clinic.ana}").text
    rosa.post(f"/courses/{course.id}/end", {"reason": "well again"})
    assert "/pause" not in rosa.get(f"/patients/{clinic.ana}").text


def test_a_pause_is_previewed_row_by_row_and_then_done(rosa, course):
    """Nothing is kept by looking."""
    before = course.now()
    assert in_holiday(course)
    page = rosa.post(f"/courses/{course.id}/pause", {**HOLIDAY, "do": "preview"}).text
    assert re.search(r"Pause and change \d+ visits", page)
    assert "Tue 10 Mar, 08:00" in page
    assert course.now() == before
    page = pause(rosa, course)
    assert "The patient can&#39;t come from Monday 9 March to Sunday 29 March" in page
    assert not in_holiday(course)
    assert len(course.now().live) == len(before.live)
    for address in (f"/courses/{course.id}/pause", f"/courses/{course.id}"):
        assert "Mon 9 Mar 2026 to Sun 29 Mar 2026" in rosa.get(address).text


def test_a_pause_is_undone_from_the_page_after_it(rosa, course):
    """Dates and days are as before."""
    before = [each.current.place for each in course.now().live]
    page = pause(rosa, course)
    undo = re.search(r'action="(/revisions/\d+/undo[^"]*)"', page)[1]
    assert "Undone" in rosa.post(undo, follow_redirects=True).text
    assert [each.current.place for each in course.now().live] == before
    assert "Mon 9 Mar 2026" not in rosa.get(f"/courses/{course.id}/pause").text


def test_a_pause_that_is_not_as_shown_is_shown_anew(rosa, course):
    """409, nothing kept."""
    address = f"/courses/{course.id}/pause"
    digest = digest_in(rosa.post(address, {**HOLIDAY, "do": "preview"}).text)
    rosa.post(f"/appointments/{course.appointment(3).id}/cancel", {"version": course.version(3), "rebook": "no"})
    before = course.now()
    answer = rosa.post(address, {**HOLIDAY, "do": "apply", "digest": digest})
    assert answer.status_code == 409
    assert "The diary changed since this preview" in answer.text
    assert course.now() == before


def test_who_can_come_after_all_is_taken_off_the_list(rosa, course):
    """One button; a second time there is nothing to end."""
    pause(rosa, course)
    page = rosa.post(f"/courses/{course.id}/pause/end", HOLIDAY, follow_redirects=True).text
    assert "after all" in page
    assert "Mon 9 Mar 2026" not in rosa.get(f"/courses/{course.id}/pause").text
    assert rosa.post(f"/courses/{course.id}/pause/end", HOLIDAY).status_code == 409


def test_one_day_needs_no_last_day(rosa, course):
    """Empty counts as the same day."""
    page = rosa.post(f"/courses/{course.id}/pause", {"first_day": "2026-03-08", "do": "preview"}).text
    assert "No visit lies in these days" in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first_day": ""}, "first_day"),
        ({"first_day": "soon"}, "first_day"),
        ({"last_day": "2026-03-08"}, "last_day"),
        ({"last_day": "2027-06-01"}, "last_day"),
        ({"first_day": "2026-02-01", "last_day": "2026-02-02"}, "last_day"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "apply"])
def test_a_pause_that_makes_no_sense_is_refused_at_its_field(rosa, course, wrong, field, do):
    """422, nothing kept."""
    before = course.now()
    answer = rosa.post(f"/courses/{course.id}/pause", {**HOLIDAY, "do": do, "digest": "", **wrong})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert course.now() == before


def test_a_course_that_is_over_has_nothing_to_pause(rosa, course):
    """The page says so."""
    rosa.post(f"/courses/{course.id}/end", {"reason": "well again"})
    assert "There is nothing to pause." in rosa.get(f"/courses/{course.id}/pause").text
    assert rosa.post(f"/courses/{course.id}/pause", {**HOLIDAY, "do": "preview"}).status_code == 422
