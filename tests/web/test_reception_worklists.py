"""Worklists and leave: what waits, and what happens when a therapist is away."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from planner.diary.hours import Closure, Leave
from planner.services import clinic_setup, job_rows, leave, leave_view, solve_jobs, worklists
from tests.services.many_patients import finished
from tests.web.ana_course import book_ana

ONE_DAY = Leave.whole_days(date(2026, 3, 3), date(2026, 3, 3))
AWAY = {"first_day": "2026-03-03", "reason": "Flu"}


@pytest.fixture
def course(runtime, clinic):
    """Ana's course, from tomorrow on."""
    return book_ana(runtime, clinic)


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def open_line(runtime, clinic, kind, course):
    """Put Ana's course on a worklist; the line's id."""
    with runtime.writing(clinic.system) as unit:
        worklists.open_item(unit, kind, f"test-{kind}", "Somebody should look at this.", course.id)
    return course.notices()[-1].id


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (worklists.TWO_MISSES, "/resume"),
        (worklists.CATCH_UP, "/catch-up"),
        (worklists.TO_PLACE, "Open the course"),
        (worklists.TELL_PATIENT, "Told"),
        (worklists.MESSAGE_FAILED, "Seen"),
    ],
)
def test_each_line_has_its_obvious_action(rosa, runtime, clinic, course, kind, action):
    """And its patient, and why it is there."""
    open_line(runtime, clinic, kind, course)
    page = rosa.get("/worklists").text
    assert action in page
    assert "Ana Silva" in page
    assert "Somebody should look at this." in page


def test_a_line_that_was_seen_to_goes_away(rosa, runtime, clinic, course):
    """Closed by whom, kept in the records."""
    line = open_line(runtime, clinic, worklists.TELL_PATIENT, course)
    page = rosa.post(f"/worklists/{line}/dismiss", follow_redirects=True).text
    assert "Taken off the worklist" in page
    assert "Nothing waits" in page
    assert course.notices() == []


def test_two_misses_are_resumed_from_the_worklist(rosa, runtime, clinic, clock, course):
    """After the call, one click rebooks, and the page is the worklist again."""
    for _ in range(2):
        clock.set(course.appointment(1).starts_at + timedelta(hours=1))
        rosa.sign_in(clinic.rosa)
        rosa.post(f"/appointments/{course.appointment(1).id}/miss", {"version": course.version(1)})
    assert "Two misses in a row" in rosa.get("/worklists").text
    answer = rosa.post(f"/courses/{course.id}/resume", {"next": "/worklists"}, follow_redirects=True)
    assert "Nothing waits" in answer.text
    assert course.appointment(1).status == "booked"


def test_leave_is_previewed_course_by_course_before_it_is_recorded(rosa, clinic, course):
    """Before and after stand side by side, and nothing is kept by looking."""
    before = course.appointment(1)
    form = {**AWAY, "staff_id": clinic.ben.id, "do": "preview"}
    page = rosa.post("/leave", form).text
    assert "Ben Okafor away: what changes" in page
    assert "Tue 3 Mar, 08:00" in page
    assert "Record the leave and change what is ticked" in page
    assert course.appointment(1) == before
    assert "Everybody is here" in rosa.get("/leave").text


def ticks(page):
    """What the boxes of a previewed leave send: every course with what was shown of it."""
    shown = dict(re.findall(r'name="(shown-\d+)" value="(\w+)"', page))
    return {"ticks": "yes", "course": re.findall(r'name="course" value="(\d+)"', page), **shown}


def test_a_leave_is_recorded_only_as_it_was_shown(rosa, runtime, clinic, course):
    """Somebody takes the date that the page promised: it is shown anew, and nothing is kept before that."""
    form = {**AWAY, "staff_id": clinic.ben.id, "do": "preview"}
    shown = ticks(rosa.post("/leave", form).text)
    promised = leave.preview_leave(runtime, clinic.rosa.actor, clinic.ben.id, ONE_DAY)
    place = next(change.after for change in promised.courses[0].difference.told if change.after)
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_closure(unit, Closure(place.starts_at.date(), place.starts_at.date(), "Holiday"))
    answer = rosa.post("/leave", {**form, "do": "record", **shown})
    assert answer.status_code == 409
    assert "The diary changed since this preview" in answer.text
    assert "Everybody is here" in rosa.get("/leave").text
    page = rosa.post("/leave", {**form, "do": "record", **ticks(answer.text)}, follow_redirects=True).text
    assert "1 course planned anew" in page


def test_a_course_that_is_not_ticked_stays_and_comes_onto_the_worklist(rosa, runtime, clinic, course):
    """With its two actions; taking the leave back ends it."""
    form = {**AWAY, "staff_id": clinic.ben.id}
    before = course.appointment(1)
    shown = ticks(rosa.post("/leave", {**form, "do": "preview"}).text)
    page = rosa.post("/leave", {**form, "do": "record", **shown, "course": []}, follow_redirects=True).text
    assert "1 visit stays where it is and waits on the worklist" in page
    assert course.appointment(1) == before
    page = rosa.get("/worklists").text
    assert "Session 1 is on Tue 3 Mar at 08:00, when Ben Okafor is away." in page
    assert f"/appointments/{before.id}/move" in page
    rosa.post(f"/appointments/{before.id}/cancel", {"version": course.version(1), "next": "/worklists"})
    assert "Nothing waits" in rosa.get("/worklists").text


def test_where_the_clinic_wants_no_plan_a_leave_leaves_all_to_people(rosa, runtime, clinic, course):
    """Nothing moves, and each visit in it is a line."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"leave": "off"})
    before = course.appointment(1)
    form = {**AWAY, "staff_id": clinic.ben.id}
    assert "The visits of 1 course lie in this time" in rosa.post("/leave", {**form, "do": "preview"}).text
    rosa.post("/leave", {**form, "do": "record"})
    assert course.appointment(1) == before
    assert [item.kind for item in course.notices()] == [worklists.LEAVE_CLASH]


@pytest.mark.parametrize(("level", "ticked"), [("apply", 1), ("propose", 0)])
def test_what_a_leave_proposes_is_ticked_where_it_is_done_by_itself(rosa, runtime, clinic, course, level, ticked):
    """Else somebody agrees course by course."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"leave": level})
    page = rosa.post("/leave", {**AWAY, "staff_id": clinic.ben.id, "do": "preview"}).text
    assert len(re.findall(r'name="course" value="\d+" form="record" checked', page)) == ticked


def test_what_was_not_ticked_waits_with_its_new_dates_where_they_are_proposed(rosa, runtime, clinic, course):
    """One line with what would move, applied or left by its two buttons."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"leave": "propose"})
    before = course.appointment(1)
    form = {**AWAY, "staff_id": clinic.ben.id}
    shown = ticks(rosa.post("/leave", {**form, "do": "preview"}).text)
    rosa.post("/leave", {**form, "do": "record", **shown, "course": []})
    assert course.appointment(1) == before
    page = rosa.get("/worklists").text
    assert "Ben Okafor is away. Nothing is rebooked yet." in page
    assert "session 1: Tue 3 Mar, 08:00 →" in page
    (item,) = course.notices()
    digest = re.search(r'name="digest" value="([^"]+)"', page)[1]
    page = rosa.post(f"/worklists/{item.id}/apply", {"digest": digest}, follow_redirects=True).text
    assert "Ben Okafor is away; the rest repaired as proposed" in page
    assert course.appointment(1).starts_at > before.starts_at
    assert course.notices() == []


def test_a_leave_for_which_others_may_make_room_is_planned_beside_the_page(rosa, runtime, clinic, course):
    """However small it is: there are many who might."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_displacing(unit, "unconfirmed")
    job_id = solve_jobs.new_job_id()
    form = {**AWAY, "staff_id": clinic.ben.id, "do": "preview", "job_id": job_id}
    answer = rosa.post("/leave", form)
    assert answer.location == f"/jobs/{job_id}"
    solve_jobs.ask_stop(runtime, clinic.rosa.actor, job_id)
    finished(runtime, clinic, job_id)
    assert "Record the leave and change what is ticked" in rosa.get(answer.location).text


def test_a_leave_sent_twice_is_recorded_once_and_said(rosa, clinic, course):
    """Also one that touches nobody; the second press is told that it stands already."""
    form = {**AWAY, "first_day": "2026-05-04", "last_day": "2026-05-04", "staff_id": clinic.ben.id, "do": "record"}
    assert rosa.post("/leave", form).status_code == 302
    for do in ("record", "preview"):
        again = rosa.post("/leave", {**form, "do": do})
        assert again.status_code == 422
        assert "This is recorded already: Ben Okafor is away on Monday 4 May (“Flu”)." in again.text
        assert again.text.count("Take back") == 1


def test_a_form_of_leave_plans_once_and_not_something_else(rosa, runtime, clinic, course):
    """Every form has a number: sent twice it is one planning, and after Back with other days it is refused."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_displacing(unit, "unconfirmed")
    job_id = re.search(r'name="job_id" value="(\d+)"', rosa.get("/leave").text)[1]
    form = {**AWAY, "staff_id": clinic.ben.id, "do": "preview", "job_id": job_id}
    assert {rosa.post("/leave", form).location for _ in range(2)} == {f"/jobs/{job_id}"}
    with runtime.reading(clinic.rosa.actor) as unit:
        assert [job.id for job in job_rows.unused(unit)] == [int(job_id)]
    other = rosa.post("/leave", {**form, "last_day": "2026-03-06"})
    assert other.status_code == 409
    assert "sent before, with other entries" in other.text
    assert re.search(r'name="job_id" value="(\d+)"', other.text)[1] != job_id
    assert rosa.post("/leave", {**form, "job_id": "x"}).status_code == 422


def test_recorded_leave_moves_the_appointments_in_it(rosa, clinic, course):
    """And stands in the list until it is over."""
    form = {**AWAY, "staff_id": clinic.ben.id, "do": "record"}
    page = rosa.post("/leave", form, follow_redirects=True).text
    assert "1 course planned anew" in page
    assert "Tue 3 Mar 2026: <bdi>Flu</bdi>" in page
    assert course.appointment(1).starts_at.date().isoformat() > "2026-03-03"


def test_leave_taken_back_in_time_restores_every_date(rosa, runtime, clinic, course):
    """Until the patients were told, it is as if it had never been."""
    before = course.appointment(1)
    rosa.post("/leave", {**AWAY, "staff_id": clinic.ben.id, "do": "record"})
    page = rosa.post(f"/leave/{only_leave(runtime, clinic)}/withdraw", follow_redirects=True).text
    assert "1 course stands as before." in page
    assert course.appointment(1).place == before.place


def test_leave_taken_back_too_late_leaves_the_new_dates(rosa, runtime, clinic, course):
    """Something else happened since: the page says why the dates stay."""
    rosa.post("/leave", {**AWAY, "staff_id": clinic.ben.id, "do": "record"})
    rosa.post(f"/appointments/{course.appointment(2).id}/confirm", {"version": course.version(2)})
    moved = course.appointment(1)
    page = rosa.post(f"/leave/{only_leave(runtime, clinic)}/withdraw", follow_redirects=True).text
    assert "The appointments stay where they are now" in page
    assert course.appointment(1) == moved


def test_a_part_of_a_day_can_be_leave(rosa, clinic, course):
    """Ana's visit at eight stays when Ben is away from ten."""
    form = {**AWAY, "staff_id": clinic.ben.id, "from_time": "10:00", "to_time": "12:30", "do": "record"}
    page = rosa.post("/leave", form, follow_redirects=True).text
    assert "No appointment is touched" in page
    assert "Tue 3 Mar 2026 10:00 to 12:30" in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"staff_id": ""}, "staff_id"),
        ({"first_day": "soon"}, "first_day"),
        ({"first_day": "0001-01-01"}, "first_day"),
        ({"last_day": "2026-03-01"}, "last_day"),
        ({"from_time": "ten"}, "from_time"),
        ({"from_time": "10:00+01:00"}, "from_time"),
        ({"from_time": "12:00", "to_time": "11:00"}, "to_time"),
        ({"reason": "x" * 201}, "reason"),
    ],
)
@pytest.mark.parametrize("do", ["preview", "record"])
def test_leave_that_makes_no_sense_is_refused_at_its_field(rosa, clinic, wrong, field, do):
    """422, nothing recorded."""
    answer = rosa.post("/leave", {**AWAY, "staff_id": clinic.ben.id, "do": do, **wrong})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "Everybody is here" in rosa.get("/leave").text


def test_the_worklists_need_a_bounded_number_of_queries(rosa, runtime, clinic, course):
    """As many for a long list as for an empty one."""
    # The first look is noted once the answer is out.
    rosa.get("/worklists")
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    rosa.get("/worklists")
    empty = len(seen)
    for number in range(20):
        with runtime.writing(clinic.system) as unit:
            worklists.open_item(unit, worklists.TELL_PATIENT, f"key-{number}", "Call her.", course.id)
    seen.clear()
    rosa.get("/worklists")
    assert len(seen) == empty


def only_leave(runtime, clinic):
    """The id of the one leave there is."""
    (line,) = leave_view.leave_desk(runtime, clinic.rosa.actor).leave
    return line.id
