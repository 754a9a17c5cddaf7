"""Book a course from its first step: the patient found or added on the booking page, then all that follows."""

import re
from datetime import date
from urllib.parse import urlencode

import pytest
from sqlalchemy import event

from planner.diary.hours import Leave
from planner.services import clinic_setup, patients
from planner.services.patients import PatientDetails
from planner.services.planning import therapists
from planner.storage.courses import CourseRow
from planner.storage.people import ServiceRow
from tests.factories import make_person, weekly
from tests.web.ana_course import assess_ana
from tests.web.test_reception_booking import RELIEF, fields, rows, send

HTMX = {"HX-Request": "true"}


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


def add(runtime, clinic, name, **details):
    """A patient through the service."""
    return patients.add(runtime, clinic.rosa.actor, PatientDetails(name, **details))


def test_today_and_the_diary_lead_to_the_booking_page(rosa):
    """One click from where reception works."""
    assert 'href="/book"' in rosa.get("/").text or 'href="/book"' in rosa.get("/today").text
    assert 'data-book="/book"' in rosa.get("/diary").text


def test_a_few_letters_find_the_patient_on_the_booking_page(rosa, clinic):
    """With and without a script; the next step is one click away."""
    page = rosa.get("/book?q=SILVA").text
    assert f'href="/patients/{clinic.ana}/book"' in page
    part = rosa.get("/book?q=silva", headers=HTMX).text
    assert f'href="/patients/{clinic.ana}/book"' in part
    assert "<html" not in part
    assert "Ana Silva" not in rosa.get("/book").text


@pytest.mark.parametrize(
    ("query", "field"), [("Zoe Martin", "name"), ("0131 496 0000", "phone"), ("zoe@example.org", "email")]
)
def test_what_was_searched_for_stands_in_the_form_for_somebody_new(rosa, query, field):
    """Nothing is typed twice."""
    part = rosa.get("/book?" + urlencode({"q": query}), headers=HTMX).text
    assert re.search(rf'name="{field}"[^>]*value="{query}"', part)
    assert '<details class="fold" id="new-patient" open>' in part


def test_somebody_new_is_added_and_the_booking_goes_on(rosa, runtime, clinic):
    """The same page's second step follows."""
    form = {"name": "Zoe Martin", "phone": "0131 496 0000", "birth_date": "1980-05-24"}
    answer = rosa.post("/book", form)
    (zoe,) = patients.find(runtime, clinic.rosa.actor, "zoe")
    assert answer.location == f"/patients/{zoe.id}/book"
    assert "What was found" in rosa.get(answer.location).text


def test_doubles_are_noticed_while_typing_and_before_adding(rosa, runtime, clinic):
    """It is this one, or it is not: each with one click, and what was typed stays."""
    known = add(runtime, clinic, "Zoë Martin", phone="(0131) 496-0000")
    form = {"name": "Zed", "phone": "+44 131 496 0000"}
    part = rosa.post("/book", form, headers=HTMX)
    assert part.status_code == 200
    assert "The same: the phone number" in part.text
    answer = rosa.post("/book", form)
    assert answer.status_code == 409
    assert f'href="/patients/{known}/book"' in answer.text
    assert 'value="Zed"' in answer.text
    assert patients.find(runtime, clinic.rosa.actor, "zed") == []
    assert rosa.post("/book", {**form, "anyway": "yes"}).status_code == 302


def test_half_a_form_is_no_mistake_while_typing(rosa):
    """Nothing is put into the page; when it is sent, it is said at the field."""
    form = {"name": "Zoe", "email": "zoe@"}
    assert rosa.post("/book", form, headers=HTMX).status_code == 204
    answer = rosa.post("/book", form)
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert 'value="zoe@"' in answer.text


def test_a_place_of_the_diary_is_kept_on_the_way(rosa, runtime, clinic):
    """Clicked in the diary, then the patient, then what was found: the first session is there."""
    place = urlencode({"practitioner": clinic.ben.id, "start": "2026-03-03T10:00"})
    page = rosa.get(f"/book?{place}&q=ana").text.replace("&amp;", "&")
    link = re.search(rf'href="(/patients/{clinic.ana}/book\?[^"]+)"', page)[1]
    assert "start=2026-03-03T10" in link
    answer = rosa.post(link, {**RELIEF, "do": "record"})
    page = rosa.get(answer.location).text
    assert rows(page)[0][0] == "Tue 3 Mar, 10:00"
    assert "Fixed by you" in page


def test_a_search_asks_a_bounded_number_of_queries(rosa, runtime, clinic):
    """However many are found."""
    for number in range(15):
        add(runtime, clinic, f"Zoe {number}", phone=f"0131 496 00{number:02}")
    # The first look is noted once the answer is out.
    rosa.get("/book?q=zoe", headers=HTMX)
    asked = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    rosa.get("/book?q=zoe", headers=HTMX)
    few = len(asked)
    assert few <= 10
    rosa.post("/book", {"name": "Zoe 3", "phone": "0131 496 0003"}, headers=HTMX)
    assert len(asked) - few <= 8


@pytest.fixture
def form(rosa, runtime, clinic):
    """The form of the wishes for Ana, in a clinic with three therapists."""
    with runtime.writing(clinic.system) as unit:
        make_person(unit, "Clara Novak", "clara@example.org", "therapist", treats=True)
        make_person(unit, "Dana Ortiz", "dana@example.org", "therapist", treats=True)
    found = assess_ana(runtime, clinic, {**RELIEF, "symptom_weeks": 40})
    return fields(rosa.get(f"/patients/{clinic.ana}/book?assessment={found}").text)


def booked(runtime, clinic, form):
    """The course of this form."""
    with runtime.reading(clinic.rosa.actor) as unit:
        return unit.get(CourseRow, int(form["course_id"][0]))


def test_a_note_goes_with_the_course_and_stands_on_its_page(rosa, runtime, clinic, form):
    """In any script, whole, and safe."""
    note = "لا أستطيع السير طويلاً <b>"
    page = send(rosa, clinic, {**form, "note": note}, do="dates").text
    assert "&lt;b&gt;" in page
    page = rosa.post(f"/patients/{clinic.ana}/book", {**fields(page), "do": "book"}, follow_redirects=True).text
    assert booked(runtime, clinic, form).wish_note == note
    assert "What the patient wished" in page
    assert "لا أستطيع السير طويلاً &lt;b&gt;" in page
    refused = send(rosa, clinic, {**form, "note": "x" * 1001}, do="dates")
    assert refused.status_code == 422
    assert 'id="note-error"' in refused.text


def test_two_absences_are_planned_around(rosa, clinic, form):
    """No date lies in either."""
    away = {"away_from": "2026-03-09", "away_to": "2026-03-13", "away_from_2": "2026-03-23", "away_to_2": "2026-03-27"}
    page = send(rosa, clinic, {**form, **away}, do="dates").text
    days = [int(day.split()[1]) for day, _ in rows(page) if "Mar" in day]
    assert days
    assert not {*range(9, 14), *range(23, 28)} & set(days)
    assert "Away from Mon 9 Mar to Fri 13 Mar; Away from Mon 23 Mar to Fri 27 Mar" in page
    assert 'value="2026-03-27"' in page


def test_a_service_gives_the_visits_their_length_and_stays_with_the_course(rosa, runtime, clinic, form):
    """The estimate's own lengths where none is chosen; one that is offered no more is refused."""
    with runtime.writing(clinic.system) as unit:
        row = ServiceRow(name="Needling, long", protocol="chronic_pain", first_minutes=90, visit_minutes=60)
        unit.session.add(row)
        unit.session.flush()
        service_id = row.id
    assessed = form["assessment"][0]
    first = rosa.get(f"/patients/{clinic.ana}/book?assessment={assessed}").text
    chosen = fields(first)
    assert chosen["service"] == [str(service_id)]
    assert "Needling, long: first visit 90 min, then 60 min" in first
    page = send(rosa, clinic, chosen, do="dates").text
    rosa.post(f"/patients/{clinic.ana}/book", {**fields(page), "do": "book"})
    course = booked(runtime, clinic, chosen)
    assert (course.service_id, course.first_visit_minutes, course.visit_minutes) == (service_id, 90, 60)
    refused = send(rosa, clinic, {**form, "service": "12345"}, do="dates")
    assert refused.status_code == 422
    assert 'id="service-error"' in refused.text


def test_the_second_choice_is_said_to_be_one(rosa, runtime, clinic, form):
    """A date with somebody liked less says so, and with somebody not named at all says that."""
    with runtime.writing(clinic.system) as unit:
        clara, dana = (row.id for row in therapists(unit)[1:])
        for staff_id in (clara, dana):
            clinic_setup.set_practitioner_hours(unit, staff_id, weekly())
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(date(2026, 3, 2), date(2026, 12, 24)))
    wished = {**form, "practitioner": str(clinic.ben.id), "practitioner_2": str(dana)}
    page = send(rosa, clinic, wished, do="dates").text
    assert "With Ben Okafor, Dana Ortiz, in this order, else another" in page
    assert "not with the therapist liked most" in page
    assert "another therapist than preferred" not in page
    alone = send(rosa, clinic, {**form, "practitioner": str(clinic.ben.id)}, do="dates").text
    assert "another therapist than preferred" in alone
