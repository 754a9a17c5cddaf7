"""Book several patients: ticked, planned by one job, booked on the job's page; the same page plans a large leave."""

import html
import re

import pytest

from planner.diary.hours import Closure
from planner.services import clinic_setup, leave_view, solve_jobs
from planner.services.block_booking import planned_block
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
    assert "Proved: " in page or "was not proved" in page
    page = rosa.post(f"{address}/apply", follow_redirects=True).text
    assert "3 courses booked." in page
    assert "Undo all of it" in page
    assert len(set(re.findall(r"/courses/(\d+)", page))) >= 3
    assert "Nobody waits" in rosa.get("/book-several").text


def test_nobody_is_ticked_before_somebody_is_chosen(rosa, runtime, clinic):
    """A link ticks everybody, without a script."""
    make_crowd(runtime, clinic, 3)
    ticked = re.compile(r'name="assessments" value="\d+" checked')
    assert ticked.findall(rosa.get("/book-several").text) == []
    assert 'href="/book-several?tick=all"' in rosa.get("/book-several").text
    assert len(ticked.findall(rosa.get("/book-several?tick=all").text)) == 3


def wishes(assessment, **changes):
    """The fields of one row, as a browser sends them."""
    values = {"practitioner": "", "earliest": "", "latest": "", "preferred": "any", **changes}
    return {f"{name}-{assessment}": value for name, value in values.items()}


def test_each_patient_is_booked_by_the_wishes_in_their_row(rosa, runtime, clinic):
    """Weekdays, half days and the therapist; what is not said is as it was known."""
    crowd = make_crowd(runtime, clinic, 2)
    first = crowd.assessments[0]
    page = rosa.get("/book-several").text
    assert page.count("With Ben Okafor, else another") == 2
    form = {
        "assessments": list(crowd.assessments),
        "first_day": TOMORROW.isoformat(),
        "job_id": new_job_id(),
        **wishes(first, practitioner=crowd.clara, only_preferred="1", earliest="13:00", weekdays=["1", "3"]),
    }
    answer = rosa.post("/book-several", form)
    assert rosa.post("/book-several", form).location == answer.location
    solve_jobs.ask_stop(runtime, clinic.rosa.actor, form["job_id"])
    job = finished(runtime, clinic, form["job_id"])
    lines = {line.course.assessment_id: line for line in planned_block(runtime, clinic.rosa.actor, job)}
    assert all(
        start.weekday() in (1, 3) and start.hour >= 13 and who == "Clara Novak" for _, start, who in lines[first].starts
    )
    assert any(start.hour < 13 for _, start, _ in lines[crowd.assessments[1]].starts)
    other = rosa.post("/book-several", {**form, "assessments": [first]})
    assert other.status_code == 409
    assert "sent before, with other entries" in other.text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"weekdays": []}, "Choose at least one weekday."),
        ({"earliest": "18:00", "latest": "09:00"}, "The earliest time must be before the latest."),
        ({"practitioner": "1"}, "This therapist does not work here."),
    ],
)
def test_wishes_that_make_no_sense_are_refused_in_their_row(rosa, runtime, clinic, wrong, says):
    """422; the row stands open with what was typed, and the other rows keep theirs."""
    crowd = make_crowd(runtime, clinic, 2)
    first, second = crowd.assessments
    form = {
        "assessments": [first, second], "first_day": TOMORROW.isoformat(), "job_id": new_job_id(),
        **wishes(first, weekdays=["1"]), **wishes(first, **{"weekdays": ["1"], **wrong}),
        **wishes(second, weekdays=["4"], latest="15:15"),
    }  # fmt: skip
    answer = rosa.post("/book-several", form)
    assert answer.status_code == 422
    assert f'<details class="fold" id="wishes-{first}" open>' in answer.text
    field = next(reversed(wrong))
    assert f'href="#{field}-{first}"' in answer.text
    assert says in answer.text
    assert 'value="15:15"' in answer.text


def test_what_was_overtaken_is_kept_with_the_block_until_it_is_taken_back(rosa, runtime, clinic):
    """Names, sessions, the dates that were shown and those that are; after the undo none of them is called booked."""
    address = begin(rosa, runtime, clinic, make_crowd(runtime, clinic, 3))
    shown = planned_block(runtime, clinic.rosa.actor, solve_jobs.look(runtime, clinic.rosa.actor, job_of(address)))
    taken = min(line.first for line in shown)
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_closure(unit, Closure(taken.date(), taken.date(), "Water pipe"))
    page = rosa.post(f"{address}/apply", follow_redirects=True).text
    undo = re.search(r'action="(/revisions/\d+/undo[^"]*)"', page)[1]
    for _ in range(2):
        page = rosa.get(address).text
        assert "Other dates than were shown" in page
        row = page[page.index('id="overtaken"') :]
        assert next(line.patient for line in shown if line.first == taken) in row
        assert f"{taken:%H:%M}" in row
    rosa.post(html.unescape(undo))
    page = rosa.get(address).text
    assert "Taken back" in page
    assert "None of these courses is booked any more." in page
    assert "Booked" not in page[page.index('id="job"') :]
    assert "All dates" not in page


def test_whoever_was_booked_meanwhile_is_named_on_the_page_of_the_block(rosa, runtime, clinic):
    """Also on the next day."""
    crowd = make_crowd(runtime, clinic, 2)
    address = begin(rosa, runtime, clinic, crowd)
    book_crowd(runtime, clinic, type(crowd)(crowd.patients[:1], crowd.assessments[:1], crowd.clara))
    rosa.post(f"{address}/apply")
    rosa.get(address)
    assert "In a course already, so not booked again: Patient 000." in rosa.get(address).text


def job_of(address):
    """The job whose page this is."""
    return int(address.rpartition("/")[2])


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
    assert page.count('name="course"') == len(courses)
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
