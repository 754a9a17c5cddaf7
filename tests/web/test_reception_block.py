"""Book several patients: ticked, planned by one job, booked on the job's page; the same page plans a large leave."""

import re

import pytest

from planner.services import leave_view, solve_jobs
from planner.services.job_rows import open_job
from planner.services.solve_jobs import new_job_id
from tests.services.many_patients import TOMORROW, book_crowd, finished, make_crowd


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def begin(rosa, runtime, clinic, crowd):
    """Send the form with everybody ticked; the address of the finished job."""
    form = {"assessments": list(crowd.assessments), "first_day": TOMORROW.isoformat(), "job_id": new_job_id()}
    answer = rosa.post("/book-several", form)
    assert answer.status_code == 302
    solve_jobs.ask_stop(runtime, clinic.rosa.actor, form["job_id"])
    finished(runtime, clinic, form["job_id"])
    return answer.location


def test_several_patients_are_booked_from_ticks_to_dates(rosa, runtime, clinic):
    """The list, the dates of all, one button; then links to the courses and an undo."""
    crowd = make_crowd(runtime, clinic, 3)
    page = rosa.get("/book-several").text
    assert page.count('name="assessments"') == 3
    address = begin(rosa, runtime, clinic, crowd)
    page = rosa.get(address).text
    assert "Book all 3 courses" in page
    assert "Proved: " in page
    page = rosa.post(f"{address}/apply", follow_redirects=True).text
    assert "3 courses booked." in page
    assert "Undo all of it" in page
    assert len(set(re.findall(r"/courses/(\d+)", page))) >= 3
    assert "Nobody waits" in rosa.get("/book-several").text


def test_a_second_press_books_nothing_and_says_so(rosa, runtime, clinic):
    """409, with what was booked."""
    address = begin(rosa, runtime, clinic, make_crowd(runtime, clinic, 2))
    rosa.post(f"{address}/apply")
    answer = rosa.post(f"{address}/apply")
    assert answer.status_code == 409
    assert "in the diary already" in answer.text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"assessments": []}, "Choose at least one patient"),
        ({"assessments": ["x"]}, "could not be read"),
        ({"first_day": "soon"}, "Give the first day"),
        ({"first_day": "2026-03-01"}, "lies in the past"),
        ({"job_id": "-1"}, "could not be read"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_with_all_that_was_typed(rosa, runtime, clinic, wrong, says):
    """422; the ticks stay."""
    crowd = make_crowd(runtime, clinic, 2)
    good = {"assessments": [crowd.assessments[0]], "first_day": "2026-03-09", "job_id": new_job_id()}
    answer = rosa.post("/book-several", {**good, **wrong})
    assert answer.status_code == 422
    assert says in answer.text
    ticked = re.findall(r'name="assessments" value="(\d+)" checked', answer.text)
    assert ticked == [str(each) for each in {**good, **wrong}["assessments"] if each != "x"]


def test_a_patient_of_another_clinic_is_not_found(rosa, runtime, clinic, other_clinic):
    """However the form was made."""
    theirs = make_crowd(runtime, other_clinic, 1)
    form = {"assessments": [theirs.assessments[0]], "first_day": TOMORROW.isoformat(), "job_id": new_job_id()}
    assert rosa.post("/book-several", form).status_code == 404


def test_a_running_job_shows_how_far_it_is_and_can_be_stopped(rosa, runtime, clinic):
    """The page asks again by itself; without a script there is a link."""
    job = open_job(runtime, clinic.rosa.actor, "leave", _ben_away(clinic), new_job_id())
    page = rosa.get(f"/jobs/{job.id}").text
    assert "Stop and take the best so far" in page
    assert "hx-trigger" in page
    assert "Look again" in page
    assert "Stopping" in rosa.post(f"/jobs/{job.id}/stop", follow_redirects=True).text
    part = rosa.get(f"/jobs/{job.id}", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert rosa.post(f"/jobs/{job.id}/again").status_code == 409
    assert rosa.post(f"/jobs/{job.id}/apply").status_code == 409


def test_an_abandoned_job_can_be_planned_again(rosa, runtime, clinic, clock):
    """Its process died; the page says so."""
    job = open_job(runtime, clinic.rosa.actor, "leave", _ben_away(clinic), new_job_id())
    clock.advance(minutes=1)
    assert "The program was stopped" in rosa.get(f"/jobs/{job.id}").text
    rosa.post(f"/jobs/{job.id}/again")
    finished(runtime, clinic, job.id)
    assert "No appointment lies in this time" in rosa.get(f"/jobs/{job.id}").text


def test_a_leave_of_many_courses_is_planned_beside_the_page_and_recorded_from_it(rosa, runtime, clinic):
    """More than a browser should wait for: shown course by course, then recorded; it can be taken back."""
    courses = book_crowd(runtime, clinic, make_crowd(runtime, clinic, 12))
    form = {"staff_id": clinic.ben.id, "first_day": "2026-03-03", "last_day": "2026-03-06", "job_id": new_job_id()}
    answer = rosa.post("/leave", form)
    assert answer.status_code == 302
    job_id = int(answer.location.rpartition("/")[2])
    solve_jobs.ask_stop(runtime, clinic.rosa.actor, job_id)
    finished(runtime, clinic, job_id)
    page = rosa.get(answer.location).text
    assert "Ben Okafor is away: Tue 3 Mar 2026 to Fri 6 Mar 2026" in page
    assert f"Record the leave and change {len(courses)} courses" in page
    page = rosa.post(f"{answer.location}/apply", follow_redirects=True).text
    assert f"{len(courses)} courses planned anew" in page
    (line,) = leave_view.leave_desk(runtime, clinic.rosa.actor).leave
    assert (
        f"{len(courses)} courses stand as before" in rosa.post(f"/leave/{line.id}/withdraw", follow_redirects=True).text
    )
    page = rosa.get(answer.location).text
    assert "Taken back" in page
    assert "Recorded" not in page


def test_therapists_plan_no_leave_and_book_no_block(browser_of, runtime, clinic):
    """Reception's pages."""
    ben = browser_of(clinic.ben)
    assert ben.get("/book-several").status_code == 403
    assert "Book several" not in ben.get("/patients").text


def _ben_away(clinic):
    return {
        "staff_id": clinic.ben.id,
        "starts": "2026-04-01T00:00:00",
        "ends": "2026-04-02T00:00:00",
        "reason": "",
        "seconds": 1,
    }
