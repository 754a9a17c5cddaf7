"""My day and my calendar: the therapist's own visits, free time, and the address for the own calendar program."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from planner.services import attendance
from planner.services.my_day_view import my_day
from tests.factories import make_person
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def ben(browser_of, clinic, course):
    """Ben's browser."""
    return browser_of(clinic.ben)


def test_the_day_shows_who_comes_when_and_where(ben, course):
    """And leads to the course."""
    page = ben.get("/my-day?day=2026-03-03").text
    assert "08:00–09:00" in page
    assert f'href="/courses/{course.id}"' in page
    assert "1/9" in page
    assert "Room 1" in page


def test_without_a_day_it_is_today(ben):
    """Also where the address is nonsense."""
    assert "<h1>My day</h1>" in ben.get("/my-day").text
    assert "<h1>My day</h1>" in ben.get("/my-day?day=yesterday").text


def test_the_next_button_brings_the_therapist_back_to_the_day(ben, clinic, course, clock):
    """Arrived, then done, without leaving the page."""
    clock.set(course.appointment(1).starts_at - timedelta(minutes=5))
    ben.sign_in(clinic.ben)
    assert ">Arrived<" in ben.get("/my-day").text
    form = {"version": course.version(1), "next": "/my-day"}
    page = ben.post(f"/appointments/{course.appointment(1).id}/arrive", form, follow_redirects=True).text
    assert "<h1>My day</h1>" in page
    clock.advance(minutes=30)
    assert ">Done<" in ben.get("/my-day").text


def test_a_missed_visit_that_was_rebooked_has_no_buttons(ben, runtime, clinic, course, clock):
    """What may still be done is done at its new date."""
    clock.set(course.appointment(1).ends_at + timedelta(minutes=5))
    ben.sign_in(clinic.ben)
    missed = course.appointment(1)
    attendance.miss(runtime, clinic.ben.actor, missed.id)
    page = ben.get("/my-day").text
    assert "Missed" in page
    assert f"/appointments/{missed.id}/" not in page


def test_free_time_stands_between_the_visits(runtime, clinic, course):
    """In working hours that are still to come; the next one long enough for a visit is named."""
    day = course.appointment(1).starts_at.date()
    view = my_day(runtime, clinic.ben.actor, day)
    assert [(f"{each.starts_at:%H:%M}", f"{each.ends_at:%H:%M}") for each in view.free] == [("09:00", "18:00")]
    assert view.next_free.starts_at == runtime.clock.now()
    assert [type(each).__name__ for each in view.by_time] == ["Visit", "FreeTime"]


def test_a_day_beyond_the_next_weeks_shows_its_free_time_too(runtime, clinic):
    """A year ahead is as real as tomorrow."""
    day = runtime.clock.now().date() + timedelta(days=85)
    assert my_day(runtime, clinic.ben.actor, day).free


def test_a_colleagues_visits_are_not_mine(runtime, clinic, course, browser_of):
    """Each therapist sees the own day."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True)
    page = browser_of(cleo).get("/my-day?day=2026-03-03").text
    assert "Ana Silva" not in page
    assert "Nobody is booked on this day" in page


def test_a_cancelled_visit_leaves_the_day(runtime, clinic, course, ben):
    """Its time is free again."""
    booked = course.appointment(1)
    attendance.cancel(runtime, clinic.rosa.actor, booked.id, rebook=False)
    assert my_day(runtime, clinic.ben.actor, booked.starts_at.date()).visits == ()


def test_the_day_needs_a_bounded_number_of_queries(ben, runtime):
    """Whoever comes."""
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    ben.get("/my-day?day=2026-03-03")
    assert len(seen) <= 20


def test_my_calendar_is_made_and_shown_once(ben, client):
    """The address works; opening the page again does not show it."""
    assert "Not set up yet" in ben.get("/my-calendar").text
    page = ben.post("/my-calendar", follow_redirects=True).text
    address = re.search(r"http://[^\"]+(/f/[^\"]+\.ics)", page)[1]
    assert client.get(address).status_code == 200
    again = ben.get("/my-calendar").text
    assert address not in again
    assert "never" not in again


def test_a_new_address_replaces_the_old_one(ben, client):
    """Whoever had the old one sees nothing any more."""
    page = ben.post("/my-calendar", follow_redirects=True).text
    address = re.search(r"http://[^\"]+(/f/[^\"]+\.ics)", page)[1]
    ben.post("/my-calendar")
    assert client.get(address).status_code == 404
