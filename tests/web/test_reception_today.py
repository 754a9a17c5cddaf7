"""Reception's home: the visits of the day and what can be done about each."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from planner.services import attendance, worklists
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's course, from tomorrow on."""
    return book_ana(runtime, clinic)


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


@pytest.fixture
def at(rosa, clinic, clock, course):
    """Lets time pass to a session (minutes=-5: five minutes before it); Rosa signs in again, as on every morning."""

    def go(number, **after_start):
        clock.set(course.appointment(number).starts_at + timedelta(**after_start))
        rosa.sign_in(clinic.rosa)

    return go


def press(browser, course, number, what, day=""):
    """Press one of a visit's buttons on the day's page and see that page again."""
    form = {"version": course.version(number), "next": f"/today{day}"}
    answer = browser.post(f"/appointments/{course.appointment(number).id}/{what}", form, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def test_a_visit_stands_with_patient_therapist_room_and_place_in_the_course(rosa, at, course):
    """All that the desk asks at a glance; the next thing to happen is that she arrives."""
    at(1, minutes=-5)
    page = rosa.get("/today").text
    assert "1 visit: 1 to come" in page
    for words in ("Ana Silva", "Ben Okafor", "Room 1", "1/9", "edge-intensive"):
        assert words in page
    assert "/arrive" in page
    assert "/miss" not in page, "nobody has missed a visit that has not begun"


def test_arrived_is_followed_by_done(rosa, at, course):
    """One button at a time, and each can be taken back."""
    at(1, minutes=2)
    page = press(rosa, course, 1, "arrive")
    assert "1 here" in page
    assert "/fulfil" in page
    assert "Undo" in page
    page = press(rosa, course, 1, "fulfil")
    assert "1 done" in page
    assert "/fulfil" not in page


def test_a_visit_that_ended_without_a_word_is_marked(rosa, at, course):
    """Somebody has to say whether she came; both answers are at hand."""
    at(1, hours=2)
    page = rosa.get("/today").text
    assert "Did they come?" in page
    assert "1 to be marked" in page
    assert "/fulfil" in page
    assert "/miss" in page


def test_a_missed_visit_stays_on_its_day_after_it_was_rebooked(rosa, at, course):
    """The day's history is not rewritten, and the old appointment has no buttons any more."""
    at(1, hours=2)
    missed = course.appointment(1).id
    page = press(rosa, course, 1, "miss")
    assert "1 missed" in page
    assert course.appointment(1).id != missed
    assert f"/appointments/{missed}/" not in page


def test_a_cancelled_visit_stands_apart(rosa, runtime, clinic, at, course):
    """Folded away, so that the list shows who comes."""
    at(1, minutes=-5)
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(1).id)
    page = rosa.get("/today").text
    assert "No visits on this day" in page
    assert "1 cancelled" in page


def test_other_days_are_a_click_away(rosa, at, course):
    """By a link or a date; the way back leads to today."""
    assert "No visits on this day" in rosa.get("/today").text
    tomorrow = rosa.get("/today?day=2026-03-03").text
    assert "Ana Silva" in tomorrow
    assert "Tuesday 3 March" in tomorrow
    assert 'href="/today"' in tomorrow
    assert "/arrive" not in tomorrow, "she can't arrive before the day"


@pytest.mark.parametrize("day", ["yesterday", "0001-01-01", "9999-12-31", "2026-13-01"])
def test_a_day_nobody_can_read_is_today(rosa, course, day):
    """An address typed by hand breaks nothing."""
    assert "Monday 2 March 2026" in rosa.get(f"/today?day={day}").text


def test_the_worklists_are_counted_beside_the_day(rosa, runtime, clinic, course):
    """Each card leads to its list."""
    with runtime.writing(clinic.system) as unit:
        worklists.open_item(unit, worklists.CATCH_UP, "key", "A session is proposed.", course.id)
    page = rosa.get("/today").text
    assert 'href="/worklists#catch_up"' in page
    assert f"{len(worklists.KINDS) - 1} with nothing in them" in page


def test_the_day_needs_a_bounded_number_of_queries(rosa, runtime, clinic, course):
    """As many for a full day as for an empty one."""
    # The first look is noted once the answer is out.
    rosa.get("/today?day=2026-03-04")
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    rosa.get("/today?day=2026-03-04")
    empty = len(seen)
    seen.clear()
    rosa.get("/today?day=2026-03-03")
    assert len(seen) == empty
