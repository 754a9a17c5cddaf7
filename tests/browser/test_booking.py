"""Booking as reception does it: a new patient to ten dates in under a minute, two desks at once, several patients."""

import re

import pytest

from planner.services import patients
from planner.services.patient_view import patient_view
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.keyboard import choose, press, type_into
from tests.services.many_patients import make_crowd
from tests.web.ana_course import assess_ana

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_CLICKS = 25
A_MINUTE = 60_000


def on_the_clock(page):
    """Milliseconds since this window was opened, by the browser's own clock, however many pages it saw."""
    return page.evaluate("() => Date.now()")


def booked(runtime, clinic, name):
    """How many sessions the patient of this name has dates for."""
    (found,) = patients.find(runtime, clinic.rosa.actor, name)
    (course,) = patient_view(runtime, clinic.rosa.actor, found.id).courses
    return course.total - course.to_place


def test_a_new_patient_has_ten_dates_in_under_a_minute_by_keyboard_alone(screen, runtime, clinic):
    """No mouse from the search for a name to the booked course."""
    rosa = screen()
    page = rosa.page
    rosa.sign_in(clinic.rosa)
    page.wait_for_selector("h1:has-text('Today')")
    began = on_the_clock(page)
    press(page, "Book a course", "link")
    page.wait_for_selector("#who")
    type_into(page, "Find the patient", "Zoe Martin", "searchbox")
    page.wait_for_selector("#new-patient[open]")
    type_into(page, "Phone", "0131 496 0000")
    press(page, "Add and go on")
    page.wait_for_selector("text=Record and go on to the wishes")
    choose(page, "What is treated", "Pain that has lasted")
    type_into(page, "weeks", "40", "spinbutton")
    choose(page, "How bad", "Severe")
    choose(page, "goal", "Relief soon")
    press(page, "Record and go on to the wishes")
    page.wait_for_selector("#first_day")
    press(page, "Find dates", exact=True)
    page.wait_for_selector("text=No better dates exist for these wishes.")
    press(page, "Accept all and book 10 sessions")
    page.wait_for_selector("text=10 sessions booked for Zoe Martin.")
    assert on_the_clock(page) - began < A_MINUTE
    assert booked(runtime, clinic, "Zoe Martin") == 10
    assert rosa.complaints == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_new_patient_has_ten_dates_after_a_few_clicks(screen, runtime, clinic, size):
    """Each click, and each field that is typed into, counts as one."""
    rosa = screen(size)
    page = rosa.page
    rosa.sign_in(clinic.rosa)
    page.wait_for_selector("h1:has-text('Today')")
    began, clicks = on_the_clock(page), 0

    def click(words):
        nonlocal clicks
        clicks += 1
        page.click(words)

    click("main >> a:has-text('Book a course')")
    click("#who")
    page.fill("#who", "Zoe Martin")
    page.wait_for_selector("#new-patient[open]")
    click("#phone")
    page.fill("#phone", "0131 496 0000")
    click("button:has-text('Add and go on')")
    for question, answer in {"protocol": "chronic_pain", "severity": "severe", "goal": "relief"}.items():
        click(f"label:has(input[name={question}][value={answer}])")
    click("#symptom_weeks")
    page.fill("#symptom_weeks", "40")
    click("text=Record and go on to the wishes")
    click(".step button:has-text('Find dates')")
    page.wait_for_selector("text=No better dates exist for these wishes.")
    click("text=Accept all and book 10 sessions")
    page.wait_for_selector("text=10 sessions booked for Zoe Martin.")
    assert clicks <= MOST_CLICKS
    assert on_the_clock(page) - began < A_MINUTE
    assert booked(runtime, clinic, "Zoe Martin") == 10
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert rosa.complaints == []


def test_a_double_is_noticed_while_the_phone_number_is_typed(screen, runtime, clinic):
    """One click books for whoever is known."""
    known = patients.add(runtime, clinic.rosa.actor, patients.PatientDetails("Zoë Martin", phone="(0131) 496-0000"))
    rosa = screen()
    rosa.sign_in(clinic.rosa)
    rosa.page.wait_for_selector("h1:has-text('Today')")
    rosa.open("/book")
    rosa.page.fill("#who", "Zed Martyn")
    rosa.page.wait_for_selector("#new-patient[open]")
    rosa.page.fill("#phone", "+44 131 496 0000")
    rosa.page.wait_for_selector("#same :text('the phone number')")
    rosa.page.click("#same a:has-text('It is this one')")
    rosa.page.wait_for_url(f"**/patients/{known}/book")
    assert rosa.complaints == []


def test_two_desks_want_the_same_dates_and_the_second_gets_the_present_state(screen, runtime, clinic):
    """Both saw the same free times; whoever sends later keeps the form, with the dates that are free by now."""
    found = assess_ana(runtime, clinic)
    zoe = patients.add(runtime, clinic.rosa.actor, patients.PatientDetails("Zoe Martin"))
    desks = [screen(), screen()]
    for desk, person in zip(desks, (clinic.rosa, clinic.mo), strict=True):
        desk.sign_in(person)
        desk.page.wait_for_selector("main h1")
    rosa, mo = desks
    rosa.open(f"/patients/{clinic.ana}/book?assessment={found}")
    mo.open(f"/patients/{zoe}/book")
    for question, answer in {"protocol": "chronic_pain", "severity": "severe", "goal": "relief"}.items():
        mo.page.check(f"input[name={question}][value={answer}]")
    mo.page.fill("#symptom_weeks", "40")
    mo.page.click("text=Record and go on to the wishes")
    for desk in desks:
        desk.page.click(".step button:has-text('Find dates')")
        desk.page.wait_for_selector("button:has-text('Accept all')")
    shown = [desk.page.inner_text("#dates tbody tr:first-child time") for desk in desks]
    assert shown[0] == shown[1]
    rosa.page.click("button:has-text('Accept all')")
    rosa.page.wait_for_selector("text=booked for Ana Silva.")
    with mo.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        mo.page.click("button:has-text('Accept all')")
    assert answered.value.status == 409
    mo.page.wait_for_selector("text=Nothing is booked yet. These are the best dates now")
    assert patient_view(runtime, clinic.rosa.actor, zoe).courses == ()
    mo.page.click("button:has-text('Accept all')")
    mo.page.wait_for_selector("text=booked for Zoe Martin.")
    assert rosa.complaints == []


def test_several_are_planned_with_their_wishes_stopped_after_a_reload_and_booked(screen, runtime, clinic):
    """The planning goes on while its page is loaded anew, and is stopped from there."""
    crowd = make_crowd(runtime, clinic, 4)
    rosa = screen()
    page = rosa.page
    rosa.sign_in(clinic.rosa)
    page.wait_for_selector("h1:has-text('Today')")
    rosa.open("/book-several?tick=all")
    first = crowd.assessments[0]
    page.click(f"#wishes-{first} > summary")
    for day in ("0", "1", "2"):
        page.uncheck(f"input[name='weekdays-{first}'][value='{day}']")
    page.fill(f"#note-{first}", "Comes by the bus at ten")
    page.click("text=Find dates for all that are ticked")
    page.wait_for_selector("progress")
    page.reload()
    page.wait_for_selector("progress")
    page.click("text=Stop and take the best so far")
    page.wait_for_selector("text=Book all 4 courses")
    page.reload()
    page.click("text=Book all 4 courses")
    page.wait_for_selector("text=4 courses booked.")
    (line,) = patient_view(runtime, clinic.rosa.actor, crowd.patients[0]).courses
    rosa.open(f"/courses/{line.id}")
    assert "Comes by the bus at ten" in page.inner_text("main")
    assert not re.search(r"\b(Mon|Tue|Wed) \d", page.inner_text("main table"))
    assert rosa.complaints == []
