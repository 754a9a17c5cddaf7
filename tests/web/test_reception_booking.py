"""Book a course: from what was found over wishes and dates to appointments, without a script."""

import re
from datetime import date, time, timedelta

import html5lib
import pytest

from planner.care.assessment import Assessment
from planner.care.course import GapDays, Phase, PhaseName
from planner.diary.hours import Leave
from planner.services import assessments, clinic_setup
from planner.services.assessments import Override
from planner.services.patient_view import patient_view
from planner.services.wishes import Wishes
from planner.storage.courses import CourseRow
from tests.factories import make_patient, make_person, weekly
from tests.web.ana_course import AnasCourse, assess_ana, book_ana

RELIEF = {"protocol": "chronic_pain", "symptom_weeks": "40", "severity": "moderate", "goal": "relief"}

TODAY, MAY = date(2026, 3, 2), date(2026, 5, 4)


@pytest.fixture
def rosa(browser_of, clinic):
    """Rosa's browser."""
    return browser_of(clinic.rosa)


@pytest.fixture
def form(rosa, runtime, clinic):
    """The form of the wishes for Ana, as the page shows it first."""
    found = assess_ana(runtime, clinic, {**RELIEF, "symptom_weeks": 40})
    return fields(rosa.get(f"/patients/{clinic.ana}/book?assessment={found}").text)


def fields(page):
    """What the page's booking form would send without a button; several weekdays under one name."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    values = {}
    for element in tree.iter("input"):
        name = element.get("name")
        chosen = element.get("type") not in ("checkbox", "radio") or element.get("checked") is not None
        if name not in (None, "csrf_token") and chosen:
            values.setdefault(name, []).append(element.get("value") or "")
    for area in tree.iter("textarea"):
        values[area.get("name")] = [(area.text or "").removeprefix("\n")]
    for choice in tree.iter("select"):
        chosen_ones = [each.get("value") for each in choice.iter("option") if each.get("selected") is not None]
        values[choice.get("name")] = chosen_ones or [""]
    return values


def send(rosa, clinic, form, **buttons):
    """Press a button of the form."""
    return rosa.post(f"/patients/{clinic.ana}/book", {**form, **buttons})


def rows(page):
    """The table of dates as (date and time, gap) texts."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    lines = [row for row in tree.iter("tr") if any(cell.get("data-label") == "Date and time" for cell in row)]
    wanted = ("Date and time", "Gap")
    return [
        tuple(" ".join("".join(cell.itertext()).split()) for cell in row if cell.get("data-label") in wanted)
        for row in lines
    ]


def choices(page, session):
    """The buttons' values of other dates for a session, counted from 0."""
    return re.findall(rf'name="pin" value="({session}=[^"]+)"', page)


def booked(runtime, clinic):
    """Ana's booked course."""
    (line,) = patient_view(runtime, clinic.rosa.actor, clinic.ana).courses
    return AnasCourse(runtime, clinic, line.id, 0)


def test_what_was_found_is_entered_recorded_and_led_on_to_the_wishes(rosa, runtime, clinic):
    """The estimate first, then the record, then the third step with the recorded assessment."""
    page = send(rosa, clinic, RELIEF, do="estimate")
    assert page.status_code == 200
    assert "9 sessions expected" in page.text
    answer = send(rosa, clinic, RELIEF, do="record")
    assert answer.status_code == 302
    page = rosa.get(answer.location).text
    assert "Find dates" in page
    assert len(patient_view(runtime, clinic.rosa.actor, clinic.ana).assessments) == 1


def test_questions_left_open_are_named_and_the_answers_kept(rosa, runtime, clinic):
    """422, each at its question; nothing is recorded."""
    answer = send(rosa, clinic, {"symptom_weeks": "40", "severity": "severe"}, do="record")
    assert answer.status_code == 422
    assert 'id="protocol-error"' in answer.text
    assert 'id="goal-error"' in answer.text
    assert fields(answer.text)["severity"] == ["severe"]
    assert patient_view(runtime, clinic.rosa.actor, clinic.ana).assessments == ()


def test_the_estimate_follows_the_typing_without_complaint(rosa, clinic):
    """htmx sends the form without a button: half an answer is no mistake."""
    part = rosa.post(f"/patients/{clinic.ana}/book", {"symptom_weeks": "4"}, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "Answer the first four questions" in part.text


def test_answers_that_contradict_each_other_are_pointed_out(rosa, clinic):
    """Reception sees it while asking, before dates are looked for, and in the open."""
    answers = {**RELIEF, "symptom_weeks": "2"}
    page = rosa.post(f"/patients/{clinic.ana}/book", {**answers, "do": "estimate"}).text
    assert "A chronic protocol, but symptoms for 2 weeks." in page
    wishes = rosa.post(f"/patients/{clinic.ana}/book", {**answers, "do": "record"}, follow_redirects=True).text
    assert "A chronic protocol, but symptoms for 2 weeks." in wishes


def test_a_recorded_assessment_is_offered_and_its_therapists_decision_is_booked(rosa, runtime, clinic):
    """The therapist decided on three sessions; the estimate's nine stand beside it as advice."""
    decided = Override((Phase(PhaseName.INTENSIVE, 3, GapDays(7, 5, 9)),), "Has only three weeks left.")
    found = assessments.record(runtime, clinic.ben.actor, clinic.ana, Assessment.from_form(RELIEF), override=decided)
    assert f"assessment={found}" in rosa.get(f"/patients/{clinic.ana}/book").text
    first = rosa.get(f"/patients/{clinic.ana}/book?assessment={found}").text
    assert "Has only three weeks left." in first
    page = send(rosa, clinic, fields(first), do="dates").text
    assert len(rows(page)) == 3
    assert "Accept all and book 3 sessions" in page


def test_a_new_course_begins_with_what_is_known_of_the_patients_wishes(rosa, runtime, clinic):
    """Weekdays, times, therapist, days away that are ahead and the note of the last course; all can be changed."""
    with runtime.writing(clinic.system) as unit:
        kim = make_person(unit, "Kim Ray", "kim@example.org", "therapist", treats=True)
        clinic_setup.set_practitioner_hours(unit, kim.id, weekly())
    course = book_ana(runtime, clinic)
    known = Wishes((kim.id, clinic.ben.id), (1, 3), time(9), time(17), "morning", ((TODAY, TODAY), (MAY, MAY)))
    with runtime.writing(clinic.system) as unit:
        row = unit.get(CourseRow, course.id)
        row.wishes, row.wish_note, row.status = known.to_json(), "Works in shifts", "finished"
    found = assess_ana(runtime, clinic)
    form = fields(rosa.get(f"/patients/{clinic.ana}/book?assessment={found}").text)
    assert form["weekdays"] == ["1", "3"]
    assert (form["earliest"], form["latest"], form["preferred"]) == (["09:00"], ["17:00"], ["morning"])
    assert form["practitioner"] == [str(kim.id)]
    assert (form["away_from"], form["away_to"]) == ([TODAY.isoformat()], [TODAY.isoformat()])
    assert (form["away_from_2"], form["away_to_2"]) == ([MAY.isoformat()], [MAY.isoformat()])
    assert form["note"] == ["Works in shifts"]
    assert len(rows(send(rosa, clinic, form, do="dates").text)) >= 1


def test_a_running_course_is_pointed_out_before_a_second_is_booked(rosa, runtime, clinic):
    """Most often the first one is what should be changed."""
    assert "has a running course already" not in rosa.get(f"/patients/{clinic.ana}/book").text
    course = book_ana(runtime, clinic)
    for page in (f"/patients/{clinic.ana}/book", f"/patients/{clinic.ana}/book?assessment={course.assessment_id}"):
        assert "Ana Silva has a running course already" in rosa.get(page).text
        assert f'href="/courses/{course.id}"' in rosa.get(page).text


def test_another_patients_assessment_is_not_there(rosa, runtime, clinic):
    """404, as for one that does not exist."""
    with runtime.writing(clinic.system) as unit:
        tom = make_patient(unit, "Tom Becker")
    found = assess_ana(runtime, clinic)
    assert rosa.get(f"/patients/{tom}/book?assessment={found}").status_code == 404


def test_the_dates_are_proved_and_each_has_alternatives(rosa, clinic, form):
    """A row a session, its gap in words, two or more other dates, and how good it all is."""
    page = send(rosa, clinic, form, do="dates").text
    assert "No better dates exist for these wishes." in page
    assert [gap for _, gap in rows(page)] == ["first", *["7 days"] * 4, *["14 days"] * 4]
    assert all(len(choices(page, session)) >= 2 for session in range(9))
    offered = sum(len(choices(page, session)) for session in range(9))
    assert len(re.findall(r"\((?:no|\d+) points? (?:more|fewer)\)", page)) == offered
    assert "Accept all and book 9 sessions" in page


def test_whoever_is_free_is_one_therapist_with_less_to_do(rosa, runtime, clinic, form):
    """Ben has Ana's first course already, so the second is Kim's, all of it; dates fixed later stay with Kim."""
    with runtime.writing(clinic.system) as unit:
        kim = make_person(unit, "Kim Park", "kim@example.org", "therapist", treats=True)
        clinic_setup.set_practitioner_hours(unit, kim.id, weekly())
        tom = make_patient(unit, "Tom Becker")
    book_ana(runtime, clinic)
    found = assessments.record(runtime, clinic.ben.actor, tom, Assessment.from_form(RELIEF))
    wishes = fields(rosa.get(f"/patients/{tom}/book?assessment={found}").text)
    page = rosa.post(f"/patients/{tom}/book", {**wishes, "do": "dates"}).text
    places = [value for name, (value, *_) in fields(page).items() if name.startswith("shown-")]
    assert {place.partition("|")[0] for place in places} == {str(kim.id)}
    page = rosa.post(f"/patients/{tom}/book", {**fields(page), "pin": choices(page, 3)[0]}).text
    assert fields(page)["with"] == [str(kim.id)]
    assert "another therapist than preferred" not in page


def test_a_first_session_long_after_the_first_day_is_said_to_be_shifted(rosa, runtime, clinic, form):
    """Ben is away for three weeks: "fine" would hide how long Ana waits; a day or two are no news."""
    soon = send(rosa, clinic, form, do="dates").text
    assert "after the first day wished for" not in soon
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(TODAY, TODAY + timedelta(days=21)))
    late = send(rosa, clinic, form, do="dates").text
    assert "21 days after the first day wished for" in late
    assert late.index("Shifted") < late.index("days after the first day wished for")


def test_booking_all_leads_to_the_course_and_can_be_undone(rosa, runtime, clinic, form):
    """One click books all nine; one more takes them back."""
    page = send(rosa, clinic, form, do="dates").text
    answer = rosa.post(f"/patients/{clinic.ana}/book", {**fields(page), "do": "book"}, follow_redirects=True)
    assert "9 sessions booked for Ana Silva." in answer.text
    course = booked(runtime, clinic)
    assert [each.current.status for each in course.now().live] == ["booked"] * 9
    undo = re.search(r"/revisions/\d+/undo[^\"]*", answer.text)[0].replace("&amp;", "&")
    undone = rosa.post(undo, follow_redirects=True)
    assert "Undone" in undone.text
    assert patient_view(runtime, clinic.rosa.actor, clinic.ana).courses == ()


def test_the_form_sent_twice_books_once(rosa, runtime, clinic, form):
    """The course has its number from the first showing of the form on."""
    page = fields(send(rosa, clinic, form, do="dates").text)
    first, again = (send(rosa, clinic, page, do="book") for _ in range(2))
    assert first.location == again.location
    assert len(patient_view(runtime, clinic.rosa.actor, clinic.ana).courses) == 1


def test_choosing_another_date_fixes_it_and_the_later_ones_follow(rosa, clinic, form):
    """The earlier ones stay where they were, the chosen one is marked, and it can be freed again."""
    page = send(rosa, clinic, form, do="dates").text
    before = rows(page)
    chosen = next(each for each in choices(page, 3) if "2026-03-25" in each)
    page = send(rosa, clinic, fields(page), pin=chosen).text
    after = rows(page)
    assert after[:3] == before[:3]
    assert after[3][0].startswith("Wed 25 Mar")
    assert after[4][0].startswith("Wed 1 Apr"), "a week after the one that was chosen"
    assert "Fixed by you" in page
    assert "You fixed 1 date" in page
    freed = send(rosa, clinic, fields(page), unpin="3").text
    assert rows(freed) == before
    assert "Fixed by you" not in freed


def test_a_fixed_date_is_what_gets_booked(rosa, runtime, clinic, form):
    """The person's choice, not the planner's."""
    page = send(rosa, clinic, form, do="dates").text
    chosen = next(each for each in choices(page, 3) if "2026-03-25" in each)
    page = send(rosa, clinic, fields(page), pin=chosen).text
    send(rosa, clinic, fields(page), do="book")
    assert booked(runtime, clinic).appointment(4).starts_at.date().isoformat() == "2026-03-25"


def test_htmx_gets_the_table_alone(rosa, clinic, form):
    """The steps above stay as they are."""
    page = send(rosa, clinic, form, do="dates").text
    part = rosa.post(
        f"/patients/{clinic.ana}/book", {**fields(page), "pin": choices(page, 3)[0]}, headers={"HX-Request": "true"}
    ).text
    assert part.lstrip().startswith('<div id="dates"')
    assert "Fixed by you" in part


def test_dates_taken_meanwhile_book_nothing_and_bring_new_ones(rosa, runtime, clinic, form):
    """409: everything typed stays, the table is new, one more click books it."""
    page = send(rosa, clinic, {**form, "earliest": "08:00"}, do="dates").text
    with runtime.writing(clinic.system) as unit:
        make_patient(unit, "Tom Becker")
    book_ana(runtime, clinic)
    old = rows(page)
    answer = send(rosa, clinic, fields(page), do="book")
    assert answer.status_code == 409
    assert "These dates do not fit any more, because the diary has changed. Nothing is booked yet" in answer.text
    assert rows(answer.text) != old
    assert 'value="08:00"' in answer.text
    assert send(rosa, clinic, fields(answer.text), do="book").status_code == 302


def test_a_fixed_date_that_became_impossible_is_let_go_and_said(rosa, runtime, clinic, form):
    """Ben will be away on that day."""
    page = send(rosa, clinic, form, do="dates").text
    chosen = next(each for each in choices(page, 3) if "2026-03-25" in each)
    page = send(rosa, clinic, fields(page), pin=chosen).text
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(date(2026, 3, 25), date(2026, 3, 25)))
    answer = send(rosa, clinic, fields(page), do="dates")
    assert answer.status_code == 409
    assert "The date chosen for session 4 is not possible" in answer.text
    assert "Fixed by you" not in answer.text
    assert len(rows(answer.text)) == 9


def test_sessions_without_a_date_stay_visible_with_their_reason(rosa, runtime, clinic, form):
    """Away from April to September: the first sessions have dates, the others say why not, and the page books them."""
    wishes = {**form, "away_from": "2026-03-20", "away_to": "2026-12-31"}
    page = send(rosa, clinic, wishes, do="dates").text
    lines = rows(page)
    to_place = [line for line in lines if line[0] == "No date yet"]
    assert 0 < len(to_place) < 9
    assert "found no date: each says why" in page
    answer = rosa.post(f"/patients/{clinic.ana}/book", {**fields(page), "do": "book"}, follow_redirects=True)
    assert f"{9 - len(to_place)} sessions booked" in answer.text
    assert "no date yet" in answer.text
    assert f"{len(to_place)} to place" in rosa.get(f"/patients/{clinic.ana}").text


def test_wishes_that_leave_no_date_at_all_book_nothing(rosa, clinic, form):
    """The clinic is shut on Sundays: no button to book, but what could help."""
    page = send(rosa, clinic, {**form, "weekdays": ["6"]}, do="dates").text
    assert "No date was found, so there is nothing to book" in page
    assert 'value="book"' not in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first_day": "soon"}, "first_day"),
        ({"first_day": "2020-01-01"}, "first_day"),
        ({"first_day": "2036-01-01"}, "first_day"),
        ({"weekdays": []}, "weekdays"),
        ({"earliest": "17:00", "latest": "09:00"}, "latest"),
        ({"earliest": "09:00+01:00"}, "earliest"),
        ({"away_from": "2026-04-09", "away_to": "2026-04-01"}, "away_to"),
        ({"practitioner": "1"}, "practitioner"),  # nobody there has this number, so it can't be chosen again
    ],
)
def test_wishes_that_make_no_sense_are_refused_at_their_field(rosa, clinic, form, wrong, field):
    """422; the step is open again and what was typed is there."""
    answer = send(rosa, clinic, {**form, **wrong}, do="dates")
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    typed = fields(answer.text)
    assert all(typed[name] == [value] for name, value in wrong.items() if value and name != "practitioner")


@pytest.mark.parametrize(
    "meddled",
    [
        {"shown-0": "nonsense"},
        {"shown-x": "1|2|2026-03-03T10:00"},
        {"shown-0": "1|2|2026-03-03T10:00+01:00"},
        {"place-999999": "1|2|2026-03-03T10:00"},
        {"pin": "0"},
        {"pin": "0=1|2|tomorrow"},
        {"course_id": "-1"},
        {"course_id": "99999999999999999999"},
        {"assessment": "x"},
    ],
)
def test_a_form_somebody_meddled_with_is_refused(rosa, clinic, form, meddled):
    """No bug page, nothing booked."""
    answer = send(rosa, clinic, {**form, "do": "dates", **meddled})
    assert answer.status_code in (404, 422)


def test_a_course_in_the_past_can_t_be_booked_from_an_old_page(rosa, clinic, clock, form):
    """The page stood open over a weekend: the dates have passed, so it asks again."""
    page = send(rosa, clinic, form, do="dates").text
    clock.advance(days=3)
    rosa.sign_in(clinic.rosa)
    answer = send(rosa, clinic, fields(page), do="book")
    assert answer.status_code == 422
    assert "The first day lies in the past." in answer.text
    moved_on = {**fields(page), "first_day": (clock.now() + timedelta(days=1)).date().isoformat()}
    assert send(rosa, clinic, moved_on, do="book").status_code == 409
