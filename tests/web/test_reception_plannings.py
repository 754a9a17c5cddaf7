"""Plannings in the background: reception's home and the worklists lead back to them until they are used."""

import pytest

from planner.services import job_rows, solve_jobs
from planner.services.solve_jobs import new_job_id
from tests.services.many_patients import TOMORROW, finished, make_crowd

PAGES = ("/today", "/worklists")


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def away(clinic):
    """A leave of Ben's, as its job keeps it."""
    days = {"starts": "2026-04-01T00:00:00", "ends": "2026-04-02T00:00:00"}
    return {"staff_id": clinic.ben.id, **days, "reason": "", "seconds": 1}


def running(runtime, clinic):
    """A planning that somebody works on."""
    return job_rows.open_job(runtime, clinic.rosa.actor, "leave", away(clinic), new_job_id())


@pytest.mark.parametrize("page", PAGES)
def test_a_running_planning_is_found_again(rosa, runtime, clinic, page):
    """Whoever left its page comes back by a link that says what it is about."""
    assert "Plannings" not in rosa.get(page).text
    job = running(runtime, clinic)
    text = rosa.get(page).text
    assert f'href="/jobs/{job.id}"' in text
    assert "Ben Okafor is away: Wed 1 Apr 2026" in text
    assert "Is being planned." in text


@pytest.mark.parametrize("page", PAGES)
def test_a_planning_that_ended_waits_there_until_it_is_used(rosa, runtime, clinic, page):
    """Then it is gone; its page stays."""
    crowd = make_crowd(runtime, clinic, 2)
    form = {"assessments": list(crowd.assessments), "first_day": TOMORROW.isoformat(), "job_id": new_job_id()}
    address = rosa.post("/book-several", form).location
    solve_jobs.ask_stop(runtime, clinic.rosa.actor, form["job_id"])
    finished(runtime, clinic, form["job_id"])
    text = rosa.get(page).text
    assert f'href="{address}"' in text
    assert "Dates for 2 patients" in text
    assert "Nothing is changed yet" in text
    rosa.post(f"{address}/apply")
    assert f'href="{address}"' not in rosa.get(page).text


def test_one_whose_process_died_says_so_and_an_old_one_is_forgotten(rosa, runtime, clinic, clock):
    """After three days nobody wants it any more: the diary has moved on."""
    job = running(runtime, clinic)
    clock.advance(minutes=2)
    assert "No plan was made. It can be planned again." in rosa.get("/worklists").text
    clock.advance(days=3)
    rosa.sign_in(clinic.rosa)
    assert f'href="/jobs/{job.id}"' not in rosa.get("/worklists").text


def test_therapists_are_not_led_to_pages_that_are_shut_to_them(browser_of, runtime, clinic):
    """The worklists are theirs too, the plannings are not."""
    running(runtime, clinic)
    assert "Plannings" not in browser_of(clinic.ben).get("/worklists").text
    assert "Plannings" in browser_of(clinic.mo).get("/worklists").text


def test_the_plannings_of_another_clinic_are_not_there(browser_of, runtime, clinic, other_clinic):
    """Whatever runs next door."""
    running(runtime, clinic)
    assert "Plannings" not in browser_of(other_clinic.rosa).get("/worklists").text
