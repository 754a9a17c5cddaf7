"""What Ana tells the clinic on her page, and what she sees before a date moves."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from planner.services import attendance, patient_moving, patient_wishes, worklists
from planner.services.runtime import Actor
from planner.storage.people import PatientRow
from tests.factories import make_patient
from tests.web.ana_course import book_ana
from tests.web.test_every_page import check_html
from tests.web.test_patient import PLAN, seen_on, words

DEES_LINK = "dees-personal-link-0000000000000000"


@pytest.fixture
def course(runtime, clinic):
    """Ana's booked course."""
    return book_ana(runtime, clinic)


@pytest.fixture
def visited(runtime, clinic, clock, course):
    """She was here once."""
    first = course.appointment(1)
    clock.set(first.starts_at)
    attendance.fulfil(runtime, clinic.rosa.actor, first.id)
    clock.set(first.ends_at + timedelta(hours=1))
    return course


@pytest.fixture
def dee(runtime, clinic):
    """Another patient of the clinic."""
    with runtime.writing(clinic.system) as unit:
        return make_patient(unit, "Dee Other", link=DEES_LINK)


def ana(clinic):
    """Whoever has Ana's link."""
    return Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana)


def pressed(page):
    """The buttons that are shown as chosen."""
    return re.findall(r'value="([^"]+)" aria-pressed="true"', page.text)


def test_pain_and_exercises_are_told_with_one_button_each(client, visited):
    """Each shows what is told; the same once more takes it back."""
    session = visited.now().sessions[0].id
    assert "How is it today?" in words(client.get(PLAN))
    client.post(f"{PLAN}/log", {"session": session, "told": "pain 4"})
    page = client.post(f"{PLAN}/log", {"session": session, "told": "exercises 1"}, follow_redirects=True)
    assert "Thank you, noted." in words(page)
    assert [each for each in pressed(page) if each != "en"] == ["pain 4", "exercises 1"]
    page = client.post(f"{PLAN}/log", {"session": session, "told": "pain 4"}, follow_redirects=True)
    assert "Taken back." in words(page)
    assert "pain 4" not in pressed(page)


@pytest.mark.parametrize("told", ["pain 11", "pain", "", "sleep 3", "pain nan", "exercises 0.5"])
def test_nonsense_in_the_log_is_refused_with_the_plan(client, visited, told):
    """What can't be a button is none."""
    answer = client.post(f"{PLAN}/log", {"session": visited.now().sessions[0].id, "told": told})
    assert answer.status_code == 422
    assert "Choose one of the buttons." in words(answer)


def test_before_the_first_visit_nobody_is_asked_how_it_was(client, course):
    """There is nothing to tell yet."""
    assert "How is it today?" not in words(client.get(PLAN))


def test_nobody_tells_for_another_patient(client, visited, dee):
    """Another patient's visit is not there."""
    answer = client.post(f"/p/{DEES_LINK}/log", {"session": visited.now().sessions[0].id, "told": "pain 4"})
    assert answer.status_code == 404


def test_earlier_times_are_switched_off_and_on(client, runtime, clinic, course):
    """One button, that says how it stands."""
    assert 'aria-checked="true"' in client.get(PLAN).text
    page = client.post(f"{PLAN}/earlier", {"wanted": "no"}, follow_redirects=True)
    assert 'aria-checked="false"' in page.text
    with runtime.reading(clinic.rosa.actor) as unit:
        assert not unit.get(PatientRow, clinic.ana).wants_earlier
    assert 'aria-checked="true"' in client.post(f"{PLAN}/earlier", {"wanted": "yes"}, follow_redirects=True).text


@pytest.mark.parametrize(("language", "title"), [("de", "Ihr Plan"), ("es", "Su plan"), ("en", "Your plan")])
def test_the_page_speaks_the_language_that_is_chosen(client, runtime, clinic, course, language, title):
    """So do messages and calendars from then on."""
    page = client.post(f"{PLAN}/language", {"language": language}, follow_redirects=True)
    assert title in words(page)
    assert 'aria-pressed="true"' in page.text
    check_html(page.text, whole=True)
    with runtime.reading(clinic.rosa.actor) as unit:
        assert unit.get(PatientRow, clinic.ana).language == language


def test_a_language_without_texts_is_refused(client, course):
    """And changes nothing."""
    assert client.post(f"{PLAN}/language", {"language": "xx"}).status_code == 422


def test_nothing_happens_before_what_follows_was_seen(client, course):
    """A cancellation without the page before is answered with that page."""
    before = course.now()
    path = f"{PLAN}/appointments/{course.appointment(3).id}/cancel"
    assert client.get(path).status_code == 200
    answer = client.post(path, {"version": course.version(3), "seen": "nonsense"})
    assert answer.status_code == 409
    assert "Other dates would follow now" in words(answer)
    assert "Instead you would come" in words(answer)
    assert course.now() == before
    check_html(answer.text, whole=True)


def test_a_time_at_which_later_visits_move_is_looked_at_first(client, runtime, clinic, course):
    """Each of them is named; then all move at once."""
    third = course.appointment(3)
    late = patient_moving.times_for(runtime, ana(clinic), third.id).alone[-1]
    slot = f"{late.start.isoformat(timespec='minutes')} {late.practitioner_id}"
    client.post(f"{PLAN}/appointments/{third.id}/move", {"version": course.version(3), "slot": slot})
    fourth, before = course.appointment(4), course.now()
    chosen = patient_moving.times_for(runtime, ana(clinic), fourth.id).together[-1]
    slot = f"{chosen.start.isoformat(timespec='minutes')} {chosen.practitioner_id}"
    assert f'value="{slot}"' in client.get(f"{PLAN}/appointments/{fourth.id}/move").text
    page = client.get(f"{PLAN}/appointments/{fourth.id}/together?slot={slot}")
    assert "would move too" in words(page)
    assert "Visit 5 of 9, instead of" in words(page)
    assert course.now() == before
    check_html(page.text, whole=True)
    form = {"version": course.version(4), "slot": slot, "seen": seen_on(page)}
    stale = client.post(f"{PLAN}/appointments/{fourth.id}/together", {**form, "seen": "x"})
    assert (stale.status_code, course.now()) == (409, before)
    done = client.post(f"{PLAN}/appointments/{fourth.id}/together", form, follow_redirects=True)
    assert "moved with it" in words(done)
    assert course.appointment(4).starts_at == chosen.starts_at


def test_wishes_are_left_for_reception(client, clinic, course):
    """The page keeps what was typed where something is wrong, and says when they were left."""
    page = client.get(f"{PLAN}/wishes")
    check_html(page.text, whole=True)
    form = {"weekdays": ["2", "3"], "earliest": "noon", "latest": "", "preferred": "any", "note": "عمل جديد"}
    wrong = client.post(f"{PLAN}/wishes", {**form, "practitioner": str(clinic.ben.id)})
    assert wrong.status_code == 422
    assert 'value="noon"' in wrong.text
    assert "عمل جديد" in wrong.text
    check_html(wrong.text, whole=True)
    form = {**form, "earliest": "12:00", "practitioner": str(clinic.ben.id)}
    assert "We look at your wishes" in words(client.post(f"{PLAN}/wishes", form, follow_redirects=True))
    assert [item.kind for item in course.notices()] == [worklists.WISH_CHANGED]
    assert "You left these wishes on Monday 2 March" in words(client.get(f"{PLAN}/wishes"))


def test_whoever_has_several_courses_says_for_which_the_wishes_hold(client, runtime, clinic, course):
    """All of them, unless one is chosen; with one course nothing is asked."""
    asked = "What I change here holds for"
    assert asked not in words(client.get(f"{PLAN}/wishes"))
    second = book_ana(runtime, clinic)
    page = client.get(f"{PLAN}/wishes")
    check_html(page.text, whole=True)
    assert asked in words(page)
    assert "All my visits" in words(page)
    assert words(page).count("Visits with Ben Okafor") == 2
    form = {"weekdays": ["2", "3"], "preferred": "any", "practitioner": str(clinic.ben.id), "shown": str(course.id)}
    client.post(f"{PLAN}/wishes", {**form, "course": str(second.id)})
    assert [item.course_id for item in course.notices()] == [second.id]
    client.post(f"{PLAN}/wishes", {**form, "course": ""})
    assert {item.course_id for item in course.notices()} == {course.id, second.id}


def test_reception_sees_both_sides_and_takes_them_over(client, runtime, clinic, course):
    """Never by themselves: a button, and the present state where something else would follow."""
    form = patient_wishes.known(runtime, ana(clinic)).form
    patient_wishes.leave(runtime, ana(clinic), replace(form, weekdays=("2", "3"), note="<b>new</b> job"))
    client.sign_in(clinic.rosa)
    path = f"/worklists/wishes/{course.notices()[0].id}"
    page = client.get(path)
    check_html(page.text, whole=True)
    assert "Wednesday, Thursday" in words(page)
    assert "<b>new</b>" not in page.text
    stale = client.post(f"{path}/take-over", {"digest": "x"})
    assert stale.status_code == 409
    assert "Look at what would happen now" in words(stale)
    digest = re.search(r'name="digest" value="([^"]+)"', page.text).group(1)
    done = client.post(f"{path}/take-over", {"digest": html.unescape(digest)}, follow_redirects=True)
    assert "The new wishes hold" in words(done)
    assert client.get(path).status_code == 404


def test_the_printed_plan_is_a_pdf_that_is_not_kept(client, course):
    """It shows somebody's health."""
    answer = client.get(f"{PLAN}/plan.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.startswith(b"%PDF")


def test_another_patients_visits_are_not_there(client, course, dee):
    """Whatever is asked of them."""
    base = f"/p/{DEES_LINK}/appointments/{course.appointment(2).id}"
    form = {"version": course.version(2), "slot": "2026-03-20T10:00 1", "seen": "x"}
    assert [client.get(f"{base}/{what}").status_code for what in ("cancel", "move")] == [404, 404]
    assert client.get(f"{base}/together?slot=2026-03-20T10:00+1").status_code == 404
    assert [client.post(f"{base}/{what}", form).status_code for what in ("cancel", "move", "together")] == [404] * 3
