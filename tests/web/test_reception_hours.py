"""The page of working hours: typed day by day, shown before anything is done, set, and taken back."""

import re
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.diary.hours import WeeklyHours
from planner.errors import InvalidInput
from planner.services import clinic_setup, solve_jobs
from planner.services.hours_changes import hours_of
from planner.web.reception.hours_form import fields_of, read_hours, read_week, week_words
from tests.factories import weekly
from tests.services.many_patients import book_crowd, finished, make_crowd
from tests.web.ana_course import book_ana

AFTERNOONS = {f"day_{weekday}": "13:00-18:00" for weekday in range(5)}


@pytest.fixture
def course(runtime, clinic):
    """Ana's course with Ben, at eight in the morning."""
    return book_ana(runtime, clinic)


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def form_for(clinic, do="preview", **changes):
    """Ben comes in the afternoon from tomorrow on."""
    return {"staff_id": clinic.ben.id, "first_day": "2026-03-03", **AFTERNOONS, "do": do, **changes}


def digest_in(page):
    """What the form of a preview agrees to."""
    return re.search(r'name="digest" value="(\w+)"', page)[1]


def begins(runtime, clinic):
    """At what times of day Ben begins, before and after."""
    with runtime.reading(clinic.rosa.actor) as unit:
        return {line.start for line in hours_of(unit, clinic.ben.id)}


def test_the_form_begins_with_the_hours_as_they_are(rosa, clinic):
    """For whoever is chosen, from next Monday on."""
    for address in ("/hours", f"/hours?staff_id={clinic.ben.id}"):  # There is only Ben.
        page = rosa.get(address).text
        assert "Mon–Fri 08:00–18:00" in page
        assert 'name="day_0" type="text" dir="auto" value="08:00–18:00"' in page
        assert 'name="day_6" type="text" dir="auto" value=""' in page
        assert 'value="2026-03-09"' in page


def test_nobodys_hours_are_asked_for_before_somebody_is_chosen(rosa, runtime, clinic):
    """An empty form would be somebody who never works."""
    make_crowd(runtime, clinic, 0)
    page = rosa.get("/hours").text
    assert "Whose hours change?" in page
    assert 'name="day_0"' not in page
    assert "New hours of Clara Novak" in rosa.get(re.findall(r"/hours\?staff_id=\d+", page)[1]).text
    answer = rosa.post("/hours", form_for(clinic, staff_id=""))
    assert answer.status_code == 422
    assert "Choose whose hours change." in answer.text


def test_new_hours_are_previewed_row_by_row_before_they_are_set(rosa, runtime, clinic, course):
    """Before and after side by side, and nothing is kept by looking; then exactly that is done."""
    before = course.appointment(1)
    page = rosa.post("/hours", form_for(clinic)).text
    assert "Ben Okafor works other hours from Tue 3 Mar 2026" in page
    assert "Mon–Fri 13:00–18:00" in page
    assert "Tue 3 Mar, 13:00" in page
    assert "Set the hours and change 1 course" in page
    assert course.appointment(1) == before
    assert begins(runtime, clinic) == {time(8)}
    page = rosa.post("/hours", form_for(clinic, "record", digest=digest_in(page)), follow_redirects=True).text
    assert "The hours are set. 1 course planned anew." in page
    assert f"{course.appointment(1).starts_at:%H:%M}" == "13:00"
    assert begins(runtime, clinic) == {time(8), time(13)}


def test_hours_taken_back_in_time_restore_every_date(rosa, runtime, clinic, course):
    """Until the patients were told, it is as if they had never been."""
    before = course.appointment(1)
    page = rosa.post("/hours", form_for(clinic, "record"), follow_redirects=True).text
    assert "Mon–Fri 08:00–18:00" in page
    assert "from Tue 3 Mar 2026: Mon–Fri 13:00–18:00" in page
    address = re.search(r'action="(/hours/\d+/take-back)"', page)[1]
    page = rosa.post(address, follow_redirects=True).text
    assert "The hours of Ben Okafor are as before. 1 course stands as before, too." in page
    assert course.appointment(1).place == before.place
    assert begins(runtime, clinic) == {time(8)}
    answer = rosa.post(address)
    assert answer.status_code == 409
    assert "already taken back" in answer.text


def test_hours_are_set_only_as_they_were_shown(rosa, runtime, clinic, course):
    """Somebody calls a visit off: what would happen now is shown anew, and nothing is kept before that."""
    digest = digest_in(rosa.post("/hours", form_for(clinic)).text)
    rosa.post(f"/appointments/{course.appointment(2).id}/cancel", {"version": course.version(2), "rebook": "no"})
    answer = rosa.post("/hours", form_for(clinic, "record", digest=digest))
    assert answer.status_code == 409
    assert "The diary changed since this preview" in answer.text
    assert begins(runtime, clinic) == {time(8)}


def test_hours_in_which_nobody_is_touched_say_so(rosa, clinic, course):
    """Wider ones, for instance."""
    page = rosa.post("/hours", form_for(clinic, **dict.fromkeys(AFTERNOONS, "7:00 - 20"))).text
    assert "No appointment lies outside of these hours." in page


def test_hours_of_many_courses_are_planned_beside_the_page_and_set_from_it(rosa, runtime, clinic):
    """More than a browser should wait for: the same page as for a leave, with its own words."""
    crowd = make_crowd(runtime, clinic, 12)
    with runtime.writing(clinic.system) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, weekly("09:00", "12:00"))
    book_crowd(runtime, clinic, crowd)
    job_id = solve_jobs.new_job_id()
    answer = rosa.post("/hours", form_for(clinic, job_id=job_id))
    assert answer.location == f"/jobs/{job_id}"
    assert rosa.post("/hours", form_for(clinic, job_id=job_id)).location == answer.location
    other = rosa.post("/hours", form_for(clinic, job_id=job_id, first_day="2026-03-04"))
    assert other.status_code == 409
    assert "sent before, with other entries" in other.text
    solve_jobs.ask_stop(runtime, clinic.rosa.actor, job_id)
    finished(runtime, clinic, job_id)
    page = rosa.get(answer.location).text
    assert "Ben Okafor works other hours from Tue 3 Mar 2026: Mon–Fri 13:00–18:00" in page
    assert "the hours can be taken back" in page
    assert "Set the hours and change" in page
    page = rosa.post(f"{answer.location}/apply", follow_redirects=True).text
    assert "The hours are set." in page
    assert "The hours are set, and the courses were changed with them." in rosa.get(answer.location).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first_day": "soon"}, "first_day"),
        ({"first_day": "2026-03-01"}, "first_day"),
        ({"day_1": "in the morning"}, "day_1"),
        ({"day_1": "9:00"}, "day_1"),
        ({"day_1": "25:00-26:00"}, "day_1"),
        ({"day_1": "12:00-09:00"}, "day_1"),
        ({"day_1": "09:00-12:00, 11:30-14:00"}, "day_1"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "record"])
def test_hours_that_make_no_sense_are_refused_at_their_field(rosa, runtime, clinic, wrong, field, do):
    """422, everything typed stays, nothing is set."""
    answer = rosa.post("/hours", form_for(clinic, do, **wrong))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="13:00-18:00"' in answer.text
    assert begins(runtime, clinic) == {time(8)}


def test_another_clinics_therapist_is_not_found(rosa, other_clinic, clinic):
    """However the form was made."""
    assert rosa.post("/hours", form_for(clinic, staff_id=other_clinic.ben.id)).status_code == 404


def test_only_reception_and_managers_see_the_page(browser_of, clinic):
    """As for leave."""
    assert browser_of(clinic.ben).get("/hours").status_code == 403
    assert browser_of(clinic.mo).get("/hours").status_code == 200


clocks = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))


@given(st.lists(st.tuples(st.integers(0, 6), st.lists(clocks, min_size=2, max_size=6, unique=True)), max_size=7))
def test_what_the_form_shows_is_read_as_the_same_hours(days):
    """Whatever somebody works."""
    lines = {
        (weekday, start): WeeklyHours(weekday, start, end)
        for weekday, moments in dict(days).items()
        for start, end in zip(sorted(moments)[::2], sorted(moments)[1::2], strict=False)
    }
    week, errors = read_week({"staff_id": "7", "first_day": "2026-03-09", **fields_of(lines.values())})
    assert errors == {}
    assert week.first_day == date(2026, 3, 9)
    assert {(line.weekday, line.start): line for line in week.lines} == lines


@pytest.mark.parametrize("text", ["9-12", "9:00 – 12:00", "09.00 to 12", "9-12,", " ; 9 — 12"])
def test_hours_are_read_as_people_write_them(text):
    """With whatever stands between."""
    assert read_hours(3, text) == [WeeklyHours(3, time(9), time(12))]


@pytest.mark.parametrize("text", ["9-12 13-17", "nine to five", "9-12-15", "9::00-12", "-", "9-24"])
def test_what_can_be_read_in_two_ways_is_not_read(text):
    """Nobody is planned by a guess."""
    with pytest.raises(InvalidInput):
        read_hours(0, text)


def test_a_week_in_words_names_equal_days_once():
    """Those that follow one another."""
    lines = [*weekly("08:00", "18:00", (0, 1, 3)), *weekly("08:00", "12:00", (4,)), *weekly("13:00", "15:00", (4,))]
    assert week_words(lines) == "Mon–Tue 08:00–18:00, Thu 08:00–18:00, Fri 08:00–12:00 and 13:00–15:00"
    assert week_words([]) == "no hours"
